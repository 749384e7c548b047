/* Statements described by their first words. */
#include "magics/splicemachine/words.h"

#include "magics/splicemachine/show.h"
#include "notebook/sql-lex.h"

#include <inttypes.h>
#include <string.h>

/* First word of the statement, and what is said of the rows it changed. */
static const struct {
	const char *first;
	const char *done;
} counted[] = {
	{"insert", "inserted"},
	{"update", "updated"},
	{"delete", "deleted"},
	{"merge", "merged"},
};

/* First word, and what is said of the object it names. */
static const struct {
	const char *first;
	const char *done;
} named[] = {
	{"create", "created"},   {"drop", "dropped"},     {"alter", "altered"},
	{"truncate", "emptied"}, {"declare", "declared"},
};

/* Words between the first and the name that do not tell the kind of object. */
static const char fillers[] = "unique global local temporary external or replace if not exists";
static const char object_kinds[] = "table view schema index sequence procedure function trigger "
				   "synonym role type aggregate";

static char *name_text(struct sql_lexer *l, const struct sql_token *first)
{
	struct sql_token dot = sql_peek_word(l);
	_cleanup_free_ char *name = sql_text(first);
	_cleanup_free_ char *second = NULL;

	if (!sql_is_mark(&dot, '.'))
		return TAKE(name);
	(void)sql_next_word(l);
	struct sql_token t = sql_next_word(l);

	second = sql_text(&t);
	return name && second ? str_fmt("%s.%s", name, second) : NULL;
}

/* "table S.T" of `create table s.t …`; NULL when it is something else. */
static char *object_text(struct sql_lexer *l)
{
	struct sql_token t = sql_next_word(l);
	struct sql_token kind;
	_cleanup_free_ char *name = NULL;

	while (sql_is_any(&t, fillers))
		t = sql_next_word(l);
	kind = t;
	if (!sql_is_any(&kind, object_kinds))
		return NULL;
	do {
		t = sql_next_word(l);
	} while (sql_is_any(&t, fillers));
	if (!sql_is_name(&t))
		return NULL;
	name = name_text(l, &t);
	return name ? str_fmt("%.*s %s", (int)kind.n, kind.p, name) : NULL;
}

/* 1234567 as "1,234,567". */
static void group_digits(char dst[32], int64_t n)
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRId64, n);
	char *to = dst;

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
}

static bool say_count(struct sql_run *run, const struct sql_token *first, int64_t count)
{
	char number[32];

	group_digits(number, count);
	for (size_t i = 0; i < ARRAY_LEN(counted); i++)
		if (sql_is(first, counted[i].first)) {
			show_line(run, "%s %s %s", number, count == 1 ? "row" : "rows",
				  counted[i].done);
			return true;
		}
	return false;
}

void words_done(struct sql_run *run, const struct sql_statement *st, int64_t count)
{
	struct sql_lexer l = sql_lexer_make(st->text, st->n);
	struct sql_token first = sql_next_word(&l);
	_cleanup_free_ char *object = NULL;

	if (count >= 0 && say_count(run, &first, count))
		return;
	for (size_t i = 0; i < ARRAY_LEN(named); i++)
		if (sql_is(&first, named[i].first)) {
			object = object_text(&l);
			show_line(run, "%s%s%s", object ? object : "", object ? " " : "",
				  named[i].done);
			return;
		}
	show_line(run, "%.*s done", (int)first.n, first.p);
}
