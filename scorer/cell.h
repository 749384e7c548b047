/*
 * One value of a request, checked against its column's type.  E_INPUT names
 * row and column.  docs/SCORER.md says what is taken for what.
 */
#ifndef SCORER_CELL_H
#define SCORER_CELL_H

#include "scorer/json-reader.h"

void cell_null(const struct batch *b, size_t slot, size_t row);
/* The next value of the reader. */
int cell_json(struct json_reader *j, const struct batch *b, size_t slot, size_t row,
	      struct err *err) _must_check_;
/* A cell of a CSV line, which may be changed. */
int cell_csv(struct text *t, bool quoted, const struct batch *b, size_t slot, size_t row,
	     struct err *err) _must_check_;

#endif
