/*
 * Connections over drivers: looks the driver up, keeps autocommit, and hands
 * every call on.
 */
#include "notebook/db-int.h"

#include "base/str.h"

struct db {
	const struct db_driver *driver;
	void *conn; /* the driver's */
	bool autocommit;
};

struct db_result {
	const struct db_driver *driver;
	void *result;
};

struct db_batch {
	const struct db_driver *driver;
	void *batch;
};

static const struct db_driver *const drivers[] = {
	&db_driver_drda,
};

bool db_driver_serves(const struct db_driver *driver, const char *scheme)
{
	for (const char *const *s = driver->schemes; *s; s++)
		if (str_eq_ci(*s, scheme))
			return true;
	return false;
}

static const struct db_driver *find_driver(const char *scheme, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
		if (db_driver_serves(drivers[i], scheme))
			return drivers[i];
	(void)err_set(err, E_UNSUPPORTED, "no database driver for %s:// URLs", scheme);
	err_set_hint(err, "splice://user@host:1527/splicedb and derby://host:1527/db are known");
	return NULL;
}

int db_wrap(const struct db_driver *driver, void *conn, struct db **ret, struct err *err)
{
	struct db *db = calloc(1, sizeof(*db));

	if (!db) {
		driver->free(conn);
		return err_nomem(err);
	}
	*db = (struct db){driver, conn, true};
	*ret = db;
	return 0;
}

int db_connect(const struct db_url *url, const struct db_options *options, struct cancel *cancel,
	       struct db **ret, struct err *err)
{
	const struct db_driver *driver = find_driver(url->scheme, err);
	void *conn = NULL;
	int code;

	if (!driver)
		return E_UNSUPPORTED;
	code = driver->connect(url, options, cancel, &conn, err);
	return code < 0 ? code : db_wrap(driver, conn, ret, err);
}

void db_free(struct db *db)
{
	if (!db)
		return;
	db->driver->free(db->conn);
	free(db);
}

enum db_server db_server(const struct db *db)
{
	return db->driver->server(db->conn);
}

const char *db_server_name(const struct db *db)
{
	return db->driver->server_name(db->conn);
}

const char *db_schema(const struct db *db)
{
	return db->driver->schema(db->conn);
}

bool db_usable(const struct db *db)
{
	return db->driver->usable(db->conn);
}

int db_set_autocommit(struct db *db, bool on, struct err *err)
{
	int code = 0;

	if (on && !db->autocommit && db_in_transaction(db))
		code = db->driver->commit(db->conn, /* cancel= */ NULL, err);
	if (code == 0)
		db->autocommit = on;
	return code;
}

bool db_autocommit(const struct db *db)
{
	return db->autocommit;
}

int db_commit(struct db *db, struct cancel *cancel, struct err *err)
{
	return db->driver->commit(db->conn, cancel, err);
}

int db_rollback(struct db *db, struct cancel *cancel, struct err *err)
{
	return db->driver->rollback(db->conn, cancel, err);
}

bool db_in_transaction(const struct db *db)
{
	return db->driver->in_transaction(db->conn);
}

int db_execute(struct db *db, const char *sql, size_t n, const struct value *params,
	       size_t n_params, struct cancel *cancel, struct db_result **ret, struct err *err)
{
	_cleanup_free_ struct db_result *r = calloc(1, sizeof(*r));
	int code;

	if (!r)
		return err_nomem(err);
	r->driver = db->driver;
	code = db->driver->execute(db->conn, sql, n, params, n_params, db->autocommit, cancel,
				   &r->result, err);
	if (code == 0)
		*ret = TAKE(r);
	return code;
}

void db_result_free(struct db_result *r)
{
	if (!r)
		return;
	r->driver->result_free(r->result);
	free(r);
}

size_t db_result_columns(const struct db_result *r, const struct column **ret)
{
	return r->driver->columns(r->result, ret);
}

int64_t db_result_count(const struct db_result *r)
{
	return r->driver->count(r->result);
}

const char *const *db_result_warnings(const struct db_result *r)
{
	return r->driver->warnings(r->result);
}

int db_result_next(struct db_result *r, struct cancel *cancel, const struct value **ret,
		   struct err *err)
{
	return r->driver->next(r->result, cancel, ret, err);
}

int db_result_more(struct db_result *r, struct cancel *cancel, struct err *err)
{
	return r->driver->more(r->result, cancel, err);
}

int db_batch_new(struct db *db, const char *sql, size_t n, struct cancel *cancel,
		 db_batch_error_fn *on_error, void *userdata, struct db_batch **ret,
		 struct err *err)
{
	_cleanup_free_ struct db_batch *b = calloc(1, sizeof(*b));
	int code;

	if (!b)
		return err_nomem(err);
	b->driver = db->driver;
	code = db->driver->batch_new(db->conn, sql, n, cancel, on_error, userdata, &b->batch, err);
	if (code == 0)
		*ret = TAKE(b);
	return code;
}

void db_batch_free(struct db_batch *b)
{
	if (!b)
		return;
	b->driver->batch_free(b->batch);
	free(b);
}

size_t db_batch_params(const struct db_batch *b, const struct column **ret)
{
	return b->driver->batch_params(b->batch, ret);
}

int db_batch_add(struct db_batch *b, const struct value *row, struct cancel *cancel,
		 struct err *err)
{
	return b->driver->batch_add(b->batch, row, cancel, err);
}

int db_batch_flush(struct db_batch *b, struct cancel *cancel, uint64_t *ret_rows, struct err *err)
{
	return b->driver->batch_flush(b->batch, cancel, ret_rows, err);
}
