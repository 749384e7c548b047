/*
 * Cuts a cell into statements.  A semicolon ends a statement unless it stands
 * in quotes, in a comment, in a --splice-properties line, in braces such as
 * {fn …} or in the body of a trigger (begin atomic … end).  Time and memory
 * are linear in the text.
 */
#ifndef NOTEBOOK_SQL_SPLIT_H
#define NOTEBOOK_SQL_SPLIT_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stddef.h>

/*
 * One statement: from its first word to its last, without the semicolon and
 * the comments around it, inner comments and hints as typed.
 */
struct sql_statement {
	const char *text; /* borrowed from the text that was cut; not NUL-terminated */
	size_t n;
	int line;   /* where it begins in that text, from 1 */
	int column; /* in code points, from 1 */
};

struct sql_statements {
	struct sql_statement *items;
	size_t len;
};

/*
 * Empty statements are dropped.  E_INPUT, with line and column, for a quote,
 * comment, brace or body that is never closed.  `line` is the number of the text's
 * first line in the cell.
 */
int sql_split(const char *text, size_t n, int line, struct sql_statements *ret,
	      struct err *err) _must_check_;
void sql_statements_release(struct sql_statements *s);

#define _cleanup_statements_ _cleanup_(sql_statements_release)

#endif
