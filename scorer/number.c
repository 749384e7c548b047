/* Numbers as texts: the usual short ones directly, the others by the C library. */
#include "scorer/number.h"

#include "base/str.h"

#include <math.h>
#include <stdio.h>

enum {
	DIGITS_EXACT = 15,  /* so many digits fit a double exactly */
	POWER_EXACT = 22,   /* so does 10 to this */
	LENGTH_COPIED = 64, /* a longer number is read where it stands, or from the heap */
	SHORTEST_FIRST = 15,
	SHORTEST_LAST = 17,
};

struct decimal {
	uint64_t digits;
	unsigned count; /* of digits, without leading zeros */
	int exponent;
	bool negative;
};

static const char *read_digits(const char *p, const char *end, struct decimal *d, int step)
{
	for (; p < end && str_is_digit(*p); p++) {
		if (d->count <= DIGITS_EXACT) {
			d->digits = d->digits * 10 + (uint64_t)(*p - '0');
			d->count += d->digits > 0;
		}
		d->exponent += step;
	}
	return p;
}

static const char *read_exponent(const char *p, const char *end, struct decimal *d)
{
	const char *start = p++;
	bool negative = p < end && *p == '-';
	int e = 0;

	p += p < end && (*p == '-' || *p == '+');
	if (p == end || !str_is_digit(*p))
		return start;
	for (; p < end && str_is_digit(*p); p++)
		e = e < 100000 ? e * 10 + (*p - '0') : e;
	d->exponent += negative ? -e : e;
	return p;
}

/* The grammar of JSON: no leading zeros, digits on both sides of the point. */
static const char *read_decimal(const char *p, const char *end, struct decimal *d)
{
	const char *start = p, *integer;

	d->negative = p < end && *p == '-';
	p += d->negative;
	integer = p;
	p = read_digits(p, end, d, 0);
	if (p == integer || (*integer == '0' && p - integer > 1))
		return start;
	if (p + 1 < end && *p == '.' && str_is_digit(p[1]))
		p = read_digits(p + 1, end, d, -1);
	if (p < end && (*p == 'e' || *p == 'E'))
		p = read_exponent(p, end, d);
	return p;
}

static double read_slowly(const char *p, size_t n)
{
	char copy[LENGTH_COPIED];
	_cleanup_free_ char *heap = NULL;
	double v;

	if (n < sizeof(copy)) {
		memcpy(copy, p, n);
		copy[n] = '\0';
		return strtod(copy, NULL);
	}
	heap = str_ndup(p, n);
	v = heap ? strtod(heap, NULL) : (double)NAN;
	return v;
}

size_t number_read(const char *p, const char *end, double *ret)
{
	static const double powers[POWER_EXACT + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,
						       1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
						       1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
						       1e18, 1e19, 1e20, 1e21, 1e22};
	struct decimal d = {0};
	const char *stop = read_decimal(p, end, &d);
	size_t n = (size_t)(stop - p);
	double v;

	if (n == 0)
		return 0;
	/* Two exact doubles, so that one rounding gives the right result. */
	if (d.count <= DIGITS_EXACT && d.exponent >= -POWER_EXACT && d.exponent <= POWER_EXACT) {
		v = (double)d.digits;
		v = d.exponent < 0 ? v / powers[-d.exponent] : v * powers[d.exponent];
		*ret = d.negative ? -v : v;
	} else {
		*ret = read_slowly(p, n);
	}
	return n;
}

static void write_whole(struct buf *b, double v)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%lld.0", (long long)v);

	buf_put(b, text, (size_t)n);
}

/* Python turns to an exponent at 1e16; printf does so where the precision ends. */
static void write_shortest(struct buf *b, double v)
{
	char text[40];
	int n = 0;

	for (int digits = SHORTEST_FIRST; digits <= SHORTEST_LAST; digits++) {
		n = snprintf(text, sizeof(text), "%.*g", digits, v);
		if (strtod(text, NULL) == v)
			break;
	}
	buf_put(b, text, (size_t)n);
	if (!memchr(text, '.', (size_t)n) && !memchr(text, 'e', (size_t)n))
		buf_put_str(b, ".0");
}

void number_write(struct buf *b, double v)
{
	if (isnan(v))
		buf_put_str(b, "NaN");
	else if (isinf(v))
		buf_put_str(b, v > 0 ? "Infinity" : "-Infinity");
	else if (v == 0)
		buf_put_str(b, signbit(v) ? "-0.0" : "0.0");
	else if (fabs(v) < 1e15 && v == trunc(v))
		write_whole(b, v);
	else
		write_shortest(b, v);
}
