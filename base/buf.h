/*
 * A byte buffer with a hard cap, and a reader over bytes.  Both keep their
 * first failure instead of asking for a check after each call: a buffer that
 * met its cap or ran out of memory ignores all later writes, a reader that
 * was asked for more than there is returns zeroes from then on; buf_check and
 * rd_check tell once, at the end.  Nothing is ever read or written out of
 * bounds in between.
 *
 * Integers are big-endian, the order of DRDA.  No text encoding is known here.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/cleanup.h"
#include "base/err.h"

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct buf {
	uint8_t *data; /* owned; NULL until the first write */
	size_t len;
	size_t cap; /* allocated */
	size_t max; /* len never exceeds this */
	int failed; /* 0, E_NOMEM or E_TOOBIG */
};

/* `max` is the cap in bytes; name it in base/limits.h when input decides the size. */
void buf_init(struct buf *b, size_t max);
/* Wipe and free the contents; the buffer may be used again with the same cap. */
void buf_release(struct buf *b);
/* Keep the memory, forget contents and failure. */
void buf_clear(struct buf *b);
/* 0, or the failure with a text that names `what`. */
int buf_check(const struct buf *b, const char *what, struct err *err) _must_check_;

/* Make room for n more bytes and return where they go; NULL when failed.  len is unchanged. */
uint8_t *buf_reserve(struct buf *b, size_t n);
/* Count n bytes, written to the place buf_reserve returned, as contents. */
void buf_commit(struct buf *b, size_t n);
void buf_put(struct buf *b, const void *p, size_t n);
void buf_put_str(struct buf *b, const char *s);
static inline void buf_put_u8(struct buf *b, unsigned v);
static inline void buf_put_be16(struct buf *b, unsigned v);
static inline void buf_put_be32(struct buf *b, uint32_t v);
static inline void buf_put_be64(struct buf *b, uint64_t v);
void buf_put_fill(struct buf *b, int byte, size_t n);
void buf_printf(struct buf *b, const char *fmt, ...) ERR_PRINTF(2, 3);
/* Overwrite two bytes at `at`, which lie within the contents. */
void buf_poke_be16(struct buf *b, size_t at, unsigned v);
/* Drop the first n bytes (n <= len), moving the rest down. */
void buf_consume(struct buf *b, size_t n);
/*
 * The contents as a NUL-terminated string that the caller owns; the buffer is
 * empty afterwards.  NULL when the buffer failed.
 */
char *buf_take_str(struct buf *b);

/* A reader: borrows the bytes, which must outlive it. */
struct rd {
	const uint8_t *p;
	size_t n;    /* bytes left */
	bool short_; /* asked for more than there was */
};

struct rd rd_make(const void *p, size_t n);
static inline uint8_t rd_u8(struct rd *r);
static inline uint16_t rd_be16(struct rd *r);
static inline uint32_t rd_be32(struct rd *r);
static inline uint64_t rd_be64(struct rd *r);
/* n bytes, or NULL (and `short_`) when there are fewer. */
static inline const uint8_t *rd_bytes(struct rd *r, size_t n);
/* A reader over the next n bytes; empty and `short_` when there are fewer. */
struct rd rd_sub(struct rd *r, size_t n);
/* 0, or E_PROTO saying that `what` ended too early. */
int rd_check(const struct rd *r, const char *what, struct err *err) _must_check_;

#define _cleanup_buf_ _cleanup_(buf_release)

/*
 * The rest is here to be inlined: tables of millions of values pass through
 * these functions one by one.
 */

static inline void buf_put_small(struct buf *b, const void *p, size_t n)
{
	uint8_t *dst;

	if (b->failed || b->len + n > b->cap || b->len + n > b->max) {
		buf_put(b, p, n);
		return;
	}
	dst = b->data + b->len;
	memcpy(dst, p, n);
	b->len += n;
}

static inline void buf_put_u8(struct buf *b, unsigned v)
{
	uint8_t byte = (uint8_t)v;

	buf_put_small(b, &byte, sizeof(byte));
}

static inline void buf_put_be16(struct buf *b, unsigned v)
{
	uint16_t wire = htobe16((uint16_t)v);

	buf_put_small(b, &wire, sizeof(wire));
}

static inline void buf_put_be32(struct buf *b, uint32_t v)
{
	v = htobe32(v);
	buf_put_small(b, &v, sizeof(v));
}

static inline void buf_put_be64(struct buf *b, uint64_t v)
{
	v = htobe64(v);
	buf_put_small(b, &v, sizeof(v));
}

static inline const uint8_t *rd_bytes(struct rd *r, size_t n)
{
	const uint8_t *p = r->p;

	if (n > r->n) {
		r->short_ = true;
		r->n = 0;
		return NULL;
	}
	if (n)
		r->p += n;
	r->n -= n;
	return p;
}

static inline uint8_t rd_u8(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 1);

	return p ? p[0] : 0;
}

static inline uint16_t rd_be16(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 2);
	uint16_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return be16toh(v);
}

static inline uint32_t rd_be32(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 4);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static inline uint64_t rd_be64(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 8);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

#endif
