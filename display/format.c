/* Numbers and values as text. */
#include "display/format-int.h"

#include "base/str.h"
#include "display/text-int.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { BYTES_WHOLE = 24, BYTES_CUT = 16 }; /* up to 24 bytes are shown, else the first 16 */

void format_grouped(struct buf *out, const char *text, size_t n)
{
	size_t at = n && (*text == '-' || *text == '+'), end = at;

	while (end < n && str_is_digit(text[end]))
		end++;
	buf_put(out, text, at);
	for (; at < end; at++) {
		buf_put_u8(out, (unsigned char)text[at]);
		if ((end - at) % 3 == 1 && end - at > 1)
			buf_put_u8(out, ',');
	}
	buf_put(out, text + end, n - end);
}

void format_count(struct buf *out, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRIu64, n);

	format_grouped(out, digits, (size_t)len);
}

void format_counted(struct buf *out, uint64_t n, const char *units)
{
	size_t len = strlen(units);

	format_count(out, n);
	buf_put_u8(out, ' ');
	buf_put(out, units, n == 1 && len ? len - 1 : len);
}

void format_bytes(struct buf *out, uint64_t n, uint64_t total)
{
	static const char *const units[] = {"bytes", "KB", "MB", "GB", "TB"};
	double unit = 1, largest = (double)(total ? total : n);
	size_t i = 0;
	int decimals;

	while (largest / unit >= 1000 && i + 1 < ARRAY_LEN(units)) {
		unit *= 1000;
		i++;
	}
	decimals = i ? 1 : 0;
	buf_printf(out, "%.*f ", decimals, (double)n / unit);
	if (total)
		buf_printf(out, "of %.*f ", decimals, (double)total / unit);
	buf_put_str(out, units[i]);
}

void format_share(struct buf *out, double share, int decimals)
{
	double smallest = pow(10, -decimals);

	if (share == 0)
		buf_put_str(out, "0 %");
	else if (share < smallest / 2)
		buf_printf(out, "< %.*f %%", decimals, smallest);
	else
		buf_printf(out, "%.*f %%", decimals, share);
}

static bool put_special(struct buf *out, double d)
{
	if (isnan(d))
		buf_put_str(out, "NaN");
	else if (isinf(d))
		buf_put_str(out, d < 0 ? "-Infinity" : "Infinity");
	return !isfinite(d);
}

static const double power10[] = {1e0, 1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,
				 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17};

/*
 * A number from 0.001 on as whole / 10^decimals of at most DBL_DIG digits,
 * when that reads back as the same: both are exact as doubles, so that the
 * division rounds as reading the text does.
 */
static bool as_fraction(double d, uint64_t *ret_whole, int *ret_decimals)
{
	int before = 0, decimals;
	uint64_t whole;

	if (!(d >= 1e-3 && d < power10[DBL_DIG]))
		return false;
	while (d >= power10[before])
		before++;
	decimals = DBL_DIG - before;
	while (d * power10[decimals] < power10[DBL_DIG - 1])
		decimals++;
	whole = (uint64_t)(d * power10[decimals] + 0.5);
	if ((double)whole / power10[decimals] != d)
		return false;
	for (; decimals > 0 && whole % 10 == 0; decimals--)
		whole /= 10;
	*ret_whole = whole;
	*ret_decimals = decimals;
	return true;
}

/* The numbers that tables are full of, in a fraction of printf's time. */
static bool put_common(struct buf *out, double d)
{
	char text[24];
	size_t at = sizeof(text);
	uint64_t whole;
	int decimals;

	if (!as_fraction(fabs(d), &whole, &decimals))
		return false;
	if (decimals == 0)
		text[--at] = '0';
	for (; decimals > 0; decimals--, whole /= 10)
		text[--at] = (char)('0' + whole % 10);
	text[--at] = '.';
	do {
		text[--at] = (char)('0' + whole % 10);
	} while (whole /= 10);
	if (d < 0)
		text[--at] = '-';
	buf_put(out, text + at, sizeof(text) - at);
	return true;
}

/* The shortest text that reads back as the same number, with a point or an exponent. */
static void put_exact(struct buf *out, double d, bool single)
{
	int digits = single ? FLT_DIG : DBL_DIG;
	int most = single ? FLT_DECIMAL_DIG : DBL_DECIMAL_DIG;
	char text[40];

	if (put_special(out, d) || (!single && put_common(out, d)))
		return;
	for (;; digits++) {
		double back;

		snprintf(text, sizeof(text), "%.*g", digits, d);
		back = strtod(text, NULL);
		if (digits == most || (single ? (float)back == (float)d : back == d))
			break;
	}
	buf_put_str(out, text);
	if (!strpbrk(text, ".e"))
		buf_put_str(out, ".0");
}

void format_brief(struct buf *out, double d)
{
	if (!put_special(out, d))
		buf_printf(out, "%.6g", d);
}

static struct format_cut put_text(struct buf *out, const char *s, size_t n, size_t chars)
{
	size_t kept = text_cut(s, n, chars);

	buf_put(out, s, kept);
	return (struct format_cut){.whole = kept < n ? utf8_count(s, n) : 0};
}

static struct format_cut put_hex(struct buf *out, const char *s, size_t n, size_t chars)
{
	size_t kept = n <= BYTES_WHOLE ? n : BYTES_CUT;
	char hex[2 * BYTES_WHOLE + 1];

	if (kept > chars / 2)
		kept = chars / 2;
	str_hex(hex, s, kept);
	buf_printf(out, "0x%s", hex);
	return (struct format_cut){.whole = kept < n ? n : 0, .bytes = true};
}

/* CHAR(n) arrives padded with blanks that nobody typed. */
static size_t without_padding(const struct value *v)
{
	size_t n = v->s.n;

	while (v->type == VALUE_CHAR && n && v->s.p[n - 1] == ' ')
		n--;
	return n;
}

struct format_cut format_value(struct buf *out, const struct value *v, size_t chars)
{
	if (v->type == VALUE_DECIMAL) /* a text, but a number: never cut */
		return put_text(out, v->s.p, v->s.n, SIZE_MAX);
	if (value_is_text(v->type))
		return put_text(out, v->s.p, without_padding(v), chars);
	if (value_is_bytes(v->type))
		return put_hex(out, v->s.p, v->s.n, chars);
	if (v->type == VALUE_BOOLEAN)
		buf_put_str(out, v->i ? "true" : "false");
	else if (v->type == VALUE_REAL || v->type == VALUE_DOUBLE)
		put_exact(out, v->d, v->type == VALUE_REAL);
	else
		buf_printf(out, "%" PRId64, v->i);
	return (struct format_cut){0};
}
