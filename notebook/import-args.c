/* Thirteen arguments: from SQL text to texts, from texts to a struct. */
#include "notebook/import-args.h"

#include "notebook/sql-lex.h"

#include <string.h>

enum { MAX_ARGS = 15 };

enum arg {
	ARG_SCHEMA,
	ARG_TABLE,
	ARG_COLUMNS,
	ARG_FILE,
	ARG_DELIMITER,
	ARG_QUOTE,
	ARG_TIMESTAMP,
	ARG_DATE,
	ARG_TIME,
	ARG_MAX_BAD,
	ARG_BAD_DIR,
	ARG_ONE_LINE,
	ARG_CHARSET,
};

static const char *const names[IMPORT_ARGS] = {
	"schemaName",      "tableName",          "insertColumnList",   "fileName",
	"columnDelimiter", "characterDelimiter", "timestampFormat",    "dateFormat",
	"timeFormat",      "maxBadRecords",      "badRecordDirectory", "oneLineRecords",
	"charset",
};

static int bad_arg(enum arg arg, const char *value, const char *what, struct err *err)
{
	return err_set(err, E_INPUT, "argument %d, %s: %s (given: %s%.80s%s)", (int)arg + 1,
		       names[arg], what, value ? "'" : "", value ? value : "null",
		       value ? "'" : "");
}

/* A name as the catalog holds it: quoted ones as they are, others in upper case. */
static char *catalog_name(const char *text)
{
	struct sql_lexer l = sql_lexer_make(text, strlen(text));
	struct sql_token t = sql_next_word(&l);
	char *name;

	if (t.kind == SQL_NAME && !t.open && sql_next_word(&l).kind == SQL_END)
		return sql_text(&t);
	name = str_dup(text);
	if (name)
		str_upper_ascii(name);
	return name;
}

static int set_name(char **dst, const char *text, struct err *err)
{
	if (!text)
		return 0;
	*dst = catalog_name(text);
	return *dst ? 0 : err_nomem(err);
}

/* Names between commas; inside double quotes a comma is part of the name. */
static int set_columns(struct strv *columns, const char *text, struct err *err)
{
	bool quoted = false;
	const char *from;

	if (!text || str_eq_ci(text, "null"))
		return 0;
	for (from = text;; text++) {
		quoted ^= *text == '"';
		if (*text && (*text != ',' || quoted))
			continue;
		_cleanup_free_ char *copy = str_ndup(from, (size_t)(text - from));
		char *name = copy ? str_trim(copy) : NULL;

		if (name && !*name)
			return bad_arg(ARG_COLUMNS, from, "a name is empty", err);
		if (strv_take(columns, name ? catalog_name(name) : NULL, err) < 0)
			return err ? err->code : E_NOMEM;
		if (!*text)
			return 0;
		from = text + 1;
	}
}

/* One character, or an escape for one that cannot be typed. */
static int set_character(char *dst, enum arg arg, const char *text, char fallback, bool may_be_none,
			 struct err *err)
{
	static const struct {
		const char *text;
		char c;
	} escapes[] = {{"\\t", '\t'}, {"\\u0001", 1}, {"\\001", 1},
		       {"\\x01", 1},  {"^A", 1},      {"\\u0009", '\t'}};

	*dst = fallback;
	if (!text)
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(escapes); i++)
		if (str_eq(text, escapes[i].text)) {
			*dst = escapes[i].c;
			return 0;
		}
	if (!*text && may_be_none) {
		*dst = '\0';
		return 0;
	}
	if (strlen(text) != 1 || (unsigned char)*text >= 0x80 || strchr("\\\r\n", *text))
		return bad_arg(arg, text,
			       "one character is expected, not a backslash; \\t is a tab", err);
	*dst = *text;
	return 0;
}

static int set_max_bad(struct import_args *a, const char *text, struct err *err)
{
	if (!text)
		return 0;
	if (str_parse_i64(text, &a->max_bad, NULL) < 0 || a->max_bad < -1)
		return bad_arg(ARG_MAX_BAD, text,
			       "the number of bad records allowed is expected, -1 for any", err);
	return 0;
}

static int set_one_line(struct import_args *a, const char *text, struct err *err)
{
	a->one_line = true;
	if (text && str_parse_bool(text, &a->one_line, NULL) < 0)
		return bad_arg(ARG_ONE_LINE, text, "true or false is expected", err);
	return 0;
}

static int set_all(const char *const v[IMPORT_ARGS], struct import_args *a, struct err *err)
{
	const struct {
		char **dst;
		enum arg arg;
	} texts[] = {
		{&a->file, ARG_FILE},        {&a->timestamp_format, ARG_TIMESTAMP},
		{&a->date_format, ARG_DATE}, {&a->time_format, ARG_TIME},
		{&a->bad_dir, ARG_BAD_DIR},  {&a->charset, ARG_CHARSET},
	};
	int r = 0;

	if (!v[ARG_TABLE] || !*v[ARG_TABLE])
		return bad_arg(ARG_TABLE, v[ARG_TABLE], "the name of a table is expected", err);
	if (!v[ARG_FILE] || !*v[ARG_FILE])
		return bad_arg(ARG_FILE, v[ARG_FILE], "a file or folder is expected", err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(texts); i++)
		r = str_replace(texts[i].dst, v[texts[i].arg], err);
	if (r == 0)
		r = set_name(&a->schema, v[ARG_SCHEMA], err);
	if (r == 0)
		r = set_name(&a->table, v[ARG_TABLE], err);
	if (r == 0)
		r = set_columns(&a->columns, v[ARG_COLUMNS], err);
	if (r == 0)
		r = set_character(&a->delimiter, ARG_DELIMITER, v[ARG_DELIMITER], ',', false, err);
	if (r == 0)
		r = set_character(&a->quote, ARG_QUOTE, v[ARG_QUOTE], '"', true, err);
	if (r == 0 && a->quote == a->delimiter)
		r = bad_arg(ARG_QUOTE, v[ARG_QUOTE], "it is the column delimiter as well", err);
	if (r == 0)
		r = set_max_bad(a, v[ARG_MAX_BAD], err);
	return r == 0 ? set_one_line(a, v[ARG_ONE_LINE], err) : r;
}

int import_args_set(const char *const values[IMPORT_ARGS], struct import_args *ret, struct err *err)
{
	struct import_args a = {0};
	int r = set_all(values, &a, err);

	if (r < 0) {
		import_args_release(&a);
		return r;
	}
	*ret = a;
	return 0;
}

/* null, 'text', [-]number, true or false. */
static int parse_value(struct sql_lexer *l, size_t number, char **ret, struct err *err)
{
	struct sql_token t = sql_next_word(l);
	const char *from = t.p;

	if (sql_is(&t, "null"))
		return 0;
	if (sql_is_mark(&t, '-') || sql_is_mark(&t, '+'))
		t = sql_next_word(l);
	if (t.kind == SQL_STRING)
		*ret = sql_text(&t);
	else if (t.kind == SQL_NUMBER || sql_is_any(&t, "true false"))
		*ret = str_ndup(from, (size_t)(t.p + t.n - from));
	else
		return err_set(err, E_INPUT,
			       "argument %zu%s%s: null, a text in quotes or a number is expected",
			       number + 1, number < IMPORT_ARGS ? ", " : "",
			       number < IMPORT_ARGS ? names[number] : "");
	return *ret ? 0 : err_nomem(err);
}

static int count_error(size_t n, struct err *err)
{
	err_set(err, E_INPUT, "%zu arguments are given, 13 are expected", n);
	err_set_hint(err, "schemaName, tableName, insertColumnList, fileName, columnDelimiter, "
			  "characterDelimiter, timestampFormat, dateFormat, timeFormat, "
			  "maxBadRecords, badRecordDirectory, oneLineRecords, charset");
	return E_INPUT;
}

/* The list behind the opening bracket; *ret_n values. */
static int parse_list(struct sql_lexer *l, char *values[MAX_ARGS], size_t *ret_n, struct err *err)
{
	for (size_t n = 0;;) {
		struct sql_token t;
		int r;

		if (n == MAX_ARGS)
			return count_error(n + 1, err);
		r = parse_value(l, n, &values[n], err);
		if (r < 0)
			return r;
		n++;
		t = sql_next_word(l);
		if (sql_is_mark(&t, ')')) {
			*ret_n = n;
			return 0;
		}
		if (!sql_is_mark(&t, ','))
			return err_set(err, E_INPUT, "a comma is expected behind argument %zu", n);
	}
}

static int parse_call(const char *sql, size_t n, char *values[MAX_ARGS], struct import_args *ret,
		      struct err *err)
{
	struct sql_lexer l = sql_lexer_make(sql, n);
	struct sql_token name = sql_next_word(&l);
	struct sql_token t = name;
	size_t n_values = 0;
	int r;

	while (!sql_is_mark(&t, '(')) {
		if (t.kind == SQL_END)
			return count_error(0, err);
		name = t;
		t = sql_next_word(&l);
	}
	r = parse_list(&l, values, &n_values, err);
	if (r < 0)
		return r;
	if (n_values != (sql_is(&name, "bulk_import_hfile") ? MAX_ARGS : IMPORT_ARGS))
		return count_error(n_values, err);
	r = import_args_set((const char *const *)values, ret, err);
	if (r == 0)
		ret->replace = sql_is(&name, "load_replace");
	return r;
}

int import_args_parse(const char *sql, size_t n, struct import_args *ret, struct err *err)
{
	char *values[MAX_ARGS] = {NULL};
	int r = parse_call(sql, n, values, ret, err);

	for (size_t i = 0; i < MAX_ARGS; i++)
		free(values[i]);
	return r;
}

void import_args_release(struct import_args *a)
{
	free(a->schema);
	free(a->table);
	strv_release(&a->columns);
	free(a->file);
	free(a->timestamp_format);
	free(a->date_format);
	free(a->time_format);
	free(a->bad_dir);
	free(a->charset);
	*a = (struct import_args){0};
}
