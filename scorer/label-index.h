/*
 * Where a label stands in a list: the look-up of StringIndexer.  Spark looks a
 * number up as the text that Java writes for it.  As such a text and its
 * number determine each other, a column of numbers is looked up by number
 * here, and a label that Java would not write for the column's type is never
 * found.
 */
#ifndef SCORER_LABEL_INDEX_H
#define SCORER_LABEL_INDEX_H

#include "scorer/loader.h"

struct label_index;

/* Lives in the model's arena, and borrows the labels. */
int label_index_new(struct loader *l, const struct labels *labels, enum column_type type,
		    const struct label_index **ret, struct err *err) _must_check_;

/* The place of a text in a list of texts, or -1. */
double label_index_find_text(const struct label_index *x, const struct text *t);
/* The place of a row's value (which is not null), or -1. */
double label_index_find(const struct label_index *x, const struct cells *cells, size_t row);

#endif
