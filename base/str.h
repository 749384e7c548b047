/*
 * Text helpers: NUL-terminated UTF-8, unless a length is passed along.
 * Positions that clients send count Unicode code points (Jupyter messaging,
 * "cursor_pos"), never bytes.  Numbers are parsed whole: leading or trailing
 * junk, overflow and an empty text are refused, and the locale is ignored.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Copies that the caller frees; NULL when out of memory. */
char *str_dup(const char *s);
char *str_ndup(const char *s, size_t n);
char *str_fmt(const char *fmt, ...) ERR_PRINTF(1, 2);

/* Replace *dst (may be NULL) by a copy of s (may be NULL). */
int str_replace(char **dst, const char *s, struct err *err) _must_check_;

bool str_eq(const char *a, const char *b);
bool str_eq_ci(const char *a, const char *b); /* ASCII letters only */
bool str_starts(const char *s, const char *prefix);
bool str_starts_ci(const char *s, const char *prefix);
bool str_ends_ci(const char *s, const char *suffix);
/* Find `needle` ignoring ASCII case; NULL when absent. */
const char *str_find_ci(const char *s, const char *needle);

/* Edits (insert, delete, change, swap of neighbours) between two short names, ASCII case ignored;
 * names over 63 bytes are far from everything. */
size_t str_distance(const char *a, const char *b);

/* Cut white space at both ends, in place; returns the new start within s. */
char *str_trim(char *s);
void str_upper_ascii(char *s);

bool str_is_space(char c);
bool str_is_alpha(char c);
bool str_is_digit(char c);
/* A letter, digit or underscore, or any byte of a non-ASCII character. */
bool str_is_word(char c);

/* Length of the valid UTF-8 sequence at s (1..4), 0 when there is none in n bytes. */
size_t utf8_seq(const char *s, size_t n);
bool utf8_valid(const char *s, size_t n);
/* A copy of n bytes in which invalid sequences and NUL became U+FFFD; the caller frees. */
char *utf8_repair(const char *s, size_t n);
/* Code points in n bytes of valid UTF-8. */
size_t utf8_count(const char *s, size_t n);
/* Byte offset of code point `index`, at most n. */
size_t utf8_offset(const char *s, size_t n, size_t index);
/* Terminal columns of one code point: 0 for combining marks, 2 for wide characters, else 1. */
int utf8_width(uint32_t cp);
/* Decode the sequence at s (n > 0 bytes left) and store its length; U+FFFD and 1 when invalid. */
uint32_t utf8_decode(const char *s, size_t n, size_t *ret_len);

int str_parse_i64(const char *s, int64_t *ret, struct err *err) _must_check_;
int str_parse_u64(const char *s, uint64_t *ret, struct err *err) _must_check_;
int str_parse_f64(const char *s, double *ret, struct err *err) _must_check_;
/* true/false, yes/no, on/off, 1/0 in any case. */
int str_parse_bool(const char *s, bool *ret, struct err *err) _must_check_;

/* Value of a hexadecimal digit, -1 for another character. */
int str_hex_digit(char c);
/* A byte string as lower-case hex; dst holds 2 * n + 1. */
void str_hex(char *dst, const void *p, size_t n);

/* Overwrite and free a secret text; leaves NULL. */
void str_wipe(char **s);
#define _cleanup_secret_ _cleanup_(str_wipe)

/* Compare secrets in constant time for a given length. */
bool mem_eq_secret(const void *a, const void *b, size_t n);

/*
 * A growing array of owned strings; `{0}` is empty.
 */
struct strv {
	char **items; /* NULL-terminated once anything was added */
	size_t len;
};

void strv_release(struct strv *v);
int strv_add(struct strv *v, const char *s, struct err *err) _must_check_;
/* Takes s, also when it fails; s may be NULL (out of memory upstream). */
int strv_take(struct strv *v, char *s, struct err *err) _must_check_;
/* Take out item i, which exists, and free it; the others keep their order. */
void strv_remove(struct strv *v, size_t i);
bool strv_has(const struct strv *v, const char *s);

#define _cleanup_strv_ _cleanup_(strv_release)

#endif
