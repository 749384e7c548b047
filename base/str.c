/*
 * Text helpers.  ASCII classification is our own because <ctype.h> follows
 * the locale.
 */
#include "base/str.h"

#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

char *str_ndup(const char *s, size_t n)
{
	char *copy = malloc(n + 1);

	if (copy) {
		if (n)
			memcpy(copy, s, n);
		copy[n] = '\0';
	}
	return copy;
}

char *str_dup(const char *s)
{
	return str_ndup(s, strlen(s));
}

char *str_fmt(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	s = n < 0 ? NULL : malloc((size_t)n + 1);
	if (!s)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

int str_replace(char **dst, const char *s, struct err *err)
{
	char *copy = s ? str_dup(s) : NULL;

	if (s && !copy)
		return err_nomem(err);
	free(*dst);
	*dst = copy;
	return 0;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool str_eq_ci(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

bool str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_starts_ci(const char *s, const char *prefix)
{
	for (; *prefix; s++, prefix++)
		if (lower(*s) != lower(*prefix))
			return false;
	return true;
}

bool str_ends_ci(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return m <= n && str_eq_ci(s + n - m, suffix);
}

const char *str_find_ci(const char *s, const char *needle)
{
	for (; *s; s++)
		if (str_starts_ci(s, needle))
			return s;
	return *needle ? NULL : s;
}

enum { DISTANCE_MAX = 64 };

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Optimal string alignment, three rows at a time. */
size_t str_distance(const char *a, const char *b)
{
	size_t rows[3][DISTANCE_MAX], na = strlen(a), nb = strlen(b);

	if (na >= DISTANCE_MAX || nb >= DISTANCE_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *now = rows[i % 3], *up = rows[(i + 2) % 3], *upper = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			bool same = lower(a[i - 1]) == lower(b[j - 1]);

			now[j] = min3(up[j] + 1, now[j - 1] + 1, up[j - 1] + !same);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]) && upper[j - 2] + 1 < now[j])
				now[j] = upper[j - 2] + 1;
		}
	}
	return rows[na % 3][nb];
}

char *str_trim(char *s)
{
	size_t n;

	while (str_is_space(*s))
		s++;
	n = strlen(s);
	while (n && str_is_space(s[n - 1]))
		n--;
	s[n] = '\0';
	return s;
}

void str_upper_ascii(char *s)
{
	for (; *s; s++)
		if (*s >= 'a' && *s <= 'z')
			*s = (char)(*s - 'a' + 'A');
}

bool str_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool str_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool str_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool str_is_word(char c)
{
	return str_is_alpha(c) || str_is_digit(c) || c == '_' || (unsigned char)c >= 0x80;
}

/* RFC 3629: shortest form only, no surrogates, nothing above U+10FFFF. */
size_t utf8_seq(const char *str, size_t n)
{
	const unsigned char *s = (const unsigned char *)str;
	size_t len;

	if (n == 0)
		return 0;
	if (s[0] < 0x80)
		return 1;
	len = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
	if (s[0] < 0xC2 || s[0] > 0xF4 || n < len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
	    (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
		return 0;
	return len;
}

bool utf8_valid(const char *s, size_t n)
{
	while (n) {
		size_t len = utf8_seq(s, n);

		if (len == 0)
			return false;
		s += len;
		n -= len;
	}
	return true;
}

char *utf8_repair(const char *s, size_t n)
{
	char *copy = malloc(n * 3 + 1);
	size_t out = 0;

	if (!copy)
		return NULL;
	while (n) {
		size_t len = *s ? utf8_seq(s, n) : 0;

		memcpy(copy + out, len ? s : "\xEF\xBF\xBD", len ? len : 3);
		out += len ? len : 3;
		len += len == 0;
		s += len;
		n -= len;
	}
	copy[out] = '\0';
	return copy;
}

size_t utf8_count(const char *s, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((unsigned char)s[i] & 0xC0) != 0x80;
	return count;
}

size_t utf8_offset(const char *s, size_t n, size_t index)
{
	size_t at = 0;

	while (index-- && at < n) {
		at++;
		while (at < n && ((unsigned char)s[at] & 0xC0) == 0x80)
			at++;
	}
	return at;
}

uint32_t utf8_decode(const char *str, size_t n, size_t *ret_len)
{
	const unsigned char *s = (const unsigned char *)str;
	size_t len = utf8_seq(str, n);
	uint32_t cp;

	*ret_len = len ? len : 1;
	if (len == 0)
		return 0xFFFD;
	if (len == 1)
		return s[0];
	cp = s[0] & (0xFFu >> (len + 1));
	for (size_t i = 1; i < len; i++)
		cp = cp << 6 | (s[i] & 0x3F);
	return cp;
}

/* Ranges from Unicode's EastAsianWidth.txt (W and F) and the common combining blocks. */
static const struct {
	uint32_t first, last;
	int width;
} widths[] = {
	{0x0300, 0x036F, 0},   {0x200B, 0x200F, 0},   {0x202A, 0x202E, 0}, {0x2060, 0x2069, 0},
	{0x20D0, 0x20FF, 0},   {0xFE00, 0xFE0F, 0},   {0xFE20, 0xFE2F, 0}, {0xFEFF, 0xFEFF, 0},
	{0x1100, 0x115F, 2},   {0x2E80, 0x303E, 2},   {0x3041, 0x33FF, 2}, {0x3400, 0x4DBF, 2},
	{0x4E00, 0x9FFF, 2},   {0xA000, 0xA4CF, 2},   {0xAC00, 0xD7A3, 2}, {0xF900, 0xFAFF, 2},
	{0xFE30, 0xFE6F, 2},   {0xFF00, 0xFF60, 2},   {0xFFE0, 0xFFE6, 2}, {0x1F300, 0x1F64F, 2},
	{0x1F900, 0x1F9FF, 2}, {0x20000, 0x3FFFD, 2},
};

int utf8_width(uint32_t cp)
{
	if (cp < 0x300)
		return cp == 0 ? 0 : 1;
	for (size_t i = 0; i < ARRAY_LEN(widths); i++)
		if (cp >= widths[i].first && cp <= widths[i].last)
			return widths[i].width;
	return 1;
}

int str_parse_i64(const char *s, int64_t *ret, struct err *err)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(s, &end, 10);
	if (end == s || *end || str_is_space(*s))
		return err_set(err, E_INPUT, "\"%.60s\" is not a whole number", s);
	if (errno == ERANGE)
		return err_set(err, E_INPUT, "%.60s is out of range", s);
	*ret = v;
	return 0;
}

int str_parse_u64(const char *s, uint64_t *ret, struct err *err)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(s, &end, 10);
	if (end == s || *end || !str_is_digit(*s))
		return err_set(err, E_INPUT, "\"%.60s\" is not a whole number of 0 or more", s);
	if (errno == ERANGE)
		return err_set(err, E_INPUT, "%.60s is out of range", s);
	*ret = v;
	return 0;
}

int str_parse_f64(const char *s, double *ret, struct err *err)
{
	static const char allowed[] = "+-.0123456789eE";
	locale_t c_locale, old;
	char *end;
	double v;

	if (!*s || s[strspn(s, allowed)])
		return err_set(err, E_INPUT, "\"%.60s\" is not a number", s);
	c_locale = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);
	if (!c_locale)
		return err_nomem(err);
	old = uselocale(c_locale);
	errno = 0;
	v = strtod(s, &end);
	uselocale(old);
	freelocale(c_locale);
	if (end == s || *end)
		return err_set(err, E_INPUT, "\"%.60s\" is not a number", s);
	if (errno == ERANGE && (v > 1 || v < -1))
		return err_set(err, E_INPUT, "%.60s is out of range", s);
	*ret = v;
	return 0;
}

int str_parse_bool(const char *s, bool *ret, struct err *err)
{
	static const char *const yes[] = {"true", "yes", "on", "1"};
	static const char *const no[] = {"false", "no", "off", "0"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (str_eq_ci(s, yes[i]) || str_eq_ci(s, no[i])) {
			*ret = str_eq_ci(s, yes[i]);
			return 0;
		}
	}
	return err_set(err, E_INPUT, "\"%.60s\" is neither true nor false", s);
}

int str_hex_digit(char c)
{
	if (str_is_digit(c))
		return c - '0';
	if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
		return (c | 0x20) - 'a' + 10;
	return -1;
}

void str_hex(char *dst, const void *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *b = p;

	for (size_t i = 0; i < n; i++) {
		dst[2 * i] = digits[b[i] >> 4];
		dst[2 * i + 1] = digits[b[i] & 15];
	}
	dst[2 * n] = '\0';
}

void str_wipe(char **s)
{
	if (*s)
		explicit_bzero(*s, strlen(*s));
	free(TAKE(*s));
}

bool mem_eq_secret(const void *a, const void *b, size_t n)
{
	const volatile unsigned char *x = a, *y = b;
	unsigned diff = 0;

	for (size_t i = 0; i < n; i++)
		diff |= (unsigned)(x[i] ^ y[i]);
	return diff == 0;
}

void strv_release(struct strv *v)
{
	for (size_t i = 0; i < v->len; i++)
		free(v->items[i]);
	free(v->items);
	*v = (struct strv){0};
}

int strv_take(struct strv *v, char *s, struct err *err)
{
	char **items = s ? realloc(v->items, (v->len + 2) * sizeof(*items)) : NULL;

	if (!items) {
		free(s);
		return err_nomem(err);
	}
	v->items = items;
	v->items[v->len++] = s;
	v->items[v->len] = NULL;
	return 0;
}

int strv_add(struct strv *v, const char *s, struct err *err)
{
	return strv_take(v, str_dup(s), err);
}

void strv_remove(struct strv *v, size_t i)
{
	free(v->items[i]);
	memmove(&v->items[i], &v->items[i + 1], (v->len - i) * sizeof(v->items[0]));
	v->len--;
}

bool strv_has(const struct strv *v, const char *s)
{
	for (size_t i = 0; i < v->len; i++)
		if (str_eq(v->items[i], s))
			return true;
	return false;
}
