/* manager/logfile.c */
#include "manager/logfile.h"

#include "base/fs.h"
#include "base/str.h"
#include "tests/harness.h"

#include <sys/stat.h>

static char *path_in_new_state(void)
{
	struct err err = ERR_INIT;
	char *path = NULL;

	if (setenv("XDG_STATE_HOME", test_dir(), 1) == 0)
		CHECK_OK(logfile_path("x", &path, &err), &err);
	return path;
}

static void append(const char *path, const char *text, off_t *ret_start)
{
	struct err err = ERR_INIT;
	int fd;

	REQUIRE_OK(logfile_open(path, &fd, ret_start, &err), &err);
	CHECK_OK(fs_write_all(fd, text, strlen(text), &err), &err);
	(void)close(fd);
}

static void check_tail(const char *text, const char *expected)
{
	_cleanup_free_ char *path = path_in_new_state();
	_cleanup_free_ char *tail = NULL;
	struct err err = ERR_INIT;
	off_t start = 0;

	append(path, "of an earlier start\n", &start);
	append(path, text, &start);
	REQUIRE_OK(logfile_tail(path, start, &tail, &err), &err);
	CHECK_STR(tail, expected);
}

TEST(the_tail_is_of_this_start_and_without_frames)
{
	check_tail("", "");
	check_tail("one", "one");
	check_tail("\n\n", "");
	check_tail("a\n\nb\n", "a\nb");
	check_tail("Exception: x\n\tat a.b(C)\n\tat d\nCaused by: y\n",
		   "Exception: x\nCaused by: y");
	check_tail("1\n2\n3\n4\n5\n6\n7\n8\n", "3\n4\n5\n6\n7\n8");
	check_tail("bad \xff byte\n", "bad \xef\xbf\xbd byte");
}

TEST(the_tail_of_a_long_log_is_short)
{
	_cleanup_free_ char *path = path_in_new_state();
	_cleanup_free_ char *tail = NULL;
	_cleanup_free_ char *line = malloc(40001);
	struct err err = ERR_INIT;
	off_t start;

	REQUIRE(line != NULL);
	memset(line, 'x', 40000);
	line[40000] = '\0';
	append(path, line, &start);
	append(path, "\nlast\n", &start);
	REQUIRE_OK(logfile_tail(path, 0, &tail, &err), &err);
	CHECK(strlen(tail) < 20000);
	CHECK(str_ends_ci(tail, "\nlast"));
	CHECK_INT(logfile_tail("/nonexistent", 0, &tail, &err), E_IO);
}

TEST(a_large_log_is_set_aside)
{
	_cleanup_free_ char *path = path_in_new_state();
	_cleanup_free_ char *older = str_fmt("%s.1", path);
	struct stat st;
	off_t start;

	append(path, "first\n", &start);
	REQUIRE(truncate(path, 5 << 20) == 0);
	append(path, "second\n", &start);
	CHECK_INT(start, 0);
	REQUIRE(stat(older, &st) == 0);
	CHECK_INT(st.st_size, 5 << 20);
	REQUIRE(stat(path, &st) == 0);
	CHECK_INT(st.st_size, 7);
	CHECK_INT(st.st_mode & 0777, 0600);
}

TEST_MAIN()
