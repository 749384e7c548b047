/* A glance at SQL. */
#include "protocol/drda/sqltext.h"

#include "base/str.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *word;
	enum sql_kind kind;
} first_words[] = {
	{"SELECT", SQL_QUERY},   {"VALUES", SQL_QUERY},  {"INSERT", SQL_UPDATE},
	{"UPDATE", SQL_UPDATE},  {"DELETE", SQL_UPDATE}, {"MERGE", SQL_UPDATE},
	{"CREATE", SQL_OTHER},   {"DROP", SQL_OTHER},    {"ALTER", SQL_OTHER},
	{"SET", SQL_OTHER},      {"GRANT", SQL_OTHER},   {"REVOKE", SQL_OTHER},
	{"RENAME", SQL_OTHER},   {"LOCK", SQL_OTHER},    {"DECLARE", SQL_OTHER},
	{"TRUNCATE", SQL_OTHER}, {"CALL", SQL_CALL},
};

/* Length of the comment at s in slash and star; such comments nest (SQL 2003, 5.2). */
static size_t block_length(const char *s, size_t n)
{
	size_t depth = 0, at = 0;

	while (at + 1 < n) {
		bool open = s[at] == '/' && s[at + 1] == '*';
		bool close = s[at] == '*' && s[at + 1] == '/';

		at += open || close ? 2 : 1;
		depth = depth + open - close;
		if (depth == 0)
			return at;
	}
	return n;
}

/* Length of the comment or the quoted text at s, 0 when there is none. */
static size_t skip_length(const char *s, size_t n)
{
	const char *end = NULL;

	if (n == 0)
		return 0;
	if (*s == '\'' || *s == '"') {
		end = memchr(s + 1, *s, n - 1);
	} else if (n >= 2 && s[0] == '-' && s[1] == '-') {
		end = memchr(s, '\n', n);
	} else if (n >= 2 && s[0] == '/' && s[1] == '*') {
		return block_length(s, n);
	} else {
		return 0;
	}
	return end ? (size_t)(end - s) + 1 : n;
}

/* Where the first word begins: behind space, comments and opening brackets. */
static size_t first_word(const char *sql, size_t n)
{
	size_t at = 0;

	while (at < n) {
		size_t skip = 0;

		if (sql[at] == '-' || sql[at] == '/')
			skip = skip_length(sql + at, n - at);
		if (skip == 0 && !str_is_space(sql[at]) && sql[at] != '(')
			break;
		at += skip ? skip : 1;
	}
	return at;
}

enum sql_kind sqltext_kind(const char *sql, size_t n)
{
	size_t at = first_word(sql, n), len = 0;

	while (at + len < n && str_is_word(sql[at + len]))
		len++;
	for (size_t i = 0; i < ARRAY_LEN(first_words); i++)
		if (strlen(first_words[i].word) == len &&
		    strncasecmp(sql + at, first_words[i].word, len) == 0)
			return first_words[i].kind;
	return SQL_UNKNOWN;
}

size_t sqltext_markers(const char *sql, size_t n)
{
	size_t markers = 0;

	for (size_t at = 0; at < n;) {
		size_t skip = skip_length(sql + at, n - at);

		if (skip == 0 && sql[at] == '?')
			markers++;
		at += skip ? skip : 1;
	}
	return markers;
}
