/* One request, whoever brought it: a body in, an answer out. */
#ifndef SCORER_INVOKE_H
#define SCORER_INVOKE_H

#include "base/buf.h"
#include "scorer/rows.h"

struct invocation {
	enum body_type type;
	bool all;        /* of ?output=all; the body's params may ask for it as well */
	bool csv_answer; /* of Accept */
	char *body;      /* borrowed, and changed */
	size_t n;
};

/*
 * Score all rows in `batch` (of the same model, used by nobody else) and
 * append the answer.  E_INPUT says what is wrong with the body; the answer is
 * then of no use.  *ret_rows is set in any case.
 */
int invoke(const struct model *m, struct batch *batch, const struct invocation *in,
	   struct buf *answer, size_t *ret_rows, struct err *err) _must_check_;

#endif
