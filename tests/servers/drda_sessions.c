/* Sessions for recordings. */
#include "tests/servers/drda_sessions.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

static void put_value(struct buf *out, const struct value *v)
{
	char hex[2 * 40 + 1];

	if (v->null) {
		buf_put_str(out, " NULL");
	} else if (value_is_bytes(v->type)) {
		str_hex(hex, v->s.p, v->s.n < 40 ? v->s.n : 40);
		buf_printf(out, " x'%s'(%zu)", hex, v->s.n);
	} else if (v->type == VALUE_REAL || v->type == VALUE_DOUBLE) {
		buf_printf(out, " %.17g", v->d);
	} else if (v->type == VALUE_BOOLEAN || v->type == VALUE_SMALLINT ||
		   v->type == VALUE_INTEGER || v->type == VALUE_BIGINT) {
		buf_printf(out, " %lld", (long long)v->i);
	} else if (v->s.n > 60) {
		buf_printf(out, " (%zu bytes)", v->s.n);
	} else {
		buf_printf(out, " \"%.*s\"", (int)v->s.n, v->s.p);
	}
}

static void put_columns(struct buf *out, const struct drda_result *r, size_t *ret_n)
{
	const struct column *c;

	*ret_n = drda_result_columns(r, &c);
	for (size_t i = 0; i < *ret_n; i++)
		buf_printf(out, "%s %s %s%s", i ? "," : "  columns:", c[i].name, c[i].type_name,
			   c[i].nullable ? "" : " not null");
	if (*ret_n)
		buf_put_u8(out, '\n');
}

static void put_error(struct buf *out, const struct err *err)
{
	buf_printf(out, "  %s %s: %s\n", err_code_name(err->code), err->name, err->text);
	if (err->hint[0])
		buf_printf(out, "  hint: %s\n", err->hint);
}

static int put_rows(struct drda_result *r, struct buf *out, struct err *err)
{
	const struct value *row;
	size_t n, count = 0;
	int code;

	put_columns(out, r, &n);
	while ((code = drda_result_next(r, NULL, &row, err)) > 0) {
		if (count++ >= 5)
			continue;
		buf_put_str(out, "  row:");
		for (size_t i = 0; i < n; i++)
			put_value(out, &row[i]);
		buf_put_u8(out, '\n');
	}
	if (n)
		buf_printf(out, "  %zu rows\n", count);
	return code;
}

void drda_session_statement(struct drda *c, const char *sql, unsigned flags, struct buf *out)
{
	_cleanup_(drda_result_freep) struct drda_result *r = NULL;
	struct err err = ERR_INIT;
	int code = drda_execute(c, sql, strlen(sql), NULL, 0, flags, NULL, &r, &err);

	buf_printf(out, "%.60s\n", sql);
	if (code == 0 && drda_result_count(r) >= 0)
		buf_printf(out, "  count %lld\n", (long long)drda_result_count(r));
	if (code == 0)
		do
			code = put_rows(r, out, &err);
		while (code == 0 && (code = drda_result_more(r, NULL, &err)) > 0);
	for (const char *const *w = r ? drda_result_warnings(r) : NULL; w && *w; w++)
		buf_printf(out, "  warning: %s\n", *w);
	if (code < 0)
		put_error(out, &err);
}

static void commit(struct drda *c, const char *sql, struct buf *out)
{
	drda_session_statement(c, sql, DRDA_COMMIT, out);
}

static void run_query(struct drda *c, struct buf *out)
{
	commit(c,
	       "create table q (i int not null, d decimal(7,2), s varchar(9), c char(3), f double)",
	       out);
	commit(c, "insert into q values (1, -12.50, 'one', 'x', 0.1), (2, null, null, null, null)",
	       out);
	commit(c, "select * from q order by i", out);
	commit(c, "drop table q", out);
}

static void run_errors(struct drda *c, struct buf *out)
{
	commit(c, "select * from nosuch", out);
	commit(c, "drop table nosuch", out);
	commit(c, "values 1/0", out);
	commit(c, "values 1", out);
}

static void run_types(struct drda *c, struct buf *out)
{
	commit(c,
	       "select cast(null as int), true, cast(-1 as smallint), cast(2 as bigint), "
	       "cast(1.5 as real), date('2026-01-02'), time('03:04:05'), "
	       "timestamp('2026-01-02 03:04:05.123456789'), x'00ff', "
	       "cast(x'01' as varchar(9) for bit data), cast('€' as long varchar) "
	       "from sysibm.sysdummy1",
	       out);
}

static void run_large(struct drda *c, struct buf *out)
{
	commit(c, "create table l (i int, c clob, b blob)", out);
	commit(c, "insert into l values (1, 'text', null), (2, '', cast(x'0102' as blob))", out);
	commit(c, "select * from l order by i", out);
	commit(c, "drop table l", out);
}

static void run_call(struct drda *c, struct buf *out)
{
	commit(c, "create table k (i int, s varchar(5))", out);
	commit(c, "call sysibm.sqlcolumns(null, 'APP', 'K', '%', null)", out);
	commit(c, "drop table k", out);
}

static int put_failure(void *userdata, uint64_t row, const struct err *error)
{
	buf_printf(userdata, "  row %llu: %s\n", (unsigned long long)row, error->name);
	return 0;
}

static void run_batch(struct drda *c, struct buf *out)
{
	static const char sql[] = "insert into b values (?, ?, ?)";
	_cleanup_(drda_batch_freep) struct drda_batch *b = NULL;
	struct err err = ERR_INIT;
	uint64_t good = 0;
	int code;

	commit(c, "create table b (i int primary key not null, d decimal(5,1), c clob)", out);
	code = drda_batch_new(c, sql, strlen(sql), NULL, put_failure, out, &b, &err);
	for (int i = 0; i < 4 && code == 0; i++) {
		struct value row[] = {
			{.type = VALUE_INTEGER, .i = i == 2 ? 1 : i},
			{.type = VALUE_DECIMAL, .s = {"12.5", 4}},
			{.type = VALUE_CLOB, .null = i == 3, .s = {"large", 5}},
		};

		code = drda_batch_add(b, row, NULL, &err);
	}
	if (code == 0)
		code = drda_batch_flush(b, NULL, &good, &err);
	buf_printf(out, "batch: %llu good\n", (unsigned long long)good);
	if (code == 0)
		code = drda_rollback(c, NULL, &err);
	if (code < 0)
		put_error(out, &err);
	commit(c, "drop table b", out);
}

static void run_blocks(struct drda *c, struct buf *out)
{
	commit(c, "select columnname, columnnumber from sys.syscolumns fetch first 60 rows only",
	       out);
}

const struct drda_session drda_sessions[] = {
	{"query", run_query, 0},     {"errors", run_errors, 0}, {"types", run_types, 0},
	{"large", run_large, 0},     {"call", run_call, 0},     {"batch", run_batch, 0},
	{"blocks", run_blocks, 512}, {NULL, NULL, 0},
};

void drda_session_run(const struct drda_session *s, int port, int trace_fd, struct buf *out)
{
	const struct drda_options options = {.host = "127.0.0.1",
					     .port = port,
					     .database = "golden;create=true",
					     .timeout_ms = 20000,
					     .block_size = s->block_size,
					     .trace_fd = trace_fd,
					     .trace_stable = true};
	_cleanup_(drda_freep) struct drda *c = NULL;
	struct err err = ERR_INIT;

	if (drda_connect(&options, NULL, &c, &err) < 0) {
		put_error(out, &err);
		return;
	}
	buf_printf(out, "%s, schema %s\n", drda_server_name(c), drda_schema(c));
	s->run(c, out);
	/* Wait for all answers, so that no fault goes unnoticed. */
	if (drda_commit(c, NULL, &err) < 0)
		put_error(out, &err);
}
