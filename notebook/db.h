/*
 * A database connection as the cells of a notebook see it, whatever driver is
 * below.  DRDA (Splice Machine, Derby) is the first driver; each driver is
 * one file `db-NAME.c` that fills in struct db_driver (notebook/db-int.h).
 *
 * A connection belongs to one thread at a time.  Every call that may wait
 * takes a cancel token (NULL: never cancelled) and returns E_CANCEL when it
 * fired; what became of the statement is then told by db_state.
 *
 * Errors of the server are E_SERVER with the SQLSTATE as err->name and the
 * server's full message as text; a connection that broke is E_CLOSED (name
 * 08006), and the object can only be freed.
 */
#ifndef NOTEBOOK_DB_H
#define NOTEBOOK_DB_H

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/value.h"

struct db;
struct db_result;
struct db_batch;

/* Where to connect: read from a URL, never printed with its password. */
struct db_url {
	char *scheme; /* "splice", "derby" or "odbc" */
	char *host;
	int port;
	char *database; /* with its ;attributes, e.g. "cc;create=true" */
	char *user;     /* NULL when not given */
	char *password; /* NULL when not given */
};

/*
 * splice://user[:password]@host:port/db, derby://…, jdbc:splice://host:port/db;user=u;password=p,
 * jdbc:derby://….  E_INPUT with what is wrong; the text never holds the password.
 */
int db_url_parse(const char *text, struct db_url *ret, struct err *err) _must_check_;
void db_url_release(struct db_url *url);
/* "splice://user@host:1527/db", without the password; the caller frees. */
char *db_url_text(const struct db_url *url);

struct db_options {
	int connect_timeout_ms; /* 0: 10 s */
	int trace_fd;           /* readable protocol trace; -1 for none */
};

enum db_server { DB_SERVER_DERBY, DB_SERVER_SPLICE, DB_SERVER_OTHER };

int db_connect(const struct db_url *url, const struct db_options *options, struct cancel *cancel,
	       struct db **ret, struct err *err) _must_check_;
/* Rolls back what is open and closes politely when the line is free. */
void db_free(struct db *db);
CLEANUP_DEFINE(struct db *, db_free)

enum db_server db_server(const struct db *db);
const char *db_server_name(const struct db *db); /* "Apache Derby 10.16.1.1"; borrowed */
const char *db_schema(const struct db *db);      /* current schema; borrowed until the next call */
bool db_usable(const struct db *db);             /* false once the line broke */

/*
 * Autocommit is on at first: each statement is committed when its result is
 * read to its end or freed.  Turning it on commits what is open.
 */
int db_set_autocommit(struct db *db, bool on, struct err *err) _must_check_;
bool db_autocommit(const struct db *db);
int db_commit(struct db *db, struct cancel *cancel, struct err *err) _must_check_;
int db_rollback(struct db *db, struct cancel *cancel, struct err *err) _must_check_;
bool db_in_transaction(const struct db *db);

/*
 * Run one statement of any kind (query, update, DDL, CALL), without a
 * trailing semicolon.  params may be NULL; they are bound to the `?` markers.
 */
int db_execute(struct db *db, const char *sql, size_t n, const struct value *params,
	       size_t n_params, struct cancel *cancel, struct db_result **ret,
	       struct err *err) _must_check_;
/* Closes the cursor if rows are left.  With autocommit, commits. */
void db_result_free(struct db_result *r);
CLEANUP_DEFINE(struct db_result *, db_result_free)

/* Columns of the current result set; 0 columns: an update. */
size_t db_result_columns(const struct db_result *r, const struct column **ret);
/* Rows changed by an update; -1 when the statement has no count. */
int64_t db_result_count(const struct db_result *r);
/* Warnings of the statement so far, "42Y55: text" each, NULL-terminated; borrowed; may be empty. */
const char *const *db_result_warnings(const struct db_result *r);
/*
 * The next row: 1 and *ret (n_columns values, valid until the next call), or
 * 0 at the end, or an error.  Rows stream: memory holds one block of them.
 * With ret NULL the row is passed over: for rows that are only counted.
 */
int db_result_next(struct db_result *r, struct cancel *cancel, const struct value **ret,
		   struct err *err) _must_check_;
/* Go on to the next result set of a CALL: 1 when there is one, 0 when not. */
int db_result_more(struct db_result *r, struct cancel *cancel, struct err *err) _must_check_;

/*
 * Many executions of one prepared update with parameters.  Rows are buffered
 * and sent in chains; the server answers for each row.  An error in a row
 * does not stop the others: the callback hears of it with the row's number
 * (counted from 0 over the life of the batch), and decides: return 0 to go
 * on, negative to stop (the batch then fails with that code).  The batch never commits by itself.
 */
typedef int db_batch_error_fn(void *userdata, uint64_t row, const struct err *error);

int db_batch_new(struct db *db, const char *sql, size_t n, struct cancel *cancel,
		 db_batch_error_fn *on_error, void *userdata, struct db_batch **ret,
		 struct err *err) _must_check_;
void db_batch_free(struct db_batch *b); /* rows not flushed are dropped */
CLEANUP_DEFINE(struct db_batch *, db_batch_free)

/* The parameters as the server described them: types to convert to. */
size_t db_batch_params(const struct db_batch *b, const struct column **ret);
/* Queue one row (values are copied); sends when a chain is full. */
int db_batch_add(struct db_batch *b, const struct value *row, struct cancel *cancel,
		 struct err *err) _must_check_;
/* Send what is queued and read all answers.  *ret_rows: rows that succeeded so far. */
int db_batch_flush(struct db_batch *b, struct cancel *cancel, uint64_t *ret_rows,
		   struct err *err) _must_check_;

#endif
