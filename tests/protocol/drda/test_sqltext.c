/* protocol/drda/sqltext.c */
#include "protocol/drda/sqltext.h"

#include "tests/harness.h"

TEST(kind)
{
	static const struct {
		const char *sql;
		enum sql_kind kind;
	} cases[] = {
		{"select 1", SQL_QUERY},
		{"  \n(SELECT 1) union (select 2)", SQL_QUERY},
		{"-- insert\nvalues 1", SQL_QUERY},
		{"/* x */ /* y */select*from t", SQL_QUERY},
		{"insert into t values 1", SQL_UPDATE},
		{"Delete from t", SQL_UPDATE},
		{"drop table t", SQL_OTHER},
		{"call p()", SQL_CALL},
		{"selection", SQL_UNKNOWN},
		{"with q as (select 1) select * from q", SQL_UNKNOWN},
		{"explain select 1", SQL_UNKNOWN},
		{"/* a /* insert */ select */ create table t (a int)", SQL_OTHER},
		{"-- only a comment", SQL_UNKNOWN},
		{"/* open", SQL_UNKNOWN},
		{"", SQL_UNKNOWN},
		{"- 1", SQL_UNKNOWN},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum sql_kind kind = sqltext_kind(cases[i].sql, strlen(cases[i].sql));

		if (kind != cases[i].kind)
			test_fail(__FILE__, __LINE__, "%s: %d, wanted %d", cases[i].sql, kind,
				  cases[i].kind);
	}
}

TEST(markers)
{
	static const struct {
		const char *sql;
		size_t n;
	} cases[] = {
		{"insert into t values (?, ?)", 2},
		{"select '?''?' from \"a?\" where x = ? -- ?\n and y = ? /* ? */", 2},
		{"select 1 /* a /* b */ ? */ from t where a = ?", 1},
		{"/*/ ? */ ? /**/ ?", 2},
		{"/* /* ? */ ?", 0},
		{"'? open", 0},
		{"", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK_INT(sqltext_markers(cases[i].sql, strlen(cases[i].sql)), cases[i].n);
}

TEST_MAIN()
