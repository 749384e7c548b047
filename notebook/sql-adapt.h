/*
 * What is sent in place of a statement, by the kind of server: Splice
 * Machine and Derby share a dialect, and each lacks words that users write
 * (docs/SQL.md has the list).  The user's text stays as it is but for the
 * words concerned; nothing inside quotes or comments is touched, except that
 * comments of many pages become blanks.
 *
 * Pure: nothing is run here.  The caller runs `text` and does what `action`
 * says.
 */
#ifndef NOTEBOOK_SQL_ADAPT_H
#define NOTEBOOK_SQL_ADAPT_H

#include "base/cleanup.h"
#include "base/err.h"
#include "notebook/db.h"
#include "notebook/sql-edit.h"

enum sql_action {
	SQL_RUN,            /* run text */
	SQL_SET_SCHEMA,     /* run text; on 42Y07 create the schema `object`, then text again */
	SQL_CREATE_AS,      /* run text, then more (fills the table); both or neither */
	SQL_EXPLAIN,        /* show how text, a query, is executed */
	SQL_ANALYZE,        /* run text; for each row (schema, table) update the statistics */
	SQL_IMPORT,         /* a call of the IMPORT_DATA family, done by notebook/import.h */
	SQL_LISTING,        /* run text, show only `columns` of its rows */
	SQL_COMMIT,         /* nothing to send */
	SQL_ROLLBACK,       /* nothing to send */
	SQL_AUTOCOMMIT_ON,  /* nothing to send */
	SQL_AUTOCOMMIT_OFF, /* nothing to send */
};

struct sql_adapted {
	enum sql_action action;
	char *plain;  /* owned; the statement with long comments blanked, for edits; or NULL */
	char *text;   /* owned, NUL-terminated; NULL when nothing is sent */
	char *more;   /* owned; second statement of SQL_CREATE_AS */
	char *object; /* owned; SQL_SET_SCHEMA: its name; SQL_LISTING: rows of another
		       * TABLE_NAME are dropped; else NULL */
	char *schema; /* owned; SQL_LISTING: rows of another TABLE_SCHEM are dropped; or NULL */
	const char *tolerate;   /* SQLSTATEs, blank-separated, that are a warning here; or NULL */
	const char *notice;     /* what the user must know about this server; or NULL */
	const char *columns;    /* SQL_LISTING: names, blank-separated */
	struct sql_edits edits; /* from the statement to text */
};

/*
 * E_INPUT for a constant beyond LIMIT_SQL_TOKEN, E_UNSUPPORTED "Derby has no …; on Splice this
 * runs" for what cannot be done there, E_INPUT for a shell statement (show, describe) that does not
 * parse.
 */
int sql_adapt(enum db_server server, const char *sql, size_t n, struct sql_adapted *ret,
	      struct err *err) _must_check_;
void sql_adapted_release(struct sql_adapted *a);
#define _cleanup_adapted_ _cleanup_(sql_adapted_release)

/* Whether `state` is one of a blank-separated list (may be NULL). */
bool sql_state_in(const char *states, const char *state);

/*
 * Add what a user can do about a server's error to err, whose name is the
 * SQLSTATE, where we know better than the message.
 */
void sql_add_hint(enum db_server server, const char *sql, size_t n, struct err *err);

/*
 * Where the server's message says an error is ("… at line 1, column 9"), as
 * an offset into the statement (of n bytes) as the user wrote it.  False when it does not.
 */
bool sql_error_place(const struct sql_adapted *a, size_t n, const struct err *err,
		     size_t *ret_offset);

#endif
