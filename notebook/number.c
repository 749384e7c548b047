/* Decimal text to integers, doubles and decimals. */
#include "notebook/number.h"

#include "base/str.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Digits that always fit in 64 bits. */
enum { MAX_DIGITS = 19 };
/* 5^27 is the largest power of five below 2^63. */
enum { MAX_POWER = 27 };
/* Larger exponents are out of every range; keeps sums of them in an int. */
enum { MAX_EXPONENT = 100000 };

/* digits * 10^exponent; the digits point into the text and may hold one '.'. */
struct number {
	bool negative;
	const char *digits; /* first digit that is not zero; NULL for zero */
	const char *end;    /* behind the last digit */
	int count;          /* significant digits, from `digits` on */
	int whole;          /* of these, before the point; negative: zeroes behind it */
	uint64_t value;     /* of the digits, if there are no more than MAX_DIGITS */
};

static bool blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool digit(char c)
{
	return (unsigned char)(c - '0') < 10;
}

static const char *scan_exponent(const char *p, const char *end, int *ret)
{
	bool negative = false;
	const char *first;
	int value = 0;

	if (p < end && (*p == '+' || *p == '-'))
		negative = *p++ == '-';
	for (first = p; p < end && digit(*p); p++)
		if (value < MAX_EXPONENT)
			value = value * 10 + (*p - '0');
	*ret = negative ? -value : value;
	return p > first ? p : NULL;
}

/*
 * Eight digits as one word: pairs, fours and then all eight are put together
 * in parallel.  False when they are not all digits, or the machine is
 * big-endian.
 */
static inline bool eight_digits(const char *p, uint64_t *ret)
{
	const uint64_t high = UINT64_C(0xF0F0F0F0F0F0F0F0);
	uint64_t w;

	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		return false;
	memcpy(&w, p, sizeof(w));
	/* '0' to '9' are 0x30 to 0x39: the high half is 3, and still is with 6 added. */
	if (((w & high) | ((w + UINT64_C(0x0606060606060606)) & high) >> 4) !=
	    UINT64_C(0x3333333333333333))
		return false;
	w = (w & UINT64_C(0x0F0F0F0F0F0F0F0F)) * (10 << 8 | 1) >> 8;
	w = (w & UINT64_C(0x00FF00FF00FF00FF)) * (100 << 16 | 1) >> 16;
	*ret = (w & UINT64_C(0x0000FFFF0000FFFF)) * (UINT64_C(10000) << 32 | 1) >> 32;
	return true;
}

static const uint64_t small_power10[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};

/*
 * The one to seven digits that the text ends with, as one word: the digits
 * before them are made zeroes.  False when not all are digits.
 */
static inline bool last_digits(const char *end, int n, uint64_t *ret)
{
	const uint64_t zeroes = UINT64_C(0x3030303030303030);
	uint64_t w, keep = ~UINT64_C(0) << (8 - n) * 8;
	char word[8];

	memcpy(&w, end - 8, sizeof(w));
	w = (w & keep) | (zeroes & ~keep);
	memcpy(word, &w, sizeof(word));
	return eight_digits(word, ret);
}

/* Digits from p on; beyond MAX_DIGITS in all, the value is not that of the number. */
static inline const char *scan_digits(const char *p, const char *end, struct number *x)
{
	const char *from = p;
	uint64_t value = x->value;
	uint64_t eight;

	while (end - p >= 8 && eight_digits(p, &eight)) {
		value = value * 100000000 + eight;
		p += 8;
	}
	/* What is left of a long fraction: its length is not to be found out digit by digit. */
	if (p < end && end - p < 8 && p - from >= 8 && last_digits(end, (int)(end - p), &eight)) {
		value = value * small_power10[end - p] + eight;
		p = end;
	}
	while (p < end && digit(*p))
		value = value * 10 + (uint64_t)(*p++ - '0');
	x->value = value;
	x->count += (int)(p - from);
	return p;
}

/* Behind the point: zeroes before the first significant digit only move the point. */
static const char *scan_fraction(const char *p, const char *end, struct number *x)
{
	if (x->count == 0) {
		const char *from = p;

		while (p < end && *p == '0')
			p++;
		x->whole = -(int)(p - from);
		x->digits = p;
	}
	return scan_digits(p, end, x);
}

/* [+-]digits[.digits][e[+-]digits] with blanks around. */
static bool scan(const char *p, size_t n, struct number *x)
{
	const char *end = p + n;
	const char *start;
	bool any;

	while (p < end && blank(*p))
		p++;
	while (end > p && blank(end[-1]))
		end--;
	*x = (struct number){0};
	/* No number is that long: counts of digits stay within an int. */
	if (end - p > MAX_EXPONENT)
		return false;
	if (p < end && (*p == '-' || *p == '+'))
		x->negative = *p++ == '-';
	start = p;
	while (p < end && *p == '0')
		p++;
	x->digits = p;
	p = scan_digits(p, end, x);
	x->whole = x->count;
	any = p > start;
	if (p < end && *p == '.') {
		start = ++p;
		p = scan_fraction(p, end, x);
		any |= p > start;
	}
	x->end = p;
	if (any && p < end && (*p == 'e' || *p == 'E')) {
		int exponent;

		p = scan_exponent(p + 1, end, &exponent);
		x->whole += exponent;
	}
	if (x->count == 0)
		x->whole = 0;
	return any && p == end;
}

static const uint64_t power5[MAX_POWER + 1] = {
	1ull,
	5ull,
	25ull,
	125ull,
	625ull,
	3125ull,
	15625ull,
	78125ull,
	390625ull,
	1953125ull,
	9765625ull,
	48828125ull,
	244140625ull,
	1220703125ull,
	6103515625ull,
	30517578125ull,
	152587890625ull,
	762939453125ull,
	3814697265625ull,
	19073486328125ull,
	95367431640625ull,
	476837158203125ull,
	2384185791015625ull,
	11920928955078125ull,
	59604644775390625ull,
	298023223876953125ull,
	1490116119384765625ull,
	7450580596923828125ull,
};

/* x * 2^exponent, for results that are neither tiny nor huge: the power is a double by itself. */
static double times_power2(double x, int exponent)
{
	uint64_t bits = (uint64_t)(exponent + 1023) << 52;
	double power;

	memcpy(&power, &bits, sizeof(power));
	return x * power;
}

/* 2^exponent * mantissa rounded to 53 bits, ties to even; `sticky`: a bit more than mantissa. */
static double round_bits(uint64_t mantissa, int exponent, bool sticky)
{
	int drop = 64 - __builtin_clzll(mantissa) - DBL_MANT_DIG;
	uint64_t half, rest;

	if (drop <= 0)
		return times_power2((double)mantissa, exponent);
	half = 1ull << (drop - 1);
	rest = mantissa & ((half << 1) - 1);
	mantissa >>= drop;
	if (rest > half || (rest == half && (sticky || (mantissa & 1))))
		mantissa++;
	return times_power2((double)mantissa, exponent + drop);
}

/* A double holds both exactly up to here, so that one division rounds once, as it should. */
enum { EXACT_POWER = 22 };
#define EXACT_VALUE (UINT64_C(1) << DBL_MANT_DIG)

static const double power10[EXACT_POWER + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
						1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
						1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/*
 * value / 10^k: a quotient of 63 bits or more by integer division, whose
 * remainder says on which side of a tie the exact result lies.
 */
static double divide(uint64_t value, int k)
{
	int shift = __builtin_clzll(value);
	int shift5 = __builtin_clzll(power5[k]);
	unsigned __int128 n = (unsigned __int128)(value << shift) << 63;
	uint64_t d = power5[k] << shift5;
	uint64_t q = (uint64_t)(n / d);

	return round_bits(q, shift5 - shift - k - 63, n % d != 0);
}

/* Rare forms (more than 19 digits, large exponents) go the slow way. */
static enum number_result slow_double(const char *p, size_t n, double *ret)
{
	char copy[1024]; /* more than any exact value has digits (767) */
	char *text;
	int r;

	if (n >= sizeof(copy))
		return NUMBER_BAD;
	memcpy(copy, p, n);
	copy[n] = '\0';
	text = str_trim(copy);
	r = str_parse_f64(text, ret, NULL);
	return r < 0 || isinf(*ret) ? NUMBER_RANGE : NUMBER_OK;
}

enum number_result number_double(const char *p, size_t n, double *ret)
{
	struct number x;
	double d;
	int power;

	if (!scan(p, n, &x))
		return NUMBER_BAD;
	power = x.whole - x.count; /* value * 10^power */
	if (x.count == 0)
		d = 0;
	else if (x.count > MAX_DIGITS || power > 0 || power < -MAX_POWER)
		return slow_double(p, n, ret);
	else if (x.value <= EXACT_VALUE && power >= -EXACT_POWER)
		d = (double)x.value / power10[-power];
	else if (power == 0)
		d = round_bits(x.value, 0, false);
	else
		d = divide(x.value, -power);
	*ret = x.negative ? -d : d;
	return NUMBER_OK;
}

/* Whether all digits behind the first `keep` are zero. */
static bool zero_behind(const struct number *x, int keep)
{
	int seen = 0;

	for (const char *p = x->digits; p < x->end; p++)
		if (digit(*p) && seen++ >= keep && *p != '0')
			return false;
	return true;
}

enum number_result number_integer(const char *p, size_t n, int64_t min, int64_t max, int64_t *ret)
{
	struct number x;
	uint64_t value = 0;
	int taken = 0;

	if (!scan(p, n, &x) || !zero_behind(&x, x.whole > 0 ? x.whole : 0))
		return NUMBER_BAD;
	if (x.count == 0 || x.whole <= 0) {
		*ret = 0;
		return x.count == 0 || x.value == 0 ? NUMBER_OK : NUMBER_BAD;
	}
	if (x.whole > MAX_DIGITS)
		return NUMBER_RANGE;
	for (const char *d = x.digits; d < x.end && taken < x.whole; d++)
		if (digit(*d)) {
			value = value * 10 + (uint64_t)(*d - '0');
			taken++;
		}
	for (; taken < x.whole; taken++)
		value *= 10;
	if (value > (uint64_t)(x.negative ? -(min + 1) : max) + x.negative)
		return NUMBER_RANGE;
	*ret = x.negative ? (int64_t)(0 - value) : (int64_t)value;
	return NUMBER_OK;
}

/* Digit i (from 0) of the number's significant digits, '0' behind the last. */
static char digit_at(const struct number *x, const char **at)
{
	while (*at < x->end && !digit(**at))
		(*at)++;
	return *at < x->end ? *(*at)++ : '0';
}

enum number_result number_decimal(const char *p, size_t n, int precision, int scale,
				  char dst[NUMBER_DECIMAL_MAX], size_t *ret_n)
{
	struct number x;
	char *out = dst;
	const char *at;

	if (!scan(p, n, &x))
		return NUMBER_BAD;
	if (x.whole > precision - scale)
		return NUMBER_RANGE;
	if (precision + 3 > NUMBER_DECIMAL_MAX)
		return NUMBER_RANGE;
	at = x.digits;
	if (x.negative && x.count > 0)
		*out++ = '-';
	if (x.whole <= 0)
		*out++ = '0';
	for (int i = 0; i < x.whole; i++)
		*out++ = digit_at(&x, &at);
	if (scale > 0)
		*out++ = '.';
	for (int i = 0; i < scale; i++)
		*out++ = i < -x.whole ? '0' : digit_at(&x, &at);
	*ret_n = (size_t)(out - dst);
	return NUMBER_OK;
}
