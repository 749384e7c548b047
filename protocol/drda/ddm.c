/* DDM objects (DDM volume 3: OBJECT, "Structure and Architecture of Objects"). */
#include "protocol/drda/ddm.h"

#include <assert.h>
#include <string.h>

enum {
	HEADER = 4,         /* length and code point */
	LENGTH_MAX = 32767, /* what two bytes may say */
	EXTENDED = 0x8000,  /* flag: the low bits are the size of header and length field */
	EXTRA_LENGTH = 4,   /* we write lengths of four bytes */
};

void ddm_open(struct dss_writer *w, enum codepoint cp)
{
	assert(w->open && w->depth < DDM_DEPTH_MAX);
	w->block[w->depth++] = w->buf.len;
	buf_put_be16(&w->buf, 0); /* when closed */
	buf_put_be16(&w->buf, cp);
}

/* Make room for a length field behind the header and move the data up. */
static void extend(struct dss_writer *w, size_t at, size_t data)
{
	uint8_t *p;

	if (!buf_reserve(&w->buf, EXTRA_LENGTH))
		return;
	buf_commit(&w->buf, EXTRA_LENGTH);
	p = w->buf.data + at + HEADER;
	memmove(p + EXTRA_LENGTH, p, data);
	p[0] = (uint8_t)(data >> 24);
	p[1] = (uint8_t)(data >> 16);
	p[2] = (uint8_t)(data >> 8);
	p[3] = (uint8_t)data;
	buf_poke_be16(&w->buf, at, EXTENDED | (HEADER + EXTRA_LENGTH));
}

void ddm_close(struct dss_writer *w)
{
	size_t at, length;

	assert(w->depth > 0);
	at = w->block[--w->depth];
	if (w->buf.failed)
		return;
	length = w->buf.len - at;
	if (length > LENGTH_MAX)
		extend(w, at, length - HEADER);
	else
		buf_poke_be16(&w->buf, at, (unsigned)length);
}

void ddm_put_u8(struct dss_writer *w, enum codepoint cp, unsigned v)
{
	ddm_open(w, cp);
	buf_put_u8(&w->buf, v);
	ddm_close(w);
}

void ddm_put_be16(struct dss_writer *w, enum codepoint cp, unsigned v)
{
	ddm_open(w, cp);
	buf_put_be16(&w->buf, v);
	ddm_close(w);
}

void ddm_put_be32(struct dss_writer *w, enum codepoint cp, uint32_t v)
{
	ddm_open(w, cp);
	buf_put_be32(&w->buf, v);
	ddm_close(w);
}

void ddm_put_bytes(struct dss_writer *w, enum codepoint cp, const void *p, size_t n)
{
	ddm_open(w, cp);
	buf_put(&w->buf, p, n);
	ddm_close(w);
}

/* The number in a length field of n bytes, n = 4, 6 or 8; UINT64_MAX for another n. */
static uint64_t extended_length(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	if (n != 4 && n != 6 && n != 8)
		return UINT64_MAX;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

bool ddm_read(struct rd *r, struct ddm *ret)
{
	unsigned length;
	uint64_t data;

	if (r->n == 0 || r->short_)
		return false;
	length = rd_be16(r);
	ret->cp = rd_be16(r);
	if (length & EXTENDED && (length & ~(unsigned)EXTENDED) > HEADER) {
		size_t n = (length & ~(unsigned)EXTENDED) - HEADER;
		const uint8_t *p = rd_bytes(r, n);

		data = p ? extended_length(p, n) : UINT64_MAX;
	} else if (length & EXTENDED) {
		data = length == (EXTENDED | HEADER) ? r->n : UINT64_MAX;
	} else {
		data = length >= HEADER ? length - HEADER : UINT64_MAX;
	}
	ret->body = rd_sub(r, data > SIZE_MAX ? SIZE_MAX : (size_t)data);
	return !r->short_;
}

static int bad_length(unsigned length, unsigned cp, struct err *err)
{
	char name[CODEPOINT_TEXT_SIZE];

	return err_set(err, E_PROTO, "expected a length that fits %s, got 0x%04X",
		       codepoint_text(cp, name), length);
}

int ddm_next(struct dss_reader *r, struct ddm_head *ret, struct err *err)
{
	uint8_t header[HEADER], field[8];
	unsigned length;
	int code;

	if (!dss_has_payload(r))
		return 0;
	code = dss_take(r, header, sizeof(header), err);
	if (code < 0)
		return code;
	length = (unsigned)header[0] << 8 | header[1];
	*ret = (struct ddm_head){.cp = (unsigned)header[2] << 8 | header[3]};
	if (!(length & EXTENDED)) {
		if (length < HEADER)
			return bad_length(length, ret->cp, err);
		ret->length = length - HEADER;
	} else if (length == (EXTENDED | HEADER)) {
		ret->streamed = true;
	} else {
		size_t n = (length & ~(unsigned)EXTENDED) - HEADER;

		if (n != 4 && n != 6 && n != 8)
			return bad_length(length, ret->cp, err);
		code = dss_take(r, field, n, err);
		if (code < 0)
			return code;
		ret->length = extended_length(field, n);
	}
	r->ddm_left = ret->length;
	r->streamed = ret->streamed;
	return 1;
}

/* How much of the object can be taken in one go; 0 at its end. */
static size_t chunk(const struct dss_reader *r)
{
	enum { CHUNK = 1 << 20 };

	if (!r->streamed)
		return r->ddm_left > CHUNK ? CHUNK : (size_t)r->ddm_left;
	if (r->left)
		return r->left;
	return r->more; /* one byte enters the next segment */
}

static int take(struct dss_reader *r, uint8_t *dst, size_t n, struct err *err)
{
	int code = dss_take(r, dst, n, err);

	if (code == 0 && !r->streamed)
		r->ddm_left -= n;
	return code;
}

int ddm_append(struct dss_reader *r, struct buf *dst, uint64_t keep, uint64_t *ret_total,
	       struct err *err)
{
	uint64_t total = 0;
	size_t n;

	while ((n = chunk(r)) > 0) {
		uint8_t *to = NULL;
		int code;

		if (total < keep) {
			if (n > keep - total)
				n = (size_t)(keep - total);
			to = buf_reserve(dst, n);
			if (!to)
				return buf_check(dst, "an object of the server", err);
		}
		code = take(r, to, n, err);
		if (code < 0)
			return code;
		if (to)
			buf_commit(dst, n);
		total += n;
	}
	*ret_total = total;
	return 0;
}

int ddm_body(struct dss_reader *r, struct rd *ret, struct err *err)
{
	const uint8_t *p = NULL;
	uint64_t total;
	int code;

	if (!r->streamed && r->ddm_left <= r->left) {
		size_t n = (size_t)r->ddm_left;

		code = dss_peek(r, n, &p, err);
		if (code < 0)
			return code;
		r->ddm_left = 0;
		*ret = rd_make(p, n);
		return 0;
	}
	buf_clear(&r->joined);
	code = ddm_append(r, &r->joined, UINT64_MAX, &total, err);
	if (code == 0)
		*ret = rd_make(r->joined.data, r->joined.len);
	return code;
}

int ddm_skip(struct dss_reader *r, struct err *err)
{
	uint64_t total;

	return ddm_append(r, NULL, 0, &total, err);
}
