/*
 * The rules of sql-adapt.c as they see a statement, and those that have a
 * file of their own.
 */
#ifndef NOTEBOOK_SQL_ADAPT_INT_H
#define NOTEBOOK_SQL_ADAPT_INT_H

#include "notebook/sql-adapt.h"
#include "notebook/sql-lex.h"

struct sql_subject {
	enum db_server server;
	const char *sql;
	size_t n;
	struct sql_lexer rest; /* behind the words of the rule's opening */
};

/* 0: go on with the text; 1: `a` is complete. */
typedef int adapt_fn(const struct sql_subject *s, struct sql_adapted *a, struct err *err);

/* A rule.  0: go on with the text; 1: `a` is complete. */
typedef int sql_adapt_fn(const struct sql_subject *s, struct sql_adapted *a, struct err *err);

/* Where p, a place in the statement, is in it. */
static inline size_t sql_adapt_offset(const struct sql_subject *s, const char *p)
{
	return (size_t)(p - s->sql);
}

/* What queries in sql (n bytes of the statement) need on this server. */
int sql_adapt_query(const struct sql_subject *s, const char *sql, size_t n, struct sql_edits *edits,
		    struct err *err) _must_check_;

/* drop KIND if exists NAME, or the words behind the name. */
sql_adapt_fn sql_adapt_drop;
/* create KIND if not exists NAME. */
sql_adapt_fn sql_adapt_create;
/* create table T [(columns)] as QUERY [with [no] data]. */
sql_adapt_fn sql_adapt_create_as;

#endif
