#include "notebook/sql-lex.h"

#include "base/cleanup.h"
#include "tests/harness.h"

/* One letter a token, so that a test reads as text against text. */
static void check_kinds(const char *sql, const char *kinds)
{
	static const char letters[] = "$_ChwnsNm";
	struct sql_lexer l = sql_lexer_make(sql, strlen(sql));
	struct sql_token t;
	char seen[64];
	size_t n = 0;

	while ((t = sql_next(&l)).kind != SQL_END && n < sizeof(seen) - 2) {
		if (t.open)
			seen[n++] = '!';
		seen[n++] = letters[t.kind];
	}
	seen[n] = '\0';
	CHECK_STR(seen, kinds);
}

TEST(kinds)
{
	check_kinds("", "");
	check_kinds("a \"b\" 'c' 1 ;", "w_n_s_N_m");
	check_kinds("'it''s' \"a\"\"b\"", "s_n");
	check_kinds("a--b\nc", "wC_w");
	check_kinds("a--b", "wC");
	check_kinds("a --SPLICE-properties x=1\nb", "w_hw");
	check_kinds("a -- splice-properties x=1\nb", "w_hw");
	check_kinds("--splice-properties x", "h");
	check_kinds("--splice", "C");
	check_kinds("--", "C");
	check_kinds("a-b", "wmw");
	check_kinds("1.5e-3 .5 1e 2.e5", "N_N_Nw_N");
	check_kinds("a.b", "wmw");
	check_kinds("t1.5", "wN");
	check_kinds("naïve $x", "w_mw");
	check_kinds("/* a /* b */ c */d", "Cw");
	check_kinds("/**/a", "Cw");
}

TEST(unclosed)
{
	check_kinds("a 'b", "w_!s");
	check_kinds("a 'b''", "w_!s");
	check_kinds("\"b", "!n");
	check_kinds("/* /* */", "!C");
	check_kinds("/*/", "!C");
	check_kinds("'", "!s");
}

TEST(words)
{
	const char *sql = "Select /* x */ FROM";
	struct sql_lexer l = sql_lexer_make(sql, strlen(sql));
	struct sql_token t = sql_next_word(&l);

	CHECK(sql_is(&t, "select"));
	CHECK(!sql_is(&t, "sel"));
	CHECK(!sql_is(&t, "selects"));
	CHECK(sql_is_any(&t, "insert select"));
	CHECK(!sql_is_any(&t, "insert selected"));
	CHECK(!sql_is_any(&t, ""));
	t = sql_peek_word(&l);
	CHECK(sql_is(&t, "from"));
	t = sql_next_word(&l);
	CHECK(sql_is(&t, "from"));
	CHECK_INT(sql_next_word(&l).kind, SQL_END);
}

TEST(go_behind)
{
	static const char sql[] = "if /* x */ EXISTS s.\"t\" 'u'";
	struct sql_lexer l = sql_lexer_make(sql, strlen(sql));
	struct sql_token last;

	CHECK(!sql_skip_words(&l, "if not exists"));
	CHECK(!sql_skip_words(&l, "if exist"));
	CHECK(sql_skip_words(&l, "if exists"));
	CHECK(sql_skip_name(&l, &last));
	CHECK_INT(last.kind, SQL_NAME);
	CHECK(!sql_skip_name(&l, &last));
}

static void check_text(const char *sql, const char *expected)
{
	struct sql_lexer l = sql_lexer_make(sql, strlen(sql));
	struct sql_token t = sql_next_word(&l);
	_cleanup_free_ char *text = sql_text(&t);

	CHECK_STR(text, expected);
}

TEST(text)
{
	check_text("cc_fraud", "CC_FRAUD");
	check_text("\"Mixed \"\"x\"\"\"", "Mixed \"x\"");
	check_text("'it''s'", "it's");
	check_text("''", "");
	check_text("''''", "'");
	check_text("1e5", "1e5");
}

TEST(quote)
{
	_cleanup_free_ char *name = sql_quote_name("a\"b");
	_cleanup_free_ char *text = sql_quote_string("it's");

	CHECK_STR(name, "\"a\"\"b\"");
	CHECK_STR(text, "'it''s'");
}

TEST_MAIN()
