/* The magic over a scripted database: what a cell shows, and what is sent. */
#include "magics/splicemachine/splicemachine.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "magics/cell.h"
#include "notebook/files.h"
#include "notebook/session-int.h"
#include "tests/harness.h"
#include "tests/servers/fake_db.h"

static const char *dir;

struct fixture {
	struct output out; /* first: hooks get the fixture by it */
	struct fake_db fake;
	struct config *config;
	struct files *files;
	struct notebook nb;
	struct session *session;
	struct buf seen; /* streams as they are, "<plain text of a display>" */
	size_t results;
	const char *answer; /* to a question */
	struct err err;
};

static void stream(struct output *out, enum stream_name name, const char *text, size_t n)
{
	struct fixture *x = (struct fixture *)out;
	const char *end = text + n;

	(void)name;
	/* Times vary: (0.02 s) reads (T). */
	while (text < end) {
		const char *open = memchr(text, '(', (size_t)(end - text));

		if (!open || open + 1 == end || open[1] < '0' || open[1] > '9') {
			buf_put(&x->seen, text, (size_t)(end - text));
			return;
		}
		buf_put(&x->seen, text, (size_t)(open + 1 - text));
		buf_put_str(&x->seen, "T)");
		text = memchr(open, ')', (size_t)(end - open));
		text = text ? text + 1 : end;
	}
}

static void put_bundle(struct fixture *x, const char *tag, const struct bundle *b)
{
	const char *plain = json_get_str(b->data, "text/plain", "");

	/* Without the first line, which holds the time. */
	plain = strchr(plain, '\n');
	buf_printf(&x->seen, "<%s%s>\n", tag, plain ? plain : "");
}

static void display(struct output *out, const struct bundle *b, const char *id, bool update)
{
	(void)id;
	(void)update;
	put_bundle((struct fixture *)out, "display", b);
}

static void result(struct output *out, const struct bundle *b)
{
	struct fixture *x = (struct fixture *)out;

	x->results++;
	put_bundle(x, "result", b);
}

static int input(struct output *out, const char *prompt, bool password, char **ret, struct err *err)
{
	struct fixture *x = (struct fixture *)out;

	CHECK(password);
	buf_printf(&x->seen, "?%s\n", prompt);
	if (!x->answer)
		return err_set(err, E_UNSUPPORTED, "nobody to ask");
	*ret = str_dup(x->answer);
	return *ret ? 0 : err_nomem(err);
}

static void start(struct fixture *x, struct fake_reply *replies, enum db_server server)
{
	*x = (struct fixture){.out = {stream, display, result, NULL, input},
			      .fake = {.replies = replies, .server = server}};
	if (!dir)
		dir = test_dir();
	setenv("XDG_CONFIG_HOME", dir, 1);
	buf_init(&x->seen, MIB(4));
	REQUIRE_OK(config_load(&x->config, &x->err), &x->err);
	REQUIRE_OK(files_new(x->config, &x->files, &x->err), &x->err);
	x->nb.config = x->config;
	x->nb.files = x->files;
	REQUIRE_OK(session_new(&x->nb, &x->session, &x->err), &x->err);
	session_adopt(x->session, fake_db_open(&x->fake));
}

static int run(struct fixture *x, const char *code)
{
	struct cell cell = {0};
	int r = cell_parse(code, false, &cell, &x->err);

	if (r == 0) {
		cell.call.nb = &x->nb;
		cell.call.session = x->session;
		cell.call.out = &x->out;
		r = cell.call.magic->run(&cell.call, &x->err);
	}
	cell_release(&cell);
	return r;
}

static const char *seen(struct fixture *x)
{
	*buf_reserve(&x->seen, 1) = '\0';
	return (const char *)x->seen.data;
}

static void stop(struct fixture *x)
{
	session_free(x->session);
	buf_release(&x->fake.log);
	buf_release(&x->seen);
	files_free(x->files);
	config_free(x->config);
}

TEST(one_result_for_each_statement)
{
	static struct fake_reply replies[] = {
		{.sql = "insert", .count = 1234567},
		{.sql = "update", .count = 1},
		{.sql = "create", .count = 0, .warning = "01504: not needed"},
		{.sql = "select a", .columns = "A int,B varchar", .rows = "1|x;2|-", .count = -1},
		{.sql = NULL},
	};
	struct fixture x;

	start(&x, replies, DB_SERVER_DERBY);
	REQUIRE_OK(run(&x,
		       "%splicemachine --chart none\ninsert into t values 1;update t set a = 1;\n"
		       "create unique index s.i on t (a); -- a comment\nselect a from t; "
		       "select a from t;"),
		   &x.err);
	CHECK_STR(seen(&x), "1,234,567 rows inserted (T)\n1 row updated (T)\n"
			    "index S.I created (T)\nWARNING 01504: not needed\n"
			    "<display\n A │ B\n───┼──────\n 1 │ x\n 2 │ NULL\n>\n"
			    "<result\n A │ B\n───┼──────\n 1 │ x\n 2 │ NULL\n>\n");
	CHECK_STR(fake_db_log(&x.fake), "insert into t values 1\nupdate t set a = 1\n"
					"create unique index s.i on t (a)\nselect a from t\n"
					"select a from t\n");
	stop(&x);
}

TEST(words)
{
	static struct fake_reply replies[] = {{.sql = "", .count = 0}, {.sql = NULL}};
	struct fixture x;

	start(&x, replies, DB_SERVER_SPLICE);
	REQUIRE_OK(run(&x,
		       "%splicemachine\ncreate table if not exists a.\"b\" (c int); drop view v; "
		       "truncate table t; declare global temporary table session.g (a int) not "
		       "logged; grant select on t to u; delete from t; create or replace thing x"),
		   &x.err);
	CHECK_STR(seen(&x), "table A.b created (T)\nview V dropped (T)\ntable T emptied (T)\n"
			    "table SESSION.G declared (T)\ngrant done (T)\n0 rows deleted (T)\n"
			    "created (T)\n");
	stop(&x);
}

TEST(options)
{
	static struct fake_reply replies[] = {
		{.sql = "select", .columns = "A varchar,N int", .rows = "x|1;y|3;z|4", .count = -1},
		{.sql = NULL},
	};
	struct fixture x;

	start(&x, replies, DB_SERVER_DERBY);
	REQUIRE_OK(run(&x, "%splicemachine --rows 2 --chart none select a, n from t"), &x.err);
	CHECK(strstr(seen(&x), " x │ 1\n y │ 3\n") && !strstr(seen(&x), " z │ 4"));
	CHECK(!strstr(seen(&x), "%"));
	buf_clear(&x.seen);
	REQUIRE_OK(run(&x, "%splicemachine --chart pie\nselect a, n from t"), &x.err);
	CHECK(strstr(seen(&x), "37.5") != NULL || strstr(seen(&x), "38") != NULL);
	CHECK_INT(run(&x, "%splicemachine --rows 0\nselect 1"), E_USAGE);
	stop(&x);
}

TEST(the_third_of_five)
{
	static struct fake_reply replies[] = {
		{.sql = "select a frm",
		 .state = "42X01",
		 .text = "Syntax error: Encountered \"t\" at line 1, column 14."},
		{.sql = "select", .columns = "A int", .rows = "1", .count = -1},
		{.sql = NULL},
	};
	struct fixture x;

	start(&x, replies, DB_SERVER_DERBY);
	CHECK_INT(run(&x, "%splicemachine\nselect a from t; select b from t;\nselect a frm t x\n"
			  "limit 5; select 4 from t; select 5 from t"),
		  E_SERVER);
	CHECK_STR(x.err.name, "42X01");
	CHECK_STR(x.err.text, "Syntax error: Encountered \"t\" at line 1, column 14.\n"
			      "in statement 3 of 5, line 3 of the cell:\n"
			      "  select a frm t x\n"
			      "               ^");
	CHECK_STR(
		fake_db_log(&x.fake),
		"select a from t\nselect b from t\nselect a frm t x from sysibm.sysdummy1\n{limit 5}\n");
	CHECK(strstr(seen(&x), "<display") && !strstr(seen(&x), "<result"));
	stop(&x);
}

/* The caret stands under the place in a line too long to show, tabs and wide characters included.
 */
TEST(long_lines)
{
	static struct fake_reply replies[] = {
		{.sql = "select",
		 .state = "42X01",
		 .text = "Encountered \"b\" at line 1, column 230."},
		{.sql = NULL},
	};
	struct fixture x;
	char sql[400] = "%splicemachine\n";
	const char *line, *caret;

	start(&x, replies, DB_SERVER_DERBY);
	memset(sql + 15, 'x', 300);
	memcpy(sql + 15, "select ", 7);
	sql[15 + 229] = 'b';
	CHECK_INT(run(&x, sql), E_SERVER);
	caret = strrchr(x.err.text, '\n') + 1;
	line = strstr(x.err.text, ":\n") + 2;
	CHECK(strlen(line) < 250);
	CHECK_INT(strchr(line, 'b') - line,
		  strchr(caret, '^') - caret + (ptrdiff_t)strlen("…") - 1);
	stop(&x);
}

TEST(an_open_quote_runs_nothing)
{
	static struct fake_reply replies[] = {{.sql = "", .count = 0}, {.sql = NULL}};
	struct fixture x;

	start(&x, replies, DB_SERVER_DERBY);
	CHECK_INT(run(&x, "%splicemachine\ndelete from t;\nselect 'a"), E_INPUT);
	CHECK_STR(x.err.text, "line 3, column 8: a quoted text begins and never ends");
	CHECK_STR(fake_db_log(&x.fake), "");
	stop(&x);
}

TEST(set_schema_makes_it)
{
	static struct fake_reply replies[] = {
		{.sql = "set schema", .state = "42Y07", .text = "no such schema", .times = 1},
		{.sql = "", .count = 0},
		{.sql = NULL},
	};
	struct fixture x;

	start(&x, replies, DB_SERVER_SPLICE);
	REQUIRE_OK(run(&x, "%splicemachine\nset schema cc_fraud"), &x.err);
	CHECK_STR(fake_db_log(&x.fake),
		  "set schema cc_fraud\ncreate schema \"CC_FRAUD\"\nset schema cc_fraud\n");
	CHECK_STR(seen(&x),
		  "schema CC_FRAUD did not exist and was created (setting create_schema)\n"
		  "schema is CC_FRAUD (T)\n");
	stop(&x);
}

TEST(what_is_tolerated)
{
	static struct fake_reply replies[] = {
		{.sql = "drop table t", .state = "42Y55", .text = "it does not exist"},
		{.sql = "drop table u", .state = "X0Y25", .text = "a view depends on it"},
		{.sql = NULL},
	};
	struct fixture x;

	start(&x, replies, DB_SERVER_DERBY);
	REQUIRE_OK(run(&x, "%splicemachine\ndrop table if exists t"), &x.err);
	CHECK_STR(seen(&x), "WARNING 42Y55: it does not exist\n");
	CHECK_INT(run(&x, "%splicemachine\ndrop table if exists u"), E_SERVER);
	CHECK_STR(x.err.name, "X0Y25");
	stop(&x);
}

TEST(create_table_as)
{
	static struct fake_reply replies[] = {
		{.sql = "insert into t", .count = 3, .times = 1},
		{.sql = "insert into t", .state = "22012", .text = "division by zero"},
		{.sql = "", .count = 0},
		{.sql = NULL},
	};
	struct fixture x;

	start(&x, replies, DB_SERVER_DERBY);
	REQUIRE_OK(run(&x, "%splicemachine\ncreate table t as select a from u"), &x.err);
	CHECK_STR(fake_db_log(&x.fake), "create table t as (select a from u) with no data\n"
					"insert into t select a from u\ncommit\n");
	CHECK_STR(seen(&x), "table created with 3 rows (T)\n");
	buf_clear(&x.fake.log);
	CHECK_INT(run(&x, "%splicemachine\ncreate table t as select a from u"), E_SERVER);
	CHECK(str_ends_ci(fake_db_log(&x.fake), "rollback\n"));
	stop(&x);
}

TEST(explain)
{
	static struct fake_reply replies[] = {
		{.sql = "values SYSCS_UTIL",
		 .columns = "P varchar",
		 .rows = "Statement Name:\n\tnull\nStatement Execution Plan Text: \nTable Scan of "
			 "T:\n\tone line",
		 .count = -1},
		{.sql = "select", .columns = "A int", .rows = "1", .count = -1},
		{.sql = "call", .count = 0},
		{.sql = NULL},
	};
	struct fixture x;

	start(&x, replies, DB_SERVER_DERBY);
	REQUIRE_OK(run(&x, "%splicemachine\nexplain select a from t"), &x.err);
	CHECK(strstr(seen(&x), "Table Scan of T:") && !strstr(seen(&x), "Statement Name"));
	CHECK_STR(fake_db_log(&x.fake), "call SYSCS_UTIL.SYSCS_SET_RUNTIMESTATISTICS(1)\n"
					"select a from t\n"
					"values SYSCS_UTIL.SYSCS_GET_RUNTIMESTATISTICS()\n"
					"call SYSCS_UTIL.SYSCS_SET_RUNTIMESTATISTICS(0)\n");
	stop(&x);
}

TEST(analyze)
{
	static struct fake_reply replies[] = {
		{.sql = "select s.schemaname",
		 .columns = "S varchar,T varchar",
		 .rows = "S|A;S|it's",
		 .count = -1,
		 .times = 1},
		{.sql = "select s.schemaname", .columns = "S varchar,T varchar", .count = -1},
		{.sql = "call", .count = 0},
		{.sql = NULL},
	};
	struct fixture x;

	start(&x, replies, DB_SERVER_DERBY);
	REQUIRE_OK(run(&x, "%splicemachine\nanalyze schema s"), &x.err);
	CHECK(strstr(fake_db_log(&x.fake),
		     "call SYSCS_UTIL.SYSCS_UPDATE_STATISTICS('S', 'it''s', null)\n") != NULL);
	CHECK_STR(seen(&x), "statistics of 2 tables updated (T)\n");
	CHECK_INT(run(&x, "%splicemachine\nanalyze table nosuch"), E_SERVER);
	CHECK_STR(x.err.name, "42X05");
	stop(&x);
}

TEST(listings)
{
	static struct fake_reply replies[] = {
		{.sql = "call SYSIBM.SQLCOLUMNS",
		 .columns = "TABLE_SCHEM varchar,TABLE_NAME varchar,COLUMN_NAME varchar,TYPE_NAME "
			    "varchar",
		 .rows = "APP|A_B|X|INTEGER;APP|AXB|Q|INTEGER;APP|A_B|Y|DOUBLE",
		 .count = -1},
		{.sql = NULL},
	};
	struct fixture x;

	start(&x, replies, DB_SERVER_SPLICE);
	REQUIRE_OK(run(&x, "%splicemachine\ndescribe a_b"), &x.err);
	CHECK(strstr(seen(&x), " X ") && strstr(seen(&x), " Y ") && !strstr(seen(&x), " Q "));
	CHECK(!strstr(seen(&x), "TABLE_SCHEM"));
	CHECK_INT(run(&x, "%splicemachine\ndescribe b"), E_SERVER);
	CHECK_STR(x.err.name, "42X05");
	stop(&x);
}

TEST(transactions)
{
	struct fixture x;

	start(&x, NULL, DB_SERVER_OTHER);
	REQUIRE_OK(run(&x, "%splicemachine\nautocommit off; commit; rollback work; autocommit on"),
		   &x.err);
	CHECK_STR(seen(&x), "autocommit is off: commit or rollback ends the transaction\n"
			    "committed (T)\nrolled back (T)\nautocommit is on\n");
	CHECK_STR(fake_db_log(&x.fake), "commit\nrollback\n");
	stop(&x);
}

TEST(a_server_that_vanishes)
{
	static struct fake_reply replies[] = {
		{.sql = "select",
		 .columns = "A int",
		 .rows = "1;2;3",
		 .rows_then_break = 2,
		 .count = -1},
		{.sql = NULL},
	};
	struct fixture x;

	start(&x, replies, DB_SERVER_DERBY);
	CHECK_INT(run(&x, "%splicemachine\nselect a from t"), E_CLOSED);
	CHECK_STR(x.err.name, "08006");
	CHECK(strstr(x.err.hint, "connects again") != NULL);
	CHECK_INT(x.results, 0);
	stop(&x);
}

TEST(an_upsert_hint_is_told)
{
	static struct fake_reply replies[] = {{.sql = "insert", .count = 1}, {.sql = NULL}};
	struct fixture x;

	start(&x, replies, DB_SERVER_DERBY);
	REQUIRE_OK(run(&x, "%splicemachine\ninsert into t --splice-properties insertMode=UPSERT\n"
			   "values 1"),
		   &x.err);
	CHECK(str_starts(seen(&x), "NOTE Derby ignores insertMode=UPSERT"));
	stop(&x);
}

TEST(import)
{
	static struct fake_reply replies[] = {
		{.sql = "select *", .columns = "A int,B varchar", .rows = "", .count = -1},
		{.sql = NULL},
	};
	struct fixture x;
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *code = NULL;

	start(&x, replies, DB_SERVER_DERBY);
	path = str_fmt("%s/in.csv", dir);
	REQUIRE_OK(fs_write_atomic(path, "1,one\n", 6, 0600, &x.err), &x.err);
	code = str_fmt("%%splicemachine\ncall SYSCS_UTIL.IMPORT_DATA(null, 't', null, '%s', null, "
		       "null, null, null, null, 0, null, null, null)",
		       path);
	REQUIRE_OK(run(&x, code), &x.err);
	CHECK_STR(seen(&x), "<result\n rowsImported │ failedRows │ files │ dataSize │ failedLog\n"
			    "──────────────┼────────────┼───────┼──────────┼───────────\n"
			    "            1 │          0 │     1 │        6 │ NONE\n>\n");
	stop(&x);
}

/* On Splice Machine the server imports. */
TEST(import_on_splice)
{
	static struct fake_reply replies[] = {{.sql = "call", .count = 0}, {.sql = NULL}};
	struct fixture x;

	start(&x, replies, DB_SERVER_SPLICE);
	REQUIRE_OK(run(&x, "%splicemachine\ncall SYSCS_UTIL.IMPORT_DATA(null, 't')"), &x.err);
	CHECK_STR(fake_db_log(&x.fake), "call SYSCS_UTIL.IMPORT_DATA(null, 't')\n");
	stop(&x);
}

TEST(an_empty_cell_says_where_it_is)
{
	struct fixture x;

	start(&x, NULL, DB_SERVER_DERBY);
	REQUIRE_OK(run(&x, "%splicemachine\n-- nothing"), &x.err);
	CHECK(str_starts(seen(&x), "Fake 1.0, schema APP"));
	stop(&x);
}

TEST_MAIN()
