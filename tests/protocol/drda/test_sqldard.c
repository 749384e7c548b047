/* protocol/drda/sqldard.c (SQLDARDs of a real server are in test_session.c) */
#include "protocol/drda/sqldard.h"

#include "base/limits.h"
#include "tests/harness.h"

/* One column without names: precision, scale, length, type, CCSID, then `tail`. */
static void put_column(struct buf *b, unsigned precision, unsigned scale, unsigned length,
		       unsigned type, unsigned ccsid)
{
	buf_put_be16(b, precision);
	buf_put_be16(b, scale);
	buf_put_be64(b, length);
	buf_put_be16(b, type);
	buf_put_be16(b, ccsid);
	buf_put_fill(b, 0xFF, 3); /* no names, no UDT, no origin */
}

static void put_head(struct buf *b, unsigned columns)
{
	buf_put_fill(b, 0xFF, 2); /* SQLCA, SQLDHGRP */
	buf_put_be16(b, columns);
}

static void check_type(unsigned precision, unsigned scale, unsigned length, unsigned type,
		       unsigned ccsid, const char *want)
{
	_cleanup_(sqldard_release) struct sqldard d = {0};
	_cleanup_buf_ struct buf b;
	struct sqlca ca;
	struct err err = ERR_INIT;
	struct rd r;

	buf_init(&b, KIB(1));
	put_head(&b, 1);
	put_column(&b, precision, scale, length, type, ccsid);
	r = rd_make(b.data, b.len);
	REQUIRE_OK(sqldard_read(&d, &ca, &r, &err), &err);
	CHECK_INT(r.n, 0);
	REQUIRE(d.n == 1);
	CHECK_STR(d.columns[0].name, "1");
	CHECK_STR(d.columns[0].type_name, want);
	CHECK_INT(d.columns[0].nullable, type & 1);
}

TEST(types)
{
	check_type(10, 0, 4, 496, 0, "INTEGER");
	check_type(0, 0, 2, 501, 0, "SMALLINT");
	check_type(0, 0, 8, 493, 0, "BIGINT");
	check_type(0, 0, 8, 481, 0, "DOUBLE");
	check_type(0, 0, 4, 481, 0, "REAL");
	check_type(38, 10, 0, 485, 0, "DECIMAL(38,10)");
	check_type(0, 0, 20, 449, 1208, "VARCHAR(20)");
	check_type(0, 0, 20, 449, 0, "VARCHAR(20) FOR BIT DATA");
	check_type(0, 0, 5, 452, 1208, "CHAR(5)");
	check_type(0, 0, 5, 452, 0, "CHAR(5) FOR BIT DATA");
	check_type(0, 0, 32700, 457, 1208, "LONG VARCHAR");
	check_type(0, 0, 32700, 457, 0, "LONG VARCHAR FOR BIT DATA");
	check_type(0, 0, 10, 385, 1208, "DATE");
	check_type(0, 0, 29, 393, 1208, "TIMESTAMP");
	check_type(0, 0, 1, 2437, 0, "BOOLEAN");
	check_type(0, 0, 100, 409, 1208, "CLOB(100)");
	check_type(0, 0, 100, 405, 0, "BLOB(100)");
	check_type(0, 0, 40, 905, 0, "ROWID");
	check_type(0, 0, 40, 2001, 0, "UDT");
	check_type(0, 0, 40, 996, 0, "TYPE 996");
}

TEST(counts_that_cannot_be_are_refused_before_memory_is_taken)
{
	_cleanup_(sqldard_release) struct sqldard d = {0};
	struct sqlca ca;
	struct err err = ERR_INIT;
	struct rd r = rd_make("\xFF\xFF\xFF\xFFxxxx", 8);

	CHECK_INT(sqldard_read(&d, &ca, &r, &err), E_PROTO);
	CHECK_STR(err.text, "expected 65535 columns, got 4 bytes");
}

TEST(cut_anywhere)
{
	_cleanup_(sqldard_release) struct sqldard d = {0};
	_cleanup_buf_ struct buf b;
	struct sqlca ca;

	buf_init(&b, KIB(1));
	put_head(&b, 2);
	put_column(&b, 0, 0, 20, 449, 1208);
	put_column(&b, 0, 0, 4, 496, 0);
	for (size_t n = 0; n < b.len; n++) {
		struct rd r = rd_make(b.data, n);

		CHECK_INT(sqldard_read(&d, &ca, &r, NULL), E_PROTO);
		CHECK_INT(d.n, 0);
	}
}

TEST_MAIN()
