/* One pass over a statement with a stack of open brackets, each of which may hold a query. */
#include "notebook/sql-query.h"

#include "notebook/sql-lex.h"

#include <stdbool.h>
#include <string.h>

/* Deeper brackets are beyond what the servers' parsers take. */
enum { MAX_DEPTH = 1000 };

static const char dummy_from[] = " from sysibm.sysdummy1";

struct scope {
	const char *end;      /* behind the last word of this scope so far */
	struct sql_token top; /* the n of TOP n; n = 0 when there is none */
	bool select;          /* within a select, before its FROM */
	bool set_operation;   /* a UNION, EXCEPT or INTERSECT was seen */
	bool escape;          /* opened by a brace */
};

struct editor {
	const char *sql;
	unsigned what;
	struct sql_edits *edits;
	struct sql_lexer lexer;
	struct scope *scopes;
	size_t depth; /* open scopes; the statement itself is one */
	size_t cap;
};

static int put(struct editor *e, const char *at, size_t cut, const char *text, size_t n,
	       struct err *err)
{
	return sql_edits_add(e->edits, (size_t)(at - e->sql), cut, text, n, err);
}

static int put_text(struct editor *e, const char *at, const char *text, struct err *err)
{
	return put(e, at, 0, text, strlen(text), err);
}

/* The select list ends here without a FROM. */
static int end_list(struct editor *e, struct scope *s, struct err *err)
{
	if (!s->select)
		return 0;
	s->select = false;
	return e->what & SQL_QUERY_FROM ? put_text(e, s->end, dummy_from, err) : 0;
}

/* The query ends here, but for words such as FOR UPDATE. */
static int end_query(struct editor *e, struct scope *s, struct err *err)
{
	int r = end_list(e, s, err);

	if (r < 0 || !s->top.n)
		return r;
	r = put_text(e, s->end, " fetch first ", err);
	if (r == 0)
		r = put(e, s->end, 0, s->top.p, s->top.n, err);
	if (r == 0)
		r = put_text(e, s->end, " rows only", err);
	s->top.n = 0;
	return r;
}

static int open_scope(struct editor *e, bool escape, struct err *err)
{
	if (e->depth == MAX_DEPTH)
		return err_set(err, E_TOOBIG, "more than %d brackets within each other", MAX_DEPTH);
	if (e->depth == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 16;
		struct scope *scopes = realloc(e->scopes, cap * sizeof(*scopes));

		if (!scopes)
			return err_nomem(err);
		e->scopes = scopes;
		e->cap = cap;
	}
	e->scopes[e->depth++] = (struct scope){.end = e->lexer.at, .escape = escape};
	return 0;
}

static struct scope *inner(struct editor *e)
{
	return &e->scopes[e->depth - 1];
}

/* A closing bracket too many is the server's to complain about. */
static int close_scope(struct editor *e, struct err *err)
{
	int r = end_query(e, inner(e), err);

	if (e->depth > 1)
		e->depth--;
	return r;
}

static bool is_count(const struct sql_token *t)
{
	return t->kind == SQL_NUMBER || sql_is_mark(t, '?');
}

/* TOP n behind SELECT [DISTINCT | ALL]; a column may be called top. */
static int begin_select(struct editor *e, struct scope *s, struct err *err)
{
	struct sql_lexer l = e->lexer;
	struct sql_token top = sql_next_word(&l);
	struct sql_token count;

	s->select = true;
	if (sql_is_any(&top, "distinct all"))
		top = sql_next_word(&l);
	count = sql_next_word(&l);
	if (!(e->what & SQL_QUERY_TOP) || !sql_is(&top, "top") || !is_count(&count))
		return 0;
	if (s->set_operation)
		return err_set(err, E_UNSUPPORTED,
			       "Derby has no TOP in one part of a UNION; on Splice this runs");
	s->top = count;
	/* The blank behind goes too, so that no two are left. */
	return put(e, top.p, (size_t)(l.at - top.p) + (l.at < l.end && *l.at == ' '), "", 0, err);
}

static int set_operation(struct editor *e, struct scope *s, struct err *err)
{
	if (s->top.n)
		return err_set(err, E_UNSUPPORTED,
			       "Derby has no TOP in one part of a UNION; on Splice this runs");
	s->set_operation = true;
	return end_list(e, s, err);
}

/* LIMIT n [OFFSET m], which no other use of the name `limit` looks like. */
static int limit(struct editor *e, struct scope *s, const struct sql_token *t, struct err *err)
{
	struct sql_lexer l = e->lexer;
	struct sql_token count = sql_next_word(&l);
	struct sql_lexer behind = l;
	struct sql_token offset = sql_next_word(&l);
	int r;

	if (!is_count(&count) || s->escape || !(e->what & SQL_QUERY_LIMIT))
		return 0;
	r = end_list(e, s, err);
	if (sql_is(&offset, "offset")) {
		struct sql_token m = sql_next_word(&l);

		if (is_count(&m))
			behind = l;
	}
	if (r == 0)
		r = put_text(e, t->p, "{", err);
	if (r == 0)
		r = put_text(e, behind.at, "}", err);
	e->lexer = behind;
	s->end = behind.at;
	return r;
}

static int word(struct editor *e, struct scope *s, const struct sql_token *t, struct err *err)
{
	if (sql_is(t, "select"))
		return begin_select(e, s, err);
	if (sql_is(t, "from")) {
		s->select = false;
		return 0;
	}
	if (sql_is(t, "limit"))
		return limit(e, s, t, err);
	if (sql_is_any(t, "union except intersect"))
		return set_operation(e, s, err);
	if (sql_is_any(t, "where group having order fetch"))
		return end_list(e, s, err);
	if (sql_is(t, "offset")) {
		struct sql_token count = sql_peek_word(&e->lexer);

		return is_count(&count) ? end_list(e, s, err) : 0;
	}
	if (sql_is_any(t, "for with"))
		return end_query(e, s, err);
	return 0;
}

static int mark(struct editor *e, const struct sql_token *t, struct err *err)
{
	struct scope *s = inner(e);
	struct sql_token next = sql_peek_word(&e->lexer);
	int r = 0;

	switch (*t->p) {
	case '{':
		if (sql_is(&next, "limit"))
			r = end_list(e, s, err);
		return r < 0 ? r : open_scope(e, /* escape= */ true, err);
	case '(':
		return open_scope(e, /* escape= */ false, err);
	case ')':
	case '}':
		return close_scope(e, err);
	default:
		return 0;
	}
}

int sql_query_edit(const char *sql, size_t n, unsigned what, struct sql_edits *edits,
		   struct err *err)
{
	struct editor e = {.sql = sql, .what = what, .edits = edits};
	struct sql_token t;
	int r;

	e.lexer = sql_lexer_make(sql, n);
	r = open_scope(&e, /* escape= */ false, err);
	while (r == 0 && (t = sql_next_word(&e.lexer)).kind != SQL_END) {
		if (t.kind == SQL_WORD)
			r = word(&e, inner(&e), &t, err);
		else if (t.kind == SQL_MARK)
			r = mark(&e, &t, err);
		if (r == 0)
			inner(&e)->end = e.lexer.at;
	}
	if (r == 0 && e.depth == 1)
		r = end_query(&e, inner(&e), err);
	free(e.scopes);
	return r;
}
