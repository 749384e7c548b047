/*
 * The table of adaptations, one function each.  Those of DROP and CREATE are
 * in sql-adapt-ddl.c, changes within queries in sql-query.c, hints and error
 * places in sql-error.c.
 */
#include "notebook/sql-adapt-int.h"

#include "base/str.h"
#include "notebook/sql-listing.h"
#include "notebook/sql-query.h"
#include "notebook/sql-shorten.h"

#include <string.h>

enum {
	ON_DERBY = 1u << DB_SERVER_DERBY,
	ON_SPLICE = 1u << DB_SERVER_SPLICE,
	ON_BOTH = ON_DERBY | ON_SPLICE,
	ON_ANY = ON_BOTH | 1u << DB_SERVER_OTHER,
};

int sql_adapt_query(const struct sql_subject *s, const char *sql, size_t n, struct sql_edits *edits,
		    struct err *err)
{
	unsigned what = SQL_QUERY_LIMIT;

	if (s->server == DB_SERVER_DERBY)
		what |= SQL_QUERY_FROM | SQL_QUERY_TOP;
	return sql_query_edit(sql, n, what, edits, err);
}

/* set [current] schema [=] NAME | 'NAME'; USER and ? name no schema to create. */
static int set_schema(const struct sql_subject *s, struct sql_adapted *a, struct err *err)
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

static int explain(const struct sql_subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_token t = sql_peek_word(&s->rest);

	if (!sql_is_any(&t, "select values") && !sql_is_mark(&t, '('))
		return err_set(err, E_UNSUPPORTED,
			       "Derby explains queries only; on Splice this runs");
	a->action = SQL_EXPLAIN;
	return sql_edits_add(&a->edits, 0, sql_adapt_offset(s, t.p), "", 0, err);
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

static int analyze(const struct sql_subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_lexer l = s->rest;
	struct sql_token kind = sql_next_word(&l);
	struct sql_token first = sql_peek_word(&l);
	struct sql_token last;
	_cleanup_free_ char *a_name = NULL;
	_cleanup_free_ char *b_name = NULL;

	if (!sql_is_any(&kind, "table schema") || !sql_skip_name(&l, &last))
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
static int import(const struct sql_subject *s, struct sql_adapted *a, struct err *err)
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

static int refuse_with(const struct sql_subject *s, struct sql_adapted *a, struct err *err)
{
	(void)s;
	(void)a;
	return refuse("WITH queries",
		      "Put the query in brackets behind FROM: from (select …) as q.", err);
}

static int refuse_export(const struct sql_subject *s, struct sql_adapted *a, struct err *err)
{
	(void)s;
	(void)a;
	return refuse(
		"EXPORT",
		"There, call SYSCS_UTIL.SYSCS_EXPORT_QUERY('select …', '/path/file.csv', null, "
		"null, null) writes a file.",
		err);
}

static int refuse_external(const struct sql_subject *s, struct sql_adapted *a, struct err *err)
{
	(void)s;
	(void)a;
	return refuse("external tables", "Create a table and import the file into it.", err);
}

static int refuse_local_temporary(const struct sql_subject *s, struct sql_adapted *a,
				  struct err *err)
{
	(void)s;
	(void)a;
	return refuse("local temporary tables",
		      "declare global temporary table session.NAME (…) not logged works on both.",
		      err);
}

static int refuse_session_property(const struct sql_subject *s, struct sql_adapted *a,
				   struct err *err)
{
	(void)s;
	(void)a;
	return refuse("session properties", NULL, err);
}

/* Nothing to send: the connection does it. */
static int transaction(enum sql_action action, const struct sql_subject *s, struct sql_adapted *a)
{
	struct sql_lexer l = s->rest;

	(void)sql_skip_words(&l, "work");
	if (sql_peek_word(&l).kind != SQL_END)
		return 0;
	a->action = action;
	return 1;
}

static int commit(const struct sql_subject *s, struct sql_adapted *a, struct err *err)
{
	(void)err;
	return transaction(SQL_COMMIT, s, a);
}

static int rollback(const struct sql_subject *s, struct sql_adapted *a, struct err *err)
{
	(void)err;
	return transaction(SQL_ROLLBACK, s, a);
}

static int autocommit(const struct sql_subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_lexer l = s->rest;
	struct sql_token t = sql_next_word(&l);

	if (!sql_is_any(&t, "on off") || sql_peek_word(&l).kind != SQL_END)
		return err_set(err, E_INPUT, "autocommit is followed by on or off");
	a->action = sql_is(&t, "on") ? SQL_AUTOCOMMIT_ON : SQL_AUTOCOMMIT_OFF;
	return 1;
}

static int listing(const struct sql_subject *s, struct sql_adapted *a, struct err *err)
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
	sql_adapt_fn *apply;
} rules[] = {
	{"commit", ON_ANY, commit},
	{"rollback", ON_ANY, rollback},
	{"autocommit", ON_ANY, autocommit},
	{"show", ON_BOTH, listing},
	{"describe", ON_BOTH, listing},
	{"set schema", ON_BOTH, set_schema},
	{"set current schema", ON_BOTH, set_schema},
	{"set session_property", ON_DERBY, refuse_session_property},
	{"drop table", ON_DERBY, sql_adapt_drop},
	{"drop view", ON_DERBY, sql_adapt_drop},
	{"drop schema", ON_DERBY, sql_adapt_drop},
	{"drop index", ON_DERBY, sql_adapt_drop},
	{"drop sequence", ON_DERBY, sql_adapt_drop},
	{"drop trigger", ON_DERBY, sql_adapt_drop},
	{"drop synonym", ON_DERBY, sql_adapt_drop},
	{"drop procedure", ON_DERBY, sql_adapt_drop},
	{"drop function", ON_DERBY, sql_adapt_drop},
	{"create external", ON_DERBY, refuse_external},
	{"create local temporary", ON_DERBY, refuse_local_temporary},
	{"create table", ON_DERBY, sql_adapt_create},
	{"create table", ON_DERBY, sql_adapt_create_as},
	{"create schema", ON_DERBY, sql_adapt_create},
	{"create view", ON_DERBY, sql_adapt_create},
	{"create index", ON_DERBY, sql_adapt_create},
	{"create unique index", ON_DERBY, sql_adapt_create},
	{"create sequence", ON_DERBY, sql_adapt_create},
	{"explain", ON_DERBY, explain},
	{"analyze", ON_DERBY, analyze},
	{"export", ON_DERBY, refuse_export},
	{"with", ON_DERBY, refuse_with},
	{"call", ON_DERBY, import},
};

/* Statements that may hold queries; `grant select on` does not. */
static const char query_words[] = "select values insert update delete create with explain merge "
				  "export declare";

static int apply_rules(struct sql_subject *s, struct sql_adapted *a, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		int r;

		s->rest = sql_lexer_make(s->sql, s->n);
		if (!(rules[i].servers & 1u << s->server) ||
		    !sql_skip_words(&s->rest, rules[i].opening))
			continue;
		r = rules[i].apply(s, a, err);
		if (r != 0)
			return r;
	}
	return 0;
}

/* Hints run to the end of their line on Splice; Derby reads them as comments. */
static int adapt_hints(const struct sql_subject *s, struct sql_adapted *a, struct err *err)
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

static int adapt(struct sql_subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_lexer l = sql_lexer_make(s->sql, s->n);
	struct sql_token first = sql_next_word(&l);
	int r = apply_rules(s, a, err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (s->server != DB_SERVER_OTHER) {
		if (sql_is_any(&first, query_words) || sql_is_mark(&first, '('))
			r = sql_adapt_query(s, s->sql, s->n, &a->edits, err);
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
	struct sql_subject s = {.server = server, .sql = sql, .n = n};
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
