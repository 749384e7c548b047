/* scorer/number.c */
#include "scorer/number.h"

#include "base/str.h"
#include "tests/harness.h"

#include <math.h>

static void check_read(const char *text, size_t taken, double wanted)
{
	double v = -7;

	CHECK_INT(number_read(text, text + strlen(text), &v), taken);
	if (taken && memcmp(&v, &wanted, sizeof(v)) != 0)
		test_fail(__FILE__, __LINE__, "%s is read as %.17g", text, v);
}

TEST(numbers_are_read_to_the_last_bit)
{
	check_read("0", 1, 0);
	check_read("-0", 2, -0.0);
	check_read("-0.0e5", 6, -0.0);
	check_read("12", 2, 12);
	check_read("0.1", 3, 0.1);
	check_read("123456789012345", 15, 123456789012345);
	check_read("1234567890123456", 16, 1234567890123456);
	check_read("9007199254740993", 16, 9007199254740992);
	check_read("0.000001", 8, 1e-6);
	check_read("1e22", 4, 1e22);
	check_read("1e23", 4, 1e23);
	check_read("8.5E-3", 6, 0.0085);
	check_read("4.9406564584124654e-324", 23, 4.9406564584124654e-324);
	check_read("1.7976931348623157e308", 22, 1.7976931348623157e308);
	check_read("1e400", 5, INFINITY);
	check_read("1e-400", 6, 0);
	check_read("0.1000000000000000055511151231257827021181583404541015625", 57, 0.1);
	check_read("1e99999999999999999999", 22, INFINITY);
	check_read("100000000000000000000000000000000000000000000000000000000000000000000000", 72,
		   1e71);
}

TEST(what_json_does_not_know_ends_the_number)
{
	check_read("", 0, 0);
	check_read("-", 0, 0);
	check_read("+1", 0, 0);
	check_read(".5", 0, 0);
	check_read("01", 0, 0);
	check_read("abc", 0, 0);
	check_read("1.", 1, 1);
	check_read("1.e5", 1, 1);
	check_read("1e", 1, 1);
	check_read("1e+", 1, 1);
	check_read("2,3", 1, 2);
}

static void check_write(double v, const char *wanted)
{
	_cleanup_buf_ struct buf b;
	_cleanup_free_ char *text = NULL;

	buf_init(&b, 64);
	number_write(&b, v);
	text = buf_take_str(&b);
	CHECK_STR(text, wanted);
}

TEST(numbers_are_written_as_python_does)
{
	check_write(0, "0.0");
	check_write(-0.0, "-0.0");
	check_write(1, "1.0");
	check_write(-42, "-42.0");
	check_write(0.1, "0.1");
	check_write(1.0 / 3, "0.3333333333333333");
	check_write(0.1 + 0.2, "0.30000000000000004");
	check_write(123456789012345, "123456789012345.0");
	check_write(1e22, "1e+22");
	check_write(1e-7, "1e-07");
	check_write(4.9406564584124654e-324, "4.94065645841247e-324");
	check_write(NAN, "NaN");
	check_write(-INFINITY, "-Infinity");
}

TEST(what_is_written_is_read_back)
{
	uint64_t bits = 0x9E3779B97F4A7C15;

	for (int i = 0; i < test_count(20000, 2000000); i++) {
		_cleanup_buf_ struct buf b;
		double v, back = 0;

		bits = bits * 6364136223846793005u + 1442695040888963407u;
		memcpy(&v, &bits, sizeof(v));
		if (!isfinite(v))
			continue;
		buf_init(&b, 64);
		number_write(&b, v);
		CHECK_INT(number_read((const char *)b.data, (const char *)b.data + b.len, &back),
			  b.len);
		if (memcmp(&v, &back, sizeof(v)) != 0)
			test_fail(__FILE__, __LINE__, "%.17g comes back as %.17g", v, back);
	}
}

TEST_MAIN()
