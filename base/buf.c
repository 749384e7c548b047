/*
 * Capped buffer and bounded reader.  Growth doubles; memory is wiped before
 * it is freed because passwords and signatures pass through buffers.
 */
#include "base/buf.h"

#include "base/limits.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

static void wipe(void *p, size_t n)
{
	if (p)
		explicit_bzero(p, n);
}

void buf_release(struct buf *b)
{
	wipe(b->data, b->cap);
	free(b->data);
	buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = 0;
}

int buf_check(const struct buf *b, const char *what, struct err *err)
{
	if (b->failed == E_TOOBIG)
		return err_set(err, E_TOOBIG, "%s is larger than %zu bytes", what, b->max);
	if (b->failed)
		return err_nomem(err);
	return 0;
}

static bool grow(struct buf *b, size_t need)
{
	size_t cap = b->cap ? b->cap : BUF_FIRST_ALLOC;
	uint8_t *data;

	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	data = malloc(cap);
	if (!data)
		return false;
	if (b->len)
		memcpy(data, b->data, b->len);
	wipe(b->data, b->cap);
	free(b->data);
	b->data = data;
	b->cap = cap;
	return true;
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	if (b->failed)
		return NULL;
	if (n > b->max || b->len > b->max - n) {
		b->failed = E_TOOBIG;
		return NULL;
	}
	if ((b->len + n > b->cap || !b->data) && !grow(b, b->len + n)) {
		b->failed = E_NOMEM;
		return NULL;
	}
	return b->data + b->len;
}

void buf_commit(struct buf *b, size_t n)
{
	assert(b->failed || n <= b->cap - b->len);
	if (!b->failed)
		b->len += n;
}

void buf_put(struct buf *b, const void *p, size_t n)
{
	uint8_t *dst = buf_reserve(b, n);

	if (dst && n) {
		memcpy(dst, p, n);
		b->len += n;
	}
}

void buf_put_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

void buf_put_fill(struct buf *b, int byte, size_t n)
{
	uint8_t *dst = buf_reserve(b, n);

	if (dst) {
		memset(dst, byte, n);
		b->len += n;
	}
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;
	uint8_t *dst;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		b->failed = E_NOMEM;
	dst = n < 0 ? NULL : buf_reserve(b, (size_t)n + 1);
	if (!dst)
		return;
	va_start(ap, fmt);
	vsnprintf((char *)dst, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void buf_poke_be16(struct buf *b, size_t at, unsigned v)
{
	if (b->failed)
		return;
	assert(at + 2 <= b->len);
	b->data[at] = (uint8_t)(v >> 8);
	b->data[at + 1] = (uint8_t)v;
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
}

char *buf_take_str(struct buf *b)
{
	char *s;

	buf_put_u8(b, 0);
	if (b->failed)
		return NULL;
	s = (char *)b->data;
	buf_init(b, b->max);
	return s;
}

struct rd rd_make(const void *p, size_t n)
{
	return (struct rd){.p = p, .n = n};
}

struct rd rd_sub(struct rd *r, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);
	struct rd sub = rd_make(p, p ? n : 0);

	sub.short_ = r->short_;
	return sub;
}

int rd_check(const struct rd *r, const char *what, struct err *err)
{
	if (r->short_)
		return err_set(err, E_PROTO, "%s ended too early", what);
	return 0;
}
