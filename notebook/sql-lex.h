/*
 * The words of SQL as Derby and Splice Machine read them: what is quoted,
 * what is a comment, what is a name.  Shared by everything that looks at a
 * statement's text; knows no grammar.  Works in place, allocates nothing.
 *
 * Comments in slash and star nest, on both servers (SQL 2003, 5.2, rule 10).
 */
#ifndef NOTEBOOK_SQL_LEX_H
#define NOTEBOOK_SQL_LEX_H

#include <stdbool.h>
#include <stddef.h>

enum sql_kind {
	SQL_END,
	SQL_SPACE,
	SQL_COMMENT, /* up to its newline, which is not part of it, or to the closing mark */
	SQL_HINT,    /* --splice-properties …, its newline included */
	SQL_WORD,    /* name or keyword without quotes */
	SQL_NAME,    /* "name" */
	SQL_STRING,  /* 'text' */
	SQL_NUMBER,
	SQL_MARK, /* one other byte */
};

struct sql_token {
	enum sql_kind kind;
	const char *p; /* within the text that is read */
	size_t n;
	bool open; /* the quote or comment never ends */
};

struct sql_lexer {
	const char *at;
	const char *end;
};

struct sql_lexer sql_lexer_make(const char *text, size_t n);
/* The next token; SQL_END (n = 0) once the text is used up. */
struct sql_token sql_next(struct sql_lexer *lexer);
/* The next token that is neither space nor comment; hints count as comments. */
struct sql_token sql_next_word(struct sql_lexer *lexer);
/* The same without going on. */
struct sql_token sql_peek_word(const struct sql_lexer *lexer);

/* An unquoted word, in any case.  `word` is lower case. */
bool sql_is(const struct sql_token *token, const char *word);
/* One of the words of a blank-separated list. */
bool sql_is_any(const struct sql_token *token, const char *words);
bool sql_is_mark(const struct sql_token *token, char mark);
/* SQL_WORD or SQL_NAME. */
bool sql_is_name(const struct sql_token *token);

/*
 * Go behind `words` (lower case, blank-separated), or behind NAME or
 * NAME.NAME, whose last part is *ret_last.  False, when something else comes:
 * the lexer stays where it is for words, and is of no use behind a name.
 */
bool sql_skip_words(struct sql_lexer *lexer, const char *words);
bool sql_skip_name(struct sql_lexer *lexer, struct sql_token *ret_last);

/*
 * What a token stands for: a name folded to upper case or its quotes taken
 * off, a string's contents, anything else as it is.  The caller frees; NULL
 * when out of memory.
 */
char *sql_text(const struct sql_token *token);
/* A name as SQL wants it: in double quotes, inner ones doubled.  The caller frees. */
char *sql_quote_name(const char *name);
/* The same for a string literal. */
char *sql_quote_string(const char *text);

#endif
