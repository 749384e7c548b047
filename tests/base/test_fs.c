/* base/fs.c and base/config.c, which reads through it */
#include "base/config.h"
#include "base/fs.h"
#include "base/str.h"

#include "tests/harness.h"

#include <sys/stat.h>

TEST(write_is_whole_and_read_is_capped)
{
	_cleanup_free_ char *path = str_fmt("%s/a/b/file", test_dir());
	_cleanup_free_ char *dir = str_ndup(path, strlen(path) - 5);
	_cleanup_buf_ struct buf b = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(fs_mkdir_p(dir, 0700, &err), &err);
	REQUIRE_OK(fs_write_atomic(path, "hello", 5, 0600, &err), &err);
	buf_init(&b, 5);
	CHECK_OK(fs_read(path, &b, &err), &err);
	CHECK_MEM(b.data, b.len, "hello", (size_t)5);
	CHECK_INT(fs_read(path, &b, &err), E_TOOBIG);
	buf_clear(&b);
	CHECK_INT(fs_read("/nonexistent/x", &b, &err), E_NOTFOUND);
}

TEST(copies_are_whole_and_trees_go_without_what_they_link_to)
{
	_cleanup_free_ char *outside = str_fmt("%s/kept", test_dir());
	_cleanup_free_ char *tree = str_fmt("%s/tree", test_dir());
	_cleanup_free_ char *deep = str_fmt("%s/a/b", tree);
	_cleanup_free_ char *file = str_fmt("%s/file", deep);
	_cleanup_free_ char *link = str_fmt("%s/link", deep);
	_cleanup_buf_ struct buf b = {0};
	struct err err = ERR_INIT;
	struct stat st;

	REQUIRE_OK(fs_mkdir_p(deep, 0700, &err), &err);
	REQUIRE_OK(fs_write_atomic(outside, "hello", 5, 0600, &err), &err);
	REQUIRE_OK(fs_copy(outside, file, 0640, &err), &err);
	buf_init(&b, 5);
	CHECK_OK(fs_read(file, &b, &err), &err);
	CHECK_MEM(b.data, b.len, "hello", (size_t)5);
	REQUIRE(stat(file, &st) == 0);
	CHECK_INT(st.st_mode & 0777, 0640);
	CHECK_INT(fs_copy("/nonexistent", file, 0600, &err), E_NOTFOUND);
	CHECK(fs_exists(file));
	REQUIRE(symlink(outside, link) == 0);
	CHECK_OK(fs_remove_tree(tree, &err), &err);
	CHECK(!fs_exists(tree) && fs_exists(outside));
	CHECK_OK(fs_remove_tree(tree, &err), &err);
	CHECK_OK(fs_remove_tree(outside, &err), &err);
	CHECK(!fs_exists(outside));
	CHECK_INT(fs_remove_tree("/proc/self/stat", &err), E_IO);
}

TEST(runtime_place_must_be_private)
{
	_cleanup_free_ char *open_dir = str_dup(test_dir());
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *below = str_fmt("%s/splice-kernel", open_dir);
	struct err err = ERR_INIT;

	setenv("XDG_RUNTIME_DIR", open_dir, 1);
	REQUIRE_OK(fs_place(PLACE_RUNTIME, "x.sock", &path, &err), &err);
	CHECK(str_ends_ci(path, "/splice-kernel/x.sock"));
	REQUIRE(chmod(below, 0755) == 0);
	free(TAKE(path));
	CHECK_INT(fs_place(PLACE_RUNTIME, "x.sock", &path, &err), E_AUTH);
}

TEST(settings_environment_wins_over_file)
{
	static const char text[] = "rows = 5\nwrong = 1\n[spark]\nmemory = 2g\n[bucket]\na = /x\n";
	_cleanup_free_ char *home = str_dup(test_dir());
	_cleanup_free_ char *file = str_fmt("%s/splice-kernel/config", home);
	_cleanup_(config_freep) struct config *c = NULL;
	struct err err = ERR_INIT;
	int64_t rows = 0;

	setenv("XDG_CONFIG_HOME", home, 1);
	REQUIRE_OK(config_load(&c, &err), &err); /* no file yet; makes the folder */
	config_free(TAKE(c));
	REQUIRE_OK(fs_write_atomic(file, text, strlen(text), 0600, &err), &err);
	REQUIRE_OK(config_load(&c, &err), &err);
	CHECK_STR(config_unknown(c), "wrong");
	CHECK_STR(config_get(c, "spark.memory"), "2g");
	CHECK_STR(config_get(c, "bucket.a"), "/x");
	CHECK_STR(config_get(c, "db.port"), "1527");
	CHECK_OK(config_get_i64(c, "rows", &rows, &err), &err);
	CHECK_INT(rows, 5);
	setenv("SPLICE_SPARK_MEMORY", "3g", 1);
	CHECK_STR(config_get(c, "spark.memory"), "3g");
}

TEST_MAIN()
