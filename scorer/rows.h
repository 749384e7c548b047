/*
 * The rows of a request, out of its body into batches: JSON in MLflow's three
 * shapes, or CSV.  What is wrong is E_INPUT and names row and column.
 */
#ifndef SCORER_ROWS_H
#define SCORER_ROWS_H

#include "scorer/model.h"

enum body_type { BODY_JSON, BODY_CSV };

struct rows;

/*
 * Check the body's frame and its columns.  The body is changed and must stay
 * until the last batch is done with, as its texts are borrowed.
 */
int rows_new(const struct model *m, enum body_type type, char *body, size_t n, struct rows **ret,
	     struct err *err) _must_check_;
void rows_free(struct rows *s);
CLEANUP_DEFINE(struct rows *, rows_free)

/* Fill the batch (of the same model) with the next rows; 0 of them at the end. */
int rows_next(struct rows *s, struct batch *b, struct err *err) _must_check_;
/*
 * A batch of rows was refused.  Where some column has not been seen yet, read
 * on: that it is missing altogether explains more than what became of it.
 * Returns `failed`.
 */
int rows_explain(struct rows *s, struct batch *b, int failed, struct err *err);
/* {"params": {"output": "all"}} */
bool rows_want_all(const struct rows *s);
/* Rows handed on so far. */
size_t rows_count(const struct rows *s);

#endif
