/* show tables, describe t and the like. */
#include "notebook/sql-listing.h"

#include "base/str.h"
#include "notebook/sql-lex.h"

#include <string.h>

/* In `call`, %s is the schema and then the table, as SQL expressions. */
static const struct kind {
	const char *word;
	const char *call;
	const char *columns;
	const char *any_schema; /* expression when no schema is named */
	bool takes_table;       /* names a table rather than a schema */
} kinds[] = {
	{"schemas", "call SYSIBM.SQLTABLES('', '', '', '', 'GETSCHEMAS=1')", "TABLE_SCHEM", "",
	 false},
	{"tables", "call SYSIBM.SQLTABLES('', %s, '%%', 'TABLE', 'DATATYPE=''ODBC''')",
	 "TABLE_SCHEM TABLE_NAME REMARKS", "'%'", false},
	{"views", "call SYSIBM.SQLTABLES('', %s, '%%', 'VIEW', 'DATATYPE=''ODBC''')",
	 "TABLE_SCHEM TABLE_NAME REMARKS", "'%'", false},
	{"synonyms", "call SYSIBM.SQLTABLES('', %s, '%%', 'SYNONYM', 'DATATYPE=''ODBC''')",
	 "TABLE_SCHEM TABLE_NAME REMARKS", "'%'", false},
	{"procedures", "call SYSIBM.SQLPROCEDURES('', %s, '%%', 'DATATYPE=''ODBC''')",
	 "PROCEDURE_SCHEM PROCEDURE_NAME REMARKS", "'%'", false},
	{"functions", "call SYSIBM.SQLFUNCTIONS('', %s, '%%', '')",
	 "FUNCTION_SCHEM FUNCTION_NAME REMARKS", "'%'", false},
	{"indexes", "call SYSIBM.SQLSTATISTICS('', %s, %s, 1, 1, 'DATATYPE=''ODBC''')",
	 "TABLE_NAME INDEX_NAME COLUMN_NAME ORDINAL_POSITION NON_UNIQUE TYPE ASC_OR_DESC",
	 "current schema", true},
	{"primarykeys", "call SYSIBM.SQLPRIMARYKEYS('', %s, %s, '')",
	 "TABLE_NAME COLUMN_NAME KEY_SEQ PK_NAME", "current schema", true},
	{"describe", "call SYSIBM.SQLCOLUMNS('', %s, %s, '%%', 'DATATYPE=''ODBC''')",
	 "COLUMN_NAME TYPE_NAME DECIMAL_DIGITS NUM_PREC_RADIX COLUMN_SIZE COLUMN_DEF "
	 "CHAR_OCTET_LENGTH IS_NULLABLE",
	 "current schema", true},
};

static const struct kind *find_kind(const struct sql_token *t)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (sql_is(t, kinds[i].word))
			return &kinds[i];
	return NULL;
}

static int usage(struct err *err)
{
	err_set(err, E_INPUT, "this is no listing that is known here");
	err_set_hint(
		err,
		"show schemas; show tables|views|synonyms|procedures|functions [in SCHEMA]; show indexes from [SCHEMA.]TABLE; show "
		"primarykeys from [SCHEMA.]TABLE; describe [SCHEMA.]TABLE");
	return E_INPUT;
}

/* Replace the %s of a call by the given expressions, %% by a percent sign. */
static char *fill(const char *call, const char *schema, const char *table)
{
	_cleanup_free_ char *text = NULL;
	const char *args[] = {schema, table};
	size_t next = 0;

	text = str_dup("");
	while (text && *call) {
		size_t n = strcspn(call, "%");
		const char *arg = call[n] == '\0' ? "" : call[n + 1] == 's' ? args[next++] : "%";
		char *longer = str_fmt("%s%.*s%s", text, (int)n, call, arg);

		free(text);
		text = longer;
		call += n + (call[n] ? 2 : 0);
	}
	return TAKE(text);
}

/* [SCHEMA.]TABLE, or SCHEMA alone for listings of a schema. */
static int names(const struct kind *kind, struct sql_lexer *l, struct sql_listing *out,
		 struct err *err)
{
	struct sql_token first = sql_next_word(l);
	struct sql_token dot = sql_peek_word(l);

	if (!sql_is_name(&first))
		return usage(err);
	if (kind->takes_table && sql_is_mark(&dot, '.')) {
		(void)sql_next_word(l);
		struct sql_token second = sql_next_word(l);

		if (!sql_is_name(&second))
			return usage(err);
		out->schema = sql_text(&first);
		out->table = sql_text(&second);
		return out->schema && out->table ? 0 : err_nomem(err);
	}
	if (kind->takes_table)
		out->table = sql_text(&first);
	else
		out->schema = sql_text(&first);
	return out->schema || out->table ? 0 : err_nomem(err);
}

static int parse(struct sql_lexer *l, const struct kind **ret_kind, struct sql_listing *out,
		 struct err *err)
{
	struct sql_token t = sql_next_word(l);
	const struct kind *kind;
	int r;

	if (sql_is(&t, "show"))
		t = sql_next_word(l);
	kind = find_kind(&t);
	if (!kind)
		return usage(err);
	*ret_kind = kind;
	t = sql_peek_word(l);
	if (t.kind == SQL_END)
		return kind->takes_table ? usage(err) : 0;
	if (sql_is_any(&t, "in from"))
		(void)sql_next_word(l);
	r = names(kind, l, out, err);
	if (r < 0)
		return r;
	return sql_next_word(l).kind == SQL_END ? 0 : usage(err);
}

int sql_listing_parse(const char *sql, size_t n, struct sql_listing *ret, struct err *err)
{
	struct sql_lexer l = sql_lexer_make(sql, n);
	struct sql_listing out = {0};
	const struct kind *kind = NULL;
	_cleanup_free_ char *schema = NULL;
	_cleanup_free_ char *table = NULL;
	int r = parse(&l, &kind, &out, err);

	if (r < 0) {
		sql_listing_release(&out);
		return r;
	}
	schema = out.schema ? sql_quote_string(out.schema) : str_dup(kind->any_schema);
	table = sql_quote_string(out.table ? out.table : "");
	out.call = schema && table ? fill(kind->call, schema, table) : NULL;
	if (!out.call) {
		sql_listing_release(&out);
		return err_nomem(err);
	}
	out.columns = kind->columns;
	*ret = out;
	return 0;
}

void sql_listing_release(struct sql_listing *l)
{
	free(l->call);
	free(l->schema);
	free(l->table);
	*l = (struct sql_listing){0};
}
