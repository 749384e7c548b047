#include "notebook/sql-shorten.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/str.h"
#include "tests/harness.h"

/* head, n times `byte`, tail; the caller frees. */
static char *filled(const char *head, int byte, size_t n, const char *tail)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, MIB(16));
	buf_put_str(&b, head);
	buf_put_fill(&b, byte, n);
	buf_put_str(&b, tail);
	return buf_take_str(&b);
}

TEST(what_is_short_stays)
{
	static const char sql[] = "select 'x' /* why */ from t -- so";
	char *plain = NULL;
	struct err err = ERR_INIT;

	REQUIRE_OK(sql_shorten(sql, strlen(sql), &plain, &err), &err);
	CHECK(!plain);
}

TEST(comments_become_blanks)
{
	_cleanup_free_ char *sql = filled("select a /*", '\'', MIB(10), "\n*/ from t");
	_cleanup_free_ char *plain = NULL;
	struct err err = ERR_INIT;

	REQUIRE_OK(sql_shorten(sql, strlen(sql), &plain, &err), &err);
	CHECK_INT(strlen(plain), strlen(sql));
	CHECK(str_starts(plain, "select a    ") && str_ends_ci(plain, "  \n   from t"));
	CHECK(!strchr(plain, '\'') && !strchr(plain, '*'));
}

TEST(properties_are_no_comments)
{
	_cleanup_free_ char *sql =
		filled("select a from t --splice-properties index=", 'i', KIB(8), "\n");
	char *plain = NULL;
	struct err err = ERR_INIT;

	REQUIRE_OK(sql_shorten(sql, strlen(sql), &plain, &err), &err);
	CHECK(!plain);
}

TEST(constants_that_no_server_takes)
{
	_cleanup_free_ char *text = filled("values '", 'x', LIMIT_SQL_TOKEN, "'");
	_cleanup_free_ char *name = filled("select ", 'x', LIMIT_SQL_TOKEN + 1, " from t");
	char *plain = NULL;
	struct err err = ERR_INIT;

	CHECK_INT(sql_shorten(text, strlen(text), &plain, &err), E_INPUT);
	CHECK_STR(err.name, "54002");
	CHECK(strstr(err.hint, "IMPORT_DATA"));
	CHECK_INT(sql_shorten(name, strlen(name), &plain, &err), E_INPUT);
	CHECK(!plain);
}

TEST_MAIN()
