/* notebook/db.c and db-drda.c, on the scripted Splice server. */
#include "notebook/db-int.h"

#include "base/str.h"
#include "tests/harness.h"
#include "tests/servers/drda_splice.h"

struct setup {
	struct drda_splice *server;
	struct db *db;
};

static void setup_release(struct setup *s)
{
	db_free(s->db);
	drda_splice_stop(s->server);
}

#define _cleanup_setup_ _cleanup_(setup_release)

/* A URL with # where the port belongs. */
static int dial(const char *pattern, int port, struct db **ret, struct err *err)
{
	_cleanup_(db_url_release) struct db_url url = {0};
	const char *mark = strchr(pattern, '#');
	_cleanup_free_ char *text =
		str_fmt("%.*s%d%s", (int)(mark - pattern), pattern, port, mark + 1);
	int code = db_url_parse(text, &url, err);

	return code < 0 ? code : db_connect(&url, /* options= */ NULL, NULL, ret, err);
}

static bool setup_init(struct setup *s)
{
	struct err err = ERR_INIT;

	if (drda_splice_start(&(struct drda_splice_options){0}, &s->server, &err) == 0 &&
	    dial("splice://splice:admin@127.0.0.1:#/splicedb", drda_splice_port(s->server), &s->db,
		 &err) == 0)
		return true;
	test_fail(__FILE__, __LINE__, "%s", err.text);
	return false;
}

TEST(schemes_without_a_driver_are_named)
{
	struct db *db = NULL;
	struct err err = ERR_INIT;

	CHECK_INT(dial("odbc://dsn:#/", 1, &db, &err), E_UNSUPPORTED);
	CHECK_STR(err.text, "no database driver for odbc:// URLs");
	CHECK(err.hint[0]);
	CHECK(db_driver_serves(&db_driver_drda, "SPLICE"));
	CHECK(!db_driver_serves(&db_driver_drda, "odbc"));
}

TEST(identity)
{
	_cleanup_setup_ struct setup s = {0};

	REQUIRE(setup_init(&s));
	CHECK_INT(db_server(s.db), DB_SERVER_SPLICE);
	CHECK_STR(db_server_name(s.db), "Splice Machine 10.9.2.2");
	CHECK_STR(db_schema(s.db), "SPLICE");
	CHECK(db_usable(s.db) && db_autocommit(s.db) && !db_in_transaction(s.db));
}

TEST(a_missing_password_is_asked_for)
{
	_cleanup_setup_ struct setup s = {0};
	struct db *db = NULL;
	struct err err = ERR_INIT;

	REQUIRE(setup_init(&s));
	CHECK_INT(dial("splice://127.0.0.1:#/splicedb", drda_splice_port(s.server), &db, &err),
		  E_AUTH);
	CHECK(strstr(err.text, "\"splice\""));
	CHECK(strstr(err.hint, "SPLICE_PASSWORD"));
}

TEST(rows_columns_and_warnings)
{
	_cleanup_setup_ struct setup s = {0};
	_cleanup_(db_result_freep) struct db_result *r = NULL;
	const struct column *columns;
	const struct value *row;
	struct err err = ERR_INIT;

	REQUIRE(setup_init(&s));
	REQUIRE_OK(db_execute(s.db, "select * from wide", 18, NULL, 0, NULL, &r, &err), &err);
	REQUIRE(db_result_columns(r, &columns) == 3);
	CHECK_STR(columns[0].type_name, "DECIMAL(38,10)");
	CHECK_INT(db_result_count(r), -1);
	CHECK_INT(db_result_next(r, NULL, &row, &err), 1);
	CHECK_INT(row[1].i, -128);
	CHECK_INT(db_result_next(r, NULL, &row, &err), 1);
	CHECK(row[0].null);
	CHECK_INT(db_result_next(r, NULL, &row, &err), 0);
	CHECK_STR(db_result_warnings(r)[0], "01003: the server's own text");
	CHECK_INT(db_result_more(r, NULL, &err), 0);
}

TEST(autocommit_is_decided_here)
{
	_cleanup_setup_ struct setup s = {0};
	struct db_result *r = NULL;
	struct err err = ERR_INIT;

	REQUIRE(setup_init(&s));
	REQUIRE_OK(db_set_autocommit(s.db, false, &err), &err);
	REQUIRE_OK(db_execute(s.db, "drop table if exists t", 22, NULL, 0, NULL, &r, &err), &err);
	db_result_free(r);
	CHECK(db_in_transaction(s.db));
	REQUIRE_OK(db_set_autocommit(s.db, true, &err), &err);
	CHECK(!db_in_transaction(s.db));
	REQUIRE_OK(db_execute(s.db, "drop table if exists t", 22, NULL, 0, NULL, &r, &err), &err);
	db_result_free(r);
	CHECK(!db_in_transaction(s.db));
	CHECK_OK(db_commit(s.db, NULL, &err), &err);
	CHECK_OK(db_rollback(s.db, NULL, &err), &err);
}

TEST(errors_keep_their_state)
{
	_cleanup_setup_ struct setup s = {0};
	struct db_result *r = NULL;
	struct db_batch *b = NULL;
	struct err err = ERR_INIT;

	REQUIRE(setup_init(&s));
	CHECK_INT(db_execute(s.db, "select * from nosuch", 20, NULL, 0, NULL, &r, &err), E_SERVER);
	CHECK_STR(err.name, "42X05");
	CHECK_STR(err.text, "the server's own text");
	CHECK_INT(db_batch_new(s.db, "select * from nosuch", 20, NULL, NULL, NULL, &b, &err),
		  E_SERVER);
	CHECK_STR(err.name, "42X05");
	CHECK(db_usable(s.db));
}

TEST_MAIN()
