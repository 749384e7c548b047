/*
 * Dates and times by Java's SimpleDateFormat patterns: the letters y M d H h
 * m s S and a, quoted text, and any other characters as they are.  Numbers
 * may have fewer digits than letters, unless the next letter follows at once.
 * S counts fractions of a second (".5" is half a second).
 */
#ifndef NOTEBOOK_DATE_PATTERN_H
#define NOTEBOOK_DATE_PATTERN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum { DATE_PATTERN_OPS = 40, DATE_TEXT_MAX = 32 };

struct date_pattern {
	struct date_op {
		char letter; /* of the pattern, or 0: the character `literal` */
		char literal;
		unsigned char count; /* how often the letter stands there */
		bool adjacent;       /* a further number follows at once */
	} ops[DATE_PATTERN_OPS];
	size_t n;
	bool open_fraction; /* seconds may be followed by a fraction though no S says so */
};

/* E_INPUT for a letter that is not known.  `what` names the argument in the error. */
int date_pattern_parse(const char *pattern, const char *what, struct date_pattern *ret,
		       struct err *err) __attribute__((warn_unused_result));

struct date_time {
	int year, month, day, hour, minute, second;
	int nanos;
	int fraction_digits; /* as written */
};

/* False when the text does not fit the pattern or names no day or time that exists. */
bool date_pattern_read(const struct date_pattern *pattern, const char *p, size_t n,
		       struct date_time *ret);

/* "yyyy-mm-dd", "hh:mm:ss", "yyyy-mm-dd hh:mm:ss[.fff…]" into dst; the length. */
size_t date_put_date(char dst[DATE_TEXT_MAX], const struct date_time *t);
size_t date_put_time(char dst[DATE_TEXT_MAX], const struct date_time *t);
size_t date_put_timestamp(char dst[DATE_TEXT_MAX], const struct date_time *t);

#endif
