/* protocol/drda/fdoca.c and fdoca-put.c (rows of a real server are in test_session.c) */
#include "protocol/drda/fdoca.h"

#include "base/limits.h"
#include "tests/harness.h"

#define _cleanup_row_ _cleanup_(fdoca_row_release)

/* A description of one group with these columns, and the trailer of QRYDSC. */
static int describe(struct fdoca_row *row, const char *columns, size_t n, struct err *err)
{
	_cleanup_buf_ struct buf b;
	struct rd r;

	buf_init(&b, KIB(1));
	buf_put_u8(&b, (unsigned)n + 3);
	buf_put(&b, "\x76\xD0", 2);
	buf_put(&b, columns, n);
	buf_put(&b, "\x09\x71\xE0\x54\x00\x01\xD0\x00\x01\x06\x71\xF0\xE0\x00\x00", 15);
	r = rd_make(b.data, b.len);
	return fdoca_read_description(row, &r, err);
}

TEST(every_form)
{
	static const char columns[] =
		"\x03\0\x04\x05\0\x02\x17\0\x08\x0D\0\x04\x0B\0\x08\x0F\x05\x02\xBF\0\x01\x21\0\x0A"
		"\x25\0\x1D\x33\0\x14\x3F\0\x03\x29\0\x05\xCF\x80\x04\xC9\x80\x04\x51\0\x0F";
	static const char data[] = "\0\xFF\xFF\xFF\xFE"
				   "\0\x80\0"
				   "\0\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"
				   "\0\x3F\xC0\0\0"
				   "\0\xBF\xF8\0\0\0\0\0\0"
				   "\0\x01\x25\x0D"
				   "\0\1"
				   "\0"
				   "2026-01-02\0"
				   "2026-01-02-03.04.05.123456789\0\0\2"
				   "ab\0\0\3"
				   "x  \0\0\2\1\2\0\0\0\0\0\0\x80\0\0\4\0\0\2\7\7";
	_cleanup_row_ struct fdoca_row row = {0};
	char copy[sizeof(data)], scratch[200];
	struct value v[15];
	struct err err = ERR_INIT;
	struct rd r;

	memcpy(copy, data, sizeof(data));
	r = rd_make(copy, sizeof(data) - 1);
	REQUIRE_OK(describe(&row, columns, sizeof(columns) - 1, &err), &err);
	REQUIRE(row.n == 15 && row.n_lobs == 2 && fdoca_scratch_size(&row) <= sizeof(scratch));
	REQUIRE_OK(fdoca_read_row(&row, &r, v, scratch, &err), &err);
	CHECK(!r.short_ && r.n == 0);
	CHECK_INT(v[0].i, -2);
	CHECK_INT(v[1].i, -32768);
	CHECK_INT(v[2].i, INT64_MAX);
	CHECK(v[3].d == 1.5 && v[4].d == -1.5);
	CHECK_MEM(v[5].s.p, v[5].s.n, "-12.50", (size_t)6);
	CHECK_INT(v[6].i, 1);
	CHECK_MEM(v[8].s.p, v[8].s.n, "2026-01-02 03:04:05.123456789", (size_t)29);
	CHECK_MEM(v[9].s.p, v[9].s.n, "ab", (size_t)2);
	CHECK_MEM(v[11].s.p, v[11].s.n, "\1\2", (size_t)2);
	CHECK_INT(v[12].s.n, 0);
	CHECK(v[13].s.p == NULL && v[13].s.n == 1);
	CHECK_MEM(v[14].s.p, v[14].s.n, "<UDT, 2 bytes>", (size_t)14);
	r = rd_make(copy, sizeof(data) - 1);
	REQUIRE_OK(fdoca_skip_row(&row, &r, &err), &err);
	CHECK(!r.short_ && r.n == 0);
}

TEST(nulls_and_rows_that_go_on_in_the_next_block)
{
	_cleanup_row_ struct fdoca_row row = {0};
	struct value v[2];
	char scratch[10];
	struct err err = ERR_INIT;
	struct rd r;

	REQUIRE_OK(describe(&row, "\x03\0\x04\x33\0\x09", 6, &err), &err);
	r = rd_make("\xFF\xFF", 2);
	REQUIRE_OK(fdoca_read_row(&row, &r, v, scratch, &err), &err);
	CHECK(v[0].null && v[1].null && !r.short_);
	r = rd_make("\xFF\xFF", 2);
	REQUIRE_OK(fdoca_skip_row(&row, &r, &err), &err);
	CHECK(r.n == 0 && !r.short_);
	for (size_t n = 0; n < 10; n++) {
		r = rd_make("\0\0\0\0\1\0\0\2ab", n);
		REQUIRE_OK(fdoca_read_row(&row, &r, v, scratch, &err), &err);
		CHECK(r.short_);
		r = rd_make("\0\0\0\0\1\0\0\2ab", n);
		REQUIRE_OK(fdoca_skip_row(&row, &r, &err), &err);
		CHECK(r.short_);
	}
	r = rd_make("\7", 1);
	CHECK_INT(fdoca_read_row(&row, &r, v, scratch, &err), E_PROTO);
	CHECK_STR(err.text, "expected a null byte at column 1, got 0x07");
	r = rd_make("\7", 1);
	CHECK_INT(fdoca_skip_row(&row, &r, NULL), E_PROTO);
}

TEST(descriptions_that_fit_no_type)
{
	static const struct {
		const char *column;
		int code;
		const char *says;
	} cases[] = {
		{"\x03\0\5", E_PROTO, "expected a length for column 1 of type 0x03, got 0x0005"},
		{"\x0F\x27\0", E_PROTO, "expected a length for column 1 of type 0x0F, got 0x2700"},
		{"\x0F\5\6", E_PROTO, "expected a length for column 1 of type 0x0F, got 0x0506"},
		{"\xCF\0\4", E_PROTO, "expected a length for column 1 of type 0xCF, got 0x0004"},
		{"\xCF\x80\x09", E_PROTO,
		 "expected a length for column 1 of type 0xCF, got 0x8009"},
		{"\x25\0\x0A", E_PROTO, "expected a length for column 1 of type 0x25, got 0x000A"},
		{"\xBB\0\x10", E_UNSUPPORTED, "column 1 has the type 0xBB, which is not supported"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_row_ struct fdoca_row row = {0};
		struct err err = ERR_INIT;

		CHECK_INT(describe(&row, cases[i].column, 3, &err), cases[i].code);
		CHECK_STR(err.text, cases[i].says);
		CHECK_INT(row.n, 0);
	}
}

TEST(continued_groups)
{
	_cleanup_row_ struct fdoca_row row = {0};
	_cleanup_buf_ struct buf b;
	struct fdoca_param params[200];
	struct err err = ERR_INIT;
	struct rd r;

	buf_init(&b, KIB(4));
	for (size_t i = 0; i < 200; i++)
		fdoca_param_init(&params[i], NULL);
	fdoca_put_description(&b, params, 200);
	CHECK_INT(b.len, 3 * 3 + 3 * 200 + 6);
	CHECK_MEM(b.data, (size_t)3, "\xFF\x76\xD0", (size_t)3);
	CHECK_MEM(b.data + 255, (size_t)3, "\xFF\x7F\0", (size_t)3);
	r = rd_make(b.data, b.len);
	REQUIRE_OK(fdoca_read_description(&row, &r, &err), &err);
	CHECK_INT(row.n, 200);
}

static void check_sent(const struct column *column, struct value v, unsigned type, const char *data,
		       size_t n)
{
	_cleanup_buf_ struct buf b;
	struct fdoca_param p;

	buf_init(&b, MIB(1));
	fdoca_param_init(&p, column);
	(void)fdoca_param_fit(&p, &v);
	CHECK_INT(p.type, type);
	fdoca_put_values(&b, &p, &v, 1);
	CHECK_MEM(b.data + 1, b.len - 1, data, n);
}

TEST(values_go_as_their_own_type_or_as_text)
{
	const struct column money = {.type = VALUE_DECIMAL, .precision = 5, .scale = 2};
	const struct column none = {.type = VALUE_DECIMAL};

	check_sent(NULL, (struct value){.type = VALUE_INTEGER, .i = -2}, 0x03, "\0\xFF\xFF\xFF\xFE",
		   5);
	check_sent(NULL, (struct value){.type = VALUE_BOOLEAN, .i = 1}, 0xBF, "\0\1", 2);
	check_sent(&money, (struct value){.type = VALUE_DECIMAL, .s = {"-12.5", 5}}, 0x0F,
		   "\0\x01\x25\x0D", 4);
	check_sent(&money, (struct value){.type = VALUE_DECIMAL, .s = {"1.234", 5}}, 0x3F,
		   "\0\0\5"
		   "1.234",
		   8);
	check_sent(&none, (struct value){.type = VALUE_DECIMAL, .s = {"1", 1}}, 0x3F,
		   "\0\0\1"
		   "1",
		   4);
	check_sent(NULL, (struct value){.type = VALUE_DATE, .s = {"2026-01-02", 10}}, 0x21,
		   "\0"
		   "2026-01-02",
		   11);
	check_sent(NULL, (struct value){.type = VALUE_DATE, .s = {"1/2/2026", 8}}, 0x3F,
		   "\0\0\x08"
		   "1/2/2026",
		   11);
	check_sent(NULL,
		   (struct value){.type = VALUE_TIMESTAMP, .s = {"2026-01-02 03:04:05.5", 21}},
		   0x25,
		   "\0"
		   "2026-01-02-03.04.05.500000000",
		   30);
	check_sent(NULL, (struct value){.type = VALUE_TIMESTAMP, .s = {"2026-01-02 03:04:05", 19}},
		   0x25,
		   "\0"
		   "2026-01-02-03.04.05.000000000",
		   30);
	check_sent(NULL, (struct value){.type = VALUE_TIMESTAMP, .s = {"2026-01-02 03:04:05.", 20}},
		   0x3F,
		   "\0\0\x14"
		   "2026-01-02 03:04:05.",
		   23);
	check_sent(NULL, (struct value){.type = VALUE_BLOB, .s = {"\1\2", 2}}, 0xC9, "\0\0\0\0\2",
		   5);
	check_sent(&money, (struct value){.type = VALUE_VARCHAR, .null = true}, 0x0F, "\xFF", 1);
}

TEST(long_texts_go_as_large_objects)
{
	_cleanup_free_ char *text = calloc(40000, 1);
	struct fdoca_param p;
	struct value v = {.type = VALUE_VARCHAR, .s = {text, 32767}};

	fdoca_param_init(&p, NULL);
	CHECK(!fdoca_param_fit(&p, &v));
	CHECK(!fdoca_is_external(&p, &v));
	v.s.n = 32768;
	CHECK(fdoca_param_fit(&p, &v));
	CHECK_INT(p.type, 0xCF);
	CHECK(fdoca_is_external(&p, &v));
	v = (struct value){.type = VALUE_BINARY, .s = {text, 40000}};
	CHECK(fdoca_param_fit(&p, &v));
	CHECK_INT(p.type, 0xC9);
}

TEST_MAIN()
