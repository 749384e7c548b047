/* Packed decimal. */
#include "protocol/drda/packed.h"

#include <string.h>

enum { PLUS = 0xC, MINUS = 0xD, MINUS_TOO = 0xB };

size_t packed_size(int precision)
{
	return (size_t)precision / 2 + 1;
}

/* Digits, most significant first; an even precision has a leading zero. */
static bool unpack(char *digits, size_t n, const uint8_t *p)
{
	for (size_t i = 0; i < n; i++) {
		unsigned half = i % 2 ? p[i / 2] & 15u : p[i / 2] >> 4u;

		if (half > 9)
			return false;
		digits[i] = (char)('0' + half);
	}
	return true;
}

size_t packed_text(char *dst, const uint8_t *p, int precision, int scale)
{
	size_t size = packed_size(precision), n = size * 2 - 1, first = 0,
	       whole = n - (size_t)scale;
	char digits[PACKED_TEXT_MAX];
	unsigned sign = p[size - 1] & 15u;
	char *out = dst;

	if (!unpack(digits, n, p) || sign <= 9)
		return 0;
	while (first + 1 < whole && digits[first] == '0')
		first++;
	if (sign == MINUS || sign == MINUS_TOO)
		*out++ = '-';
	if (whole == 0)
		*out++ = '0';
	if (whole > first) {
		memcpy(out, digits + first, whole - first);
		out += whole - first;
	}
	if (scale > 0) {
		*out++ = '.';
		memcpy(out, digits + whole, (size_t)scale);
		out += scale;
	}
	return (size_t)(out - dst);
}

struct number {
	bool minus;
	const char *whole, *fraction;
	size_t n_whole, n_fraction;
};

static size_t count_digits(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

static bool parse(struct number *v, const char *p, size_t n)
{
	const char *end = p + n;

	v->minus = n && *p == '-';
	if (n && (*p == '-' || *p == '+'))
		p++;
	v->whole = p;
	v->n_whole = count_digits(p, end);
	p += v->n_whole;
	v->fraction = p;
	v->n_fraction = 0;
	if (p < end && *p == '.') {
		v->fraction = ++p;
		v->n_fraction = count_digits(p, end);
		p += v->n_fraction;
	}
	if (p != end || v->n_whole + v->n_fraction == 0)
		return false;
	while (v->n_whole && *v->whole == '0') {
		v->whole++;
		v->n_whole--;
	}
	while (v->n_fraction && v->fraction[v->n_fraction - 1] == '0')
		v->n_fraction--;
	return true;
}

static bool fits(const struct number *v, int precision, int scale)
{
	return v->n_whole <= (size_t)(precision - scale) && v->n_fraction <= (size_t)scale;
}

bool packed_fits(const char *text, size_t n, int precision, int scale)
{
	struct number v;

	return parse(&v, text, n) && fits(&v, precision, scale);
}

bool packed_put(struct buf *b, const char *text, size_t n, int precision, int scale)
{
	size_t size = packed_size(precision), slots = size * 2 - 1;
	struct number v;
	size_t at;
	uint8_t *dst;

	if (!parse(&v, text, n) || !fits(&v, precision, scale))
		return false;
	dst = buf_reserve(b, size);
	if (!dst)
		return true; /* the buffer tells */
	memset(dst, 0, size);
	at = slots - (size_t)scale - v.n_whole;
	for (size_t i = 0; i < v.n_whole + v.n_fraction; i++, at++) {
		char c = i < v.n_whole ? v.whole[i] : v.fraction[i - v.n_whole];

		dst[at / 2] |= (uint8_t)((c - '0') << (at % 2 ? 0 : 4));
	}
	dst[size - 1] |= v.minus ? MINUS : PLUS;
	buf_commit(b, size);
	return true;
}
