/* protocol/drda/packed.c */
#include "protocol/drda/packed.h"

#include "tests/harness.h"

static void check_text(const char *bytes, int precision, int scale, const char *want)
{
	char text[PACKED_TEXT_MAX];
	size_t n = packed_text(text, (const uint8_t *)bytes, precision, scale);

	CHECK_MEM(text, n, want, strlen(want));
}

TEST(text)
{
	check_text("\x12\x34\x5C", 5, 2, "123.45");
	check_text("\x01\x25\x0D", 5, 2, "-12.50");
	check_text("\x00\x00\x5F", 5, 2, "0.05");
	check_text("\x00\x00\x0C", 5, 0, "0");
	check_text("\x01\x23\x4C", 4, 0, "1234");
	check_text("\x12\x3D", 3, 3, "-0.123");
}

TEST(nonsense)
{
	char text[PACKED_TEXT_MAX];

	CHECK_INT(packed_text(text, (const uint8_t *)"\x1A\x2C", 3, 0), 0);
	CHECK_INT(packed_text(text, (const uint8_t *)"\x12\x34", 3, 0), 0);
}

static void round_trip(const char *in, int precision, int scale, const char *out)
{
	_cleanup_buf_ struct buf b;
	char text[PACKED_TEXT_MAX];
	size_t n;

	buf_init(&b, 100);
	CHECK(packed_fits(in, strlen(in), precision, scale) == (out != NULL));
	CHECK(packed_put(&b, in, strlen(in), precision, scale) == (out != NULL));
	CHECK_INT(b.len, out ? packed_size(precision) : 0);
	if (!out || b.len != packed_size(precision))
		return;
	n = packed_text(text, b.data, precision, scale);
	CHECK_MEM(text, n, out, strlen(out));
}

TEST(put)
{
	round_trip("12.5", 10, 2, "12.50");
	round_trip("-0.05", 10, 2, "-0.05");
	round_trip("+7", 1, 0, "7");
	round_trip(".5", 1, 1, "0.5");
	round_trip("5.", 3, 1, "5.0");
	round_trip("000123.4500", 5, 2, "123.45");
	round_trip("0", 31, 31, "0.0000000000000000000000000000000");
	round_trip("99999999999999999999999999999999999999", 38, 0,
		   "99999999999999999999999999999999999999");
	round_trip("-0.99999999999999999999999999999999999999", 38, 38,
		   "-0.99999999999999999999999999999999999999");
}

TEST(what_would_lose_a_digit_is_refused)
{
	round_trip("1.234", 10, 2, NULL);
	round_trip("123456789", 10, 2, NULL);
	round_trip("10", 1, 0, NULL);
	round_trip("", 10, 2, NULL);
	round_trip("-", 10, 2, NULL);
	round_trip(".", 10, 2, NULL);
	round_trip("1e5", 10, 2, NULL);
	round_trip("1 ", 10, 2, NULL);
	round_trip("NaN", 10, 2, NULL);
}

TEST_MAIN()
