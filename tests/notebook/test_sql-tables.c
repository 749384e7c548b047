#include "notebook/sql-tables.h"

#include "tests/harness.h"

/* The names, a space between them. */
static char *tables(const char *sql)
{
	_cleanup_strv_ struct strv names = {0};
	struct err err = ERR_INIT;
	char *all = str_dup("");

	if (sql_tables(sql, strlen(sql), &names, &err) < 0)
		return all;
	for (size_t i = 0; all && i < names.len; i++) {
		char *more = str_fmt("%s%s%s", all, i ? " " : "", names.items[i]);

		free(all);
		all = more;
	}
	return all;
}

static void check_all(const char *const cases[][2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *found = tables(cases[i][0]);

		CHECK_STR(found, cases[i][1]);
	}
}

TEST(names_behind_from_and_join)
{
	static const char *const cases[][2] = {
		{"select * from t", "t"},
		{"SELECT * FROM cc_fraud.cc_fraud_data", "cc_fraud.cc_fraud_data"},
		{"select * from \"a b\" . \"c\"\"d\" x", "\"a b\".\"c\"\"d\""},
		{"select a from t1 x, s.t2 as y, t1 where x.i = y.i", "t1 s.t2"},
		{"select * from a left outer join b on a.i = b.i join c using (i), d", "a b c d"},
		{"select * from (a join b on a.i = b.i) cross join c", "a b c"},
		{"select * from a -- , b\n /* , c */ , d", "a d"},
		{"select * from a --splice-properties index=i\n, b", "a b"},
		{"insert into x select * from a union all select * from b", "a b"},
		{"create table x as select * from a with no data", "a"},
		{"select (select max(i) from a) from b where i in (select i from c)", "a b c"},
		{"select * from (select * from a) x, b", "a b"},
		{"select a, b from t group by a, b order by a, b", "t"},
		{"delete from t where i in (select i from gone)", "gone"},
		{"update t set a = (select max(b) from u)", "u"},
		{"(select * from a) union (select * from b)", "a b"},
	};

	check_all(cases, ARRAY_LEN(cases));
}

TEST(other_words_from)
{
	static const char *const cases[][2] = {
		{"delete from t", ""},
		{"select trim(both ' ' from c), extract(year from d), substr(e from 2) from t",
		 "t"},
		{"select * from t where a is distinct from b", "t"},
		{"select 'from x' from t", "t"},
		{"select * from table (f(1)) x, new_rows(2) y, t", "t"},
		{"revoke select on a from b", ""},
		{"values 1", ""},
		{"", ""},
		{"select * from", ""},
		{"select * from (", ""},
		{"select * from a.", "a"},
	};

	check_all(cases, ARRAY_LEN(cases));
}

TEST(names_that_with_defines)
{
	static const char *const cases[][2] = {
		{"with x as (select * from a), y as (select * from x) select * from X, y, b",
		 "a b"},
		{"select cast(a as (int)) from a", "a"},
	};

	check_all(cases, ARRAY_LEN(cases));
}

TEST(deep_parentheses)
{
	char sql[1024] = "select * from ";

	memset(sql + strlen(sql), '(', 300);
	_cleanup_free_ char *found = tables(sql);

	CHECK_STR(found, "");
}

TEST_MAIN()
