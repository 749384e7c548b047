/* notebook/import.c, import-rows.c, import-bad.c and unit.c over a scripted database */
#include "notebook/import.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include "tests/harness.h"
#include "tests/servers/fake_db.h"

#include <dirent.h>

static const char *dir;

static struct fake_reply table[] = {
	{.sql = "select * from", .columns = "A int,B varchar", .rows = "", .count = -1},
	{.sql = NULL},
};

struct fixture {
	struct fake_db fake;
	struct db *db;
	struct config *config;
	struct files *files;
	struct import_args args;
	struct import_hooks hooks;
	struct import_result result;
	struct err err;
	uint64_t heard; /* progress calls */
	char notice[100];
};

static void on_progress(void *userdata, const struct import_progress *p)
{
	struct fixture *x = userdata;

	CHECK(p->file != NULL);
	x->heard++;
}

static void on_notice(void *userdata, const char *text)
{
	struct fixture *x = userdata;

	(void)snprintf(x->notice, sizeof(x->notice), "%s", text);
}

static char *in_dir(const char *name)
{
	return str_fmt("%s/%s", dir, name);
}

static void put(const char *name, const char *text)
{
	_cleanup_free_ char *path = in_dir(name);
	struct err err = ERR_INIT;

	CHECK_OK(fs_write_atomic(path, text, strlen(text), 0600, &err), &err);
}

static void start(struct fixture *x, const char *content)
{
	*x = (struct fixture){.fake = {.replies = table, .server = DB_SERVER_DERBY}};
	if (!dir)
		dir = test_dir();
	setenv("XDG_CONFIG_HOME", dir, 1);
	put("in.csv", content);
	x->db = fake_db_open(&x->fake);
	REQUIRE_OK(config_load(&x->config, &x->err), &x->err);
	REQUIRE_OK(files_new(x->config, &x->files, &x->err), &x->err);
	x->args = (struct import_args){.table = str_dup("T"),
				       .file = in_dir("in.csv"),
				       .delimiter = ',',
				       .quote = '"',
				       .one_line = true,
				       .bad_dir = in_dir("bad")};
	x->hooks = (struct import_hooks){on_progress, on_notice, x, NULL};
}

static int run(struct fixture *x)
{
	return import_run(x->db, x->files, &x->args, &x->hooks, &x->result, &x->err);
}

static void stop(struct fixture *x)
{
	import_result_release(&x->result);
	import_args_release(&x->args);
	db_free(x->db);
	buf_release(&x->fake.log);
	files_free(x->files);
	config_free(x->config);
}

/* All bad-record files' contents one after the other; they are removed. */
static char *take_bad(const char *folder)
{
	_cleanup_free_ char *path = in_dir(folder);
	_cleanup_buf_ struct buf b;
	DIR *d = opendir(path);
	struct dirent *e;
	struct err err = ERR_INIT;

	buf_init(&b, MIB(1));
	while (d && (e = readdir(d))) {
		_cleanup_free_ char *file = str_fmt("%s/%s", path, e->d_name);

		if (!strstr(e->d_name, ".bad_"))
			continue;
		CHECK_OK(fs_read(file, &b, &err), &err);
		(void)unlink(file);
	}
	if (d)
		closedir(d);
	return b.len ? buf_take_str(&b) : str_dup("");
}

static void check_bad_file(const char *folder, const char *expected)
{
	_cleanup_free_ char *bad = take_bad(folder);

	CHECK_STR(bad, expected);
}

TEST(rows_and_a_header)
{
	struct fixture x;

	start(&x, "A,B\n1,one\n2,\"t,w\"\"o\"\n");
	x.args.max_bad = 1;
	REQUIRE_OK(run(&x), &x.err);
	CHECK_INT(x.result.rows, 2);
	CHECK_INT(x.result.failed, 1);
	CHECK_INT(x.result.files, 1);
	CHECK_INT(x.result.bytes, 21);
	CHECK(strstr(x.result.failed_log, "/bad/in.csv.bad_") != NULL);
	CHECK(str_ends_ci(x.result.failed_log, "_0"));
	CHECK_STR(fake_db_log(&x.fake), "select * from \"T\" where 1 = 0\n"
					"insert into \"T\" (\"A\", \"B\") values (?, ?)\n"
					"row 1 one\nrow 2 t,w\"o\ncommit\n");
	CHECK_INT(x.heard, 1);
	CHECK(db_autocommit(x.db));
	check_bad_file("bad", "22018 Invalid character string format for type int (line 1); table "
			      "columns: 2, file columns: 2, bad column: 1, value: 'A' [A,B]\n");
	stop(&x);
}

TEST(schema_and_columns)
{
	static struct fake_reply named[] = {
		{.sql = "select \"B\"", .columns = "B varchar", .rows = "", .count = -1},
		{.sql = NULL},
	};
	struct fixture x;

	start(&x, "one\n");
	x.fake.replies = named;
	x.args.schema = str_dup("S\"x");
	REQUIRE_OK(strv_add(&x.args.columns, "B", &x.err), &x.err);
	x.args.replace = true;
	REQUIRE_OK(run(&x), &x.err);
	CHECK_STR(fake_db_log(&x.fake), "select \"B\" from \"S\"\"x\".\"T\" where 1 = 0\n"
					"insert into \"S\"\"x\".\"T\" (\"B\") values (?)\n"
					"delete from \"S\"\"x\".\"T\"\nrow one\ncommit\n");
	CHECK_STR(x.result.failed_log, "NONE");
	stop(&x);
}

TEST(too_many)
{
	struct fixture x;

	start(&x, "1,a\nx,b\n2,c\ny,d\n3,e\n");
	x.args.max_bad = 1;
	CHECK_INT(run(&x), E_SERVER);
	CHECK_STR(x.err.name, "SE009");
	CHECK(strstr(x.err.text, ": 2, and maxBadRecords is 1. Nothing was imported") != NULL);
	CHECK(strstr(x.err.hint, "22018") && strstr(x.err.hint, "line 2 of"));
	CHECK(str_ends_ci(fake_db_log(&x.fake), "row 2 c\nrollback\n"));
	CHECK(db_autocommit(x.db));
	_cleanup_free_ char *bad = take_bad("bad");
	CHECK(strstr(bad, "[x,b]") && strstr(bad, "[y,d]"));
	stop(&x);
}

static void check_refused_row(bool at_once)
{
	struct fixture x;

	start(&x, "1,a\n2,\"b \"\"\n3,c\n2,bb\n");
	x.fake.refuse_row = 3;
	x.fake.refuse_state = "23505";
	x.fake.rows_at_once = at_once;
	x.args.max_bad = -1;
	REQUIRE_OK(run(&x), &x.err);
	CHECK_INT(x.result.rows, 2);
	CHECK_INT(x.result.failed, 2);
	_cleanup_free_ char *bad = take_bad("bad");
	CHECK(strstr(bad, "XIE0J A quote is opened and never closed (line 2); table columns: 2, "
			  "file columns: 2, bad column: 2, value: '\"b \"\"' [2,\"b \"\"]\n"));
	CHECK(strstr(bad, "23505 the row is refused (line 4); table columns: 2, file columns: 2 "
			  "[2,bb]\n"));
	stop(&x);
}

TEST(the_server_refuses_a_row)
{
	check_refused_row(true);
	check_refused_row(false);
}

/* A full server disk is not the row's fault: the import ends with that error. */
TEST(the_server_fails)
{
	struct fixture x;

	start(&x, "1,a\n2,b\n");
	x.fake.refuse_row = 2;
	x.fake.refuse_state = "XSDFH";
	x.args.max_bad = -1;
	CHECK_INT(run(&x), E_SERVER);
	CHECK_STR(x.err.name, "XSDFH");
	CHECK(str_ends_ci(fake_db_log(&x.fake), "rollback\n"));
	stop(&x);
}

TEST(within_a_transaction)
{
	struct fixture x;

	start(&x, "1,a\nx,b\n");
	REQUIRE_OK(db_set_autocommit(x.db, false, &x.err), &x.err);
	CHECK_INT(run(&x), E_SERVER);
	CHECK(str_starts(fake_db_log(&x.fake), "savepoint splice_unit on rollback retain"));
	CHECK(str_ends_ci(fake_db_log(&x.fake), "row 1 a\nrollback to savepoint splice_unit\n"
						"release savepoint splice_unit\n"));
	CHECK(!db_autocommit(x.db));
	buf_clear(&x.fake.log);
	x.args.max_bad = 1;
	err_clear(&x.err);
	REQUIRE_OK(run(&x), &x.err);
	CHECK(str_ends_ci(fake_db_log(&x.fake), "row 1 a\nrelease savepoint splice_unit\n"));
	free(take_bad("bad"));
	stop(&x);
}

TEST(no_file)
{
	struct fixture x;

	start(&x, "");
	free(x.args.file);
	x.args.file = in_dir("nosuch.csv");
	CHECK_INT(run(&x), E_NOTFOUND);
	CHECK_STR(x.err.name, "X0X14");
	CHECK(strstr(x.err.text, "nosuch.csv") != NULL);
	stop(&x);
}

TEST(an_empty_file)
{
	struct fixture x;

	start(&x, "");
	REQUIRE_OK(run(&x), &x.err);
	CHECK_INT(x.result.rows, 0);
	CHECK_STR(x.notice, "the file holds no records");
	stop(&x);
}

/* Each file of a folder has its own log; the result names the folder. */
TEST(a_folder)
{
	struct fixture x;
	struct err err = ERR_INIT;
	_cleanup_free_ char *folder = in_dir("many");

	start(&x, "");
	REQUIRE_OK(fs_mkdir_p(folder, 0700, &err), &err);
	put("many/1.csv", "1,a\nx,b\n");
	put("many/2.csv", "y,c\n2,d\n");
	put("many/_SUCCESS", "z");
	put("many/.hidden", "z");
	free(x.args.file);
	x.args.file = str_dup(folder);
	free(TAKE(x.args.bad_dir));
	x.args.max_bad = -1;
	REQUIRE_OK(run(&x), &x.err);
	CHECK_INT(x.result.files, 2);
	CHECK_INT(x.result.rows, 2);
	CHECK_INT(x.result.failed, 2);
	CHECK_STR(x.result.failed_log, folder);
	_cleanup_free_ char *bad = take_bad("many");
	CHECK(strstr(bad, "[x,b]") && strstr(bad, "[y,c]"));
	stop(&x);
}

/* What an import before this one left beside the data: ours, or a Splice server's. */
TEST(a_folder_with_bad_records)
{
	struct fixture x;
	struct err err = ERR_INIT;
	_cleanup_free_ char *folder = in_dir("again");

	start(&x, "");
	REQUIRE_OK(fs_mkdir_p(folder, 0700, &err), &err);
	put("again/1.csv", "1,a\n");
	put("again/1.csv.bad_0123456789abcdef0123456789abcdef_0", "22018 [x,b]\n");
	put("again/1.csv.bad_0123456789abcdef0123456789abcdef_12", "22018 [x,b]\n");
	put("again/2.csv.bad_week", "2,b\n");
	put("again/bad_0123456789abcdef0123456789abcdef_0", "3,c\n");
	free(x.args.file);
	x.args.file = str_dup(folder);
	REQUIRE_OK(run(&x), &x.err);
	CHECK_INT(x.result.files, 3);
	CHECK_INT(x.result.rows, 3);
	stop(&x);
}

TEST(a_folder_that_cannot_be_written)
{
	struct fixture x;

	start(&x, "x,a\n");
	put("file", "");
	free(x.args.bad_dir);
	x.args.bad_dir = in_dir("file/bad");
	x.args.max_bad = -1;
	CHECK(run(&x) < 0);
	CHECK(str_starts(x.err.text, "a bad record cannot be kept: "));
	CHECK(str_ends_ci(x.err.hint, ". Nothing was imported."));
	CHECK(str_ends_ci(fake_db_log(&x.fake), "rollback\n"));
	stop(&x);
}

TEST(line_ends_in_a_bad_record)
{
	struct fixture x;

	start(&x, "x,\"a\r\nb\"\n");
	x.args.one_line = false;
	x.args.max_bad = -1;
	REQUIRE_OK(run(&x), &x.err);
	_cleanup_free_ char *bad = take_bad("bad");
	CHECK(strstr(bad, "[x,\"a\\r\\nb\"]\n") != NULL);
	stop(&x);
}

TEST(interrupted)
{
	struct fixture x;
	struct cancel cancel;

	start(&x, "1,a\n");
	REQUIRE_OK(cancel_init(&cancel, &x.err), &x.err);
	cancel_fire(&cancel);
	x.hooks.cancel = &cancel;
	CHECK_INT(run(&x), E_CANCEL);
	CHECK_STR(x.err.name, "KeyboardInterrupt");
	CHECK(str_ends_ci(fake_db_log(&x.fake), "rollback\n"));
	cancel_release(&cancel);
	stop(&x);
}

/* More rows than are kept unanswered. */
TEST(many_rows)
{
	struct fixture x;
	_cleanup_buf_ struct buf b;

	buf_init(&b, MIB(2));
	for (int i = 0; i < 40000; i++)
		buf_printf(&b, "%d,r\n", i);
	buf_put_u8(&b, 0);
	start(&x, (char *)b.data);
	x.fake.refuse_row = 39000;
	x.fake.refuse_state = "22003";
	x.args.max_bad = 1;
	x.fake.log.max = KIB(1); /* not of interest, and large */
	REQUIRE_OK(run(&x), &x.err);
	CHECK_INT(x.result.rows, 39999);
	_cleanup_free_ char *bad = take_bad("bad");
	CHECK(strstr(bad, "(line 39000)") && strstr(bad, "[38999,r]"));
	CHECK(x.heard > 100);
	stop(&x);
}

TEST_MAIN()
