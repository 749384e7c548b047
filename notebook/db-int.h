/*
 * What a database driver provides.  A driver is one file `db-NAME.c` with one
 * `struct db_driver`, and one line in the table of notebook/db.c; nothing
 * else knows that it exists.
 *
 * The members take the driver's own objects as `void *`: what connect stored,
 * what execute stored, what batch_new stored.  They follow the contracts of
 * notebook/db.h to the letter, but for autocommit, which db.c decides: a
 * driver commits when `commit` is set or when it is told to.  All members are
 * required.
 */
#ifndef NOTEBOOK_DB_INT_H
#define NOTEBOOK_DB_INT_H

#include "notebook/db.h"

struct db_driver {
	const char *const *schemes; /* of the URLs it serves, NULL-terminated */

	int (*connect)(const struct db_url *url, const struct db_options *options,
		       struct cancel *cancel, void **ret_conn, struct err *err);
	void (*free)(void *conn); /* rolls back what is open */
	enum db_server (*server)(const void *conn);
	const char *(*server_name)(const void *conn);
	const char *(*schema)(const void *conn);
	bool (*usable)(const void *conn);
	bool (*in_transaction)(const void *conn);
	int (*commit)(void *conn, struct cancel *cancel, struct err *err);
	int (*rollback)(void *conn, struct cancel *cancel, struct err *err);

	/* `commit`: end the transaction when the result is read to its end or freed. */
	int (*execute)(void *conn, const char *sql, size_t n, const struct value *params,
		       size_t n_params, bool commit, struct cancel *cancel, void **ret_result,
		       struct err *err);
	void (*result_free)(void *result);
	size_t (*columns)(const void *result, const struct column **ret);
	int64_t (*count)(const void *result);
	const char *const *(*warnings)(const void *result);
	int (*next)(void *result, struct cancel *cancel, const struct value **ret, struct err *err);
	int (*more)(void *result, struct cancel *cancel, struct err *err);

	int (*batch_new)(void *conn, const char *sql, size_t n, struct cancel *cancel,
			 db_batch_error_fn *on_error, void *userdata, void **ret_batch,
			 struct err *err);
	void (*batch_free)(void *batch);
	size_t (*batch_params)(const void *batch, const struct column **ret);
	int (*batch_add)(void *batch, const struct value *row, struct cancel *cancel,
			 struct err *err);
	int (*batch_flush)(void *batch, struct cancel *cancel, uint64_t *ret_rows, struct err *err);
};

extern const struct db_driver db_driver_drda;

/* A connection over one that the driver has already; takes conn, also when it fails. */
int db_wrap(const struct db_driver *driver, void *conn, struct db **ret,
	    struct err *err) _must_check_;

/* Whether the URL's scheme is one of the driver's. */
bool db_driver_serves(const struct db_driver *driver, const char *scheme);

#endif
