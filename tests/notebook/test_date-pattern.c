#include "notebook/date-pattern.h"

#include "tests/harness.h"

/* expected: the timestamp, or "" when the text does not fit. */
static void check_read(const char *pattern, const char *text, const char *expected)
{
	struct date_pattern p;
	struct date_time t;
	struct err err = ERR_INIT;
	char seen[DATE_TEXT_MAX + 1] = "";

	REQUIRE_OK(date_pattern_parse(pattern, "x", &p, &err), &err);
	if (date_pattern_read(&p, text, strlen(text), &t))
		seen[date_put_timestamp(seen, &t)] = '\0';
	CHECK_STR(seen, expected);
}

TEST(reads)
{
	check_read("yyyy-MM-dd HH:mm:ss", "2026-01-31 12:34:56", "2026-01-31 12:34:56");
	check_read("yyyy-MM-dd", "2024-2-29", "2024-02-29 00:00:00");
	check_read("yyyyMMdd", "20260131", "2026-01-31 00:00:00");
	check_read("dd.MM.yy", "31.01.26", "2026-01-31 00:00:00");
	check_read("dd.MM.yy", "31.01.99", "1999-01-31 00:00:00");
	check_read("d MMM yyyy", "3 Feb 2026", "2026-02-03 00:00:00");
	check_read("d MMMM yyyy", "3 february 2026", "2026-02-03 00:00:00");
	check_read("yyyy-MM-dd'T'HH:mm", "2026-01-31T09:05", "2026-01-31 09:05:00");
	check_read("h 'o''clock' a", "12 o'clock PM", "1970-01-01 12:00:00");
	check_read("h a", "12 am", "1970-01-01 00:00:00");
	check_read("h a", "11 pm", "1970-01-01 23:00:00");
	check_read("HH:mm:ss.SSS", "01:02:03.5", "1970-01-01 01:02:03.5");
	check_read("HH:mm:ss.SSSSSS", "01:02:03.000123", "1970-01-01 01:02:03.000123");
}

TEST(refuses)
{
	check_read("yyyy-MM-dd", "2026-02-29", "");
	check_read("yyyy-MM-dd", "2026-13-01", "");
	check_read("yyyy-MM-dd", "2026-00-01", "");
	check_read("yyyy-MM-dd", "2026-01-01x", "");
	check_read("yyyy-MM-dd", "2026-01", "");
	check_read("yyyy-MM-dd", "", "");
	check_read("yyyy-MM-dd", "Time", "");
	check_read("HH:mm", "24:00", "");
	check_read("HH:mm", "12-00", "");
	check_read("h a", "13 pm", "");
	check_read("h a", "1 xm", "");
	check_read("MMM", "Foo", "");
	check_read("yyyy", "99999999999", "");
}

TEST(open_fraction)
{
	struct date_pattern p;
	struct date_time t;
	struct err err = ERR_INIT;

	REQUIRE_OK(date_pattern_parse("HH:mm:ss", "x", &p, &err), &err);
	CHECK(!date_pattern_read(&p, "01:02:03.25", 11, &t));
	p.open_fraction = true;
	REQUIRE(date_pattern_read(&p, "01:02:03.25", 11, &t));
	CHECK_INT(t.nanos, 250000000);
	CHECK(!date_pattern_read(&p, "01:02:03.", 9, &t));
	CHECK(date_pattern_read(&p, "01:02:03", 8, &t));
}

static void check_bad(const char *pattern, const char *text)
{
	struct date_pattern p;
	struct err err = ERR_INIT;

	CHECK_INT(date_pattern_parse(pattern, "dateFormat", &p, &err), E_INPUT);
	CHECK_STR(err.text, text);
}

TEST(bad_patterns)
{
	check_bad("", "dateFormat: the pattern is empty");
	check_bad("yyyy-MM-dd z", "dateFormat: the pattern letter z is not known here");
	check_bad("yyyyyyyyyyyy", "dateFormat: y stands 12 times in a row");
	check_bad("------------------------------------------------",
		  "dateFormat: the pattern is too long");
}

TEST_MAIN()
