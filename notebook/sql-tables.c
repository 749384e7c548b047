/* Names behind FROM and JOIN. */
#include "notebook/sql-tables.h"

#include "base/buf.h"
#include "base/limits.h"
#include "notebook/sql-lex.h"

#include <string.h>

enum { DEPTH_MAX = 100 }; /* parentheses within parentheses that are looked into */

/* What is known between two parentheses. */
struct level {
	bool select;  /* SELECT was there: FROM belongs to it */
	bool in_from; /* a comma leads to another table */
	bool expect;  /* a table comes next */
};

struct scan {
	struct sql_lexer lexer;
	struct level levels[DEPTH_MAX];
	size_t depth;             /* may exceed DEPTH_MAX */
	struct sql_token last[2]; /* the words before this one, the nearest first */
	bool with;                /* WITH was there */
	struct strv *names;       /* borrowed */
	struct strv defined;      /* by WITH; owned */
};

static struct level *here(struct scan *s)
{
	return &s->levels[s->depth < DEPTH_MAX ? s->depth : DEPTH_MAX - 1];
}

static bool has(const struct strv *names, const char *name)
{
	for (size_t i = 0; i < names->len; i++)
		if (str_eq_ci(names->items[i], name))
			return true;
	return false;
}

/* `first` and what follows it after dots. */
static char *whole_name(struct sql_lexer *l, struct sql_token first)
{
	_cleanup_buf_ struct buf b;
	struct sql_token dot = sql_peek_word(l);

	buf_init(&b, LIMIT_SQL_TEXT);
	buf_put(&b, first.p, first.n);
	while (sql_is_mark(&dot, '.')) {
		(void)sql_next_word(l);
		first = sql_next_word(l);
		if (!sql_is_name(&first))
			break;
		buf_put_u8(&b, '.');
		buf_put(&b, first.p, first.n);
		dot = sql_peek_word(l);
	}
	return buf_take_str(&b);
}

static int add_table(struct scan *s, struct sql_token first, struct err *err)
{
	_cleanup_free_ char *name = whole_name(&s->lexer, first);
	struct sql_token next = sql_peek_word(&s->lexer);

	if (!name)
		return err_nomem(err);
	if (sql_is_mark(&next, '(') || has(s->names, name))
		return 0;
	return strv_take(s->names, TAKE(name), err);
}

/* NAME AS (SELECT … behind WITH. */
static int add_defined(struct scan *s, const struct sql_token *next, struct err *err)
{
	char *name;

	if (!s->with || !sql_is(&s->last[0], "as") || !sql_is_name(&s->last[1]) ||
	    !sql_is_any(next, "select with values"))
		return 0;
	name = str_ndup(s->last[1].p, s->last[1].n);
	return strv_take(&s->defined, name, err);
}

/* A derived table, a join in parentheses, or anything else. */
static int open_parenthesis(struct scan *s, struct err *err)
{
	struct sql_token next = sql_peek_word(&s->lexer);
	struct level *outer = here(s);
	bool joins = outer->expect && !sql_is_any(&next, "select values with");

	outer->expect = false;
	s->depth++;
	*here(s) = (struct level){.select = joins, .in_from = joins, .expect = joins};
	return add_defined(s, &next, err);
}

static void keyword(struct scan *s, const struct sql_token *t)
{
	struct level *l = here(s);

	if (sql_is(t, "with"))
		s->with = true;
	else if (sql_is(t, "select"))
		*l = (struct level){.select = true};
	else if (sql_is(t, "from"))
		/* a IS DISTINCT FROM b */
		l->in_from = l->expect = l->select && !sql_is(&s->last[0], "distinct");
	else if (sql_is(t, "on") && !l->in_from)
		l->select = false; /* REVOKE SELECT ON a FROM b */
	else if (sql_is(t, "join"))
		l->expect = l->select;
	else if (sql_is_any(t, "where group having order union except intersect"))
		l->in_from = l->expect = false;
}

static int take_mark(struct scan *s, const struct sql_token *t, struct err *err)
{
	if (sql_is_mark(t, '('))
		return open_parenthesis(s, err);
	if (sql_is_mark(t, ')') && s->depth)
		s->depth--;
	else if (sql_is_mark(t, ','))
		here(s)->expect = here(s)->in_from;
	return 0;
}

static int take(struct scan *s, const struct sql_token *t, struct err *err)
{
	if (t->kind == SQL_MARK)
		return take_mark(s, t, err);
	if (!here(s)->expect || !sql_is_name(t) || sql_is(t, "lateral")) {
		keyword(s, t);
		return 0;
	}
	here(s)->expect = false;
	return add_table(s, *t, err);
}

static int drop_defined(struct strv *names, const struct strv *defined, struct err *err)
{
	_cleanup_strv_ struct strv left = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < names->len; i++)
		if (!has(defined, names->items[i]))
			r = strv_add(&left, names->items[i], err);
	if (r < 0)
		return r;
	strv_release(names);
	*names = left;
	left = (struct strv){0};
	return 0;
}

int sql_tables(const char *sql, size_t n, struct strv *ret, struct err *err)
{
	_cleanup_strv_ struct strv names = {0};
	struct scan s = {.lexer = sql_lexer_make(sql, n), .names = &names};
	struct sql_token t;
	int r = 0;

	while (r == 0 && (t = sql_next_word(&s.lexer)).kind != SQL_END) {
		r = take(&s, &t, err);
		s.last[1] = s.last[0];
		s.last[0] = t;
	}
	if (r == 0)
		r = drop_defined(&names, &s.defined, err);
	strv_release(&s.defined);
	for (size_t i = 0; r == 0 && i < names.len; i++)
		if (!strv_has(ret, names.items[i]))
			r = strv_add(ret, names.items[i], err);
	return r;
}
