/* protocol/drda/dss.c */
#include "protocol/drda/dss.h"

#include "base/limits.h"
#include "tests/harness.h"

/* Bytes that come `slice` at a time. */
struct source {
	const uint8_t *p;
	size_t n, slice;
};

static int read_source(void *userdata, struct buf *in, struct err *err)
{
	struct source *s = userdata;
	size_t n = s->n < s->slice ? s->n : s->slice;

	if (n == 0)
		return err_set(err, E_CLOSED, "the end");
	buf_put(in, s->p, n);
	s->p += n;
	s->n -= n;
	return 0;
}

static void put_pattern(struct buf *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_put_u8(b, (unsigned)(i * 7 + i / 251) & 0xFF);
}

TEST(chain_is_linked_and_measured)
{
	struct dss_writer w;
	struct err err = ERR_INIT;

	dss_writer_init(&w, 1000);
	CHECK_INT(dss_request(&w), 1);
	buf_put_str(&w.buf, "ab");
	dss_object(&w);
	buf_put_str(&w.buf, "c");
	CHECK_INT(dss_request(&w), 2);
	CHECK_OK(dss_finish(&w, &err), &err);
	CHECK_MEM(w.buf.data, w.buf.len,
		  "\x00\x08\xD0\x51\x00\x01"
		  "ab\x00\x07\xD0\x43\x00\x01"
		  "c\x00\x06\xD0\x01\x00\x02",
		  (size_t)21);
	dss_writer_release(&w);
}

/* A payload of n bytes comes back whole, however it is sliced. */
static void round_trip(size_t n, size_t slice)
{
	_cleanup_buf_ struct buf want;
	_cleanup_free_ uint8_t *got = malloc(n + 1);
	struct dss_writer w;
	struct dss_reader r;
	struct dss_head head;
	struct source source;
	struct err err = ERR_INIT;

	buf_init(&want, MIB(1));
	put_pattern(&want, n);
	dss_writer_init(&w, MIB(1));
	(void)dss_request(&w);
	buf_put(&w.buf, want.data, want.len);
	(void)dss_request(&w);
	REQUIRE_OK(dss_finish(&w, &err), &err);
	source = (struct source){w.buf.data, w.buf.len, slice};
	dss_reader_init(&r, MIB(1), read_source, &source);
	REQUIRE_OK(dss_next(&r, &head, &err), &err);
	CHECK_INT(head.type, DSS_REQUEST);
	CHECK(head.chained);
	REQUIRE_OK(dss_take(&r, got, n, &err), &err);
	CHECK_MEM(got, n, want.data, want.len);
	CHECK(!dss_has_payload(&r));
	REQUIRE_OK(dss_next(&r, &head, &err), &err);
	CHECK_INT(head.id, 2);
	CHECK(!head.chained);
	CHECK_INT(dss_next(&r, &head, &err), E_CLOSED);
	dss_reader_release(&r);
	dss_writer_release(&w);
}

TEST(segments_at_their_edges)
{
	static const size_t sizes[] = {1,      32760,         32761,         32762,
				       32763,  32761 + 32764, 32761 + 32765, 32761 + 32766,
				       100000, 32761 + 65530, 32761 + 65531};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		round_trip(sizes[i], 1 << 16);
		round_trip(sizes[i], 1000);
	}
	round_trip(70000, 1);
}

TEST(segment_headers_are_as_specified)
{
	struct dss_writer w;
	struct err err = ERR_INIT;

	dss_writer_init(&w, MIB(1));
	(void)dss_request(&w);
	buf_put_fill(&w.buf, 'x', 32761 + 32765 + 10);
	REQUIRE_OK(dss_finish(&w, &err), &err);
	CHECK_MEM(w.buf.data, (size_t)2, "\xFF\xFF", (size_t)2);
	CHECK_MEM(w.buf.data + 32767, (size_t)2, "\xFF\xFF", (size_t)2);
	CHECK_MEM(w.buf.data + 32767 * 2, (size_t)2, "\x00\x0C", (size_t)2);
	CHECK_INT(w.buf.len, 32767 * 2 + 12);
	dss_writer_release(&w);
}

static int first_error(const char *bytes, size_t n, struct err *err)
{
	struct source source = {(const uint8_t *)bytes, n, n};
	struct dss_reader r;
	struct dss_head head;
	int code;

	dss_reader_init(&r, MIB(1), read_source, &source);
	code = dss_next(&r, &head, err);
	if (code == 0)
		code = dss_take(&r, /* dst= */ NULL, 8, err);
	dss_reader_release(&r);
	return code;
}

TEST(nonsense_is_named)
{
	struct err err = ERR_INIT;

	CHECK_INT(first_error("HTTP/1.1", 8, &err), E_PROTO);
	CHECK_STR(err.text, "expected a DSS header, got 48 54 54 50");
	CHECK_INT(first_error("\x00\x05\xD0\x02\x00\x01", 6, &err), E_PROTO);
	CHECK_STR(err.text, "expected a DSS of at least 6 bytes, got length 5");
	CHECK_INT(first_error("\x00\x08\xD0\x02\x00\x01zz", 8, &err), E_PROTO);
	CHECK_STR(err.text, "a DDM object is longer than its DSS");
	CHECK_INT(first_error("\x80\x08\xD0\x02\x00\x01zz\x80\x01", 10, &err), E_PROTO);
	CHECK_STR(err.text, "expected a DSS segment, got length 32769");
	CHECK_INT(first_error("\x00\x0E\xD0\x02\x00\x01zz", 8, &err), E_CLOSED);
}

TEST_MAIN()
