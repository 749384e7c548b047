#include "notebook/sql-adapt.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/str.h"
#include "tests/harness.h"

/* One or more for each line of docs/SQL.md, and the look-alikes that must not be touched. */
static const char *const statements[] = {
	/* limit */
	"select * from t limit 10",
	"select * from t order by a limit 10 offset 5",
	"select * from (select a from t limit 2) x where b in (select c from u limit ?)",
	"select a from t limit 3 -- the last three; limit 4",
	"select a as limit, \"limit\" from limit where limit > 5",
	"select a from t {limit 3 offset 1}",
	"select 'limit 5' from t /* limit 6 */ limit 7 for update",
	"insert into t select * from u limit 5",
	"select * from t where a = ?\nlimit 5",
	/* select without from */
	"select 1",
	"select 1 as a, 'from t' -- from t\n",
	"select 1 where 1 = 1",
	"select 1 union select a from t union all select 2 order by 1",
	"select (select 1), a from t where exists (select 2)",
	"select extract(year from current_date)",
	"select 1 limit 1",
	"select {fn now()}",
	"select 1 {limit 1}",
	"insert into t select 1, 2",
	"values (1), (2)",
	"grant select on t to u",
	/* top */
	"select top 5 * from t",
	"select distinct top 5 a from t order by a",
	"select top 5 a from t for read only",
	"select * from (select top 3 a from t order by a) x",
	"select top 2 1",
	"select top from t",
	"select top 2 a from t union select b from u",
	"select a from t union select top 2 b from u",
	/* drop and create */
	"drop table if exists cc_fraud_data",
	"drop table s.t if exists",
	"drop view IF EXISTS v",
	"drop schema if exists s restrict",
	"drop index if exists i",
	"drop table \"if exists\"",
	"create table if not exists t (a int)",
	"create schema if not exists s",
	"create index if not exists i on t (a)",
	"create unique index if not exists i on t (a)",
	"create table t as select a, b from u with data",
	"create table s.t (x, y) as select top 2 a, b from u",
	"create table if not exists t as select 1 as one",
	"create table t as select a from u with no data",
	"create table t as (select a from u limit 3) with data",
	"create table t (a int default 1)",
	"create external table t (a int) stored as parquet location '/x'",
	"create local temporary table t (a int)",
	/* schema */
	"set schema cc_fraud",
	"set current schema = \"Mixed\"",
	"set schema 'APP'",
	"set schema user",
	"set session_property useOLAP=true",
	/* explain, analyze, export, import */
	"explain select * from t limit 3",
	"explain insert into t values 1",
	"analyze table s.t",
	"analyze table t",
	"analyze schema s",
	"export ('/x', false, null, null, null, null) select * from t",
	"export to '/x' as csv select * from t",
	"call SYSCS_UTIL.IMPORT_DATA ('s', 't', null, 'f', null, null, null, null, null, 0, null,null,null)",
	"call SYSCS_UTIL.UPSERT_DATA_FROM_FILE ('s')",
	"call SYSCS_UTIL.SYSCS_COMPRESS_TABLE('S', 'T', 0)",
	"with q as (select a from t) select * from q",
	/* hints */
	"insert into t --splice-properties insertMode=UPSERT\nvalues 1",
	"select * from t --splice-properties useSpark=true",
	/* listings and transactions */
	"show tables",
	"show tables in s",
	"show schemas",
	"show indexes from s.t",
	"describe cc_fraud.\"it's\"",
	"describe t",
	"show nonsense",
	"show indexes",
	"commit",
	"rollback work",
	"rollback to savepoint x",
	"autocommit off",
	"autocommit maybe",
};

static const char *const actions[] = {
	[SQL_RUN] = "run",
	[SQL_SET_SCHEMA] = "set schema",
	[SQL_CREATE_AS] = "create as",
	[SQL_EXPLAIN] = "explain",
	[SQL_ANALYZE] = "analyze",
	[SQL_IMPORT] = "import",
	[SQL_LISTING] = "listing",
	[SQL_COMMIT] = "commit",
	[SQL_ROLLBACK] = "rollback",
	[SQL_AUTOCOMMIT_ON] = "autocommit on",
	[SQL_AUTOCOMMIT_OFF] = "autocommit off",
};

static void put_line(struct buf *b, const char *name, const char *text)
{
	if (text)
		buf_printf(b, "  %-9s %s\n", name, text);
}

static void put_adapted(struct buf *b, enum db_server server, const char *name, const char *sql)
{
	_cleanup_adapted_ struct sql_adapted a = {0};
	struct err err = ERR_INIT;

	buf_printf(b, "%s: ", name);
	if (sql_adapt(server, sql, strlen(sql), &a, &err) < 0) {
		buf_printf(b, "%s: %s\n", err_code_name(err.code), err.text);
		put_line(b, "hint", *err.hint ? err.hint : NULL);
		return;
	}
	if (a.text && str_eq(a.text, sql) && a.action == SQL_RUN && !a.notice && !a.tolerate) {
		buf_put_str(b, "as it is\n");
		return;
	}
	buf_printf(b, "%s\n", actions[a.action]);
	put_line(b, "text", a.text);
	put_line(b, "more", a.more);
	put_line(b, "schema", a.schema);
	put_line(b, "object", a.object);
	put_line(b, "columns", a.columns);
	put_line(b, "tolerate", a.tolerate);
	put_line(b, "notice", a.notice);
}

TEST(golden)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, MIB(1));
	for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
		buf_printf(&b, "> %s\n", statements[i]);
		put_adapted(&b, DB_SERVER_DERBY, "derby", statements[i]);
		put_adapted(&b, DB_SERVER_SPLICE, "splice", statements[i]);
		buf_put_str(&b, "\n");
	}
	_cleanup_free_ char *text = buf_take_str(&b);
	CHECK_GOLDEN("sql/adapt.txt", text);
}

/* Another kind of server gets what was typed. */
TEST(other_server)
{
	_cleanup_adapted_ struct sql_adapted a = {0};
	struct err err = ERR_INIT;
	const char *sql = "select top 3 1 limit 5";

	REQUIRE_OK(sql_adapt(DB_SERVER_OTHER, sql, strlen(sql), &a, &err), &err);
	CHECK_STR(a.text, sql);
}

static void check_place(const char *sql, const char *message, const char *rest)
{
	_cleanup_adapted_ struct sql_adapted a = {0};
	struct err err = ERR_INIT;
	size_t at = 0;

	REQUIRE_OK(sql_adapt(DB_SERVER_DERBY, sql, strlen(sql), &a, &err), &err);
	err_set(&err, E_SERVER, "%s", message);
	REQUIRE(sql_error_place(&a, strlen(sql), &err, &at));
	CHECK_STR(sql + at, rest);
}

/* The columns are those that Derby 10.16 gave for these texts. */
TEST(error_place)
{
	check_place("select * frm t", "Encountered \"frm\" at line 1, column 10.", "frm t");
	check_place("select\t* frm t", "Encountered \"frm\" at line 1, column 11.", "frm t");
	check_place("select 1,\n\t\t2 a b frm t", "Encountered \"b\" at line 2, column 21.",
		    "b frm t");
	check_place("select '\U0001F600' as a, b c d from t",
		    "Encountered \"d\" at line 1, column 23.", "d from t");
	check_place("select 'a\nb' c d from t", "Encountered \"d\" at line 2, column 6.",
		    "d from t");
	/* Through the change of text: sent as {limit 3}. */
	check_place("select a from t limit 3 frm t", "Encountered \"frm\" at line 1, column 27.",
		    "frm t");
	check_place("drop table if exists t x", "Encountered \"x\" at line 1, column 14.", "x");
	check_place("select a", "Encountered \"<EOF>\" at line 9, column 99.", "");
}

TEST(no_place)
{
	_cleanup_adapted_ struct sql_adapted a = {0};
	struct err err = ERR_INIT;
	size_t at;

	REQUIRE_OK(sql_adapt(DB_SERVER_DERBY, "select a from t", 15, &a, &err), &err);
	err_set(&err, E_SERVER, "Table/View 'T' does not exist.");
	CHECK(!sql_error_place(&a, 15, &err, &at));
}

static void check_hint(enum db_server server, const char *sql, const char *state, const char *part)
{
	struct err err = ERR_INIT;

	err_set(&err, E_SERVER, "something");
	err_set_name(&err, state);
	sql_add_hint(server, sql, strlen(sql), &err);
	if (part)
		CHECK(strstr(err.hint, part) != NULL);
	else
		CHECK_STR(err.hint, "");
}

TEST(hints)
{
	check_hint(DB_SERVER_DERBY, "create table t (a text)", "42X01", "VARCHAR");
	check_hint(DB_SERVER_DERBY, "create table t (a int x)", "42X01", NULL);
	check_hint(DB_SERVER_DERBY, "create trigger a begin atomic b; end", "42X01",
		   "one statement");
	check_hint(DB_SERVER_DERBY, "call SYSCS_UTIL.SYSCS_IMPORT_DATA(1)", "42Y03", "13");
	check_hint(DB_SERVER_DERBY, "call SYSCS_UTIL.VACUUM()", "42Y03", "on Splice this runs");
	check_hint(DB_SERVER_SPLICE, "merge into t using u on 1=1", "42X01", "UPSERT");
	check_hint(DB_SERVER_SPLICE, "select * from nosuch", "42X05", "show tables");
	check_hint(DB_SERVER_OTHER, "select * from nosuch", "42X05", NULL);
}

TEST(states)
{
	CHECK(sql_state_in("42Y55 X0X05", "X0X05"));
	CHECK(!sql_state_in("42Y55 X0X05", "42Y5"));
	CHECK(!sql_state_in(NULL, "42Y55"));
	CHECK(!sql_state_in("42Y55", ""));
}

TEST(deep_brackets)
{
	_cleanup_buf_ struct buf b;
	_cleanup_adapted_ struct sql_adapted a = {0};
	struct err err = ERR_INIT;

	buf_init(&b, MIB(1));
	buf_put_str(&b, "select ");
	buf_put_fill(&b, '(', 100000);
	CHECK_INT(sql_adapt(DB_SERVER_DERBY, (char *)b.data, b.len, &a, &err), E_TOOBIG);
}

TEST(long_comments)
{
	_cleanup_adapted_ struct sql_adapted a = {0};
	_cleanup_buf_ struct buf sql;
	struct err err = ERR_INIT;

	buf_init(&sql, MIB(1));
	buf_put_str(&sql, "drop table /*");
	buf_put_fill(&sql, '\'', KIB(64));
	buf_put_str(&sql, "*/ if exists t");
	_cleanup_free_ char *text = buf_take_str(&sql);
	REQUIRE_OK(sql_adapt(DB_SERVER_DERBY, text, strlen(text), &a, &err), &err);
	CHECK(!strchr(a.text, '*') && !strchr(a.text, '\'') && !strstr(a.text, "exists"));
	CHECK(str_ends_ci(a.text, " t") && a.tolerate);
}

TEST_MAIN()
