/*
 * What the files of the store share: store.c (the file, its tables,
 * statements), store-jobs.c (jobs), store-list.c (many jobs at once) and
 * store-steps.c (logs and steps).
 */
#ifndef DEPLOY_STORE_INT_H
#define DEPLOY_STORE_INT_H

#include "deploy/store.h"

#include <sqlite3.h>

struct store {
	sqlite3 *db;
	char *path;
};

/*
 * A statement with its parameters bound, one for each letter of `types`:
 * i an int64_t, s a const char * (NULL: null), j a const json_t * as text
 * (NULL: null).
 */
int store_prepare(struct store *s, sqlite3_stmt **ret, struct err *err, const char *sql,
		  const char *types, ...) _must_check_;
static inline void store_finalizep(sqlite3_stmt **stmt)
{
	(void)sqlite3_finalize(*stmt);
}
#define _cleanup_stmt_ _cleanup_(store_finalizep)

/* 1 for a row, 0 at the end, or an error. */
int store_row(struct store *s, sqlite3_stmt *stmt, struct err *err) _must_check_;
/* Run a statement that answers no rows; *ret_changes (may be NULL) rows changed. */
int store_run(struct store *s, sqlite3_stmt *stmt, int64_t *ret_changes,
	      struct err *err) _must_check_;

/* The same in a transaction of its own; takes stmt. */
int store_change(struct store *s, sqlite3_stmt *stmt, int64_t *ret_changes,
		 struct err *err) _must_check_;

/* SQLite's last failure as an error that says what to do. */
int store_failed(struct store *s, struct err *err);

/*
 * A transaction that writes.  store_end commits it when r is 0, counting a
 * change, else takes it back; it returns r or why the commit failed.
 */
int store_begin(struct store *s, struct err *err) _must_check_;
int store_end(struct store *s, int r, struct err *err) _must_check_;

/* Columns; texts are the caller's. */
int store_column_text(sqlite3_stmt *stmt, int column, char **ret, struct err *err) _must_check_;
/* NULL for null. */
int store_column_json(struct store *s, sqlite3_stmt *stmt, int column, json_t **ret,
		      struct err *err) _must_check_;

/* The columns of a job, in the order store_read_job takes them. */
#define STORE_JOB_COLUMNS                                                                          \
	"id, kind, target, region, app, user, request, state, cancel_wanted, worker, "             \
	"worker_start, created, started, ended, attempts, retry_of, step, error, hint, result"
int store_read_job(struct store *s, sqlite3_stmt *stmt, struct job *ret,
		   struct err *err) _must_check_;

/* E_NOTFOUND. */
int store_no_job(int64_t id, struct err *err);

#endif
