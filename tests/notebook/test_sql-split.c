#include "notebook/sql-split.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "tests/harness.h"

/* The statements as "line:column text|" each. */
static void check_split(const char *sql, const char *expected)
{
	_cleanup_statements_ struct sql_statements s = {0};
	_cleanup_buf_ struct buf b;
	struct err err = ERR_INIT;

	buf_init(&b, KIB(64));
	REQUIRE_OK(sql_split(sql, strlen(sql), 1, &s, &err), &err);
	for (size_t i = 0; i < s.len; i++)
		buf_printf(&b, "%d:%d %.*s|", s.items[i].line, s.items[i].column, (int)s.items[i].n,
			   s.items[i].text);
	buf_put_u8(&b, 0);
	CHECK_STR((char *)b.data, expected);
}

TEST(plain)
{
	check_split("", "");
	check_split(" ;; ; ", "");
	check_split("select 1", "1:1 select 1|");
	check_split("a;b;", "1:1 a|1:3 b|");
	check_split("\n a ;\n\n  b\n", "2:2 a|4:3 b|");
	check_split("é; b", "1:1 é|1:4 b|");
}

TEST(semicolons_that_stay)
{
	check_split("a ';' \";\" /* ; */ b; c", "1:1 a ';' \";\" /* ; */ b|1:22 c|");
	check_split("a -- ;\nb; c", "1:1 a -- ;\nb|2:4 c|");
	check_split("select {fn f(';')}; b", "1:1 select {fn f(';')}|1:21 b|");
	check_split("a {x ; y}; b", "1:1 a {x ; y}|1:12 b|");
	check_split("a 'x''; y'; b", "1:1 a 'x''; y'|1:13 b|");
	check_split("a /* /* ; */ ; */ b; c", "1:1 a /* /* ; */ ; */ b|1:22 c|");
}

TEST(comments_around)
{
	check_split("-- first\na -- last\n; /* only */ ; b /* end */", "2:1 a|3:16 b|");
	check_split("a; -- trailing", "1:1 a|");
}

TEST(hints)
{
	check_split("insert into t --splice-properties a=1; b=2\nselect 1; c",
		    "1:1 insert into t --splice-properties a=1; b=2\nselect 1|2:11 c|");
	check_split("select * from t --splice-properties useSpark=true\n; b",
		    "1:1 select * from t --splice-properties useSpark=true\n|2:3 b|");
}

/* The form that Splice Machine gives the action of a trigger. */
TEST(bodies_of_triggers)
{
	check_split("create trigger a after insert on t begin atomic b; c; end; d",
		    "1:1 create trigger a after insert on t begin atomic b; c; end|1:60 d|");
	check_split("CREATE TRIGGER a BEGIN /* ; */ ATOMIC set x = case when 1 then 2 end; b; END",
		    "1:1 CREATE TRIGGER a BEGIN /* ; */ ATOMIC set x = case when 1 then 2 end; b; "
		    "END|");
	check_split("create trigger a update t set b = case c when 1 then 2 end; d",
		    "1:1 create trigger a update t set b = case c when 1 then 2 end|1:61 d|");
	check_split("create trigger begin after insert on t b; c",
		    "1:1 create trigger begin after insert on t b|1:43 c|");
	check_split("create table trigger (begin int, atomic int); begin atomic; b",
		    "1:1 create table trigger (begin int, atomic int)|1:47 begin atomic|1:61 b|");
	check_split("drop trigger a; create trigger b begin atomic c; end; create table d; e",
		    "1:1 drop trigger a|1:17 create trigger b begin atomic c; end|"
		    "1:55 create table d|1:71 e|");
}

static void check_unclosed(const char *sql, const char *text)
{
	_cleanup_statements_ struct sql_statements s = {0};
	struct err err = ERR_INIT;

	CHECK_INT(sql_split(sql, strlen(sql), 3, &s, &err), E_INPUT);
	CHECK_STR(err.text, text);
	CHECK_STR(err.name, "42X02");
	CHECK(*err.hint != '\0');
}

TEST(unclosed)
{
	check_unclosed("a;\n b 'c", "line 4, column 4: a quoted text begins and never ends");
	check_unclosed("\"c; d", "line 3, column 1: a quoted name begins and never ends");
	check_unclosed("é /* c", "line 3, column 3: a comment begins and never ends");
	check_unclosed("a {fn b; {c}", "line 3, column 3: a brace begins and never ends");
	check_unclosed("a;\ncreate trigger b begin atomic c; case d end;",
		       "line 4, column 18: BEGIN ATOMIC begins and never ends");
}

/* Twice the text takes about twice the time, also where each line is a trap for a rescan. */
TEST(ten_megabytes)
{
	static const char *const lines[] = {
		"select 'a;b' from t;\n", "{fn -- x\n}", "/**/", "--\n", "'", "/*", "{"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		_cleanup_buf_ struct buf b;
		_cleanup_statements_ struct sql_statements s = {0};
		struct err err = ERR_INIT;
		int64_t start = clock_ms();

		buf_init(&b, MIB(11));
		while (b.len < MIB(10))
			buf_put_str(&b, lines[i]);
		REQUIRE_OK(buf_check(&b, "cell", &err), &err);
		if (sql_split((char *)b.data, b.len, 1, &s, &err) < 0)
			CHECK_INT(err.code, E_INPUT);
		CHECK(clock_ms() - start < 120000); /* a square of its length would take hours */
	}
}

TEST_MAIN()
