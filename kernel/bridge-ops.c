/* The operations of the bridge. */
#include "kernel/bridge-ops.h"

#include "base/str.h"
#include "display/table.h"
#include "kernel/bridge-values.h"
#include "notebook/files.h"
#include "notebook/jobs.h"
#include "notebook/kept.h"
#include "notebook/session.h"
#include "notebook/track.h"

#include <string.h>

enum { ROWS_DEFAULT = 10000 };

static void on_notice(void *userdata, const char *text)
{
	struct bridge_call *call = userdata;

	call->notice(call, text);
}

/* --- sql --------------------------------------------------------------------------------- */

static json_t *columns_json(const struct column *columns, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(list, bridge_column_json(&columns[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static json_t *row_json(const struct value *row, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(list, bridge_value_json(&row[i])) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

/* Up to `most` rows into `rows`; *ret_more tells whether there were others. */
static int fetch(struct bridge_call *call, struct db_result *result, size_t n_columns,
		 json_int_t most, json_t *rows, bool *ret_more, struct err *err)
{
	const struct value *row;
	int r;

	while ((r = db_result_next(result, call->cancel, &row, err)) > 0) {
		if ((json_int_t)json_array_size(rows) == most) {
			*ret_more = true;
			return 0;
		}
		if (json_array_append_new(rows, row_json(row, n_columns)) < 0)
			return err_nomem(err);
	}
	return r;
}

static json_t *warnings_json(const struct db_result *result)
{
	json_t *list = json_array();

	for (const char *const *w = db_result_warnings(result); list && w && *w; w++)
		(void)json_array_append_new(list, json_strz(*w));
	return list;
}

static int result_json(struct bridge_call *call, struct db_result *result, json_int_t most,
		       json_t **ret, struct err *err)
{
	const struct column *columns;
	size_t n = db_result_columns(result, &columns);
	json_auto_t *rows = json_array();
	bool more = false;
	int r = rows ? 0 : err_nomem(err);

	if (r == 0 && n)
		r = fetch(call, result, n, most, rows, &more, err);
	if (r < 0)
		return r;
	*ret = json_pack("{so sO so so sb}", "columns", columns_json(columns, n), "rows", rows,
			 "count", n ? json_null() : json_integer(db_result_count(result)),
			 "warnings", warnings_json(result), "more", more);
	return *ret ? 0 : err_nomem(err);
}

static int op_sql_execute(struct bridge_call *call, json_t **ret, struct err *err)
{
	_cleanup_(db_result_freep) struct db_result *result = NULL;
	const char *sql = json_get_str(call->args, "sql", NULL);
	struct db *db;
	int r;

	if (!sql)
		return err_set(err, E_USAGE, "sql.execute wants a text named sql");
	r = session_db(call->session, call->cancel, on_notice, call, &db, err);
	if (r == 0)
		r = db_execute(db, sql, strlen(sql), NULL, 0, call->cancel, &result, err);
	if (r < 0)
		return r;
	return result_json(call, result, json_get_int(call->args, "rows", ROWS_DEFAULT), ret, err);
}

static const struct {
	const char *scheme, *driver;
} drivers[] = {
	{"derby", "org.apache.derby.client.ClientAutoloadedDriver"},
	{"splice", "com.splicemachine.db.jdbc.ClientDriver"},
};

static const char *driver_of(const char *scheme)
{
	for (size_t i = 0; i < ARRAY_LEN(drivers); i++)
		if (str_eq(drivers[i].scheme, scheme))
			return drivers[i].driver;
	return NULL;
}

static int op_sql_jdbc(struct bridge_call *call, json_t **ret, struct err *err)
{
	_cleanup_free_ char *url = NULL;
	struct db_url at = {0};
	struct db *db;
	int r = session_db(call->session, call->cancel, on_notice, call, &db, err);

	if (r == 0)
		r = session_credentials(call->session, call->cancel, &at, err);
	if (r < 0)
		return r;
	url = str_fmt("jdbc:%s://%s:%d/%s", at.scheme, at.host, at.port, at.database);
	*ret = url ? json_pack("{ss so so ss? sb}", "url", url, "user", json_strz(at.user),
			       "password", json_strz(at.password), "driver", driver_of(at.scheme),
			       "in_transaction", db_in_transaction(db))
		   : NULL;
	db_url_release(&at);
	return *ret ? 0 : err_nomem(err);
}

/* --- show -------------------------------------------------------------------------------- */

static int add_rows(struct table *t, const json_t *rows, const struct bridge_columns *columns,
		    struct err *err)
{
	struct value *values = calloc(columns->n ? columns->n : 1, sizeof(*values));
	const json_t *row;
	size_t i;
	int r = values ? 0 : err_nomem(err);

	json_array_foreach ((json_t *)(uintptr_t)rows, i, row) {
		for (size_t k = 0; r == 0 && k < columns->n; k++)
			values[k] =
				bridge_value_parse(json_array_get(row, k), columns->items[k].type);
		if (r == 0 && json_array_size(row) != columns->n)
			r = err_set(err, E_INPUT, "row %zu has %zu of %zu values", i + 1,
				    json_array_size(row), columns->n);
		if (r == 0)
			r = table_add(t, values, err);
	}
	free(values);
	return r;
}

static enum chart_kind chart_of(const char *name)
{
	static const char *const names[] = {[CHART_AUTO] = "auto",
					    [CHART_NONE] = "none",
					    [CHART_PIE] = "pie",
					    [CHART_BAR] = "bar"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(name, names[i]))
			return (enum chart_kind)i;
	return CHART_AUTO;
}

static int render(struct bridge_call *call, const struct bridge_columns *columns, json_t **ret,
		  struct err *err)
{
	const json_t *rows = json_object_get(call->args, "rows");
	json_int_t total = json_get_int(call->args, "total", -1);
	struct table_options options = {
		.keep = json_array_size(rows),
		.chart = chart_of(json_get_str(call->args, "chart", "auto")),
		.title = json_get_str(call->args, "title", NULL),
	};
	_cleanup_(table_freep) struct table *t = NULL;
	_cleanup_bundle_ struct bundle b = {0};
	int r = table_new(columns->items, columns->n, &options, &t, err);

	if (r == 0)
		r = add_rows(t, rows, columns, err);
	if (r == 0 && total > (json_int_t)json_array_size(rows))
		table_add_unseen(t, (uint64_t)total - json_array_size(rows));
	if (r == 0)
		r = bundle_init(&b, err);
	if (r == 0)
		r = table_render(t, &b, err);
	if (r < 0)
		return r;
	*ret = json_pack("{sO sO}", "data", b.data, "metadata", b.metadata);
	return *ret ? 0 : err_nomem(err);
}

static int op_show(struct bridge_call *call, json_t **ret, struct err *err)
{
	struct bridge_columns columns;
	int r = bridge_columns_parse(json_object_get(call->args, "columns"), &columns, err);

	if (r < 0)
		return r;
	r = render(call, &columns, ret, err);
	bridge_columns_release(&columns);
	return r;
}

/* --- buckets and tracking ---------------------------------------------------------------- */

static int op_bucket_folder(struct bridge_call *call, json_t **ret, struct err *err)
{
	struct files_call how = {.cancel = call->cancel, .notice = on_notice, .userdata = call};
	const char *name = json_get_str(call->args, "name", NULL);
	_cleanup_free_ char *folder = NULL;
	int r;

	if (!name)
		return err_set(err, E_USAGE, "bucket.folder wants a text named name");
	r = files_bucket_folder(call->nb->files, name, &how, &folder, err);
	if (r < 0)
		return r;
	*ret = json_pack("{so}", "folder", json_strz(folder));
	return *ret ? 0 : err_nomem(err);
}

static int op_kept(struct bridge_call *call, json_t **ret, struct err *err)
{
	return kept_json(call->nb->kept, ret, err);
}

static int op_read(struct bridge_call *call, json_t **ret, struct err *err)
{
	const char *sql = json_get_str(call->args, "sql", NULL);

	if (!sql)
		return err_set(err, E_USAGE, "track.read wants a text named sql");
	kept_statement(call->nb->kept, KEPT_FRAME, sql, strlen(sql));
	*ret = json_object();
	return *ret ? 0 : err_nomem(err);
}

static int op_track(struct bridge_call *call, json_t **ret, struct err *err)
{
	return notebook_track(call->nb, call->op + strlen("track."), call->args, call->cancel,
			      on_notice, call, ret, err);
}

static int op_jobs(struct bridge_call *call, json_t **ret, struct err *err)
{
	return notebook_jobs(call->nb, call->op + strlen("jobs."), call->args, call->cancel,
			     on_notice, call, ret, err);
}

static const struct {
	const char *name;
	bridge_fn *fn;
} ops[] = {
	{"sql.execute", op_sql_execute},     {"sql.jdbc", op_sql_jdbc}, {"show", op_show},
	{"bucket.folder", op_bucket_folder}, {"track.kept", op_kept},   {"track.read", op_read},
};

bridge_fn *bridge_op(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		if (str_eq(name, ops[i].name))
			return ops[i].fn;
	if (str_starts(name, "track."))
		return op_track;
	return str_starts(name, "jobs.") ? op_jobs : NULL;
}
