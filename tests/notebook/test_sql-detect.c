#include "notebook/sql-detect.h"

#include "tests/harness.h"

static void check(const char *cell, bool after_sql, bool sql)
{
	if (sql_looks_like(cell, strlen(cell), after_sql) != sql)
		test_fail(__FILE__, __LINE__, "taken for %s: %s", sql ? "Python" : "SQL", cell);
}

TEST(sql)
{
	static const char *const cells[] = {
		"select a from t",
		"SELECT\n*\nFROM t",
		"select *\nfrom t",
		"select * , a from t",
		"select 1",
		"select 'it''s'",
		"select \"Quoted\" from t",
		"select (a + b) from t",
		"select (a + b)\nfrom t",
		"select (a),\n(b)\nfrom t",
		"select -a from t",
		"select not a from t",
		"select {fn now()}",
		"select count(*) from t",
		"select distinct a from t",
		"  \n-- first a comment\n/* and another */ select a from t",
		"(select a from t) union (select b from u)",
		"with q as (select a from t) select * from q",
		"with q (x) as (select 1) select * from q",
		"with q as (select * from t) select 1",
		"create table t (a int)",
		"create or replace view v as select a from t",
		"create unique index i on t (a)",
		"drop table if exists t",
		"set schema cc_fraud;\nselect 1",
		"insert into t values (1)",
		"update t set a = 1",
		"update s.t x set a = 1",
		"update \"T\" set a = 1",
		"delete from t",
		"alter table t add column b int",
		"call SYSCS_UTIL.IMPORT_DATA (\n 'cc_fraud')",
		"values 1",
		"values current schema",
		"values 'x'",
		"describe cc_fraud.t",
		"describe \"T\"",
		"show tables",
		"show indexes from t",
		"explain select a from t",
		"analyze table t",
		"export ('/tmp/x', false, null, null, null, null) select a from t",
		"export to '/tmp/x' as csv select a from t",
		"merge into t using u on 1 = 1 when matched then delete",
		"truncate table t",
		"autocommit off",
		"commit work",
		"grant select on t to u",
	};

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		check(cells[i], false, true);
}

TEST(python)
{
	static const char *const cells[] = {
		"",
		"   \n",
		"# select a from t",
		"select",
		"select = 1",
		"select.foo",
		"select(x)",
		"select(x).y",
		"select(x)\nfrom os import path",
		"select(x), b",
		"select * 2",
		"select * x",
		"select * 2\nfrom a.b import c",
		"select -1",
		"select: int = 1",
		"select if a else b",
		"select in b",
		"select not in b",
		"select is None",
		"select and b",
		"select [1]",
		"values = [1]",
		"values(1, 2)",
		"values (1, 2), (3, 4)",
		"call(x)",
		"call = f",
		"call in calls",
		"call if a else b",
		"update.foo",
		"update(a)",
		"update = set()",
		"with open('f') as f:\n    pass",
		"with a as (b):\n    pass",
		"with q as (select):\n    pass",
		"with a as b, c as d: pass",
		"create = 1",
		"create or replace",
		"create(table)",
		"create if table else view",
		"drop(table)",
		"set([1])",
		"set & schema",
		"insert.into",
		"show(tables)",
		"show tables_of",
		"explain(select)",
		"export('x')",
		"export('x')\nselect = 1",
		"describe(x)",
		"describe in x",
		"grant, revoke = 1, 2",
		"commit",
		"commit;",
		"rollback()",
		"autocommit = 'on'",
		"lambda: 0",
		"'select a from t'",
		"\"\"\"select a from t\"\"\"",
		"import pandas",
		"from t import select",
		"df = splice.df(\"SELECT * FROM t\")",
		"%splicemachine\nselect 1",
		"!ls",
	};

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		check(cells[i], false, false);
}

TEST(only_after_sql)
{
	static const char *const cells[] = {"commit", "rollback;", "COMMIT\n", "values (1, 2)"};

	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		check(cells[i], false, false);
		check(cells[i], true, true);
	}
	check("commit.x", true, false);
	check("commit()", true, false);
	check("values = 1", true, false);
	check("x = 1", true, false);
}

/* Cells of the walkthrough that name no magic. */
TEST(walkthrough)
{
	check("call SYSCS_UTIL.IMPORT_DATA (\n     'cc_fraud',\n     'cc_fraud_data',", false,
	      true);
	check("df = splice.df(\"SELECT * FROM cc_fraud.cc_fraud_data\")\n"
	      "df = df.withColumnRenamed('CLASS_RESULT', 'label')\nz.show(df)",
	      true, false);
	check("manager.create_new_run(user_id=\u2018Ben\u2019)", true, false);
	check("manager.create_new_run(user_id=`Amy`)", true, false);
}

TEST_MAIN()
