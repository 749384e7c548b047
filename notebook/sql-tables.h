/*
 * The tables that a statement reads, by its words alone: the names behind
 * FROM and JOIN of its selects, as they are written.
 */
#ifndef NOTEBOOK_SQL_TABLES_H
#define NOTEBOOK_SQL_TABLES_H

#include "base/str.h"

/*
 * Add each name once, in the order of the text, a schema's before a dot,
 * quotes kept.  Names that a WITH defines, table functions, and what DELETE
 * or TRIM have behind their FROM are none.
 */
int sql_tables(const char *sql, size_t n, struct strv *ret, struct err *err) _must_check_;

#endif
