/* base/str.c */
#include "base/str.h"

#include "tests/harness.h"

TEST(numbers_refuse_junk)
{
	static const char *const bad[] = {"", " 1", "1 ", "1x", "--1", "9223372036854775808"};
	struct err err = ERR_INIT;
	int64_t i = 7;
	double d = 7;

	for (size_t n = 0; n < ARRAY_LEN(bad); n++) {
		CHECK_INT(str_parse_i64(bad[n], &i, &err), E_INPUT);
		CHECK_INT(i, 7);
	}
	CHECK_OK(str_parse_i64("-9223372036854775808", &i, &err), &err);
	CHECK_INT(i, INT64_MIN);
	CHECK_OK(str_parse_f64("1e+05", &d, &err), &err);
	CHECK(d > 99999.9 && d < 100000.1);
	CHECK_INT(str_parse_f64("nan", &d, &err), E_INPUT);
	CHECK_INT(str_parse_f64("0x10", &d, &err), E_INPUT);
	CHECK_INT(str_parse_f64("1e999", &d, &err), E_INPUT);
}

TEST(utf8_refuses_what_rfc3629_refuses)
{
	CHECK(utf8_valid("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", 10));
	CHECK(!utf8_valid("\xC0\x80", 2));
	CHECK(!utf8_valid("\xED\xA0\x80", 3));
	CHECK(!utf8_valid("\xF4\x90\x80\x80", 4));
	CHECK(!utf8_valid("\xE2\x82", 2));
}

TEST(repair_replaces_each_bad_byte_and_nul)
{
	_cleanup_free_ char *s = utf8_repair("a\xFF\0z\xE2\x82", 6);

	CHECK_STR(s, "a\xEF\xBF\xBD\xEF\xBF\xBDz\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(offsets_count_code_points)
{
	const char *s = "a\xC3\xA9\xF0\x9F\x98\x80z";

	CHECK_INT(utf8_count(s, strlen(s)), 4);
	CHECK_INT(utf8_offset(s, strlen(s), 2), 3);
	CHECK_INT(utf8_offset(s, strlen(s), 3), 7);
	CHECK_INT(utf8_offset(s, strlen(s), 99), 8);
}

TEST(case_blind_comparison_is_ascii)
{
	CHECK(str_eq_ci("Select", "sELECT"));
	CHECK(!str_eq_ci("select", "selects"));
	CHECK(str_starts_ci("DROP table", "drop "));
	CHECK(str_ends_ci("x.CSV", ".csv"));
	CHECK_STR(str_find_ci("abCDe", "cd"), "CDe");
}

TEST(distance_counts_edits)
{
	CHECK_INT(str_distance("table", "TABEL"), 1);
	CHECK_INT(str_distance("abc", ""), 3);
	CHECK_INT(str_distance("splicemachin", "splicemachine"), 1);
	CHECK_INT(str_distance("kitten", "sitting"), 3);
}

TEST(strv_owns_its_strings)
{
	_cleanup_strv_ struct strv v = {0};
	struct err err = ERR_INIT;

	CHECK_OK(strv_add(&v, "a", &err), &err);
	CHECK_OK(strv_take(&v, str_dup("b"), &err), &err);
	CHECK_INT(strv_take(&v, NULL, &err), E_NOMEM);
	CHECK(strv_has(&v, "b") && !strv_has(&v, "c"));
	CHECK(v.items[2] == NULL);
}

TEST_MAIN()
