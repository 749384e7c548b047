/* A lexer for the parts of SQL that matter outside a server; no grammar. */
#include "notebook/sql-lex.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/str.h"

#include <string.h>
#include <strings.h>

static const char hint_word[] = "splice-properties";

struct sql_lexer sql_lexer_make(const char *text, size_t n)
{
	return (struct sql_lexer){text, text + n};
}

static size_t left(const struct sql_lexer *l)
{
	return (size_t)(l->end - l->at);
}

/* Byte i behind the place of the lexer; 0 past the end. */
static char ahead(const struct sql_lexer *l, size_t i)
{
	return i < left(l) ? l->at[i] : '\0';
}

static size_t scan_space(const struct sql_lexer *l)
{
	size_t i = 0;

	while (i < left(l) && str_is_space(l->at[i]))
		i++;
	return i;
}

/* Up to the newline; memchr keeps a long comment cheap. */
static size_t scan_line(const struct sql_lexer *l)
{
	const char *newline = memchr(l->at, '\n', left(l));

	return newline ? (size_t)(newline - l->at) : left(l);
}

static bool is_hint(const struct sql_lexer *l)
{
	size_t i = 2;

	while (ahead(l, i) == ' ' || ahead(l, i) == '\t')
		i++;
	return left(l) - i >= sizeof(hint_word) - 1 &&
	       strncasecmp(l->at + i, hint_word, sizeof(hint_word) - 1) == 0;
}

static size_t scan_block(const struct sql_lexer *l, bool *ret_open)
{
	size_t depth = 0;
	size_t i = 0;

	while (i < left(l)) {
		if (ahead(l, i) == '/' && ahead(l, i + 1) == '*') {
			depth++;
			i += 2;
		} else if (ahead(l, i) == '*' && ahead(l, i + 1) == '/') {
			i += 2;
			if (--depth == 0)
				return i;
		} else {
			i++;
		}
	}
	*ret_open = true;
	return left(l);
}

/* A doubled quote is one of the contents. */
static size_t scan_quoted(const struct sql_lexer *l, bool *ret_open)
{
	char quote = *l->at;
	size_t i = 1;

	for (;;) {
		const char *close = i < left(l) ? memchr(l->at + i, quote, left(l) - i) : NULL;

		if (!close) {
			*ret_open = true;
			return left(l);
		}
		i = (size_t)(close - l->at) + 1;
		if (ahead(l, i) != quote)
			return i;
		i++;
	}
}

static size_t scan_digits(const struct sql_lexer *l, size_t i)
{
	while (str_is_digit(ahead(l, i)))
		i++;
	return i;
}

static size_t scan_number(const struct sql_lexer *l)
{
	size_t i = scan_digits(l, 0);

	if (ahead(l, i) == '.')
		i = scan_digits(l, i + 1);
	if (ahead(l, i) == 'e' || ahead(l, i) == 'E') {
		size_t sign = ahead(l, i + 1) == '+' || ahead(l, i + 1) == '-';

		if (str_is_digit(ahead(l, i + 1 + sign)))
			i = scan_digits(l, i + 1 + sign);
	}
	return i;
}

static size_t scan_word(const struct sql_lexer *l)
{
	size_t i = 0;

	while (str_is_word(ahead(l, i)) || ahead(l, i) == '$')
		i++;
	return i;
}

static struct sql_token scan_comment(const struct sql_lexer *l)
{
	struct sql_token t = {SQL_COMMENT, l->at, scan_line(l), false};

	if (is_hint(l)) {
		t.kind = SQL_HINT;
		t.n += t.n < left(l);
	}
	return t;
}

struct sql_token sql_next(struct sql_lexer *l)
{
	struct sql_token t = {SQL_END, l->at, 0, false};
	char c = ahead(l, 0);

	if (l->at == l->end)
		return t;
	if (str_is_space(c)) {
		t.kind = SQL_SPACE;
		t.n = scan_space(l);
	} else if (c == '-' && ahead(l, 1) == '-') {
		t = scan_comment(l);
	} else if (c == '/' && ahead(l, 1) == '*') {
		t.kind = SQL_COMMENT;
		t.n = scan_block(l, &t.open);
	} else if (c == '\'' || c == '"') {
		t.kind = c == '"' ? SQL_NAME : SQL_STRING;
		t.n = scan_quoted(l, &t.open);
	} else if (str_is_digit(c) || (c == '.' && str_is_digit(ahead(l, 1)))) {
		t.kind = SQL_NUMBER;
		t.n = scan_number(l);
	} else if (str_is_word(c)) {
		t.kind = SQL_WORD;
		t.n = scan_word(l);
	} else {
		t.kind = SQL_MARK;
		t.n = 1;
	}
	l->at += t.n;
	return t;
}

struct sql_token sql_next_word(struct sql_lexer *l)
{
	for (;;) {
		struct sql_token t = sql_next(l);

		if (t.kind != SQL_SPACE && t.kind != SQL_COMMENT && t.kind != SQL_HINT)
			return t;
	}
}

struct sql_token sql_peek_word(const struct sql_lexer *l)
{
	struct sql_lexer copy = *l;

	return sql_next_word(&copy);
}

bool sql_is(const struct sql_token *t, const char *word)
{
	return t->kind == SQL_WORD && strlen(word) == t->n && strncasecmp(t->p, word, t->n) == 0;
}

bool sql_is_any(const struct sql_token *t, const char *words)
{
	if (t->kind != SQL_WORD)
		return false;
	for (const char *w = words; *w;) {
		size_t n = strcspn(w, " ");

		if (n == t->n && strncasecmp(t->p, w, n) == 0)
			return true;
		w += n + (w[n] == ' ');
	}
	return false;
}

bool sql_is_mark(const struct sql_token *t, char mark)
{
	return t->kind == SQL_MARK && *t->p == mark;
}

bool sql_is_name(const struct sql_token *t)
{
	return t->kind == SQL_WORD || t->kind == SQL_NAME;
}

bool sql_skip_words(struct sql_lexer *l, const char *words)
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

bool sql_skip_name(struct sql_lexer *l, struct sql_token *ret_last)
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

/* The contents between the quotes, doubled ones made single. */
static char *unquoted(const char *p, size_t n, bool open)
{
	char quote = *p;
	char *text = str_ndup(p + 1, n - 1 - !open);
	char *to = text;

	if (!text)
		return NULL;
	for (const char *from = text; *from; from++) {
		*to++ = *from;
		if (*from == quote && from[1] == quote)
			from++;
	}
	*to = '\0';
	return text;
}

char *sql_text(const struct sql_token *t)
{
	char *text;

	if (t->kind == SQL_NAME || t->kind == SQL_STRING)
		return unquoted(t->p, t->n, t->open);
	text = str_ndup(t->p, t->n);
	if (text && t->kind == SQL_WORD)
		str_upper_ascii(text);
	return text;
}

static char *quoted(const char *text, char quote)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, LIMIT_SQL_TEXT);
	buf_put_u8(&b, (unsigned char)quote);
	for (; *text; text++) {
		if (*text == quote)
			buf_put_u8(&b, (unsigned char)quote);
		buf_put_u8(&b, (unsigned char)*text);
	}
	buf_put_u8(&b, (unsigned char)quote);
	return buf_take_str(&b);
}

char *sql_quote_name(const char *name)
{
	return quoted(name, '"');
}

char *sql_quote_string(const char *text)
{
	return quoted(text, '\'');
}
