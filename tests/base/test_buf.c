/* base/buf.c */
#include "base/buf.h"

#include "tests/harness.h"

TEST(integers_are_big_endian)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, 100);
	buf_put_u8(&b, 1);
	buf_put_be16(&b, 0x0203);
	buf_put_be32(&b, 0x04050607);
	buf_put_be64(&b, 0x08090a0b0c0d0e0fULL);
	CHECK_MEM(b.data, b.len, "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17", (size_t)15);
}

TEST(cap_is_never_exceeded_and_reported_once)
{
	_cleanup_buf_ struct buf b;
	struct err err = ERR_INIT;

	buf_init(&b, 10);
	buf_put(&b, "0123456789", 10);
	CHECK_OK(buf_check(&b, "it", &err), &err);
	buf_put_u8(&b, 'x');
	buf_put(&b, "y", 1);
	CHECK_INT(b.len, 10);
	CHECK_INT(buf_check(&b, "it", &err), E_TOOBIG);
	CHECK_STR(err.text, "it is larger than 10 bytes");
	buf_clear(&b);
	buf_put_u8(&b, 'z');
	CHECK_OK(buf_check(&b, "it", &err), &err);
}

TEST(huge_write_does_not_overflow)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, SIZE_MAX);
	buf_put_u8(&b, 1);
	CHECK(buf_reserve(&b, SIZE_MAX) == NULL);
	CHECK_INT(b.failed, E_TOOBIG);
}

TEST(printf_consume_take)
{
	_cleanup_buf_ struct buf b;
	_cleanup_free_ char *s = NULL;

	buf_init(&b, 100);
	buf_printf(&b, "%s-%d", "abc", 42);
	buf_consume(&b, 2);
	s = buf_take_str(&b);
	CHECK_STR(s, "c-42");
	CHECK_INT(b.len, 0);
}

TEST(reader_stops_at_the_end)
{
	struct rd r = rd_make("\1\2\3", 3);
	struct err err = ERR_INIT;

	CHECK_INT(rd_be16(&r), 0x0102);
	CHECK_OK(rd_check(&r, "thing", &err), &err);
	CHECK_INT(rd_be16(&r), 0);
	CHECK_INT(rd_u8(&r), 0);
	CHECK_INT(rd_check(&r, "thing", &err), E_PROTO);
	CHECK_STR(err.text, "thing ended too early");
}

TEST(sub_reader_is_bounded)
{
	struct rd r = rd_make("\1\2\3\4", 4);
	struct rd sub = rd_sub(&r, 2);

	CHECK_INT(rd_be16(&sub), 0x0102);
	CHECK_INT(rd_u8(&sub), 0);
	CHECK(sub.short_);
	CHECK_INT(rd_be16(&r), 0x0304);
	sub = rd_sub(&r, 1);
	CHECK(sub.short_);
}

TEST_MAIN()
