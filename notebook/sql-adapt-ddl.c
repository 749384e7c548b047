/* What Derby lacks of DROP and CREATE: if [not] exists, and tables filled by a query. */
#include "notebook/sql-adapt-int.h"

#include "base/str.h"

/* "Does not exist" of tables, views, indexes, triggers and schemas (seen on Derby 10.16). */
static const char states_absent[] = "42Y55 X0X05 42X65 42X94 42Y07";
/* "Already exists" of tables and views, and of everything else. */
static const char states_present[] = "X0Y32 X0Y68";

/* Cut words from `from` to `to`, with the blank behind them. */
static int cut(const struct sql_subject *s, struct sql_adapted *a, const char *from, const char *to,
	       struct err *err)
{
	if (to < s->sql + s->n && str_is_space(*to))
		to++;
	return sql_edits_add(&a->edits, sql_adapt_offset(s, from), (size_t)(to - from), "", 0, err);
}

/* drop KIND if exists NAME, or the words behind the name. */
int sql_adapt_drop(const struct sql_subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_lexer l = s->rest;
	struct sql_token first = sql_peek_word(&l);
	struct sql_token name;

	if (!sql_skip_words(&l, "if exists")) {
		if (!sql_skip_name(&l, &name))
			return 0;
		first = sql_peek_word(&l);
		if (!sql_skip_words(&l, "if exists"))
			return 0;
	}
	a->tolerate = states_absent;
	return cut(s, a, first.p, l.at, err);
}

int sql_adapt_create(const struct sql_subject *s, struct sql_adapted *a, struct err *err)
{
	struct sql_lexer l = s->rest;
	struct sql_token first = sql_peek_word(&l);

	if (!sql_skip_words(&l, "if not exists"))
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
static const char *query_end(const struct sql_subject *s, const char *query, bool *ret_no_data)
{
	struct sql_lexer l = sql_lexer_make(query, (size_t)(s->sql + s->n - query));
	const char *end = query;
	struct sql_token t;

	*ret_no_data = false;
	while ((t = sql_peek_word(&l)).kind != SQL_END) {
		struct sql_lexer tail = l;
		bool no_data = sql_skip_words(&tail, "with no data");

		if ((no_data || sql_skip_words(&tail, "with data")) &&
		    sql_peek_word(&tail).kind == SQL_END) {
			*ret_no_data = no_data;
			return end;
		}
		(void)sql_next_word(&l);
		end = l.at;
	}
	return end;
}

static void edits_releasep(struct sql_edits *e)
{
	sql_edits_release(e);
}

/* `insert into NAME QUERY`, adapted like any query. */
static int fill_statement(const struct sql_subject *s, const char *name, size_t name_len,
			  const char *query, size_t query_len, char **ret, struct err *err)
{
	_cleanup_(edits_releasep) struct sql_edits edits = {0};
	_cleanup_free_ char *adapted = NULL;
	int r = sql_adapt_query(s, query, query_len, &edits, err);

	if (r == 0)
		r = sql_edits_apply(&edits, query, query_len, &adapted, err);
	if (r < 0)
		return r;
	*ret = str_fmt("insert into %.*s %s", (int)name_len, name, adapted);
	return *ret ? 0 : err_nomem(err);
}

/* create table T [(columns)] as QUERY [with [no] data]: Derby makes it empty only. */
int sql_adapt_create_as(const struct sql_subject *s, struct sql_adapted *a, struct err *err)
{
	static const char no_data[] = ") with no data";
	struct sql_lexer l = s->rest;
	struct sql_token first, last;
	const char *query, *end;
	bool empty;
	int r;

	(void)sql_skip_words(&l, "if not exists");
	first = sql_peek_word(&l);
	if (!sql_skip_name(&l, &last) || !skip_columns(&l) || !sql_skip_words(&l, "as"))
		return 0;
	query = sql_peek_word(&l).p;
	end = query_end(s, query, &empty);
	if (empty)
		return 0;
	a->action = SQL_CREATE_AS;
	r = fill_statement(s, first.p, (size_t)(last.p + last.n - first.p), query,
			   (size_t)(end - query), &a->more, err);
	if (r == 0)
		r = sql_adapt_query(s, s->sql, s->n, &a->edits, err);
	/* In brackets a query may have ORDER BY and a limit.  Added last, so that it comes
	 * behind what the query gets at its end. */
	if (r == 0)
		r = sql_edits_add(&a->edits, sql_adapt_offset(s, query), 0, "(", 1, err);
	if (r == 0)
		r = sql_edits_add(&a->edits, sql_adapt_offset(s, end),
				  s->n - sql_adapt_offset(s, end), no_data, sizeof(no_data) - 1,
				  err);
	if (r == 0)
		r = sql_edits_apply(&a->edits, s->sql, s->n, &a->text, err);
	return r < 0 ? r : 1;
}
