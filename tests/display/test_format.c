/* display/format.c */
#include "display/format-int.h"

#include "base/str.h"
#include "tests/harness.h"

#include <math.h>

static char *taken(struct buf *b)
{
	char *s = buf_take_str(b);

	buf_release(b);
	return s;
}

#define CHECK_FORMAT(call, want)                                                                   \
	do {                                                                                       \
		struct buf b;                                                                      \
		_cleanup_free_ char *got_ = NULL;                                                  \
		buf_init(&b, 4096);                                                                \
		call;                                                                              \
		got_ = taken(&b);                                                                  \
		CHECK_STR(got_, want);                                                             \
	} while (0)

TEST(counts_have_commas)
{
	CHECK_FORMAT(format_count(&b, 0), "0");
	CHECK_FORMAT(format_count(&b, 999), "999");
	CHECK_FORMAT(format_count(&b, 1000), "1,000");
	CHECK_FORMAT(format_count(&b, 284807), "284,807");
	CHECK_FORMAT(format_count(&b, UINT64_MAX), "18,446,744,073,709,551,615");
	CHECK_FORMAT(format_counted(&b, 1, "rows"), "1 row");
	CHECK_FORMAT(format_counted(&b, 0, "rows"), "0 rows");
	CHECK_FORMAT(format_counted(&b, 1234, "bad records"), "1,234 bad records");
}

TEST(numbers_are_grouped_in_their_whole_part)
{
	static const char *const cases[][2] = {
		{"-12345.60", "-12,345.60"},
		{"123", "123"},
		{"1234567", "1,234,567"},
		{"0.1234567", "0.1234567"},
		{"1.5e+20", "1.5e+20"},
		{"NaN", "NaN"},
		{".5", ".5"},
		{"", ""},
		{"-", "-"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_FORMAT(format_grouped(&b, cases[i][0], strlen(cases[i][0])), cases[i][1]);
}

TEST(bytes_are_in_the_totals_unit)
{
	CHECK_FORMAT(format_bytes(&b, 999, 0), "999 bytes");
	CHECK_FORMAT(format_bytes(&b, 67200000, 0), "67.2 MB");
	CHECK_FORMAT(format_bytes(&b, 67200000, 150100000), "67.2 of 150.1 MB");
	CHECK_FORMAT(format_bytes(&b, 500, 2000000), "0.0 of 2.0 MB");
	CHECK_FORMAT(format_bytes(&b, 5, 10), "5 of 10 bytes");
	CHECK_FORMAT(format_bytes(&b, UINT64_MAX, 0), "18446744.1 TB");
}

TEST(shares_never_claim_nothing)
{
	CHECK_FORMAT(format_share(&b, 0.17274, 2), "0.17 %");
	CHECK_FORMAT(format_share(&b, 99.8273, 2), "99.83 %");
	CHECK_FORMAT(format_share(&b, 0.00001, 4), "< 0.0001 %");
	CHECK_FORMAT(format_share(&b, 0, 2), "0 %");
	CHECK_FORMAT(format_share(&b, 50, 0), "50 %");
}

static void check_double(double d, const char *want)
{
	struct value v = {.type = VALUE_DOUBLE, .d = d};

	CHECK_FORMAT((void)format_value(&b, &v, 500), want);
}

/* The shortest of 15 to 17 digits that reads back, as the C library has it. */
static void check_against_printf(double d)
{
	char want[40];

	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(want, sizeof(want), "%.*g", digits, d);
		if (strtod(want, NULL) == d)
			break;
	}
	if (!strpbrk(want, ".e"))
		memcpy(want + strlen(want), ".0", 3);
	check_double(d, want);
}

TEST(doubles_are_those_of_the_library)
{
	static const double edges[] = {1e-3, 1e-4, 0.1, 0.5, 1, 10, 1e14, 999999999999999, 1e15};
	uint64_t state = UINT64_C(88172645463325252);
	int count = test_count(20000, 5000000);

	for (size_t i = 0; i < ARRAY_LEN(edges); i++) {
		check_against_printf(edges[i]);
		check_against_printf(nextafter(edges[i], 0));
		check_against_printf(-nextafter(edges[i], INFINITY));
	}
	for (int i = 0; i < count; i++) {
		char text[40];

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		(void)snprintf(text, sizeof(text), "%.*ge%d", 1 + i % 16, (double)state / 1e19,
			       i % 23 - 6);
		check_against_printf(strtod(text, NULL));
	}
}

TEST(doubles_are_exact_and_short)
{
	check_double(0.1, "0.1");
	check_double(1, "1.0");
	check_double(-1.3598071336738, "-1.3598071336738");
	check_double(1.0 / 3, "0.3333333333333333");
	check_double(0.1 + 0.2, "0.30000000000000004");
	check_double(1e300, "1e+300");
	check_double(5e-324, "4.94065645841247e-324");
	check_double(123456789012345680.0, "1.2345678901234568e+17");
	check_double(-0.0, "-0.0");
	check_double(NAN, "NaN");
	check_double(-INFINITY, "-Infinity");
}

TEST(reals_are_read_as_reals)
{
	struct value v = {.type = VALUE_REAL, .d = (double)0.1F};

	CHECK_FORMAT((void)format_value(&b, &v, 500), "0.1");
}

TEST(brief_numbers)
{
	CHECK_FORMAT(format_brief(&b, -1.3598071336738), "-1.35981");
	CHECK_FORMAT(format_brief(&b, 1e9), "1e+09");
	CHECK_FORMAT(format_brief(&b, INFINITY), "Infinity");
}

TEST(text_is_cut_with_its_length)
{
	struct value v = {.type = VALUE_VARCHAR, .s = {"\u65E5\u672C\u8A9E", 9}};
	struct format_cut cut = {0};

	CHECK_FORMAT(cut = format_value(&b, &v, 2), "\u65E5\u672C");
	CHECK_INT(cut.whole, 3);
	CHECK(!cut.bytes);
	CHECK_FORMAT(cut = format_value(&b, &v, 3), "\u65E5\u672C\u8A9E");
	CHECK_INT(cut.whole, 0);
}

TEST(bytes_are_hex_and_cut_with_their_size)
{
	static const char bytes[30] = "\1\2\xFF";
	struct value v = {.type = VALUE_BLOB, .s = {bytes, 3}};
	struct format_cut cut = {0};

	CHECK_FORMAT(cut = format_value(&b, &v, 500), "0x0102ff");
	CHECK_INT(cut.whole, 0);
	v.s.n = 30;
	CHECK_FORMAT(cut = format_value(&b, &v, 500), "0x0102ff00000000000000000000000000");
	CHECK_INT(cut.whole, 30);
	CHECK(cut.bytes);
	CHECK_FORMAT(cut = format_value(&b, &v, 4), "0x0102");
	v.s = (__typeof__(v.s)){NULL, 0};
	CHECK_FORMAT(cut = format_value(&b, &v, 500), "0x");
}

TEST(other_types)
{
	struct value decimal = {.type = VALUE_DECIMAL, .s = {"-12.50", 6}};
	struct value padded = {.type = VALUE_CHAR, .s = {"ab   ", 5}};
	struct value yes = {.type = VALUE_BOOLEAN, .i = 1};
	struct value least = {.type = VALUE_BIGINT, .i = INT64_MIN};

	CHECK_FORMAT((void)format_value(&b, &decimal, 2), "-12.50");
	CHECK_FORMAT((void)format_value(&b, &padded, 500), "ab");
	CHECK_FORMAT((void)format_value(&b, &yes, 500), "true");
	CHECK_FORMAT((void)format_value(&b, &least, 500), "-9223372036854775808");
}

TEST_MAIN()
