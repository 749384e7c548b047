/* Answers: predictions as JSON or CSV, batch by batch. */
#ifndef SCORER_ANSWER_H
#define SCORER_ANSWER_H

#include "base/buf.h"
#include "scorer/model.h"

struct answer {
	const struct model *model; /* borrowed */
	bool csv;
	bool all; /* probabilities and raw numbers as well */
	bool any; /* a row was written */
	struct buf text;
};

void answer_begin(struct answer *a);
void answer_rows(struct answer *a, const struct batch *b);
void answer_end(struct answer *a);

/* {"error_code": …, "message": …} */
void answer_error(struct buf *b, const char *code, const char *message);

#endif
