#include "notebook/sql-edit.h"

#include "tests/harness.h"

static void put(struct sql_edits *e, size_t at, size_t cut, const char *text)
{
	struct err err = ERR_INIT;

	CHECK_OK(sql_edits_add(e, at, cut, text, strlen(text), &err), &err);
}

/* "0123456789" with: 2 letters before 3, 4 and 5 away, a letter and a cut at 8. */
TEST(apply_and_back)
{
	struct sql_edits e = {0};
	_cleanup_free_ char *text = NULL;
	struct err err = ERR_INIT;

	put(&e, 8, 1, "X");
	put(&e, 8, 0, "b");
	put(&e, 8, 0, "c");
	put(&e, 3, 0, "aa");
	put(&e, 4, 2, "");
	REQUIRE_OK(sql_edits_apply(&e, "0123456789", 10, &text, &err), &err);
	CHECK_STR(text, "012aa367bcX9");
	static const size_t origins[] = {0, 1, 2, 3, 3, 3, 6, 7, 8, 8, 8, 9, 10};
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++)
		CHECK_INT(sql_edits_origin(&e, i), origins[i]);
	sql_edits_release(&e);
}

TEST(no_edits)
{
	struct sql_edits e = {0};
	_cleanup_free_ char *text = NULL;
	struct err err = ERR_INIT;

	REQUIRE_OK(sql_edits_apply(&e, "abc", 3, &text, &err), &err);
	CHECK_STR(text, "abc");
	CHECK_INT(sql_edits_origin(&e, 2), 2);
}

TEST_MAIN()
