/*
 * Is a cell without a magic SQL?  A fixed table of openings that no Python
 * program has (two words beside each other, mostly); nothing is compiled or
 * run to decide.
 */
#ifndef NOTEBOOK_SQL_DETECT_H
#define NOTEBOOK_SQL_DETECT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * after_sql: the cell before was SQL.  Only then do openings count that are
 * Python as well: a lone `commit` or `rollback`, `values (1, 2)`.
 */
bool sql_looks_like(const char *cell, size_t n, bool after_sql);

#endif
