/*
 * A DRDA client: SQL over TCP to Splice Machine and Apache Derby (and what
 * else speaks their dialect of DRDA level 7), without a Java virtual machine.
 *
 *	struct drda_options o = {.host = "127.0.0.1", .port = 1527,
 *				 .database = "cc;create=true", .user = "app"};
 *	_cleanup_(drda_freep) struct drda *c = NULL;
 *	_cleanup_(drda_result_freep) struct drda_result *r = NULL;
 *	const struct value *row;
 *
 *	if ((code = drda_connect(&o, NULL, &c, &err)) < 0 ||
 *	    (code = drda_execute(c, sql, strlen(sql), NULL, 0, DRDA_COMMIT, NULL, &r, &err)) < 0)
 *		return code;
 *	while ((code = drda_result_next(r, NULL, &row, &err)) > 0)
 *		…
 *
 * The library holds no policy: it commits when told, retries nothing, prints
 * nothing, and starts no thread.  A connection and what was made from it
 * belong to one thread at a time.  Results and batches must be freed before
 * their connection.
 *
 * Errors.  Every function returns 0 (or 1, where said) or a negative code:
 *   E_SERVER  the server refused the statement; err->name is the SQLSTATE,
 *             the text the server's own message; the connection goes on
 *   E_CANCEL  the cancel token fired; drda_usable tells whether the
 *             connection survived (a Splice server stops the statement, a
 *             Derby server cannot, so the connection is given up)
 *   E_CLOSED  the line broke, E_PROTO the server sent what DRDA does not
 *             allow, E_TIMEOUT it did not answer: the object can only be freed
 *   E_AUTH, E_NOTFOUND, E_UNSUPPORTED, E_INPUT, E_TOOBIG, E_NOMEM as said.
 * Cancel tokens may be NULL.
 *
 * Limits: one row and one object of the server at most LIMIT_DRDA_OBJECT
 * bytes (base/limits.h); a statement's text LIMIT_SQL_TEXT.
 */
#ifndef DRDA_DRDA_H
#define DRDA_DRDA_H

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/value.h"

struct drda;
struct drda_result;
struct drda_batch;

enum drda_server { DRDA_SERVER_DERBY, DRDA_SERVER_SPLICE, DRDA_SERVER_OTHER };

struct drda_options {
	const char *host;
	int port;             /* 0: 1527 */
	const char *database; /* with its attributes, "cc;create=true" */
	const char *user;     /* NULL: "APP" */
	const char *password; /* NULL: log in by name alone */
	int timeout_ms;       /* for each step of connecting; 0: 10 s */
	uint32_t block_size;  /* bytes of rows asked for at a time, 512 to 10 MB; 0: 512 KB */
	int trace_fd;         /* readable protocol trace, a line an object; -1: none.  0 is a
			       * descriptor: set it */
	bool trace_stable;    /* leave out of it what differs from run to run */
};

/*
 * Connect and log in.  E_AUTH for a wrong user or password, E_NOTFOUND for
 * an unknown host or database, E_CLOSED when nothing listens, E_TIMEOUT,
 * E_PROTO when something else than a DRDA server answers.
 */
int drda_connect(const struct drda_options *options, struct cancel *cancel, struct drda **ret,
		 struct err *err) _must_check_;
/* The server rolls back what was not committed. */
void drda_free(struct drda *c);
CLEANUP_DEFINE(struct drda *, drda_free)

enum drda_server drda_server(const struct drda *c);
const char *drda_server_name(const struct drda *c); /* "Apache Derby CSS10160/10.16.1.1 …" */
/* The current schema as the server last told, "" when it has not; until the next call. */
const char *drda_schema(const struct drda *c);
bool drda_usable(const struct drda *c);
/* A statement ran since the last commit or rollback. */
bool drda_in_transaction(const struct drda *c);
/* How often an answer was waited for since the connection was opened. */
uint64_t drda_round_trips(const struct drda *c);

int drda_commit(struct drda *c, struct cancel *cancel, struct err *err) _must_check_;
/* Cursors that are open are closed by it. */
int drda_rollback(struct drda *c, struct cancel *cancel, struct err *err) _must_check_;

enum drda_flags {
	/* Commit when the statement is done: at once for an update, for a query when its rows
	 * are read to their end or the result is freed. */
	DRDA_COMMIT = 1u << 0,
};

/*
 * Run one statement of any kind: query, update, DDL, CALL.  n_params must be
 * the number of its `?` markers (E_INPUT otherwise).
 */
int drda_execute(struct drda *c, const char *sql, size_t n, const struct value *params,
		 size_t n_params, unsigned flags, struct cancel *cancel, struct drda_result **ret,
		 struct err *err) _must_check_;
/* Closes the cursor if rows are left. */
void drda_result_free(struct drda_result *r);
CLEANUP_DEFINE(struct drda_result *, drda_result_free)

/* Columns of the current result set, valid until drda_result_more; 0 of them: an update. */
size_t drda_result_columns(const struct drda_result *r, const struct column **ret);
/* Rows changed; -1 for a statement that counts none. */
int64_t drda_result_count(const struct drda_result *r);
/* "42Y55: text" each, NULL-terminated; grows while rows are read. */
const char *const *drda_result_warnings(const struct drda_result *r);
/*
 * The next row: 1 and *ret (valid until the next call on this result), 0 at
 * the end.  Memory holds one block of rows and, of one row, its CLOBs and
 * BLOBs; one that does not fit is given as VALUE_OPAQUE with its true size.
 * With ret NULL the row is passed over, which costs a fraction of reading it.
 */
int drda_result_next(struct drda_result *r, struct cancel *cancel, const struct value **ret,
		     struct err *err) _must_check_;
/* Go on to the next result set of a CALL: 1 when there is one, 0 when not. */
int drda_result_more(struct drda_result *r, struct cancel *cancel, struct err *err) _must_check_;

/*
 * Many executions of one prepared update.  Rows are encoded as they are added
 * and sent in chains, of which two are under way at a time.  An SQL error in
 * a row does not stop the others: on_error hears of each, in order, with the
 * row's number from 0; returning negative makes the batch fail with that code
 * (rows already sent may have been executed: roll back).
 */
typedef int drda_batch_error_fn(void *userdata, uint64_t row, const struct err *error);

int drda_batch_new(struct drda *c, const char *sql, size_t n, struct cancel *cancel,
		   drda_batch_error_fn *on_error, void *userdata, struct drda_batch **ret,
		   struct err *err) _must_check_;
/* Rows not flushed are dropped. */
void drda_batch_free(struct drda_batch *b);
CLEANUP_DEFINE(struct drda_batch *, drda_batch_free)

/* The markers as the server describes them. */
size_t drda_batch_params(const struct drda_batch *b, const struct column **ret);
/* Encode one row. */
int drda_batch_add(struct drda_batch *b, const struct value *row, struct cancel *cancel,
		   struct err *err) _must_check_;
/* Send what is queued and hear all answers; *ret_rows: rows that succeeded so far. */
int drda_batch_flush(struct drda_batch *b, struct cancel *cancel, uint64_t *ret_rows,
		     struct err *err) _must_check_;

#endif
