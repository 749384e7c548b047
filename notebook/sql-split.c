/* Statements of a cell and where each of them stands. */
#include "notebook/sql-split.h"

#include "base/str.h"
#include "notebook/sql-lex.h"

#include <string.h>

/*
 * How far a statement is known to be `create trigger … begin atomic …; end`,
 * whose semicolons end no statement (Splice Machine has it, Derby has not).
 */
enum body {
	BODY_START,   /* before the first word */
	BODY_CREATE,  /* behind CREATE */
	BODY_TRIGGER, /* of a trigger, and BEGIN was not the last word */
	BODY_BEGIN,   /* behind BEGIN */
	BODY_NONE,    /* another statement */
};

struct splitter {
	struct sql_statements out;
	size_t cap;
	const char *counted; /* line and column are those of this place */
	int line;
	int column;
	const char *first;      /* first word of the statement being read; NULL before it */
	const char *last;       /* behind its last word */
	struct sql_token brace; /* outermost open brace */
	size_t depth;
	enum body body;
	struct sql_token block; /* the BEGIN of a trigger's body */
	size_t block_depth;     /* of it, and of the CASEs within it */
};

/* Count lines and columns up to `to`; each byte is looked at once over the whole text. */
static void count_to(struct splitter *s, const char *to)
{
	const char *newline;

	while ((newline = memchr(s->counted, '\n', (size_t)(to - s->counted)))) {
		s->line++;
		s->column = 1;
		s->counted = newline + 1;
	}
	s->column += (int)utf8_count(s->counted, (size_t)(to - s->counted));
	s->counted = to;
}

static int unclosed(struct splitter *s, const struct sql_token *t, struct err *err)
{
	static const struct {
		const char *what;
		const char *close;
	} words[] = {
		[SQL_COMMENT] = {"a comment", "*/"},   [SQL_NAME] = {"a quoted name", "\""},
		[SQL_STRING] = {"a quoted text", "'"}, [SQL_MARK] = {"a brace", "}"},
		[SQL_WORD] = {"BEGIN ATOMIC", "END"},
	};

	count_to(s, t->p);
	err_set(err, E_INPUT, "line %d, column %d: %s begins and never ends", s->line, s->column,
		words[t->kind].what);
	err_set_name(err, "42X02"); /* a lexical error, as the servers call it */
	err_set_hint(err, "Close it with %s. Nothing of this cell was run.", words[t->kind].close);
	return E_INPUT;
}

static int add(struct splitter *s, struct err *err)
{
	if (!s->first)
		return 0;
	if (s->out.len == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 8;
		struct sql_statement *items = realloc(s->out.items, cap * sizeof(*items));

		if (!items)
			return err_nomem(err);
		s->out.items = items;
		s->cap = cap;
	}
	count_to(s, s->first);
	s->out.items[s->out.len++] =
		(struct sql_statement){s->first, (size_t)(s->last - s->first), s->line, s->column};
	s->first = NULL;
	s->body = BODY_START;
	return 0;
}

static void count_brace(struct splitter *s, const struct sql_token *t)
{
	if (sql_is_mark(t, '{') && s->depth++ == 0)
		s->brace = *t;
	else if (sql_is_mark(t, '}') && s->depth > 0)
		s->depth--;
}

/* Within a trigger's body, whose END is not that of a CASE. */
static void count_block(struct splitter *s, const struct sql_token *t)
{
	if (sql_is(t, "case"))
		s->block_depth++;
	else if (sql_is(t, "end"))
		s->block_depth--;
}

static void follow_body(struct splitter *s, const struct sql_token *t)
{
	if (s->block_depth > 0) {
		count_block(s, t);
	} else if (s->body == BODY_START) {
		s->body = sql_is(t, "create") ? BODY_CREATE : BODY_NONE;
	} else if (s->body == BODY_CREATE) {
		s->body = sql_is(t, "trigger") ? BODY_TRIGGER : BODY_NONE;
	} else if (s->body == BODY_TRIGGER && sql_is(t, "begin")) {
		s->body = BODY_BEGIN;
		s->block = *t;
	} else if (s->body == BODY_BEGIN) {
		s->body = BODY_TRIGGER;
		s->block_depth = sql_is(t, "atomic");
	}
}

static int take_token(struct splitter *s, const struct sql_token *t, struct err *err)
{
	if (t->open)
		return unclosed(s, t, err);
	if (t->kind == SQL_SPACE || t->kind == SQL_COMMENT)
		return 0;
	if (sql_is_mark(t, ';') && s->depth == 0 && s->block_depth == 0)
		return add(s, err);
	count_brace(s, t);
	if (t->kind != SQL_HINT)
		follow_body(s, t);
	if (!s->first)
		s->first = t->p;
	s->last = t->p + t->n;
	return 0;
}

int sql_split(const char *text, size_t n, int line, struct sql_statements *ret, struct err *err)
{
	struct splitter s = {.counted = text, .line = line, .column = 1};
	struct sql_lexer lexer = sql_lexer_make(text, n);
	struct sql_token t;
	int r = 0;

	while (r == 0 && (t = sql_next(&lexer)).kind != SQL_END)
		r = take_token(&s, &t, err);
	if (r == 0 && s.depth > 0)
		r = unclosed(&s, &s.brace, err);
	if (r == 0 && s.block_depth > 0)
		r = unclosed(&s, &s.block, err);
	if (r == 0)
		r = add(&s, err);
	if (r < 0) {
		sql_statements_release(&s.out);
		return r;
	}
	*ret = s.out;
	return 0;
}

void sql_statements_release(struct sql_statements *s)
{
	free(s->items);
	*s = (struct sql_statements){0};
}
