/*
 * Changes inside queries, at any depth of brackets: LIMIT becomes {limit},
 * and for Derby a select without FROM reads SYSIBM.SYSDUMMY1 and TOP n
 * becomes FETCH FIRST.  Part of sql-adapt, which decides which of them a
 * server needs.
 */
#ifndef NOTEBOOK_SQL_QUERY_H
#define NOTEBOOK_SQL_QUERY_H

#include "notebook/sql-edit.h"

enum {
	SQL_QUERY_LIMIT = 1 << 0, /* limit n [offset m] */
	SQL_QUERY_FROM = 1 << 1,  /* select without from */
	SQL_QUERY_TOP = 1 << 2,   /* select top n */
};

/* E_UNSUPPORTED for TOP in one branch of a UNION, which FETCH FIRST cannot say. */
int sql_query_edit(const char *sql, size_t n, unsigned what, struct sql_edits *edits,
		   struct err *err) _must_check_;

#endif
