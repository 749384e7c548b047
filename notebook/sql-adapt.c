/* The table of adaptations, one function each; hints and error places are sql-error.c. */
#include "notebook/sql-adapt.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/str.h"
#include "notebook/sql-lex.h"
#include "notebook/sql-listing.h"
#include "notebook/sql-query.h"
#include "notebook/sql-shorten.h"

#include <string.h>
#include <strings.h>

enum {
	ON_DERBY = 1u << DB_SERVER_DERBY,
	ON_SPLICE = 1u << DB_SERVER_SPLICE,
	ON_BOTH = ON_DERBY | ON_SPLICE,
	ON_ANY = ON_BOTH | 1u << DB_SERVER_OTHER,
};

/* "Does not exist" of tables, views, indexes, triggers and schemas (seen on Derby 10.16). */
static const char states_absent[] = "42Y55 X0X05 42X65 42X94 42Y07";
/* "Already exists" of tables and views, and of everything else. */
static const char states_present[] = "X0Y32 X0Y68";

struct subject {
	enum db_server server;
	const char *sql;
	size_t n;
	struct sql_lexer rest; /* behind the words of the rule's opening */
};

/* 0: go on with the text; 1: `a` is complete. */
typedef int adapt_fn(const struct subject *s, struct sql_adapted *a, struct err *err);

static size_t offset(const struct subject *s, const char *p)
{
	return (size_t)(p - s->sql);
}

/* Cut words from `from` to `to`, with the blank behind them. */
static int cut(const struct subject *s, struct sql_adapted *a, const char *from, const char *to,
	       struct err *err)
{
	if (to < s->sql + s->n && str_is_space(*to))
		to++;
	return sql_edits_add(&a->edits, offset(s, from), (size_t)(to - from), "", 0, err);
}

/* The lexer stands at `words` (lower case, blank-separated); go behind them. */
static bool skip_words(struct sql_lexer *l, const char *words)
{
	struct sql_lexer start = *l;

	for (const char *w = words; *w;) {
		size_t n = strcspn(w, " ");
		struct sql_token t = sql_next_word(l);

		if (t.kind != SQL_WORD || t.n != n || strncasecmp(t.p, w, n) != 0) {
			*l = start;
			return false;
		}
		w += n + (w[n] == ' ');
	}
	return true;
}

/* NAME or NAME.NAME. */
static bool skip_name(struct sql_lexer *l, struct sql_token *ret_last)
{
	struct sql_token t = sql_next_word(l);
	struct sql_token dot = sql_peek_word(l);

	if (!sql_is_name(&t))
		return false;
	if (sql_is_mark(&dot, '.')) {
		(void)sql_next_word(l);
		t = sql_next_word(l);
	}
	*ret_last = t;
	return sql_is_name(&t);
}

/* drop KIND if exists NAME, or the words behind the name. */
static int drop_if_exists(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_lexer l = s->rest;
	struct sql_token first = sql_peek_word(&l);
	struct sql_token name;

	if (!skip_words(&l, "if exists")) {
		if (!skip_name(&l, &name))
			return 0;
		first = sql_peek_word(&l);
		if (!skip_words(&l, "if exists"))
			return 0;
	}
	a->tolerate = states_absent;
	return cut(s, a, first.p, l.at, err);
}

static int create_if_not_exists(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_lexer l = s->rest;
	struct sql_token first = sql_peek_word(&l);

	if (!skip_words(&l, "if not exists"))
		return 0;
	a->tolerate = states_present;
	return cut(s, a, first.p, l.at, err);
}

static bool skip_columns(struct sql_lexer *l)
{
	struct sql_token t = sql_peek_word(l);
	size_t depth = 0;

	if (!sql_is_mark(&t, '('))
		return true;
	do {
		t = sql_next_word(l);
		depth += sql_is_mark(&t, '(');
		depth -= sql_is_mark(&t, ')');
	} while (depth > 0 && t.kind != SQL_END);
	return depth == 0;
}

/* Where the query of `as QUERY [with [no] data]` ends; *ret_no_data when it says so. */
static const char *query_end(const struct subject *s, const char *query, bool *ret_no_data)
{
	struct sql_lexer l = sql_lexer_make(query, (size_t)(s->sql + s->n - query));
	const char *end = query;
	struct sql_token t;

	*ret_no_data = false;
	while ((t = sql_peek_word(&l)).kind != SQL_END) {
		struct sql_lexer tail = l;
		bool no_data = skip_words(&tail, "with no data");

		if ((no_data || skip_words(&tail, "with data")) &&
		    sql_peek_word(&tail).kind == SQL_END) {
			*ret_no_data = no_data;
			return end;
		}
		(void)sql_next_word(&l);
		end = l.at;
	}
	return end;
}

static int query_edits(const struct subject *s, const char *sql, size_t n, struct sql_edits *edits,
		       struct err *err)
{
	unsigned what = SQL_QUERY_LIMIT;

	if (s->server == DB_SERVER_DERBY)
		what |= SQL_QUERY_FROM | SQL_QUERY_TOP;
	return sql_query_edit(sql, n, what, edits, err);
}

static void edits_releasep(struct sql_edits *e)
{
	sql_edits_release(e);
}

/* `insert into NAME QUERY`, adapted like any query. */
static int fill_statement(const struct subject *s, const char *name, size_t name_len,
			  const char *query, size_t query_len, char **ret, struct err *err)
{
	_cleanup_(edits_releasep) struct sql_edits edits = {0};
	_cleanup_free_ char *adapted = NULL;
	int r = query_edits(s, query, query_len, &edits, err);

	if (r == 0)
		r = sql_edits_apply(&edits, query, query_len, &adapted, err);
	if (r < 0)
		return r;
	*ret = str_fmt("insert into %.*s %s", (int)name_len, name, adapted);
	return *ret ? 0 : err_nomem(err);
}

/* create table T [(columns)] as QUERY [with [no] data]: Derby makes it empty only. */
static int create_table_as(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	static const char no_data[] = ") with no data";
	struct sql_lexer l = s->rest;
	struct sql_token first, last;
	const char *query, *end;
	bool empty;
	int r;

	(void)skip_words(&l, "if not exists");
	first = sql_peek_word(&l);
	if (!skip_name(&l, &last) || !skip_columns(&l) || !skip_words(&l, "as"))
		return 0;
	query = sql_peek_word(&l).p;
	end = query_end(s, query, &empty);
	if (empty)
		return 0;
	a->action = SQL_CREATE_AS;
	r = fill_statement(s, first.p, (size_t)(last.p + last.n - first.p), query,
			   (size_t)(end - query), &a->more, err);
	if (r == 0)
		r = query_edits(s, s->sql, s->n, &a->edits, err);
	/* In brackets a query may have ORDER BY and a limit.  Added last, so that it comes
	 * behind what the query gets at its end. */
	if (r == 0)
		r = sql_edits_add(&a->edits, offset(s, query), 0, "(", 1, err);
	if (r == 0)
		r = sql_edits_add(&a->edits, offset(s, end), s->n - offset(s, end), no_data,
				  sizeof(no_data) - 1, err);
	if (r == 0)
		r = sql_edits_apply(&a->edits, s->sql, s->n, &a->text, err);
	return r < 0 ? r : 1;
}

/* set [current] schema [=] NAME | 'NAME'; USER and ? name no schema to create. */
static int set_schema(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_lexer l = s->rest;
	struct sql_token t = sql_next_word(&l);

	if (sql_is_mark(&t, '='))
		t = sql_next_word(&l);
	if ((!sql_is_name(&t) && t.kind != SQL_STRING) || sql_is(&t, "user"))
		return 0;
	a->action = SQL_SET_SCHEMA;
	a->object = sql_text(&t);
	return a->object ? 0 : err_nomem(err);
}

static int explain(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_token t = sql_peek_word(&s->rest);

	if (!sql_is_any(&t, "select values") && !sql_is_mark(&t, '('))
		return err_set(err, E_UNSUPPORTED,
			       "Derby explains queries only; on Splice this runs");
	a->action = SQL_EXPLAIN;
	return sql_edits_add(&a->edits, 0, offset(s, t.p), "", 0, err);
}

static int analyze_text(struct sql_adapted *a, const char *schema, const char *table,
			struct err *err)
{
	_cleanup_free_ char *schema_text = schema ? sql_quote_string(schema) : NULL;
	_cleanup_free_ char *table_text = table ? sql_quote_string(table) : NULL;

	if ((schema && !schema_text) || (table && !table_text))
		return err_nomem(err);
	a->action = SQL_ANALYZE;
	a->text = str_fmt("select s.schemaname, t.tablename from sys.systables t join "
			  "sys.sysschemas s on t.schemaid = s.schemaid where t.tabletype = 'T' and "
			  "s.schemaname = %s%s%s order by 2",
			  schema ? schema_text : "current schema",
			  table ? " and t.tablename = " : "", table ? table_text : "");
	return a->text ? 1 : err_nomem(err);
}

static int analyze(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_lexer l = s->rest;
	struct sql_token kind = sql_next_word(&l);
	struct sql_token first = sql_peek_word(&l);
	struct sql_token last;
	_cleanup_free_ char *a_name = NULL;
	_cleanup_free_ char *b_name = NULL;

	if (!sql_is_any(&kind, "table schema") || !skip_name(&l, &last))
		return 0;
	a_name = sql_text(&first);
	b_name = sql_text(&last);
	if (!a_name || !b_name)
		return err_nomem(err);
	if (sql_is(&kind, "schema"))
		return analyze_text(a, b_name, NULL, err);
	return analyze_text(a, first.p == last.p ? NULL : a_name, b_name, err);
}

/* call [SYSCS_UTIL.]NAME of the import family; the arguments are read by import.c. */
static int import(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_lexer l = s->rest;
	struct sql_token schema = sql_next_word(&l);
	struct sql_token dot = sql_next_word(&l);
	struct sql_token name = sql_next_word(&l);

	if (!sql_is(&schema, "syscs_util") || !sql_is_mark(&dot, '.'))
		return 0;
	if (sql_is_any(&name, "upsert_data_from_file merge_data_from_file "
			      "check_data_from_file"))
		return err_set(err, E_UNSUPPORTED, "Derby has no %.*s; on Splice this runs",
			       (int)name.n, name.p);
	if (!sql_is_any(&name, "import_data import_data_unsafe load_replace bulk_import_hfile"))
		return 0;
	a->action = SQL_IMPORT;
	a->text = str_ndup(s->sql, s->n);
	return a->text ? 1 : err_nomem(err);
}

static int refuse(const char *what, const char *hint, struct err *err)
{
	err_set(err, E_UNSUPPORTED, "Derby has no %s; on Splice this runs", what);
	if (hint)
		err_set_hint(err, "%s", hint);
	return E_UNSUPPORTED;
}

static int refuse_with(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	(void)s;
	(void)a;
	return refuse("WITH queries",
		      "Put the query in brackets behind FROM: from (select …) as q.", err);
}

static int refuse_export(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	(void)s;
	(void)a;
	return refuse(
		"EXPORT",
		"There, call SYSCS_UTIL.SYSCS_EXPORT_QUERY('select …', '/path/file.csv', null, "
		"null, null) writes a file.",
		err);
}

static int refuse_external(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	(void)s;
	(void)a;
	return refuse("external tables", "Create a table and import the file into it.", err);
}

static int refuse_local_temporary(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	(void)s;
	(void)a;
	return refuse("local temporary tables",
		      "declare global temporary table session.NAME (…) not logged works on both.",
		      err);
}

static int refuse_session_property(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	(void)s;
	(void)a;
	return refuse("session properties", NULL, err);
}

/* Nothing to send: the connection does it. */
static int transaction(enum sql_action action, const struct subject *s, struct sql_adapted *a)
{
	struct sql_lexer l = s->rest;

	(void)skip_words(&l, "work");
	if (sql_peek_word(&l).kind != SQL_END)
		return 0;
	a->action = action;
	return 1;
}

static int commit(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	(void)err;
	return transaction(SQL_COMMIT, s, a);
}

static int rollback(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	(void)err;
	return transaction(SQL_ROLLBACK, s, a);
}

static int autocommit(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_lexer l = s->rest;
	struct sql_token t = sql_next_word(&l);

	if (!sql_is_any(&t, "on off") || sql_peek_word(&l).kind != SQL_END)
		return err_set(err, E_INPUT, "autocommit is followed by on or off");
	a->action = sql_is(&t, "on") ? SQL_AUTOCOMMIT_ON : SQL_AUTOCOMMIT_OFF;
	return 1;
}

static int listing(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_listing l;
	int r = sql_listing_parse(s->sql, s->n, &l, err);

	if (r < 0)
		return r;
	a->action = SQL_LISTING;
	a->text = l.call;
	a->schema = l.schema;
	a->object = l.table;
	a->columns = l.columns;
	return 1;
}

/* All rules whose opening fits are applied in this order, until one is complete. */
static const struct rule {
	const char *opening; /* lower case */
	unsigned servers;
	adapt_fn *apply;
} rules[] = {
	{"commit", ON_ANY, commit},
	{"rollback", ON_ANY, rollback},
	{"autocommit", ON_ANY, autocommit},
	{"show", ON_BOTH, listing},
	{"describe", ON_BOTH, listing},
	{"set schema", ON_BOTH, set_schema},
	{"set current schema", ON_BOTH, set_schema},
	{"set session_property", ON_DERBY, refuse_session_property},
	{"drop table", ON_DERBY, drop_if_exists},
	{"drop view", ON_DERBY, drop_if_exists},
	{"drop schema", ON_DERBY, drop_if_exists},
	{"drop index", ON_DERBY, drop_if_exists},
	{"drop sequence", ON_DERBY, drop_if_exists},
	{"drop trigger", ON_DERBY, drop_if_exists},
	{"drop synonym", ON_DERBY, drop_if_exists},
	{"drop procedure", ON_DERBY, drop_if_exists},
	{"drop function", ON_DERBY, drop_if_exists},
	{"create external", ON_DERBY, refuse_external},
	{"create local temporary", ON_DERBY, refuse_local_temporary},
	{"create table", ON_DERBY, create_if_not_exists},
	{"create table", ON_DERBY, create_table_as},
	{"create schema", ON_DERBY, create_if_not_exists},
	{"create view", ON_DERBY, create_if_not_exists},
	{"create index", ON_DERBY, create_if_not_exists},
	{"create sequence", ON_DERBY, create_if_not_exists},
	{"explain", ON_DERBY, explain},
	{"analyze", ON_DERBY, analyze},
	{"export", ON_DERBY, refuse_export},
	{"with", ON_DERBY, refuse_with},
	{"call", ON_DERBY, import},
};

/* Statements that may hold queries; `grant select on` does not. */
static const char query_words[] = "select values insert update delete create with explain merge "
				  "export declare";

static int apply_rules(struct subject *s, struct sql_adapted *a, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		int r;

		s->rest = sql_lexer_make(s->sql, s->n);
		if (!(rules[i].servers & 1u << s->server) ||
		    !skip_words(&s->rest, rules[i].opening))
			continue;
		r = rules[i].apply(s, a, err);
		if (r != 0)
			return r;
	}
	return 0;
}

/* Hints run to the end of their line on Splice; Derby reads them as comments. */
static int adapt_hints(const struct subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_lexer l = sql_lexer_make(s->sql, s->n);
	struct sql_token t;

	while ((t = sql_next(&l)).kind != SQL_END) {
		if (t.kind != SQL_HINT)
			continue;
		if (s->server == DB_SERVER_SPLICE && t.p[t.n - 1] != '\n')
			return sql_edits_add(&a->edits, s->n, 0, "\n", 1, err);
		_cleanup_free_ char *text = str_ndup(t.p, t.n);

		if (!text)
			return err_nomem(err);
		if (s->server == DB_SERVER_DERBY && str_find_ci(text, "insertMode") &&
		    str_find_ci(text, "upsert"))
			a->notice = "Derby ignores insertMode=UPSERT: these rows are plainly "
				    "inserted; on Splice they replace rows with the same key";
	}
	return 0;
}

static int adapt(struct subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_lexer l = sql_lexer_make(s->sql, s->n);
	struct sql_token first = sql_next_word(&l);
	int r = apply_rules(s, a, err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (s->server != DB_SERVER_OTHER) {
		if (sql_is_any(&first, query_words) || sql_is_mark(&first, '('))
			r = query_edits(s, s->sql, s->n, &a->edits, err);
		if (r == 0)
			r = adapt_hints(s, a, err);
	}
	if (r == 0)
		r = sql_edits_apply(&a->edits, s->sql, s->n, &a->text, err);
	if (r == E_TOOBIG)
		err_set_hint(err, "split it: many rows are inserted by several statements, or "
				  "imported from a file (SYSCS_UTIL.IMPORT_DATA)");
	return r;
}

int sql_adapt(enum db_server server, const char *sql, size_t n, struct sql_adapted *ret,
	      struct err *err)
{
	struct sql_adapted a = {.action = SQL_RUN};
	struct subject s = {.server = server, .sql = sql, .n = n};
	int r = server == DB_SERVER_OTHER ? 0 : sql_shorten(sql, n, &a.plain, err);

	if (a.plain)
		s.sql = a.plain;
	if (r == 0)
		r = adapt(&s, &a, err);
	if (r < 0) {
		sql_adapted_release(&a);
		return r;
	}
	*ret = a;
	return 0;
}

void sql_adapted_release(struct sql_adapted *a)
{
	free(a->plain);
	free(a->text);
	free(a->more);
	free(a->object);
	free(a->schema);
	sql_edits_release(&a->edits);
	*a = (struct sql_adapted){0};
}

bool sql_state_in(const char *states, const char *state)
{
	return states && strlen(state) == 5 && strstr(states, state) != NULL;
}
