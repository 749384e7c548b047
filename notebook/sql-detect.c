/* The openings of cells that can only be SQL. */
#include "notebook/sql-detect.h"

#include "notebook/sql-lex.h"

#include <string.h>

/* Words that may stand between two names in Python: `a in b`, `a if b else c`. */
static const char python_infix[] = "in is and or if not for else as import";

/*
 * First word, and the words of which one must follow; "" allows any name or
 * quoted text.  Two words side by side are never Python, so a line here is
 * only as narrow as needed to leave a mistyped Python line to Python.
 */
static const struct opening {
	const char *first;
	const char *second;
} openings[] = {
	{"create",
	 "table view schema index unique sequence procedure function trigger synonym role "
	 "type external global local temporary derby aggregate"},
	{"drop", "table view schema index sequence procedure function trigger synonym role type "
		 "derby aggregate"},
	{"alter", "table schema sequence"},
	{"insert", "into"},
	{"delete", "from"},
	{"merge", "into"},
	{"truncate", "table"},
	{"rename", "table column index"},
	{"declare", "global local"},
	{"lock", "table"},
	{"grant", ""},
	{"revoke", ""},
	{"call", ""},
	{"describe", ""},
	{"set", "schema current role isolation session_property constraints connection"},
	{"show", "tables schemas views procedures functions synonyms indexes primarykeys roles "
		 "settable_roles connections databases create"},
	{"explain", "select insert update delete values call with merge exclude"},
	{"analyze", "table schema"},
	{"export", "to"},
	{"autocommit", "on off"},
	{"commit", "work"},
	{"rollback", "work to"},
	{"savepoint", ""},
	{"release", "savepoint"},
	{"values", "current user session_user current_user current_role next cast null true false"},
	{"with", "recursive"},
};

static bool quoted(const struct sql_token *t)
{
	return t->kind == SQL_NAME || t->kind == SQL_STRING;
}

static bool plain_name(const struct sql_token *t)
{
	return t->kind == SQL_WORD && !sql_is_any(t, python_infix);
}

static bool in_table(const struct sql_token *first, const struct sql_token *second)
{
	for (size_t i = 0; i < sizeof(openings) / sizeof(openings[0]); i++) {
		const struct opening *o = &openings[i];

		if (!sql_is(first, o->first))
			continue;
		if (*o->second ? sql_is_any(second, o->second)
			       : plain_name(second) || quoted(second))
			return true;
	}
	return false;
}

/* Go on behind the bracket that closes the one just read; false when there is none. */
static bool skip_brackets(struct sql_lexer *l)
{
	for (size_t depth = 1; depth > 0;) {
		struct sql_token t = sql_next_word(l);

		if (t.kind == SQL_END || t.open)
			return false;
		depth += sql_is_mark(&t, '(');
		depth -= sql_is_mark(&t, ')');
	}
	return true;
}

static bool has_newline(const char *from, const char *to)
{
	return memchr(from, '\n', (size_t)(to - from)) != NULL;
}

/* `from NAME import` of Python, as opposed to `from NAME` of SQL. */
static bool imports(struct sql_lexer l)
{
	struct sql_token t = sql_next_word(&l);

	while (sql_is_name(&t) || sql_is_mark(&t, '.')) {
		if (sql_is(&t, "import"))
			return true;
		t = sql_next_word(&l);
	}
	return false;
}

/*
 * A select whose list begins like a Python expression: SQL when a FROM comes,
 * outside brackets, before the line (or the list, continued after a comma)
 * ends.
 */
static bool from_follows(struct sql_lexer l)
{
	const char *end = l.at;
	bool comma = true; /* the list may begin on the next line */

	for (;;) {
		struct sql_token t = sql_next_word(&l);

		if (sql_is(&t, "from"))
			return !imports(l);
		if (t.kind == SQL_END || t.open || sql_is_mark(&t, ';') || sql_is_mark(&t, '='))
			return false;
		if (has_newline(end, t.p) && !comma)
			return false;
		if (sql_is_mark(&t, '(') && !skip_brackets(&l))
			return false;
		comma = sql_is_mark(&t, ',');
		end = l.at;
	}
}

static bool select_follows(struct sql_lexer l, bool after_sql)
{
	struct sql_lexer start = l;
	struct sql_token t = sql_next_word(&l);

	(void)after_sql;
	if (t.kind == SQL_NUMBER || quoted(&t) || sql_is_mark(&t, '{') || sql_is_mark(&t, '?'))
		return true;
	if (t.kind == SQL_WORD && !sql_is(&t, "not"))
		return plain_name(&t);
	if (t.kind == SQL_MARK && !strchr("*(+-", *t.p))
		return false;
	return from_follows(start);
}

/* `with NAME [(names)] as (select …`: a bare `with a as (b)` is Python. */
static bool with_follows(struct sql_lexer l, bool after_sql)
{
	struct sql_token t = sql_next_word(&l);

	if (!sql_is_name(&t))
		return false;
	t = sql_next_word(&l);
	if (sql_is_mark(&t, '(')) {
		if (!skip_brackets(&l))
			return false;
		t = sql_next_word(&l);
	}
	if (!sql_is(&t, "as"))
		return false;
	t = sql_next_word(&l);
	if (!sql_is_mark(&t, '('))
		return false;
	t = sql_next_word(&l);
	return (sql_is(&t, "select") && select_follows(l, after_sql)) || sql_is(&t, "values");
}

/* `update NAME [alias] set`. */
static bool update_follows(struct sql_lexer l, bool after_sql)
{
	(void)after_sql;
	for (int i = 0; i < 8; i++) {
		struct sql_token t = sql_next_word(&l);

		if (sql_is(&t, "set"))
			return i > 0;
		if (!sql_is_name(&t) && !sql_is_mark(&t, '.'))
			return false;
	}
	return false;
}

/* `export ('folder', …) select`. */
static bool export_follows(struct sql_lexer l, bool after_sql)
{
	struct sql_token t = sql_next_word(&l);

	if (!sql_is_mark(&t, '(') || !skip_brackets(&l))
		return false;
	t = sql_next_word(&l);
	return sql_is_any(&t, "select values with") && select_follows(l, after_sql);
}

/* `create or replace view …`; `create or x` is Python. */
static bool create_follows(struct sql_lexer l, bool after_sql)
{
	struct sql_token a = sql_next_word(&l);
	struct sql_token b = sql_next_word(&l);
	struct sql_token c = sql_next_word(&l);

	(void)after_sql;
	return sql_is(&a, "or") && sql_is(&b, "replace") && plain_name(&c);
}

static bool values_follows(struct sql_lexer l, bool after_sql)
{
	struct sql_token t = sql_next_word(&l);

	return t.kind == SQL_NUMBER || t.kind == SQL_STRING || sql_is_mark(&t, '?') ||
	       (after_sql && sql_is_mark(&t, '('));
}

/* `commit` or `rollback` with nothing but its semicolon. */
static bool alone(struct sql_lexer l, bool after_sql)
{
	struct sql_token t = sql_next_word(&l);

	if (sql_is_mark(&t, ';'))
		t = sql_next_word(&l);
	return after_sql && t.kind == SQL_END;
}

/* First words whose second is not enough; `l` stands behind the first. */
static const struct {
	const char *first;
	bool (*follows)(struct sql_lexer l, bool after_sql);
} deeper[] = {
	{"select", select_follows}, {"with", with_follows},     {"update", update_follows},
	{"export", export_follows}, {"create", create_follows}, {"values", values_follows},
	{"commit", alone},          {"rollback", alone},
};

bool sql_looks_like(const char *cell, size_t n, bool after_sql)
{
	struct sql_lexer l = sql_lexer_make(cell, n);
	struct sql_token first = sql_next_word(&l);
	struct sql_token second;

	while (sql_is_mark(&first, '(') || sql_is_mark(&first, ';'))
		first = sql_next_word(&l);
	second = sql_peek_word(&l);
	if (in_table(&first, &second))
		return true;
	for (size_t i = 0; i < sizeof(deeper) / sizeof(deeper[0]); i++)
		if (sql_is(&first, deeper[i].first))
			return deeper[i].follows(l, after_sql);
	return false;
}
