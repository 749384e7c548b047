/*
 * Numbers out of text that is not NUL-terminated, fast and exact: what an
 * import does millions of times.  Blanks around a number are ignored, the
 * locale as well.  No errors are worded here: a caller knows the column.
 */
#ifndef NOTEBOOK_NUMBER_H
#define NOTEBOOK_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum number_result {
	NUMBER_OK,
	NUMBER_BAD,   /* not a number */
	NUMBER_RANGE, /* a number that does not fit */
};

/* The nearest double, ties to even; "NaN" and "Infinity" are not numbers to SQL. */
enum number_result number_double(const char *p, size_t n, double *ret);
/* Whole numbers between min and max, also as "1e+05" or "3.0". */
enum number_result number_integer(const char *p, size_t n, int64_t min, int64_t max, int64_t *ret);

enum { NUMBER_DECIMAL_MAX = 48 };
/*
 * The text of a decimal with `precision` digits of which `scale` are behind
 * the point (further ones are cut off, as both servers do), without exponent
 * and plus sign, into dst; *ret_n bytes.
 */
enum number_result number_decimal(const char *p, size_t n, int precision, int scale,
				  char dst[NUMBER_DECIMAL_MAX], size_t *ret_n);

#endif
