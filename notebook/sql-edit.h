/*
 * Small changes to a statement's text, everything else kept byte for byte,
 * and the way back: where a place in the changed text stood before.
 */
#ifndef NOTEBOOK_SQL_EDIT_H
#define NOTEBOOK_SQL_EDIT_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stddef.h>

/* Bytes at..at+cut are replaced by `put`. */
struct sql_edit {
	size_t at;
	size_t cut;
	const char *put; /* borrowed; a literal or part of the statement */
	size_t put_len;
};

struct sql_edits {
	struct sql_edit *items;
	size_t len;
	size_t cap;
};

void sql_edits_release(struct sql_edits *e);
/* Edits may be added in any order; two at one place keep their order; they do not overlap. */
int sql_edits_add(struct sql_edits *e, size_t at, size_t cut, const char *put, size_t put_len,
		  struct err *err) _must_check_;
/* The changed text, NUL-terminated; the caller frees. */
int sql_edits_apply(struct sql_edits *e, const char *text, size_t n, char **ret,
		    struct err *err) _must_check_;
/* The offset before the changes of an offset behind them. */
size_t sql_edits_origin(const struct sql_edits *e, size_t offset);

#endif
