#include "notebook/sql-listing.h"

#include "tests/harness.h"

static void check(const char *sql, const char *call, const char *schema, const char *table)
{
	struct sql_listing l = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(sql_listing_parse(sql, strlen(sql), &l, &err), &err);
	CHECK_STR(l.call, call);
	CHECK_STR(l.schema, schema);
	CHECK_STR(l.table, table);
	CHECK(l.columns && *l.columns);
	sql_listing_release(&l);
}

TEST(listings)
{
	check("show schemas", "call SYSIBM.SQLTABLES('', '', '', '', 'GETSCHEMAS=1')", NULL, NULL);
	check("SHOW VIEWS IN \"it's\"",
	      "call SYSIBM.SQLTABLES('', 'it''s', '%', 'VIEW', 'DATATYPE=''ODBC''')", "it's", NULL);
	check("describe s.t", "call SYSIBM.SQLCOLUMNS('', 'S', 'T', '%', 'DATATYPE=''ODBC''')", "S",
	      "T");
	check("show primarykeys from t", "call SYSIBM.SQLPRIMARYKEYS('', current schema, 'T', '')",
	      NULL, "T");
	check("show functions", "call SYSIBM.SQLFUNCTIONS('', '%', '%', '')", NULL, NULL);
}

TEST(refused)
{
	static const char *const texts[] = {"show",         "show nonsense",  "describe",
					    "show indexes", "show tables in", "show tables in s t",
					    "describe s.",  "describe s.t.u", "show tables 'x'"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct sql_listing l = {0};
		struct err err = ERR_INIT;

		CHECK_INT(sql_listing_parse(texts[i], strlen(texts[i]), &l, &err), E_INPUT);
		CHECK(strstr(err.hint, "describe [SCHEMA.]TABLE") != NULL);
	}
}

TEST_MAIN()
