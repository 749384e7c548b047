/*
 * The table that an import fills: its columns as the server tells them, and
 * the statements on it.
 */
#ifndef NOTEBOOK_IMPORT_TABLE_H
#define NOTEBOOK_IMPORT_TABLE_H

#include "notebook/db.h"
#include "notebook/import-args.h"

/* `{0}` is empty. */
struct import_table {
	char *target;           /* "S"."T", owned */
	struct column *columns; /* that the file fills, in its order; owned, with owned names */
	size_t n;
};

/* Ask the server.  Its own errors: 42X05 no such table, 42X04 no such column. */
int import_table_read(struct db *db, const struct import_args *args, struct cancel *cancel,
		      struct import_table *ret, struct err *err) _must_check_;
void import_table_release(struct import_table *t);

/* The insert statement for a row, and the one that empties the table; the caller frees. */
int import_table_insert(const struct import_table *t, char **ret, struct err *err) _must_check_;
int import_table_delete(const struct import_table *t, char **ret, struct err *err) _must_check_;

#endif
