/* What can be said about a server's error beyond its message: a hint, and where it is. */
#include "notebook/sql-adapt.h"

#include "base/str.h"
#include "notebook/sql-lex.h"

#include <string.h>

enum {
	DERBY = 1u << DB_SERVER_DERBY,
	SPLICE = 1u << DB_SERVER_SPLICE,
	BOTH = DERBY | SPLICE,
};

/* The first entry that fits is shown: server, SQLSTATE, and a word of the statement. */
static const struct hint {
	unsigned servers;
	const char *states;
	const char *words; /* one of these stands in the statement; "" for any statement */
	const char *text;
} hints[] = {
	{DERBY, "42X01 42X94", "text", "Derby has no TEXT type; VARCHAR(n) and CLOB work on both."},
	{DERBY, "42X01 42X94", "tinyint", "Derby has no TINYINT; SMALLINT works on both."},
	{DERBY, "42X48", "decimal numeric", "Derby's DECIMAL has 31 digits at most, Splice's 38."},
	{DERBY, "0A000 42X01", "row_number over",
	 "Derby numbers rows with row_number() over () only; on Splice windows with order by and "
	 "partition by run."},
	{DERBY, "42X01", "merge",
	 "Derby merges from a table, not from a query; put the rows into a table first."},
	{DERBY, "42X01", "atomic",
	 "Derby's triggers do one statement, without BEGIN ATOMIC … END; on Splice this runs."},
	{DERBY, "42Y03", "syscs_import_data",
	 "Derby's own takes 10 arguments; SYSCS_UTIL.IMPORT_DATA with its 13 works on both."},
	{DERBY, "42Y03", "to_date", "Derby has no to_date; date('2026-01-31') works on both."},
	{DERBY, "42Y03", "trunc regexp_like", "Derby has no such function; on Splice this runs."},
	{DERBY, "42Y03",
	 "syscs_get_version_info syscs_get_session_info syscs_get_active_servers "
	 "syscs_get_schema_info syscs_get_running_operations syscs_kill_operation "
	 "collect_schema_statistics collect_table_statistics vacuum show_create_table "
	 "syscs_perform_major_compaction_on_table syscs_perform_major_compaction_on_schema "
	 "list_directory snapshot_table snapshot_schema syscs_split_table",
	 "Derby has no such procedure; on Splice this runs."},
	{DERBY, "42846", "",
	 "Derby converts nothing by itself here; write cast(… as VARCHAR(20))."},
	{DERBY, "42909", "create", "Derby wants a name for each expression: count(*) as n."},
	{DERBY, "42939", "create", "SYS schemas belong to the server; use a schema of your own."},
	{DERBY, "3B002", "",
	 "Derby holds one savepoint at a time; release yours, or commit, before this."},
	{SPLICE, "42X01", "merge",
	 "Splice Machine 3.2 has no MERGE; insert with the line "
	 "--splice-properties insertMode=UPSERT replaces by primary key."},
	{BOTH, "42X05", "",
	 "`show tables` lists the tables; `set schema NAME` changes the schema."},
	{BOTH, "42Y07", "", "`show schemas` lists them; `create schema NAME` makes one."},
	{BOTH, "42X04", "", "`describe TABLE` lists its columns."},
	{BOTH, "X0Y32", "create",
	 "`drop table if exists NAME` before it makes the cell repeatable."},
	{BOTH, "40XL1 40XL2", "",
	 "Another notebook's open transaction holds these rows; commit there."},
	{BOTH, "22003 22001", "",
	 "A value does not fit its column; `describe TABLE` shows the types."},
	{BOTH, "XCL52 57014", "", "The statement was stopped."},
};

static bool has_word(const char *sql, size_t n, const char *words)
{
	struct sql_lexer l = sql_lexer_make(sql, n);
	struct sql_token t;

	if (!*words)
		return true;
	while ((t = sql_next_word(&l)).kind != SQL_END)
		if (sql_is_any(&t, words))
			return true;
	return false;
}

void sql_add_hint(enum db_server server, const char *sql, size_t n, struct err *err)
{
	if (*err->hint)
		return;
	for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
		const struct hint *h = &hints[i];

		if (!(h->servers & 1u << server) || !sql_state_in(h->states, err->name) ||
		    !has_word(sql, n, h->words))
			continue;
		err_set_hint(err, "%s", h->text);
		return;
	}
}

/* A number behind `word` in the text; false when there is none. */
static bool number_after(const char *text, const char *word, size_t *ret)
{
	const char *p = strstr(text, word);
	size_t value = 0;

	if (!p)
		return false;
	p += strlen(word);
	if (!str_is_digit(*p))
		return false;
	for (; str_is_digit(*p) && value < (size_t)1 << 40; p++)
		value = value * 10 + (size_t)(*p - '0');
	*ret = value;
	return true;
}

/*
 * Offset of line and column (from 1) as the servers' parsers count: lines end
 * at \n, a tab goes to the next multiple of 8, a column is a UTF-16 unit
 * (seen on Derby 10.16; the parser generator's character stream).
 */
static size_t place(const char *text, size_t line, size_t column)
{
	const char *start = text;
	size_t at = 1;

	while (line > 1 && *text) {
		const char *newline = strchr(text, '\n');

		if (!newline)
			break;
		text = newline + 1;
		line--;
	}
	const char *p = text;

	while (*p && *p != '\n' && at < column) {
		size_t n;
		uint32_t cp = utf8_decode(p, strlen(p) < 4 ? strlen(p) : 4, &n);

		at = *p == '\t' ? (at + 7) / 8 * 8 + 1 : at + 1 + (cp > 0xFFFF);
		p += n;
	}
	return (size_t)(p - start);
}

bool sql_error_place(const struct sql_adapted *a, size_t n, const struct err *err,
		     size_t *ret_offset)
{
	size_t line, column, offset;

	if (!a->text || !number_after(err->text, " at line ", &line) ||
	    !number_after(err->text, ", column ", &column))
		return false;
	offset = place(a->text, line, column);
	offset = sql_edits_origin(&a->edits, offset);
	*ret_offset = offset < n ? offset : n;
	return true;
}
