/* notebook/import-table.c */
#include "notebook/import-table.h"

#include "tests/harness.h"
#include "tests/servers/fake_db.h"

/* What is asked and made for the table s"x.T. */
static void check(const char *const *names, const char *asked, const char *insert)
{
	struct fake_reply replies[] = {
		{.sql = "select", .columns = "A int,B\"c varchar", .rows = "", .count = -1},
		{.sql = NULL},
	};
	struct fake_db fake = {.replies = replies};
	struct db *db = fake_db_open(&fake);
	struct import_args args = {.schema = (char *)"s\"x", .table = (char *)"T"};
	_cleanup_(import_table_release) struct import_table t = {0};
	_cleanup_free_ char *made = NULL, *emptied = NULL;
	struct err err = ERR_INIT;

	for (; *names; names++)
		REQUIRE_OK(strv_add(&args.columns, *names, &err), &err);
	REQUIRE_OK(import_table_read(db, &args, /* cancel= */ NULL, &t, &err), &err);
	CHECK_STR(fake_db_log(&fake), asked);
	CHECK_INT(t.n, 2);
	CHECK_INT(t.columns[0].type, VALUE_INTEGER);
	REQUIRE_OK(import_table_insert(&t, &made, &err), &err);
	CHECK_STR(made, insert);
	REQUIRE_OK(import_table_delete(&t, &emptied, &err), &err);
	CHECK_STR(emptied, "delete from \"s\"\"x\".\"T\"");
	strv_release(&args.columns);
	db_free(db);
	buf_release(&fake.log);
}

TEST(names_are_quoted)
{
	static const char insert[] =
		"insert into \"s\"\"x\".\"T\" (\"A\", \"B\"\"c\") values (?, ?)";

	check((const char *const[]){NULL}, "select * from \"s\"\"x\".\"T\" where 1 = 0\n", insert);
	check((const char *const[]){"A", "B\"c", NULL},
	      "select \"A\", \"B\"\"c\" from \"s\"\"x\".\"T\" where 1 = 0\n", insert);
}

TEST(no_such_table)
{
	struct fake_reply replies[] = {
		{.sql = "select", .state = "42X05", .text = "Table/View 'T' does not exist."},
		{.sql = NULL},
	};
	struct fake_db fake = {.replies = replies};
	struct db *db = fake_db_open(&fake);
	struct import_args args = {.table = (char *)"T"};
	struct import_table t = {0};
	struct err err = ERR_INIT;

	CHECK_INT(import_table_read(db, &args, /* cancel= */ NULL, &t, &err), E_SERVER);
	CHECK_STR(err.name, "42X05");
	CHECK(!t.target);
	db_free(db);
	buf_release(&fake.log);
}

TEST_MAIN()
