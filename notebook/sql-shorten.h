/*
 * Statements whose words are too long for the servers' lexers, which take a
 * time that grows with the square of a token's length, comments included:
 * Derby reads at a comment of 10 MB for minutes.
 */
#ifndef NOTEBOOK_SQL_SHORTEN_H
#define NOTEBOOK_SQL_SHORTEN_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stddef.h>

/*
 * *ret is the statement with its long comments turned into blanks, byte for
 * byte and with their line ends, so that places stay the same (the caller
 * frees; n bytes and a NUL); untouched when there is none.  E_INPUT, named
 * 54002 as the servers would, for a constant or name beyond LIMIT_SQL_TOKEN.
 */
int sql_shorten(const char *sql, size_t n, char **ret, struct err *err) _must_check_;

#endif
