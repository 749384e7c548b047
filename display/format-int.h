/* Numbers and values as people read them.  Independent of the locale's language, always with
 * commas. */
#ifndef DISPLAY_FORMAT_INT_H
#define DISPLAY_FORMAT_INT_H

#include "base/buf.h"
#include "base/value.h"

/* "284,807" */
void format_count(struct buf *out, uint64_t n);
/* "1 row", "284,807 rows": `units` is the plural; one drops its last letter. */
void format_counted(struct buf *out, uint64_t n, const char *units);
/* A number's own text with commas in its whole part: "-12345.60" -> "-12,345.60". */
void format_grouped(struct buf *out, const char *text, size_t n);
/* "67.2 MB"; with a total "67.2 of 150.1 MB", in the total's unit. */
void format_bytes(struct buf *out, uint64_t n, uint64_t total);
/* Percent with `decimals` digits: "0.17 %"; what would read as 0 but is not: "< 0.01 %". */
void format_share(struct buf *out, double share, int decimals);

/* What is left of a value once it is shown. */
struct format_cut {
	uint64_t whole; /* its true length when it was cut, else 0 */
	bool bytes;     /* counted in bytes, not characters */
};

/*
 * A value that is not null, exactly: numbers with as many digits as bring the
 * same number back, text to `chars` characters, bytes as "0x…" hex.
 */
struct format_cut format_value(struct buf *out, const struct value *v, size_t chars);
/* A floating-point number to six digits, for where room is short. */
void format_brief(struct buf *out, double d);

#endif
