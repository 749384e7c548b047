/*
 * The shell's listings, `show …` and `describe`, as calls of the metadata
 * procedures that both servers have, in the shell's column layouts.
 */
#ifndef NOTEBOOK_SQL_LISTING_H
#define NOTEBOOK_SQL_LISTING_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stddef.h>

struct sql_listing {
	char *call;          /* owned: what to run */
	char *schema;        /* owned: rows of another TABLE_SCHEM are dropped; or NULL */
	char *table;         /* owned: the same for TABLE_NAME; the procedures take patterns */
	const char *columns; /* names shown, in order, blank-separated */
};

/* E_INPUT, naming the forms there are, for anything else. */
int sql_listing_parse(const char *sql, size_t n, struct sql_listing *ret,
		      struct err *err) _must_check_;
void sql_listing_release(struct sql_listing *l);

#endif
