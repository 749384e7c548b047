/*
 * Splice Machine's side of every difference (connect.c, result.c, cursor.c,
 * interrupt.c, message.c), played by a scripted server.
 */
#include "base/clock.h"
#include "protocol/drda/drda.h"
#include "tests/harness.h"
#include "tests/servers/drda_sessions.h"
#include "tests/servers/drda_splice.h"

#include <pthread.h>

static int dial(const struct drda_splice *s, const char *database, const char *password,
		struct drda **ret, struct err *err)
{
	const struct drda_options options = {.host = "127.0.0.1",
					     .port = drda_splice_port(s),
					     .database = database,
					     .user = "splice",
					     .password = password,
					     .timeout_ms = 10000,
					     .trace_fd = -1};

	return drda_connect(&options, NULL, ret, err);
}

/* A server and a connection to it. */
struct pair {
	struct drda_splice *server;
	struct drda *c;
};

static void pair_release(struct pair *p)
{
	drda_free(p->c);
	drda_splice_stop(p->server);
}

static bool pair_init(struct pair *p, struct drda_splice_options options)
{
	struct err err = ERR_INIT;
	const char *database = options.database ? options.database : "splicedb";

	if (drda_splice_start(&options, &p->server, &err) == 0 &&
	    dial(p->server, database, "admin", &p->c, &err) == 0)
		return true;
	test_fail(__FILE__, __LINE__, "%s", err.text);
	return false;
}

#define _cleanup_pair_ _cleanup_(pair_release)

static void check_statement(struct drda *c, const char *sql, const char *want)
{
	_cleanup_buf_ struct buf out;

	buf_init(&out, 10000);
	drda_session_statement(c, sql, DRDA_COMMIT, &out);
	buf_put_u8(&out, 0);
	CHECK_STR((char *)out.data, want);
}

TEST(identity)
{
	_cleanup_pair_ struct pair p = {0};

	REQUIRE(pair_init(&p, (struct drda_splice_options){0}));
	CHECK_INT(drda_server(p.c), DRDA_SERVER_SPLICE);
	CHECK_STR(drda_server_name(p.c), "Splice Machine 10.9.2.2");
	CHECK_STR(drda_schema(p.c), "SPLICE");
	CHECK_INT(drda_splice_connections(p.server), 1);
}

TEST(old_release_takes_the_other_client_id)
{
	_cleanup_pair_ struct pair p = {0};

	REQUIRE(pair_init(&p, (struct drda_splice_options){.old = true}));
	CHECK_INT(drda_server(p.c), DRDA_SERVER_SPLICE);
	CHECK_INT(drda_splice_connections(p.server), 2);
}

TEST(without_unicode_names_go_in_ebcdic)
{
	_cleanup_pair_ struct pair p = {0};

	REQUIRE(pair_init(&p, (struct drda_splice_options){.ebcdic = true}));
	CHECK_STR(drda_schema(p.c), "SPLICE");
	check_statement(p.c, "drop table if exists t",
			"drop table if exists t\n  warning: 42Y55: the server's own text\n");
}

TEST(what_ebcdic_cannot_write_is_refused)
{
	_cleanup_pair_ struct pair p = {0};
	_cleanup_(drda_freep) struct drda *c = NULL;
	struct err err = ERR_INIT;

	REQUIRE(pair_init(&p, (struct drda_splice_options){.ebcdic = true}));
	CHECK_INT(dial(p.server, "splicedb", "☃", &c, &err), E_UNSUPPORTED);
	CHECK_STR(err.text, "the server reads EBCDIC only, which has no U+2603");
}

TEST(long_database_names_have_lengths)
{
	_cleanup_pair_ struct pair p = {0};

	REQUIRE(pair_init(&p, (struct drda_splice_options){
				      .database = "a_database_with_more_than_18_letters"}));
	check_statement(p.c, "drop table if exists t",
			"drop table if exists t\n  warning: 42Y55: the server's own text\n");
}

TEST(wrong_password_and_no_password)
{
	_cleanup_pair_ struct pair p = {0};
	_cleanup_(drda_freep) struct drda *c = NULL;
	struct err err = ERR_INIT;

	REQUIRE(pair_init(&p, (struct drda_splice_options){0}));
	CHECK_INT(dial(p.server, "splicedb", "wrong", &c, &err), E_AUTH);
	CHECK_STR(err.name, "08004");
	CHECK_STR(err.hint, "check the user and the password");
	CHECK_INT(dial(p.server, "splicedb", NULL, &c, &err), E_AUTH);
	CHECK_STR(err.hint, "this server wants a password");
}

TEST(unknown_database)
{
	_cleanup_pair_ struct pair p = {0};
	_cleanup_(drda_freep) struct drda *c = NULL;
	struct err err = ERR_INIT;

	REQUIRE(pair_init(&p, (struct drda_splice_options){0}));
	CHECK_INT(dial(p.server, "nosuch", "admin", &c, &err), E_NOTFOUND);
	CHECK_STR(err.name, "42918");
	CHECK_STR(err.hint, "the usual name is splicedb");
}

TEST(warning_with_code_100_is_no_end_of_data)
{
	_cleanup_pair_ struct pair p = {0};

	REQUIRE(pair_init(&p, (struct drda_splice_options){0}));
	check_statement(p.c, "drop table if exists t",
			"drop table if exists t\n  warning: 42Y55: the server's own text\n");
	check_statement(p.c, "select * from wide",
			"select * from wide\n"
			"  columns: BIG DECIMAL(38,10), TINY SMALLINT, ROW ROWID\n"
			"  row: \"-1234567890123456789012345678.9012345678\" -128 x'0a0b0c'(3)\n"
			"  row: NULL NULL NULL\n"
			"  2 rows\n"
			"  warning: 01003: the server's own text\n");
}

TEST(first_error_of_a_chain_counts)
{
	_cleanup_pair_ struct pair p = {0};

	REQUIRE(pair_init(&p, (struct drda_splice_options){0}));
	check_statement(p.c, "select * from nosuch",
			"select * from nosuch\n  E_SERVER 42X05: the server's own text\n");
	check_statement(p.c, "select 1/0", "select 1/0\n  E_SERVER 22012: the server's own text\n");
	CHECK(drda_usable(p.c));
	CHECK(!drda_in_transaction(p.c));
}

TEST(unknown_column_type_costs_the_statement_alone)
{
	_cleanup_pair_ struct pair p = {0};

	REQUIRE(pair_init(&p, (struct drda_splice_options){0}));
	check_statement(p.c, "select decfloat",
			"select decfloat\n"
			"  E_UNSUPPORTED : column 1 has the type 0xBB, which is not supported\n"
			"  hint: cast it to VARCHAR or DECIMAL in the query\n");
	CHECK(drda_usable(p.c));
	check_statement(p.c, "select 1/0", "select 1/0\n  E_SERVER 22012: the server's own text\n");
}

static void *fire_soon(void *userdata)
{
	(void)!cancel_wait_fd(NULL, -1, 0, 50, NULL);
	cancel_fire(userdata);
	return NULL;
}

/* Interrupt a query that would take 20 s; what it returned. */
static int interrupt(struct drda *c, struct err *err)
{
	_cleanup_(cancel_release) struct cancel cancel;
	_cleanup_(drda_result_freep) struct drda_result *r = NULL;
	int64_t start = clock_ms();
	pthread_t thread;
	int code;

	if (cancel_init(&cancel, err) < 0 || pthread_create(&thread, NULL, fire_soon, &cancel) != 0)
		return 0;
	code = drda_execute(c, "select long", 11, NULL, 0, DRDA_COMMIT, &cancel, &r, err);
	pthread_join(thread, NULL);
	CHECK(clock_ms() - start < 30000);
	return code;
}

TEST(interrupt_stops_the_statement_on_the_server)
{
	_cleanup_pair_ struct pair p = {0};
	struct err err = ERR_INIT;

	REQUIRE(pair_init(&p, (struct drda_splice_options){0}));
	CHECK_INT(interrupt(p.c, &err), E_CANCEL);
	CHECK_STR(err.name, "KeyboardInterrupt");
	CHECK(drda_usable(p.c));
	CHECK_INT(drda_splice_connections(p.server), 2);
	check_statement(p.c, "drop table if exists t",
			"drop table if exists t\n  warning: 42Y55: the server's own text\n");
}

TEST(interrupt_falls_back_to_the_local_procedure)
{
	_cleanup_pair_ struct pair p = {0};
	struct err err = ERR_INIT;

	REQUIRE(pair_init(&p, (struct drda_splice_options){.refuse_token = true}));
	CHECK_INT(interrupt(p.c, &err), E_CANCEL);
	CHECK(drda_usable(p.c));
}

TEST(interrupt_without_a_kill_gives_the_connection_up)
{
	_cleanup_pair_ struct pair p = {0};
	struct err err = ERR_INIT;

	REQUIRE(pair_init(&p, (struct drda_splice_options){.cannot_kill = true}));
	CHECK_INT(interrupt(p.c, &err), E_CANCEL);
	CHECK(!drda_usable(p.c));
}

TEST_MAIN()
