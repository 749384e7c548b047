/* Numbers as texts in requests and answers. */
#ifndef SCORER_NUMBER_H
#define SCORER_NUMBER_H

#include "base/buf.h"

/*
 * Read the number at p as JSON writes them: the count of bytes it takes, 0
 * when there is none.  Rounds correctly; beyond the largest double it is an
 * infinity.
 */
size_t number_read(const char *p, const char *end, double *ret);

/*
 * A text that reads back as v, with a point or an exponent: 1.0, 0.1, 1e+22;
 * NaN, Infinity, -Infinity.  The shortest one, but for numbers below 1e-307.
 */
void number_write(struct buf *b, double v);

#endif
