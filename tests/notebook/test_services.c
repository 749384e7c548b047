/*
 * notebook/services.c with protocol/manager/client.c, against the real
 * splice-manager of this build.  No server is installed where SPLICE_LIB_DIR
 * points, so a service fails at once with a reason to pass on; that servers
 * start is tests/live/test_manager.py's.
 */
#include "notebook/services.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/proc.h"
#include "base/str.h"
#include "protocol/manager/client.h"
#include "tests/harness.h"

#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* build/VARIANT/tests/notebook/test_services -> build/VARIANT */
static char *build_dir(void)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[n > 0 ? n : 0] = '\0';
	for (int up = 0; up < 3; up++)
		*strrchr(exe, '/') = '\0';
	return str_dup(exe);
}

/* Own folders, and `bin` (NULL: the build's) first on the PATH. */
static void set_up(const char *bin)
{
	const char *dir = test_dir();
	_cleanup_free_ char *build = build_dir();
	_cleanup_free_ char *path = NULL;

	path = bin ? str_fmt("%s:/usr/bin:/bin", bin) : str_fmt("%s/bin:/usr/bin:/bin", build);
	(void)setenv("XDG_RUNTIME_DIR", dir, 1);
	(void)setenv("XDG_DATA_HOME", dir, 1);
	(void)setenv("XDG_STATE_HOME", dir, 1);
	(void)setenv("XDG_CONFIG_HOME", dir, 1);
	(void)setenv("SPLICE_LIB_DIR", "/nonexistent", 1);
	(void)setenv("JAVA_HOME", "/nonexistent", 1);
	(void)setenv("PATH", path, 1);
}

static void stop_manager(void)
{
	const char *argv[] = {"splice-manager", "stop", NULL};
	struct proc_options o = {.argv = argv, .out_fd = -1};
	struct err err = ERR_INIT;
	int status;
	pid_t pid;

	REQUIRE_OK(proc_spawn(&o, &pid, &err), &err);
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static struct services *make(void)
{
	struct services *s = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(services_new(/* config= */ NULL, /* log= */ NULL, &s, &err), &err);
	return s;
}

static int ensure(struct services *s, struct cancel *cancel, char **ret_url, struct err *err)
{
	err_clear(err);
	return services_ensure(s, SERVICE_DATABASE, cancel, /* notice= */ NULL, NULL, ret_url, err);
}

/* Write an executable `splice-manager` into a new folder; the caller frees its path. */
static char *fake_program(const char *script)
{
	const char *dir = test_dir();
	_cleanup_free_ char *path = NULL;
	struct err err = ERR_INIT;

	path = str_fmt("%s/splice-manager", dir);
	CHECK_OK(fs_write_atomic(path, script, strlen(script), 0700, &err), &err);
	return str_dup(dir);
}

static void *ensure_in_thread(void *userdata)
{
	struct err err = ERR_INIT;
	char *url = NULL;
	int r = ensure(userdata, /* cancel= */ NULL, &url, &err);

	free(url);
	return r == E_NOTFOUND && strstr(err.text, "JAVA_HOME is /nonexistent") &&
			       strstr(err.hint, "JAVA_HOME")
		       ? userdata
		       : NULL;
}

TEST(four_threads_start_one_manager_and_hear_its_reason)
{
	_cleanup_(services_freep) struct services *s = NULL;
	pthread_t threads[4];

	set_up(/* bin= */ NULL);
	s = make();
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		REQUIRE(pthread_create(&threads[i], NULL, ensure_in_thread, s) == 0);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		void *ret = NULL;

		REQUIRE(pthread_join(threads[i], &ret) == 0);
		CHECK(ret == s);
	}
	stop_manager();
	CHECK(ensure_in_thread(s) == s); /* and again, with a new manager */
	stop_manager();
}

TEST(a_manager_that_cannot_start_says_why)
{
	_cleanup_free_ char *bin = fake_program("#!/bin/sh\n"
						"echo 'splice-manager: the disk is full' >&2\n"
						"echo 'make room' >&2\nexit 1\n");
	_cleanup_(services_freep) struct services *s = NULL;
	struct err err = ERR_INIT;
	char *url = NULL;

	set_up(bin);
	s = make();
	CHECK_INT(ensure(s, /* cancel= */ NULL, &url, &err), E_IO);
	CHECK_STR(err.text, "splice-manager does not start: the disk is full");
	CHECK_STR(err.hint, "make room");
	CHECK(url == NULL);
}

TEST(no_manager_program_is_said_with_advice)
{
	_cleanup_(services_freep) struct services *s = NULL;
	struct err err = ERR_INIT;
	char *url = NULL;

	set_up("/nonexistent");
	s = make();
	CHECK_INT(ensure(s, /* cancel= */ NULL, &url, &err), E_NOTFOUND);
	CHECK(strstr(err.hint, "install.sh") != NULL);
}

static void *fire_soon(void *userdata)
{
	(void)usleep(100000);
	cancel_fire(userdata);
	return NULL;
}

TEST(waiting_for_a_manager_is_cancelled)
{
	_cleanup_free_ char *bin = fake_program("#!/bin/sh\nexec sleep 60\n");
	_cleanup_(services_freep) struct services *s = NULL;
	_cleanup_(cancel_release) struct cancel cancel = {.fd = -1};
	struct err err = ERR_INIT;
	pthread_t thread;
	char *url = NULL;

	set_up(bin);
	s = make();
	REQUIRE_OK(cancel_init(&cancel, &err), &err);
	REQUIRE(pthread_create(&thread, NULL, fire_soon, &cancel) == 0);
	CHECK_INT(ensure(s, &cancel, &url, &err), E_CANCEL);
	CHECK_INT(pthread_join(thread, NULL), 0);
}

TEST(a_manager_that_ends_at_once_is_tried_three_times)
{
	_cleanup_free_ char *bin = fake_program("#!/bin/sh\necho x >>$XDG_DATA_HOME/tries\n");
	_cleanup_(services_freep) struct services *s = NULL;
	_cleanup_free_ char *tries = NULL;
	_cleanup_buf_ struct buf b;
	struct err err = ERR_INIT;
	char *url = NULL;

	set_up(bin);
	s = make();
	CHECK_INT(ensure(s, /* cancel= */ NULL, &url, &err), E_CLOSED);
	tries = str_fmt("%s/tries", getenv("XDG_DATA_HOME"));
	buf_init(&b, KIB(1));
	REQUIRE_OK(fs_read(tries, &b, &err), &err);
	CHECK_MEM(b.data, b.len, "x\nx\nx\n", (size_t)6);
}

TEST_MAIN()
