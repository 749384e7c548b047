/* protocol/drda/ddm.c */
#include "protocol/drda/ddm.h"

#include "base/limits.h"
#include "tests/harness.h"

static int no_more(void *userdata, struct buf *in, struct err *err)
{
	(void)userdata;
	(void)in;
	return err_set(err, E_CLOSED, "the end");
}

static void read_from(struct dss_reader *r, const void *p, size_t n)
{
	dss_reader_init(r, MIB(2), no_more, NULL);
	buf_put(&r->in, p, n);
}

TEST(blocks_measure_themselves)
{
	struct dss_writer w;
	struct err err = ERR_INIT;

	dss_writer_init(&w, 1000);
	(void)dss_request(&w);
	ddm_open(&w, CP_EXCSAT);
	ddm_put_be16(&w, CP_SECMEC, 3);
	ddm_put_bytes(&w, CP_PRDID, "abc", 3);
	ddm_close(&w);
	REQUIRE_OK(dss_finish(&w, &err), &err);
	CHECK_MEM(w.buf.data + 6, w.buf.len - 6,
		  "\x00\x11\x10\x41"
		  "\x00\x06\x11\xA2\x00\x03"
		  "\x00\x07\x11\x2E"
		  "abc",
		  (size_t)17);
	dss_writer_release(&w);
}

/* An object of n bytes comes back, in a DSS of its own and within a group. */
static void round_trip(size_t n)
{
	struct dss_writer w;
	struct dss_reader r;
	struct dss_head dss;
	struct ddm_head head;
	struct ddm inner;
	struct rd body;
	struct err err = ERR_INIT;

	dss_writer_init(&w, MIB(2));
	(void)dss_request(&w);
	ddm_open(&w, CP_SQLDTA);
	ddm_open(&w, CP_FDODTA);
	buf_put_fill(&w.buf, 'z', n);
	ddm_close(&w);
	ddm_close(&w);
	REQUIRE_OK(dss_finish(&w, &err), &err);
	read_from(&r, w.buf.data, w.buf.len);
	REQUIRE_OK(dss_next(&r, &dss, &err), &err);
	CHECK_INT(ddm_next(&r, &head, &err), 1);
	CHECK_INT(head.cp, CP_SQLDTA);
	REQUIRE_OK(ddm_body(&r, &body, &err), &err);
	CHECK(ddm_read(&body, &inner));
	CHECK_INT(inner.cp, CP_FDODTA);
	CHECK_INT(inner.body.n, n);
	CHECK(n == 0 || (inner.body.p[0] == 'z' && inner.body.p[n - 1] == 'z'));
	CHECK_INT(body.n, 0);
	CHECK_INT(ddm_next(&r, &head, &err), 0);
	dss_reader_release(&r);
	dss_writer_release(&w);
}

TEST(lengths_extend_beyond_32767)
{
	static const size_t sizes[] = {0,     1,     32755, 32759, 32760,  32763,
				       32764, 32768, 65535, 65536, 1000000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		round_trip(sizes[i]);
}

TEST(extended_length_is_as_specified)
{
	struct dss_writer w;
	struct err err = ERR_INIT;

	dss_writer_init(&w, MIB(1));
	(void)dss_request(&w);
	ddm_open(&w, CP_SQLSTT);
	buf_put_fill(&w.buf, 'x', 32764);
	ddm_close(&w);
	REQUIRE_OK(dss_finish(&w, &err), &err);
	CHECK_MEM(w.buf.data + 6, (size_t)8, "\x80\x08\x24\x14\x00\x00\x7F\xFC", (size_t)8);
	dss_writer_release(&w);
}

TEST(streamed_object_runs_to_the_end_of_its_dss)
{
	static const char bytes[] = "\x80\x0E\xD0\x03\x00\x01\x80\x04\x14\x6C"
				    "abcd\x80\x04"
				    "ef\x00\x03"
				    "g";
	struct dss_reader r;
	struct dss_head dss;
	struct ddm_head head;
	_cleanup_buf_ struct buf dst;
	uint64_t total = 0;
	struct err err = ERR_INIT;

	buf_init(&dst, 100);
	read_from(&r, bytes, sizeof(bytes) - 1);
	REQUIRE_OK(dss_next(&r, &dss, &err), &err);
	CHECK_INT(ddm_next(&r, &head, &err), 1);
	CHECK(head.streamed);
	REQUIRE_OK(ddm_append(&r, &dst, 5, &total, &err), &err);
	CHECK_MEM(dst.data, dst.len, "abcde", (size_t)5);
	CHECK_INT(total, 7);
	CHECK_INT(ddm_next(&r, &head, &err), 0);
	dss_reader_release(&r);
}

static int first_error(const char *ddm, size_t n, struct err *err)
{
	struct dss_reader r;
	struct dss_head dss;
	struct ddm_head head;
	struct dss_writer w;
	struct rd body;
	int code;

	dss_writer_init(&w, 1000);
	(void)dss_request(&w);
	buf_put(&w.buf, ddm, n);
	if (dss_finish(&w, err) < 0)
		return 0;
	read_from(&r, w.buf.data, w.buf.len);
	code = dss_next(&r, &dss, err);
	if (code == 0)
		code = ddm_next(&r, &head, err);
	if (code > 0)
		code = ddm_body(&r, &body, err);
	dss_reader_release(&r);
	dss_writer_release(&w);
	return code;
}

TEST(nonsense_is_named)
{
	struct err err = ERR_INIT;

	CHECK_INT(first_error("\x00\x03\x24\x08", 4, &err), E_PROTO);
	CHECK_STR(err.text, "expected a length that fits SQLCARD, got 0x0003");
	CHECK_INT(first_error("\x80\x05\x24\x08", 4, &err), E_PROTO);
	CHECK_INT(first_error("\x80\x03\x12\x34", 4, &err), E_PROTO);
	CHECK_STR(err.text, "expected a length that fits 0x1234, got 0x8003");
	CHECK_INT(first_error("\x00\x09\x24\x08z", 5, &err), E_PROTO);
	CHECK_STR(err.text, "a DDM object is longer than its DSS");
	CHECK_INT(first_error("\x00", 1, &err), E_PROTO);
	CHECK_INT(first_error("\x80\x0C\x24\x08\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFz", 13, &err),
		  E_PROTO);
}

TEST(groups_end_where_they_say)
{
	static const char *const bad[] = {"\x00\x03\x24\x08", "\x00\x06\x24\x08z",
					  "\x80\x09\x24\x08zzzzz",
					  "\x80\x08\x24\x08\xFF\xFF\xFF\xFF"};
	static const size_t sizes[] = {4, 5, 9, 8};
	struct ddm o;

	for (size_t i = 0; i < 4; i++) {
		struct rd r = rd_make(bad[i], sizes[i]);

		CHECK(!ddm_read(&r, &o));
		CHECK_INT(rd_check(&r, "it", NULL), E_PROTO);
	}
}

TEST_MAIN()
