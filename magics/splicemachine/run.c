/* What each kind of statement takes; notebook/sql-adapt.h decides which it is. */
#include "magics/splicemachine/run.h"

#include "base/clock.h"
#include "magics/splicemachine/fail.h"
#include "magics/splicemachine/load.h"
#include "magics/splicemachine/show.h"
#include "notebook/kept.h"
#include "notebook/sql-lex.h"
#include "notebook/unit.h"

#include <string.h>

static const char no_such_schema[] = "42Y07";

typedef int action_fn(struct sql_run *run, const struct sql_statement *st,
		      const struct sql_adapted *a, struct err *err);

static int execute(struct sql_run *run, const char *sql, struct db_result **ret, struct err *err)
{
	return db_execute(run->db, sql, strlen(sql), NULL, 0, run->call->cancel, ret, err);
}

/* An error that the statement said it does not mind. */
static bool tolerated(const struct sql_adapted *a, const struct err *err)
{
	return err->code == E_SERVER && sql_state_in(a->tolerate, err->name);
}

static int run_plain(struct sql_run *run, const struct sql_statement *st,
		     const struct sql_adapted *a, struct err *err)
{
	const struct show_filter all = {0};
	_cleanup_(db_result_freep) struct db_result *r = NULL;
	int code = execute(run, a->text, &r, err);

	if (code < 0 && tolerated(a, err)) {
		show_warning(run, err->name, err->text);
		err_clear(err);
		return 0;
	}
	return code < 0 ? code : show_result(run, r, st, &all, /* ret_rows= */ NULL, err);
}

static int create_schema(struct sql_run *run, const char *name, struct err *err)
{
	_cleanup_free_ char *quoted = sql_quote_name(name);
	_cleanup_free_ char *sql = quoted ? str_fmt("create schema %s", quoted) : NULL;
	int code;

	if (!sql)
		return err_nomem(err);
	code = unit_run(run->db, sql, run->call->cancel, err);
	if (code == 0)
		out_printf(run->call->out, STREAM_STDOUT,
			   "schema %s did not exist and was created (setting create_schema)\n",
			   name);
	return code;
}

static int run_set_schema(struct sql_run *run, const struct sql_statement *st,
			  const struct sql_adapted *a, struct err *err)
{
	bool create = false;
	int code = config_get_bool(run->call->nb->config, "create_schema", &create, err);

	(void)st;
	if (code < 0)
		return code;
	code = unit_run(run->db, a->text, run->call->cancel, err);
	if (code == E_SERVER && create && str_eq(err->name, no_such_schema)) {
		err_clear(err);
		code = create_schema(run, a->object, err);
		if (code == 0)
			code = unit_run(run->db, a->text, run->call->cancel, err);
	}
	if (code == 0)
		show_line(run, "schema is %s", a->object);
	return code;
}

/* The empty table and its rows: both or neither. */
static int run_create_as(struct sql_run *run, const struct sql_statement *st,
			 const struct sql_adapted *a, struct err *err)
{
	_cleanup_(db_result_freep) struct db_result *r = NULL;
	struct unit unit;
	int code = unit_begin(&unit, run->db, run->call->cancel, err);

	(void)st;
	if (code < 0)
		return code;
	code = unit_run(run->db, a->text, run->call->cancel, err);
	if (code == 0)
		code = execute(run, a->more, &r, err);
	if (code == 0) {
		int64_t rows = db_result_count(r);

		db_result_free(TAKE(r));
		code = unit_keep(&unit, err);
		if (code == 0)
			show_line(run, "table created with %lld %s", (long long)rows,
				  rows == 1 ? "row" : "rows");
	}
	if (code == 0)
		return 0;
	db_result_free(TAKE(r));
	unit_undo(&unit, err);
	if (!tolerated(a, err))
		return code;
	show_warning(run, err->name, err->text);
	err_clear(err);
	return 0;
}

/* The plan's lines, one a row, as Splice's EXPLAIN gives them. */
static int show_plan(struct sql_run *run, const char *plan, size_t n, struct err *err)
{
	static const char heading[] = "Statement Execution Plan Text:";
	static const struct column column = {.name = (char *)"Plan", .type = VALUE_VARCHAR};
	const struct table_options options = {.keep = run->keep, .chart = CHART_NONE};
	const char *end = plan + n;
	const char *from = memmem(plan, n, heading, sizeof(heading) - 1);
	_cleanup_(table_freep) struct table *t = NULL;
	int code = table_new(&column, 1, &options, &t, err);

	plan = from ? from + sizeof(heading) - 1 : plan;
	while (code == 0 && plan < end) {
		size_t line =
			(size_t)((const char *)memchr(plan, '\n', (size_t)(end - plan)) ?: end) -
			(size_t)plan;
		struct value v = {.type = VALUE_VARCHAR, .s = {plan, line}};

		if (line > 1)
			code = table_add(t, &v, err);
		plan += line + 1;
	}
	return code < 0 ? code : show_table(run, t, /* more_follow= */ false, err);
}

static int read_plan(struct sql_run *run, struct err *err)
{
	_cleanup_(db_result_freep) struct db_result *r = NULL;
	const struct value *row;
	int code = execute(run, "values SYSCS_UTIL.SYSCS_GET_RUNTIMESTATISTICS()", &r, err);

	if (code == 0)
		code = db_result_next(r, run->call->cancel, &row, err);
	if (code < 0)
		return code;
	if (code == 0 || row->null || !value_is_text(row->type))
		return err_set(err, E_SERVER, "the server tells no plan for this query");
	return show_plan(run, row->s.p, row->s.n, err);
}

/* Derby tells the plan of what it ran: the query is opened, and closed before it is read. */
static int run_explain(struct sql_run *run, const struct sql_statement *st,
		       const struct sql_adapted *a, struct err *err)
{
	struct cancel *cancel = run->call->cancel;
	struct err ignored = ERR_INIT;
	int code, off;

	(void)st;
	code = unit_run(run->db, "call SYSCS_UTIL.SYSCS_SET_RUNTIMESTATISTICS(1)", cancel, err);
	if (code < 0)
		return code;
	code = unit_run(run->db, a->text, cancel, err);
	if (code == 0)
		code = read_plan(run, err);
	if (!db_usable(run->db))
		return code;
	off = unit_run(run->db, "call SYSCS_UTIL.SYSCS_SET_RUNTIMESTATISTICS(0)", NULL, &ignored);
	if (code == 0 && off < 0) {
		*err = ignored;
		return off;
	}
	return code;
}

/* The statements that update the statistics of the tables listed. */
static int analyze_statements(struct sql_run *run, const char *list, struct strv *ret,
			      struct err *err)
{
	_cleanup_(db_result_freep) struct db_result *r = NULL;
	const struct value *row;
	int code = execute(run, list, &r, err);

	while (code == 0 && (code = db_result_next(r, run->call->cancel, &row, err)) == 1) {
		_cleanup_free_ char *schema = str_ndup(row[0].s.p, row[0].s.n);
		_cleanup_free_ char *table = str_ndup(row[1].s.p, row[1].s.n);
		_cleanup_free_ char *s = schema ? sql_quote_string(schema) : NULL;
		_cleanup_free_ char *t = table ? sql_quote_string(table) : NULL;

		if (!s || !t)
			return err_nomem(err);
		code = strv_take(ret,
				 str_fmt("call SYSCS_UTIL.SYSCS_UPDATE_STATISTICS(%s, %s, null)", s,
					 t),
				 err);
	}
	return code;
}

static int run_analyze(struct sql_run *run, const struct sql_statement *st,
		       const struct sql_adapted *a, struct err *err)
{
	_cleanup_strv_ struct strv calls = {0};
	int code = analyze_statements(run, a->text, &calls, err);

	(void)st;
	if (code == 0 && calls.len == 0) {
		err_set(err, E_SERVER, "there is no such table to analyze");
		err_set_name(err, "42X05");
		return E_SERVER;
	}
	for (size_t i = 0; code == 0 && i < calls.len; i++)
		code = unit_run(run->db, calls.items[i], run->call->cancel, err);
	if (code == 0)
		show_line(run, "statistics of %zu %s updated", calls.len,
			  calls.len == 1 ? "table" : "tables");
	return code;
}

static int run_import(struct sql_run *run, const struct sql_statement *st,
		      const struct sql_adapted *a, struct err *err)
{
	(void)st;
	return load_run(run, a->text, err);
}

static int run_listing(struct sql_run *run, const struct sql_statement *st,
		       const struct sql_adapted *a, struct err *err)
{
	const struct show_filter filter = {a->columns, a->schema, a->object};
	_cleanup_(db_result_freep) struct db_result *r = NULL;
	struct sql_lexer l = sql_lexer_make(st->text, st->n);
	struct sql_token first = sql_next_word(&l);
	uint64_t rows = 0;
	int code = execute(run, a->text, &r, err);

	if (code == 0)
		code = show_result(run, r, st, &filter, &rows, err);
	if (code == 0 && rows == 0 && sql_is(&first, "describe")) {
		err_set(err, E_SERVER, "Table/View '%s' does not exist in schema '%s'.", a->object,
			a->schema ? a->schema : db_schema(run->db));
		err_set_name(err, "42X05");
		return E_SERVER;
	}
	return code;
}

static int run_commit(struct sql_run *run, const struct sql_statement *st,
		      const struct sql_adapted *a, struct err *err)
{
	int code = db_commit(run->db, run->call->cancel, err);

	(void)st;
	(void)a;
	if (code == 0)
		show_line(run, "committed");
	return code;
}

static int run_rollback(struct sql_run *run, const struct sql_statement *st,
			const struct sql_adapted *a, struct err *err)
{
	int code = db_rollback(run->db, run->call->cancel, err);

	(void)st;
	(void)a;
	if (code == 0)
		show_line(run, "rolled back");
	return code;
}

static int run_autocommit(struct sql_run *run, const struct sql_statement *st,
			  const struct sql_adapted *a, struct err *err)
{
	bool on = a->action == SQL_AUTOCOMMIT_ON;
	int code = db_set_autocommit(run->db, on, err);

	(void)st;
	if (code == 0)
		out_printf(run->call->out, STREAM_STDOUT, "autocommit is %s\n",
			   on ? "on" : "off: commit or rollback ends the transaction");
	return code;
}

static action_fn *const actions[] = {
	[SQL_RUN] = run_plain,
	[SQL_SET_SCHEMA] = run_set_schema,
	[SQL_CREATE_AS] = run_create_as,
	[SQL_EXPLAIN] = run_explain,
	[SQL_ANALYZE] = run_analyze,
	[SQL_IMPORT] = run_import,
	[SQL_LISTING] = run_listing,
	[SQL_COMMIT] = run_commit,
	[SQL_ROLLBACK] = run_rollback,
	[SQL_AUTOCOMMIT_ON] = run_autocommit,
	[SQL_AUTOCOMMIT_OFF] = run_autocommit,
};

int sql_run_statement(struct sql_run *run, const struct sql_statement *st, struct err *err)
{
	_cleanup_adapted_ struct sql_adapted a = {0};
	int code = cancel_check(run->call->cancel, err);

	if (code < 0)
		return code;
	run->started = clock_ms();
	code = sql_adapt(db_server(run->db), st->text, st->n, &a, err);
	if (code < 0)
		return fail_statement(run, st, NULL, err);
	if (a.notice)
		out_printf(run->call->out, STREAM_STDOUT, "NOTE %s\n", a.notice);
	code = actions[a.action](run, st, &a, err);
	if (code < 0)
		return fail_statement(run, st, &a, err);
	kept_statement(run->call->nb->kept, KEPT_CELL, st->text, st->n);
	return 0;
}
