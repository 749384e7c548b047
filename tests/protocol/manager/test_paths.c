/* protocol/manager/paths.c */
#include "protocol/manager/paths.h"

#include "base/fs.h"
#include "base/str.h"
#include "tests/harness.h"

TEST(a_socket_path_that_is_too_long_is_refused_with_advice)
{
	const char *dir = test_dir();
	_cleanup_free_ char *deep = NULL;
	_cleanup_free_ char *path = NULL;
	struct err err = ERR_INIT;

	REQUIRE(setenv("XDG_RUNTIME_DIR", dir, 1) == 0);
	CHECK_OK(manager_socket_path(&path, &err), &err);
	CHECK(str_ends_ci(path, "/splice-kernel/manager.sock"));

	deep = str_fmt("%s/%080d", dir, 1);
	REQUIRE_OK(fs_mkdir_p(deep, 0700, &err), &err);
	REQUIRE(setenv("XDG_RUNTIME_DIR", deep, 1) == 0);
	freep(&path);
	path = NULL;
	CHECK_INT(manager_socket_path(&path, &err), E_TOOBIG);
	CHECK(strstr(err.hint, "XDG_RUNTIME_DIR") != NULL);
}

static int read_back(const char *text, struct manager_owner *ret)
{
	_cleanup_free_ char *path = str_fmt("%s/owner", test_dir());
	struct err err = ERR_INIT;
	int r = fs_write_atomic(path, text, strlen(text), 0600, &err);

	return r < 0 ? r : manager_owner_read(path, ret, &err);
}

TEST(the_owner_is_read_back)
{
	struct manager_owner owner = {.pid = 42, .host = (char[]){"h"}, .socket = (char[]){"/s"}};
	_cleanup_(manager_owner_release) struct manager_owner back = {0};
	_cleanup_free_ char *text = manager_owner_text(&owner);

	REQUIRE(text != NULL);
	REQUIRE(read_back(text, &back) == 0);
	CHECK_INT(back.pid, 42);
	CHECK_STR(back.host, "h");
	CHECK_STR(back.socket, "/s");
}

TEST(a_damaged_lock_file_names_nobody)
{
	struct manager_owner back = {0};

	CHECK_INT(read_back("", &back), E_NOTFOUND);
	CHECK_INT(read_back("42\n", &back), E_NOTFOUND);
	CHECK_INT(read_back("42\nhost\nrelative\n", &back), E_NOTFOUND);
	CHECK_INT(read_back("x\nhost\n/socket\n", &back), E_NOTFOUND);
	CHECK_INT(read_back("42\nhost\n/socket", &back), E_NOTFOUND);
	CHECK(back.host == NULL);
}

TEST_MAIN()
