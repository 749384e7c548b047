/*
 * From a cell's text to what runs it: the magic line is recognised, its
 * options are checked against the magic's table entry, and cells with no
 * magic are taken for Python or SQL by the fixed rule of notebook/sql-detect.h
 * (no child is started to decide).
 *
 * A first line `%name` or `%%name` that is none of our magics belongs to
 * IPython, unless it is a typing mistake away from one of ours: that is an
 * error which names it.
 */
#ifndef MAGICS_CELL_H
#define MAGICS_CELL_H

#include "magics/magic.h"

enum cell_kind { CELL_EMPTY, CELL_PYTHON, CELL_MAGIC };

struct cell {
	enum cell_kind kind;
	bool help;              /* `--help` was given: show magic_help(call.magic) */
	struct magic_call call; /* magic, args, words, body, cell and body_line are set */
	/* Owned storage behind call. */
	struct magic_arg *args;
	struct strv tokens;
	char *text;
};

/*
 * Parse `code` (NUL-terminated, copied).  after_sql: the cell before was SQL,
 * so that `commit` alone is SQL as well.  E_USAGE with the
 * magic's usage in the hint for a wrong option.
 */
int cell_parse(const char *code, bool after_sql, struct cell *ret, struct err *err) _must_check_;
void cell_release(struct cell *c);

#endif
