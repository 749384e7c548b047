#include "tests/servers/fake_db.h"

#include "base/limits.h"
#include "base/str.h"
#include "notebook/db-int.h"

#include <inttypes.h>
#include <string.h>

enum { MAX_COLUMNS = 16 };

struct fake_result {
	struct fake_db *db;
	const struct fake_reply *reply;
	struct column columns[MAX_COLUMNS];
	struct value row[MAX_COLUMNS];
	size_t n;
	char *names; /* cut into the columns' names */
	char *rows;  /* cut into the values */
	char *next;
	int given;
	bool commit;
	const char *warnings[2];
};

struct fake_batch {
	struct fake_db *db;
	struct fake_result *described;
	db_batch_error_fn *on_error;
	void *userdata;
	uint64_t rows, good, told;
};

static const struct {
	const char *name;
	enum value_type type;
} types[] = {{"int", VALUE_INTEGER},
	     {"bigint", VALUE_BIGINT},
	     {"double", VALUE_DOUBLE},
	     {"decimal", VALUE_DECIMAL},
	     {"varchar", VALUE_VARCHAR}};

static void note(struct fake_db *f, const char *text)
{
	buf_printf(&f->log, "%s\n", text);
}

static const struct fake_reply *find(struct fake_db *f, const char *sql)
{
	static const struct fake_reply none = {.count = -1};

	for (struct fake_reply *r = f->replies; r && r->sql; r++) {
		if (!str_starts_ci(sql, r->sql) || r->times < 0)
			continue;
		if (r->times > 0 && --r->times == 0)
			r->times = -1;
		return r;
	}
	return &none;
}

static void set_columns(struct fake_result *r)
{
	char *save = NULL;

	r->names = str_dup(r->reply->columns ? r->reply->columns : "");
	for (char *c = strtok_r(r->names, ",", &save); c; c = strtok_r(NULL, ",", &save)) {
		char *type = strchr(c, ' ');
		struct column *column = &r->columns[r->n++];

		*type++ = '\0';
		*column = (struct column){.name = c, .type_name = type, .nullable = true};
		for (size_t i = 0; i < ARRAY_LEN(types); i++)
			if (str_eq(type, types[i].name))
				column->type = types[i].type;
		column->precision = 7;
		column->scale = 2;
	}
	r->rows = str_dup(r->reply->rows ? r->reply->rows : "");
	r->next = r->rows;
}

static int execute(void *conn, const char *sql, size_t n, const struct value *params,
		   size_t n_params, bool commit, struct cancel *cancel, void **ret, struct err *err)
{
	struct fake_db *f = conn;
	struct fake_result *r = calloc(1, sizeof(*r));
	_cleanup_free_ char *text = str_ndup(sql, n);

	(void)params;
	(void)n_params;
	(void)cancel;
	note(f, text);
	r->db = f;
	r->reply = find(f, text);
	r->commit = commit;
	if (r->reply->state) {
		err_set(err, E_SERVER, "%s", r->reply->text);
		err_set_name(err, r->reply->state);
		free(r);
		return E_SERVER;
	}
	f->open = !commit;
	set_columns(r);
	r->warnings[0] = r->reply->warning;
	*ret = r;
	return 0;
}

static void result_free(void *result)
{
	struct fake_result *r = result;

	free(r->names);
	free(r->rows);
	free(r);
}

static size_t columns(const void *result, const struct column **ret)
{
	const struct fake_result *r = result;

	*ret = r->columns;
	return r->n;
}

static int64_t count(const void *result)
{
	return ((const struct fake_result *)result)->reply->count;
}

static const char *const *warnings(const void *result)
{
	return ((const struct fake_result *)result)->warnings;
}

static void set_value(struct value *v, const struct column *c, char *text)
{
	*v = (struct value){.type = c->type, .null = str_eq(text, "-")};
	if (c->type <= VALUE_BIGINT)
		v->i = strtoll(text, NULL, 10);
	else if (c->type == VALUE_DOUBLE)
		v->d = strtod(text, NULL);
	else {
		v->s.p = text;
		v->s.n = strlen(text);
	}
}

static int next(void *result, struct cancel *cancel, const struct value **ret, struct err *err)
{
	struct fake_result *r = result;
	char *line = strsep(&r->next, ";");

	(void)cancel;
	if (r->reply->rows_then_break && r->given == r->reply->rows_then_break) {
		r->db->broken = true;
		err_set(err, E_CLOSED, "the server closed the connection");
		err_set_name(err, "08006");
		return E_CLOSED;
	}
	if (!line || !*line)
		return 0;
	for (size_t i = 0; i < r->n; i++) {
		char *text = strsep(&line, "|");

		set_value(&r->row[i], &r->columns[i], text);
	}
	r->given++;
	if (ret)
		*ret = r->row;
	return 1;
}

static int more(void *result, struct cancel *cancel, struct err *err)
{
	(void)result;
	(void)cancel;
	(void)err;
	return 0;
}

static int batch_new(void *conn, const char *sql, size_t n, struct cancel *cancel,
		     db_batch_error_fn *on_error, void *userdata, void **ret, struct err *err)
{
	struct fake_batch *b = calloc(1, sizeof(*b));
	void *described = NULL;
	int code = execute(conn, sql, n, NULL, 0, false, cancel, &described, err);

	if (code < 0) {
		free(b);
		return code;
	}
	*b = (struct fake_batch){conn, described, on_error, userdata, 0, 0, 0};
	*ret = b;
	return 0;
}

static void batch_free(void *batch)
{
	struct fake_batch *b = batch;

	result_free(b->described);
	free(b);
}

static size_t batch_params(const void *batch, const struct column **ret)
{
	return columns(((const struct fake_batch *)batch)->described, ret);
}

/* Answers for the rows since the last time. */
static int answer(struct fake_batch *b, struct err *err)
{
	for (; b->told < b->rows; b->told++) {
		struct err e = ERR_INIT;
		int code;

		if (b->told + 1 != b->db->refuse_row) {
			b->good++;
			continue;
		}
		err_set(&e, E_SERVER, "the row is refused");
		err_set_name(&e, b->db->refuse_state);
		code = b->on_error(b->userdata, b->told, &e);
		if (code < 0) {
			*err = e;
			return code;
		}
	}
	return 0;
}

static int batch_add(void *batch, const struct value *row, struct cancel *cancel, struct err *err)
{
	struct fake_batch *b = batch;
	/* As wide as the last result that was described: the select before the insert. */
	buf_put_str(&b->db->log, "row");
	for (size_t i = 0; row[i].type == VALUE_INTEGER || row[i].type == VALUE_VARCHAR; i++) {
		if (row[i].null)
			buf_put_str(&b->db->log, " NULL");
		else if (row[i].type == VALUE_INTEGER)
			buf_printf(&b->db->log, " %" PRId64, row[i].i);
		else
			buf_printf(&b->db->log, " %.*s", (int)row[i].s.n, row[i].s.p);
		if (row[i].type == VALUE_VARCHAR)
			break; /* the last column of tests' tables */
	}
	buf_put_str(&b->db->log, "\n");
	b->rows++;
	(void)cancel;
	return b->db->rows_at_once ? answer(b, err) : 0;
}

static int batch_flush(void *batch, struct cancel *cancel, uint64_t *ret_rows, struct err *err)
{
	struct fake_batch *b = batch;
	int code = answer(b, err);

	(void)cancel;
	*ret_rows = b->good;
	return code;
}

static int end(struct fake_db *f, const char *how)
{
	note(f, how);
	f->open = false;
	return 0;
}

static int commit_db(void *conn, struct cancel *cancel, struct err *err)
{
	(void)cancel;
	(void)err;
	return end(conn, "commit");
}

static int rollback_db(void *conn, struct cancel *cancel, struct err *err)
{
	(void)cancel;
	(void)err;
	return end(conn, "rollback");
}

static void free_db(void *conn)
{
	(void)conn;
}

static enum db_server server(const void *conn)
{
	return ((const struct fake_db *)conn)->server;
}

static const char *server_name(const void *conn)
{
	(void)conn;
	return "Fake 1.0";
}

static const char *schema(const void *conn)
{
	const struct fake_db *f = conn;

	return f->schema ? f->schema : "APP";
}

static bool usable(const void *conn)
{
	return !((const struct fake_db *)conn)->broken;
}

static bool in_transaction(const void *conn)
{
	return ((const struct fake_db *)conn)->open;
}

static const char *const schemes[] = {NULL};

static const struct db_driver driver = {
	.schemes = schemes,
	.free = free_db,
	.server = server,
	.server_name = server_name,
	.schema = schema,
	.usable = usable,
	.in_transaction = in_transaction,
	.commit = commit_db,
	.rollback = rollback_db,
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

struct db *fake_db_open(struct fake_db *f)
{
	struct db *db = NULL;
	struct err err = ERR_INIT;

	buf_init(&f->log, MIB(1));
	return db_wrap(&driver, f, &db, &err) < 0 ? NULL : db;
}

const char *fake_db_log(struct fake_db *f)
{
	*buf_reserve(&f->log, 1) = '\0';
	return (const char *)f->log.data;
}
