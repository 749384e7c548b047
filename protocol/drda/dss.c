/* DSS framing (DDM volume 3: DSS, RQSDSS, OBJDSS, RPYDSS; layer B continuation). */
#include "protocol/drda/dss.h"

#include <assert.h>
#include <string.h>

enum {
	DSS_MAGIC = 0xD0,
	SEGMENT_HEADER = 2,
	SEGMENT_DATA = DSS_SEGMENT_MAX - SEGMENT_HEADER,
	CONTINUED = 0x8000,
	LINK_CHAINED = 0x40,
	LINK_SAME_ID = 0x10,
	AT_FORMAT = 3, /* offset of the type and link byte */
};

void dss_writer_init(struct dss_writer *w, size_t max)
{
	*w = (struct dss_writer){.start = 0};
	buf_init(&w->buf, max);
}

void dss_writer_release(struct dss_writer *w)
{
	buf_release(&w->buf);
	dss_writer_clear(w);
}

void dss_writer_clear(struct dss_writer *w)
{
	buf_clear(&w->buf);
	w->start = 0;
	w->any = w->open = false;
	w->id = 0;
	w->depth = 0;
}

/*
 * Cut the payload of the last DSS into segments: from the back, so that every
 * byte moves once.
 */
static void split_into_segments(struct dss_writer *w)
{
	size_t payload = w->start + DSS_SEGMENT_MAX; /* where the second segment's data begins */
	size_t rest = w->buf.len - payload;
	size_t count = (rest + SEGMENT_DATA - 1) / SEGMENT_DATA;
	uint8_t *p;

	if (!buf_reserve(&w->buf, count * SEGMENT_HEADER))
		return;
	buf_commit(&w->buf, count * SEGMENT_HEADER);
	p = w->buf.data + payload;
	for (size_t i = count; i-- > 0;) {
		size_t from = i * SEGMENT_DATA;
		size_t n = i == count - 1 ? rest - from : SEGMENT_DATA;
		uint8_t *header = p + from + i * SEGMENT_HEADER;
		size_t length = n + SEGMENT_HEADER + (i == count - 1 ? 0 : CONTINUED);

		memmove(header + SEGMENT_HEADER, p + from, n);
		header[0] = (uint8_t)(length >> 8);
		header[1] = (uint8_t)length;
	}
	buf_poke_be16(&w->buf, w->start, CONTINUED | DSS_SEGMENT_MAX);
}

static void close_dss(struct dss_writer *w)
{
	assert(w->depth == 0);
	if (!w->open || w->buf.failed)
		return;
	if (w->buf.len - w->start > DSS_SEGMENT_MAX)
		split_into_segments(w);
	else
		buf_poke_be16(&w->buf, w->start, (unsigned)(w->buf.len - w->start));
	w->open = false;
}

void dss_open(struct dss_writer *w, enum dss_type type, unsigned id)
{
	close_dss(w);
	if (w->any && !w->buf.failed)
		w->buf.data[w->start + AT_FORMAT] |=
			(uint8_t)(LINK_CHAINED | (id == w->id ? LINK_SAME_ID : 0));
	w->start = w->buf.len;
	w->id = (uint16_t)id;
	w->any = w->open = true;
	buf_put_be16(&w->buf, 0); /* the length, when closed */
	buf_put_u8(&w->buf, DSS_MAGIC);
	buf_put_u8(&w->buf, type);
	buf_put_be16(&w->buf, id);
}

unsigned dss_request(struct dss_writer *w)
{
	assert(w->id < DSS_ID_MAX);
	dss_open(w, DSS_REQUEST, w->id + 1u);
	return w->id;
}

void dss_object(struct dss_writer *w)
{
	dss_open(w, DSS_OBJECT, w->id);
}

int dss_finish(struct dss_writer *w, struct err *err)
{
	close_dss(w);
	return buf_check(&w->buf, "the request", err);
}

void dss_reader_init(struct dss_reader *r, size_t max, dss_read_fn *read, void *userdata)
{
	*r = (struct dss_reader){.read = read, .userdata = userdata};
	buf_init(&r->in, max);
	buf_init(&r->joined, max);
}

void dss_reader_release(struct dss_reader *r)
{
	buf_release(&r->in);
	buf_release(&r->joined);
}

/* Have n bytes at r->at. */
static int need(struct dss_reader *r, size_t n, struct err *err)
{
	while (r->in.len - r->at < n) {
		int code;

		buf_consume(&r->in, r->at);
		r->at = 0;
		code = r->read(r->userdata, &r->in, err);
		if (code < 0)
			return code;
	}
	return 0;
}

static uint16_t be16_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

int dss_next(struct dss_reader *r, struct dss_head *ret, struct err *err)
{
	const uint8_t *p;
	unsigned length, type;
	int code;

	assert(!dss_has_payload(r));
	code = need(r, DSS_HEADER, err);
	if (code < 0)
		return code;
	p = r->in.data + r->at;
	length = be16_at(p);
	type = p[AT_FORMAT] & 0x0F;
	if (p[2] != DSS_MAGIC || type < DSS_REQUEST || type > DSS_OBJECT)
		return err_set(err, E_PROTO, "expected a DSS header, got %02x %02x %02x %02x", p[0],
			       p[1], p[2], p[3]);
	if ((length & ~(unsigned)CONTINUED) < DSS_HEADER)
		return err_set(err, E_PROTO, "expected a DSS of at least %d bytes, got length %u",
			       DSS_HEADER, length);
	*ret = (struct dss_head){.type = (enum dss_type)type,
				 .chained = p[AT_FORMAT] & LINK_CHAINED,
				 .id = be16_at(p + 4)};
	r->at += DSS_HEADER;
	r->left = (length & ~(unsigned)CONTINUED) - DSS_HEADER;
	r->more = length & CONTINUED;
	return 0;
}

bool dss_has_payload(const struct dss_reader *r)
{
	return r->left > 0 || r->more;
}

/* Go on to the next segment when this one is used up. */
static int enter_segment(struct dss_reader *r, struct err *err)
{
	while (r->left == 0) {
		unsigned length;
		int code;

		if (!r->more)
			return err_set(err, E_PROTO, "a DDM object is longer than its DSS");
		code = need(r, SEGMENT_HEADER, err);
		if (code < 0)
			return code;
		length = be16_at(r->in.data + r->at);
		if ((length & ~(unsigned)CONTINUED) < SEGMENT_HEADER)
			return err_set(err, E_PROTO, "expected a DSS segment, got length %u",
				       length);
		r->at += SEGMENT_HEADER;
		r->left = (length & ~(unsigned)CONTINUED) - SEGMENT_HEADER;
		r->more = length & CONTINUED;
	}
	return 0;
}

int dss_take(struct dss_reader *r, uint8_t *dst, size_t n, struct err *err)
{
	while (n) {
		size_t now = n;
		int code = enter_segment(r, err);

		if (code == 0)
			code = need(r, 1, err);
		if (code < 0)
			return code;
		if (now > r->left)
			now = r->left;
		if (now > r->in.len - r->at)
			now = r->in.len - r->at;
		if (dst) {
			memcpy(dst, r->in.data + r->at, now);
			dst += now;
		}
		r->at += now;
		r->left -= now;
		n -= now;
	}
	return 0;
}

int dss_peek(struct dss_reader *r, size_t n, const uint8_t **ret, struct err *err)
{
	int code;

	*ret = NULL;
	if (n > r->left)
		return 0;
	code = need(r, n, err);
	if (code < 0)
		return code;
	*ret = r->in.data + r->at;
	r->at += n;
	r->left -= n;
	return 0;
}
