/*
 * Does the scorer answer as Spark did?  The rows of a splice/sample.json
 * (docs/DEPLOY.md) go the way of a request, and the answers are compared with
 * what is expected: predictions equal, vectors within PARITY_TOLERANCE of
 * each other.
 */
#ifndef SCORER_PARITY_H
#define SCORER_PARITY_H

#include "base/buf.h"
#include "scorer/model.h"

#define PARITY_TOLERANCE 1e-9

struct parity {
	size_t rows, different;
};

/*
 * A line into `report` for each of the first differing rows.  E_INPUT when the
 * sample is none or a row is refused.
 */
int parity_compare(const struct model *m, const char *sample, size_t n, struct buf *report,
		   struct parity *ret, struct err *err) _must_check_;

#endif
