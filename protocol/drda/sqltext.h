/*
 * The little that the client must know of a statement's text: what kind it
 * surely is, so that it runs in one round trip, and how many markers it has.
 * Quotes and comments are skipped; nothing else is parsed.
 */
#ifndef DRDA_SQLTEXT_H
#define DRDA_SQLTEXT_H

#include <stddef.h>

enum sql_kind {
	SQL_UNKNOWN, /* to be prepared and looked at */
	SQL_QUERY,   /* surely returns rows */
	SQL_UPDATE,  /* surely none, and counts the rows it changes */
	SQL_OTHER,   /* surely none, and counts nothing */
	SQL_CALL,
};

enum sql_kind sqltext_kind(const char *sql, size_t n);
/* `?` outside of quotes and comments. */
size_t sqltext_markers(const char *sql, size_t n);

#endif
