#include "notebook/number.h"

#include "tests/harness.h"

#include <inttypes.h>
#include <math.h>

static void check_double(const char *text)
{
	double d = 0, expected = strtod(text, NULL);

	if (number_double(text, strlen(text), &d) != NUMBER_OK || memcmp(&d, &expected, 8) != 0)
		test_fail(__FILE__, __LINE__, "%s: %.17g, not %.17g", text, d, expected);
}

TEST(doubles)
{
	static const char *const texts[] = {
		"0",
		"-0",
		"0.0",
		"-0.00",
		"1",
		"-1",
		"1.5",
		".5",
		"5.",
		"1e5",
		"1e+05",
		"1E-5",
		"149.62",
		"-1.3598071336738",
		"0.0669280749146731",
		"9007199254740993",
		"9007199254740992.5",
		"9007199254740993.00000000001",
		"0.1",
		"123456789012345678",
		"1234567890123456789",
		"12345678901234567890123",
		"0.1234567890123456789012345",
		"2.2250738585072011e-308",
		"4.9e-324",
		"1.7976931348623157e308",
		"0.000000000000000000000000001",
		"0.0000000000000000000000000001",
		"18446744073709551615e-10",
		"9999999999999999999",
		"9223372036854775807.5e-19",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		check_double(texts[i]);
}

/* Every digit count and power, with a fixed sequence of digits, against strtod. */
TEST(many_doubles)
{
	uint64_t state = UINT64_C(88172645463325252);
	int count = test_count(200000, 10000000);

	for (int i = 0; i < count; i++) {
		char text[64];

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		(void)snprintf(text, sizeof(text), "%s%" PRIu64 ".%0*" PRIu64 "e%d",
			       i & 1 ? "-" : "", state % ((uint64_t)1 << (i % 40)), 1 + i % 11,
			       (state >> 20) % UINT64_C(10000000000), i % 23 - 18);
		check_double(text);
		(void)snprintf(text, sizeof(text), "%.17g", (double)state / 3e17);
		check_double(text);
	}
}

TEST(blanks)
{
	double d;

	CHECK_INT(number_double(" 1.5\t", 5, &d), NUMBER_OK);
	CHECK(d == 1.5);
	CHECK_INT(number_double("  +1e400x", 8, &d), NUMBER_RANGE);
	CHECK_INT(number_double(" +123456789012345678901.5 ", 26, &d), NUMBER_OK);
	CHECK(d == 123456789012345678901.5);
}

TEST(no_numbers)
{
	static const char *const texts[] = {"", " ", "-", "+", "e5", "1e", "1e+", "1.2.3", "0x1",
					    "1,5", "abc", "NaN", "inf", ".", "-.", "1 2",
					    /* within eight bytes that are looked at together */
					    "1234567/", "1234567:", "12345,78", "1234 678",
					    "123456\26178"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		size_t n = strlen(texts[i]);
		char dst[NUMBER_DECIMAL_MAX];
		int64_t v;
		double d;

		CHECK_INT(number_double(texts[i], n, &d), NUMBER_BAD);
		CHECK_INT(number_integer(texts[i], n, INT64_MIN, INT64_MAX, &v), NUMBER_BAD);
		CHECK_INT(number_decimal(texts[i], n, 10, 2, dst, &n), NUMBER_BAD);
	}
}

static void check_integer(const char *text, int64_t min, int64_t max, enum number_result result,
			  int64_t expected)
{
	int64_t v = 0;

	if (number_integer(text, strlen(text), min, max, &v) != result || v != expected)
		test_fail(__FILE__, __LINE__, "%s: %" PRId64, text, v);
}

TEST(integers)
{
	check_integer("0", -10, 10, NUMBER_OK, 0);
	check_integer("-10", -10, 10, NUMBER_OK, -10);
	check_integer("11", -10, 10, NUMBER_RANGE, 0);
	check_integer("-11", -10, 10, NUMBER_RANGE, 0);
	check_integer("1e+05", INT32_MIN, INT32_MAX, NUMBER_OK, 100000);
	check_integer("1.5e1", INT32_MIN, INT32_MAX, NUMBER_OK, 15);
	check_integer("3.0", INT32_MIN, INT32_MAX, NUMBER_OK, 3);
	check_integer("100e-2", INT32_MIN, INT32_MAX, NUMBER_OK, 1);
	check_integer("0.0e9", INT32_MIN, INT32_MAX, NUMBER_OK, 0);
	check_integer("3.5", INT32_MIN, INT32_MAX, NUMBER_BAD, 0);
	check_integer("1e-1", INT32_MIN, INT32_MAX, NUMBER_BAD, 0);
	check_integer("0.001", INT32_MIN, INT32_MAX, NUMBER_BAD, 0);
	check_integer("9223372036854775807", INT64_MIN, INT64_MAX, NUMBER_OK, INT64_MAX);
	check_integer("-9223372036854775808", INT64_MIN, INT64_MAX, NUMBER_OK, INT64_MIN);
	check_integer("9223372036854775808", INT64_MIN, INT64_MAX, NUMBER_RANGE, 0);
	check_integer("-9223372036854775809", INT64_MIN, INT64_MAX, NUMBER_RANGE, 0);
	check_integer("1e99999999999", INT64_MIN, INT64_MAX, NUMBER_RANGE, 0);
	check_integer("9999999999999999999", INT64_MIN, INT64_MAX, NUMBER_RANGE, 0);
	check_integer("00000000000000000000000000001", INT64_MIN, INT64_MAX, NUMBER_OK, 1);
}

static void check_decimal(const char *text, int precision, int scale, enum number_result result,
			  const char *expected)
{
	char dst[NUMBER_DECIMAL_MAX + 1] = "";
	size_t n = 0;

	CHECK_INT(number_decimal(text, strlen(text), precision, scale, dst, &n), result);
	dst[n] = '\0';
	CHECK_STR(dst, expected);
}

TEST(decimals)
{
	check_decimal("149.62", 10, 2, NUMBER_OK, "149.62");
	check_decimal("149.6", 10, 2, NUMBER_OK, "149.60");
	check_decimal("-149", 10, 2, NUMBER_OK, "-149.00");
	check_decimal("+0.5", 10, 0, NUMBER_OK, "0");
	check_decimal("0.999", 10, 2, NUMBER_OK, "0.99");
	check_decimal("-0.009", 10, 2, NUMBER_OK, "-0.00");
	check_decimal("1e+05", 10, 2, NUMBER_OK, "100000.00");
	check_decimal("1.5e-3", 10, 4, NUMBER_OK, "0.0015");
	check_decimal("12345678.90", 10, 2, NUMBER_OK, "12345678.90");
	check_decimal("123456789", 10, 2, NUMBER_RANGE, "");
	check_decimal("1e8", 10, 2, NUMBER_RANGE, "");
	check_decimal("0.00000000000000000000000000000000000001", 38, 38, NUMBER_OK,
		      "0.00000000000000000000000000000000000001");
	check_decimal("99999999999999999999999999999999999999", 38, 0, NUMBER_OK,
		      "99999999999999999999999999999999999999");
	check_decimal("-9999999999999999999999999999999999.9999", 38, 4, NUMBER_OK,
		      "-9999999999999999999999999999999999.9999");
	check_decimal("0", 5, 5, NUMBER_OK, "0.00000");
	check_decimal("1e-99999", 5, 2, NUMBER_OK, "0.00");
	check_decimal("0e99999", 5, 2, NUMBER_OK, "0.00");
}

TEST_MAIN()
