/* Java date patterns, compiled once and read millions of times. */
#include "notebook/date-pattern.h"

#include "base/str.h"

#include <string.h>
#include <strings.h>

static const char letters[] = "yMdHhmsSa";

static bool is_number(const struct date_op *op)
{
	return op->letter && op->letter != 'a' && !(op->letter == 'M' && op->count > 2);
}

static int add(struct date_pattern *p, struct date_op op, const char *what, struct err *err)
{
	if (p->n == DATE_PATTERN_OPS)
		return err_set(err, E_INPUT, "%s: the pattern is too long", what);
	p->ops[p->n++] = op;
	return 0;
}

/* 'text' with '' for a quote; returns behind it. */
static const char *add_quoted(struct date_pattern *p, const char *s, const char *what, int *r,
			      struct err *err)
{
	if (s[1] == '\'') {
		*r = add(p, (struct date_op){.literal = '\''}, what, err);
		return s + 2;
	}
	for (s++; *r == 0 && *s; s++) {
		if (*s == '\'' && s[1] != '\'')
			return s + 1;
		s += *s == '\'';
		*r = add(p, (struct date_op){.literal = *s}, what, err);
	}
	return s;
}

static int add_letter(struct date_pattern *p, const char **s, const char *what, struct err *err)
{
	size_t count = strspn(*s, (char[]){**s, '\0'});
	char letter = **s;

	if (!strchr(letters, letter)) {
		err_set(err, E_INPUT, "%s: the pattern letter %c is not known here", what, letter);
		err_set_hint(err, "Known are y M d H h m s S a, as in yyyy-MM-dd HH:mm:ss.SSS.");
		return E_INPUT;
	}
	if (count > 9)
		return err_set(err, E_INPUT, "%s: %c stands %zu times in a row", what, letter,
			       count);
	*s += count;
	return add(p, (struct date_op){.letter = letter, .count = (unsigned char)count}, what, err);
}

int date_pattern_parse(const char *pattern, const char *what, struct date_pattern *ret,
		       struct err *err)
{
	struct date_pattern p = {.n = 0};
	int r = 0;

	while (r == 0 && *pattern) {
		if (str_is_alpha(*pattern)) {
			r = add_letter(&p, &pattern, what, err);
		} else if (*pattern == '\'') {
			pattern = add_quoted(&p, pattern, what, &r, err);
		} else {
			r = add(&p, (struct date_op){.literal = *pattern}, what, err);
			pattern++;
		}
	}
	if (r == 0 && p.n == 0)
		r = err_set(err, E_INPUT, "%s: the pattern is empty", what);
	if (r < 0)
		return r;
	for (size_t i = 0; i + 1 < p.n; i++)
		p.ops[i].adjacent = is_number(&p.ops[i]) && is_number(&p.ops[i + 1]);
	*ret = p;
	return 0;
}

/* English month names, whole or their first three letters, in any case. */
static bool read_month(const char **p, const char *end, int *ret)
{
	static const char *const names[] = {"January",   "February", "March",    "April",
					    "May",       "June",     "July",     "August",
					    "September", "October",  "November", "December"};

	for (int i = 0; i < 12; i++) {
		size_t whole = strlen(names[i]);
		size_t left = (size_t)(end - *p);

		if (left >= 3 && strncasecmp(*p, names[i], 3) == 0) {
			*p += left >= whole && strncasecmp(*p, names[i], whole) == 0 ? whole : 3;
			*ret = i + 1;
			return true;
		}
	}
	return false;
}

/* Up to `max` digits. */
static bool read_digits(const char **p, const char *end, int max, int *ret, int *ret_digits)
{
	const char *from = *p;
	int value = 0;

	while (*p < end && *p - from < max && str_is_digit(**p))
		value = value * 10 + (*(*p)++ - '0');
	*ret = value;
	*ret_digits = (int)(*p - from);
	return *p > from;
}

static void set_fraction(struct date_time *t, int value, int digits)
{
	t->fraction_digits = digits;
	for (; digits < 9; digits++)
		value *= 10;
	t->nanos = value;
}

struct reading {
	struct date_time time;
	int half; /* 0 unknown, 1 AM, 2 PM */
	bool hour12;
};

static bool set_field(struct reading *r, const struct date_op *op, int value, int digits)
{
	struct date_time *t = &r->time;

	switch (op->letter) {
	case 'y':
		/* Two digits mean 1970 to 2069, as DB2 and POSIX read them nearly alike. */
		t->year =
			op->count <= 2 && digits <= 2 ? value + (value < 70 ? 2000 : 1900) : value;
		return true;
	case 'M':
		t->month = value;
		return true;
	case 'd':
		t->day = value;
		return true;
	case 'h':
		r->hour12 = true;
		t->hour = value % 12;
		return value >= 1 && value <= 12;
	case 'H':
		t->hour = value;
		return true;
	case 'm':
		t->minute = value;
		return true;
	case 's':
		t->second = value;
		return true;
	default:
		set_fraction(t, value, digits);
		return true;
	}
}

static bool read_half(struct reading *r, const char **p, const char *end)
{
	if (end - *p < 2 || ((*p)[1] != 'M' && (*p)[1] != 'm'))
		return false;
	r->half = **p == 'A' || **p == 'a' ? 1 : **p == 'P' || **p == 'p' ? 2 : 0;
	*p += 2;
	return r->half != 0;
}

static bool read_op(struct reading *r, const struct date_op *op, const char **p, const char *end)
{
	int value, digits;

	if (!op->letter)
		return *p < end && *(*p)++ == op->literal;
	if (op->letter == 'a')
		return read_half(r, p, end);
	if (op->letter == 'M' && op->count > 2)
		return read_month(p, end, &r->time.month);
	if (!read_digits(p, end, op->adjacent ? op->count : 9, &value, &digits))
		return false;
	return set_field(r, op, value, digits);
}

static bool exists(const struct date_time *t)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = t->year % 4 == 0 && (t->year % 100 != 0 || t->year % 400 == 0);

	if (t->year < 1 || t->year > 9999 || t->month < 1 || t->month > 12 || t->day < 1)
		return false;
	if (t->day > days[t->month - 1] + (t->month == 2 && leap))
		return false;
	return t->hour <= 23 && t->minute <= 59 && t->second <= 59;
}

bool date_pattern_read(const struct date_pattern *pattern, const char *p, size_t n,
		       struct date_time *ret)
{
	struct reading r = {.time = {.year = 1970, .month = 1, .day = 1}};
	const char *end = p + n;

	for (size_t i = 0; i < pattern->n; i++)
		if (!read_op(&r, &pattern->ops[i], &p, end))
			return false;
	if (pattern->open_fraction && end - p > 1 && *p == '.') {
		int value, digits;

		p++;
		if (!read_digits(&p, end, 9, &value, &digits))
			return false;
		set_fraction(&r.time, value, digits);
	}
	if (p != end || r.half != 0) {
		if (p != end || !r.hour12)
			return false;
		r.time.hour += r.half == 2 ? 12 : 0;
	}
	if (!exists(&r.time))
		return false;
	*ret = r.time;
	return true;
}

static char *put(char *dst, int value, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		dst[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return dst + digits;
}

static char *put_parts(char *dst, int a, int a_digits, int b, int c, char between)
{
	dst = put(dst, a, a_digits);
	*dst++ = between;
	dst = put(dst, b, 2);
	*dst++ = between;
	return put(dst, c, 2);
}

size_t date_put_date(char dst[DATE_TEXT_MAX], const struct date_time *t)
{
	return (size_t)(put_parts(dst, t->year, 4, t->month, t->day, '-') - dst);
}

size_t date_put_time(char dst[DATE_TEXT_MAX], const struct date_time *t)
{
	return (size_t)(put_parts(dst, t->hour, 2, t->minute, t->second, ':') - dst);
}

size_t date_put_timestamp(char dst[DATE_TEXT_MAX], const struct date_time *t)
{
	char nanos[9];
	size_t n = date_put_date(dst, t);

	dst[n++] = ' ';
	n += (size_t)(put_parts(dst + n, t->hour, 2, t->minute, t->second, ':') - (dst + n));
	if (t->fraction_digits == 0)
		return n;
	(void)put(nanos, t->nanos, 9);
	dst[n++] = '.';
	memcpy(dst + n, nanos, (size_t)t->fraction_digits);
	return n + (size_t)t->fraction_digits;
}
