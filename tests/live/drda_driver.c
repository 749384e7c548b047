/*
 * Drives a database connection for test_drda.py: one JSON object a line in,
 * one a line out.  Values of parameters are [type name, value]; bytes are
 * {"hex": …} both ways, and texts longer than 2,000 bytes come back as
 * {"length": …, "sum": …}.
 *
 *	drda_driver URL
 */
#include "notebook/db.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/str.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { LONG_TEXT = 2000, VALUES_MAX = 2000 };

struct driver {
	struct db *db;
	struct db_result *open; /* of "open" */
	struct cancel cancel;
	struct buf texts; /* bytes of parameters given as hex */
};

static json_t *error_json(const struct err *err)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "code", err_code_name(err->code), "name",
			 err->name, "text", err->text, "hint", err->hint);
}

static unsigned checksum(const char *p, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++)
		sum = sum * 31 + (unsigned char)p[i];
	return sum;
}

static json_t *text_json(const char *p, size_t n, bool bytes)
{
	_cleanup_free_ char *hex = NULL;

	if (n > LONG_TEXT)
		return json_pack("{s:I, s:I}", "length", (json_int_t)n, "sum",
				 (json_int_t)checksum(p, n));
	if (!bytes)
		return json_stringn(p, n);
	hex = malloc(2 * n + 1);
	if (!hex)
		return NULL;
	str_hex(hex, p, n);
	return json_pack("{s:s}", "hex", hex);
}

static json_t *value_json(const struct value *v)
{
	char text[40];

	if (v->null)
		return json_null();
	switch (v->type) {
	case VALUE_BOOLEAN:
		return json_boolean(v->i);
	case VALUE_SMALLINT:
	case VALUE_INTEGER:
	case VALUE_BIGINT:
		return json_integer(v->i);
	case VALUE_REAL:
	case VALUE_DOUBLE: /* as text: every bit counts */
		snprintf(text, sizeof(text), "%a", v->d);
		return json_string(text);
	default:
		return text_json(v->s.p, v->s.n, value_is_bytes(v->type));
	}
}

static json_t *columns_json(const struct db_result *r)
{
	const struct column *c;
	size_t n = db_result_columns(r, &c);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:b, s:s?, s:s?}", "name",
						      c[i].name, "type", value_type_name(c[i].type),
						      "type_name", c[i].type_name, "nullable",
						      c[i].nullable, "table", c[i].table, "schema",
						      c[i].schema));
	return list;
}

/* Up to `limit` rows into a list, the others counted. */
static int rows_json(struct driver *d, struct db_result *r, json_int_t limit, json_t **ret,
		     json_int_t *ret_count, struct err *err)
{
	const struct column *c;
	size_t n = db_result_columns(r, &c);
	const struct value *row;
	int code;

	*ret = json_array();
	for (*ret_count = 0; *ret_count < limit; ++*ret_count) {
		json_t *one;

		code = db_result_next(r, &d->cancel, &row, err);
		if (code <= 0)
			return code;
		one = json_array();
		for (size_t i = 0; i < n; i++)
			json_array_append_new(one, value_json(&row[i]));
		json_array_append_new(*ret, one);
	}
	return 1;
}

static json_t *warnings_json(const struct db_result *r)
{
	json_t *list = json_array();

	for (const char *const *w = db_result_warnings(r); *w; w++)
		json_array_append_new(list, json_string(*w));
	return list;
}

static enum value_type type_of(const char *name)
{
	for (int t = VALUE_BOOLEAN; t <= VALUE_OPAQUE; t++)
		if (str_eq(value_type_name((enum value_type)t), name))
			return (enum value_type)t;
	fprintf(stderr, "no type %s\n", name);
	exit(2);
}

/* Bytes given as hex, kept until the next command. */
static const char *unhex(struct driver *d, const char *hex, size_t *ret_n)
{
	size_t at = d->texts.len;

	for (; hex[0] && hex[1]; hex += 2) {
		char two[3] = {hex[0], hex[1], 0};

		buf_put_u8(&d->texts, (unsigned)strtoul(two, NULL, 16));
	}
	*ret_n = d->texts.len - at;
	return (const char *)d->texts.data + at;
}

static void value_of(struct driver *d, json_t *pair, struct value *v)
{
	json_t *x = json_array_get(pair, 1);
	const char *hex = json_get_str(x, "hex", NULL);

	*v = (struct value){.type = type_of(json_string_value(json_array_get(pair, 0)))};
	v->null = json_is_null(x);
	if (json_is_boolean(x))
		v->i = json_is_true(x);
	else if (json_is_integer(x))
		v->i = json_integer_value(x);
	else if (json_is_string(x) && (v->type == VALUE_DOUBLE || v->type == VALUE_REAL))
		v->d = strtod(json_string_value(x), NULL);
	else if (json_is_string(x))
		v->s.p = json_string_value(x), v->s.n = json_string_length(x);
	else if (hex)
		v->s.p = unhex(d, hex, &v->s.n);
}

static size_t values_of(struct driver *d, json_t *list, struct value *v)
{
	size_t n = json_array_size(list);

	if (n > VALUES_MAX)
		exit(2);
	buf_clear(&d->texts);
	(void)buf_reserve(&d->texts, MIB(64)); /* so that texts do not move */
	for (size_t i = 0; i < n; i++)
		value_of(d, json_array_get(list, i), &v[i]);
	return n;
}

struct timer {
	struct cancel *cancel;
	json_int_t after_ms;
};

static void *fire(void *userdata)
{
	struct timer *t = userdata;

	(void)!cancel_wait_fd(NULL, -1, 0, (int)t->after_ms, NULL);
	cancel_fire(t->cancel);
	return NULL;
}

static int execute(struct driver *d, json_t *in, struct db_result **ret, struct err *err)
{
	static struct value values[VALUES_MAX];
	const char *sql = json_get_str(in, "sql", "");
	size_t n = values_of(d, json_object_get(in, "params"), values);
	struct timer timer = {&d->cancel, json_get_int(in, "cancel_after_ms", 0)};
	pthread_t thread;
	int code;

	cancel_reset(&d->cancel);
	if (timer.after_ms && pthread_create(&thread, NULL, fire, &timer) != 0)
		exit(2);
	code = db_execute(d->db, sql, strlen(sql), values, n, &d->cancel, ret, err);
	if (timer.after_ms)
		pthread_join(thread, NULL);
	return code;
}

/* Every result set: columns and rows. */
static int sets_json(struct driver *d, struct db_result *r, json_int_t limit, json_t *sets,
		     struct err *err)
{
	int code;

	do {
		json_t *rows;
		json_int_t count;

		code = rows_json(d, r, limit, &rows, &count, err);
		json_array_append_new(sets, json_pack("{s:o, s:o, s:I}", "columns", columns_json(r),
						      "rows", rows, "count", count));
	} while (code >= 0 && (code = db_result_more(r, &d->cancel, err)) > 0);
	return code;
}

static json_t *do_execute(struct driver *d, json_t *in, struct err *err)
{
	_cleanup_(db_result_freep) struct db_result *r = NULL;
	json_t *out = json_object(), *sets = json_array();
	int64_t start = clock_us();

	if (execute(d, in, &r, err) < 0) {
		json_decref(sets);
		return out;
	}
	json_object_set_new(out, "affected", json_integer(db_result_count(r)));
	if (sets_json(d, r, json_get_int(in, "limit", 1000000000), sets, err) == 0)
		json_object_set_new(out, "done", json_true());
	json_object_set_new(out, "sets", sets);
	json_object_set_new(out, "warnings", warnings_json(r));
	json_object_set_new(out, "us", json_integer(clock_us() - start));
	return out;
}

static json_t *do_open(struct driver *d, json_t *in, struct err *err)
{
	db_result_free(d->open);
	d->open = NULL;
	(void)!execute(d, in, &d->open, err);
	return json_object();
}

static json_t *do_fetch(struct driver *d, json_t *in, struct err *err)
{
	json_t *rows;
	json_int_t count;
	int code = rows_json(d, d->open, json_get_int(in, "limit", 1), &rows, &count, err);

	return json_pack("{s:o, s:I, s:b}", "rows", rows, "count", count, "end", code == 0);
}

struct batch_listener {
	json_t *failures;
	json_int_t stop_at; /* fail the batch at this row */
};

static int on_error(void *userdata, uint64_t row, const struct err *error)
{
	struct batch_listener *l = userdata;

	json_array_append_new(l->failures,
			      json_pack("[I, s, s]", (json_int_t)row, error->name, error->text));
	return (json_int_t)row == l->stop_at ? E_INPUT : 0;
}

static json_t *do_batch(struct driver *d, json_t *in, struct err *err)
{
	static struct value values[VALUES_MAX];
	_cleanup_(db_batch_freep) struct db_batch *b = NULL;
	const char *sql = json_get_str(in, "sql", "");
	struct batch_listener l = {json_array(), json_get_int(in, "stop_at", -1)};
	json_t *rows = json_object_get(in, "rows");
	json_int_t repeat = json_get_int(in, "repeat", 1);
	uint64_t good = 0;
	int code;

	cancel_reset(&d->cancel);
	code = db_batch_new(d->db, sql, strlen(sql), &d->cancel, on_error, &l, &b, err);
	for (json_int_t k = 0; k < repeat && code == 0; k++) {
		for (size_t i = 0; i < json_array_size(rows) && code == 0; i++) {
			(void)values_of(d, json_array_get(rows, i), values);
			code = db_batch_add(b, values, &d->cancel, err);
		}
	}
	if (code == 0)
		code = db_batch_flush(b, &d->cancel, &good, err);
	return json_pack("{s:o, s:I}", "failures", l.failures, "good", (json_int_t)good);
}

static json_t *do_params(struct driver *d, json_t *in, struct err *err)
{
	_cleanup_(db_batch_freep) struct db_batch *b = NULL;
	const char *sql = json_get_str(in, "sql", "");
	json_t *list = json_array();
	const struct column *c;

	if (db_batch_new(d->db, sql, strlen(sql), NULL, on_error, NULL, &b, err) == 0)
		for (size_t i = 0, n = db_batch_params(b, &c); i < n; i++)
			json_array_append_new(list, json_string(c[i].type_name));
	return json_pack("{s:o}", "params", list);
}

static json_t *do_session(struct driver *d, json_t *in, struct err *err)
{
	const char *what = json_get_str(in, "do", "");

	if (str_eq(what, "commit"))
		(void)!db_commit(d->db, NULL, err);
	else if (str_eq(what, "rollback"))
		(void)!db_rollback(d->db, NULL, err);
	else if (str_eq(what, "autocommit"))
		(void)!db_set_autocommit(d->db, json_get_bool(in, "on", true), err);
	else if (str_eq(what, "free")) {
		db_result_free(d->open);
		d->open = NULL;
	}
	return json_pack("{s:s, s:b, s:b, s:s}", "schema", db_schema(d->db), "usable",
			 db_usable(d->db), "in_transaction", db_in_transaction(d->db), "server",
			 db_server_name(d->db));
}

static const struct {
	const char *name;
	json_t *(*run)(struct driver *, json_t *, struct err *);
} operations[] = {
	{"execute", do_execute}, {"open", do_open},     {"fetch", do_fetch},
	{"batch", do_batch},     {"params", do_params}, {"session", do_session},
};

static void answer(json_t *out, const struct err *err)
{
	_cleanup_free_ char *text = NULL;

	if (err->code)
		json_object_set_new(out, "error", error_json(err));
	text = json_text(out);
	printf("%s\n", text ? text : "{\"error\": {\"text\": \"no JSON\"}}");
	fflush(stdout);
	json_decref(out);
}

static void serve_line(struct driver *d, const char *line)
{
	json_auto_t *in = json_loads(line, 0, NULL);
	const char *op = json_get_str(in, "op", "");
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(operations); i++)
		if (str_eq(operations[i].name, op))
			answer(operations[i].run(d, in, &err), &err);
}

int main(int argc, char **argv)
{
	struct driver d = {.db = NULL};
	_cleanup_(db_url_release) struct db_url url = {0};
	struct db_options options = {.trace_fd = getenv("DRDA_TRACE") ? 2 : -1};
	_cleanup_free_ char *line = NULL;
	struct err err = ERR_INIT;
	size_t cap = 0;

	buf_init(&d.texts, MIB(64));
	if (argc != 2 || cancel_init(&d.cancel, &err) < 0)
		return 2;
	if (db_url_parse(argv[1], &url, &err) == 0)
		(void)!db_connect(&url, &options, NULL, &d.db, &err);
	answer(json_object(), &err);
	while (d.db && getline(&line, &cap, stdin) > 0)
		serve_line(&d, line);
	db_result_free(d.open);
	db_free(d.db);
	cancel_release(&d.cancel);
	buf_release(&d.texts);
	return d.db == NULL;
}
