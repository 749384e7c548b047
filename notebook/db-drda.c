/*
 * The driver for Splice Machine and Derby.  What is policy about a connection
 * is here: the user a server expects by default, and what is known of a
 * password.
 */
#include "notebook/db-int.h"

#include "base/str.h"
#include "protocol/drda/drda.h"

static const char *const schemes[] = {"splice", "derby", NULL};

static int connect_drda(const struct db_url *url, const struct db_options *options,
			struct cancel *cancel, void **ret_conn, struct err *err)
{
	const struct drda_options o = {
		.host = url->host,
		.port = url->port,
		.database = url->database,
		.user = url->user                          ? url->user
			: str_eq_ci(url->scheme, "splice") ? "splice"
							   : "APP",
		.password = url->password,
		.timeout_ms = options ? options->connect_timeout_ms : 0,
		.trace_fd = options ? options->trace_fd : -1,
	};
	struct drda *c = NULL;
	int code = drda_connect(&o, cancel, &c, err);

	if (code == E_AUTH && !url->password && err)
		err_set_hint(err,
			     "give a password: in the URL (%s://user:password@host…) or by "
			     "SPLICE_PASSWORD",
			     url->scheme);
	if (code == 0)
		*ret_conn = c;
	return code;
}

static void free_drda(void *conn)
{
	drda_free(conn);
}

static enum db_server server(const void *conn)
{
	switch (drda_server(conn)) {
	case DRDA_SERVER_DERBY:
		return DB_SERVER_DERBY;
	case DRDA_SERVER_SPLICE:
		return DB_SERVER_SPLICE;
	case DRDA_SERVER_OTHER:
		break;
	}
	return DB_SERVER_OTHER;
}

static const char *server_name(const void *conn)
{
	return drda_server_name(conn);
}

static const char *schema(const void *conn)
{
	return drda_schema(conn);
}

static bool usable(const void *conn)
{
	return drda_usable(conn);
}

static bool in_transaction(const void *conn)
{
	return drda_in_transaction(conn);
}

static int commit(void *conn, struct cancel *cancel, struct err *err)
{
	return drda_commit(conn, cancel, err);
}

static int rollback(void *conn, struct cancel *cancel, struct err *err)
{
	return drda_rollback(conn, cancel, err);
}

static int execute(void *conn, const char *sql, size_t n, const struct value *params,
		   size_t n_params, bool autocommit, struct cancel *cancel, void **ret_result,
		   struct err *err)
{
	struct drda_result *r = NULL;
	int code = drda_execute(conn, sql, n, params, n_params, autocommit ? DRDA_COMMIT : 0,
				cancel, &r, err);

	if (code == 0)
		*ret_result = r;
	return code;
}

static void result_free(void *result)
{
	drda_result_free(result);
}

static size_t columns(const void *result, const struct column **ret)
{
	return drda_result_columns(result, ret);
}

static int64_t count(const void *result)
{
	return drda_result_count(result);
}

static const char *const *warnings(const void *result)
{
	return drda_result_warnings(result);
}

static int next(void *result, struct cancel *cancel, const struct value **ret, struct err *err)
{
	return drda_result_next(result, cancel, ret, err);
}

static int more(void *result, struct cancel *cancel, struct err *err)
{
	return drda_result_more(result, cancel, err);
}

static int batch_new(void *conn, const char *sql, size_t n, struct cancel *cancel,
		     db_batch_error_fn *on_error, void *userdata, void **ret_batch, struct err *err)
{
	struct drda_batch *b = NULL;
	int code = drda_batch_new(conn, sql, n, cancel, on_error, userdata, &b, err);

	if (code == 0)
		*ret_batch = b;
	return code;
}

static void batch_free(void *batch)
{
	drda_batch_free(batch);
}

static size_t batch_params(const void *batch, const struct column **ret)
{
	return drda_batch_params(batch, ret);
}

static int batch_add(void *batch, const struct value *row, struct cancel *cancel, struct err *err)
{
	return drda_batch_add(batch, row, cancel, err);
}

static int batch_flush(void *batch, struct cancel *cancel, uint64_t *ret_rows, struct err *err)
{
	return drda_batch_flush(batch, cancel, ret_rows, err);
}

const struct db_driver db_driver_drda = {
	.schemes = schemes,
	.connect = connect_drda,
	.free = free_drda,
	.server = server,
	.server_name = server_name,
	.schema = schema,
	.usable = usable,
	.in_transaction = in_transaction,
	.commit = commit,
	.rollback = rollback,
	.execute = execute,
	.result_free = result_free,
	.columns = columns,
	.count = count,
	.warnings = warnings,
	.next = next,
	.more = more,
	.batch_new = batch_new,
	.batch_free = batch_free,
	.batch_params = batch_params,
	.batch_add = batch_add,
	.batch_flush = batch_flush,
};
