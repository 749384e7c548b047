/*
 * deploy/engine.c: the command lines of docker, podman and buildah.  Scripts of their names, in a
 * PATH of their own, note what they are given; what the real ones make of it is seen in
 * tests/live/test_mlflow_image.py.
 */
#include "deploy/engine.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include "tests/harness.h"

#include <sys/stat.h>
#include <sys/wait.h>

static const char *dir;
static char *old_path;

/* `body` decides after the note was taken. */
static void put_engine(const char *name, const char *body)
{
	_cleanup_free_ char *path = str_fmt("%s/%s", dir, name);
	_cleanup_free_ char *text = str_fmt(
		"#!/bin/sh\necho %s \"$@\" >> %s/calls\n"
		"case \"$1 $2\" in *--password-stdin*|login*) read p; echo \"stdin $p\" >> %s/calls;; "
		"esac\n%s\n",
		name, dir, dir, body);
	struct err err = ERR_INIT;

	REQUIRE_OK(fs_write_atomic(path, text, strlen(text), 0755, &err), &err);
}

static void set_up(void)
{
	_cleanup_free_ char *path = NULL;

	dir = test_dir();
	if (!old_path)
		old_path = str_dup(getenv("PATH"));
	/* The shell's own tools, and no real engine. */
	path = str_fmt("%s:%s/none", dir, dir);
	(void)setenv("PATH", path, 1);
}

static void check_calls(const char *want)
{
	_cleanup_free_ char *path = str_fmt("%s/calls", dir);
	_cleanup_buf_ struct buf b;
	struct err err = ERR_INIT;

	buf_init(&b, KIB(64));
	REQUIRE_OK(fs_read(path, &b, &err), &err);
	buf_put_u8(&b, '\0');
	CHECK_STR((const char *)b.data, want);
	(void)unlink(path);
}

static const struct engine *find(const char *name)
{
	const struct engine *e = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(engine_find(name, NULL, &e, &err), &err);
	return e;
}

TEST(the_first_that_works_is_found)
{
	const struct engine *e = NULL;
	struct err err = ERR_INIT;

	set_up();
	CHECK_INT(engine_find(NULL, NULL, &e, &err), E_NOTFOUND);
	CHECK_STR(err.text, "no container engine works here");
	CHECK(strstr(err.hint, "docker, podman or buildah") != NULL);
	put_engine("docker", "echo Cannot connect to the Docker daemon >&2; exit 1");
	CHECK_INT(engine_find("", NULL, &e, &err), E_NOTFOUND);
	CHECK_STR(err.text,
		  "no container engine works here: docker version failed: Cannot connect to "
		  "the Docker daemon");
	put_engine("buildah", "exit 0");
	CHECK_STR(engine_name(find(NULL)), "buildah");
	put_engine("podman", "exit 0");
	CHECK_STR(engine_name(find(NULL)), "podman");
	CHECK_STR(engine_name(find("buildah")), "buildah");
	CHECK_INT(engine_find("docker", NULL, &e, &err), E_SERVER);
	CHECK_INT(engine_find("lxc", NULL, &e, &err), E_INPUT);
}

static void hear(void *userdata, const char *line)
{
	buf_printf(userdata, "%s|", line);
}

TEST(a_build_says_its_lines_and_why_it_failed)
{
	_cleanup_buf_ struct buf said;
	struct engine_call c = {.folder = "/nowhere", .said = hear, .userdata = &said};
	struct err err = ERR_INIT;

	set_up();
	buf_init(&said, 1000);
	put_engine("podman", "echo STEP 1; echo no space left >&2; test \"$1\" = version");
	c.engine = find("podman");
	check_calls("podman version\n");
	CHECK_INT(engine_build(&c, "/ctx", "a:b", "--network host  --pull", &err), E_SERVER);
	CHECK_STR(err.text, "podman build failed: no space left");
	check_calls("podman build --format docker --network host --pull --tag a:b /ctx\n");
	buf_put_u8(&said, '\0');
	CHECK_STR((const char *)said.data, "STEP 1|no space left|");
}

TEST(too_many_options_are_refused)
{
	_cleanup_buf_ struct buf options;
	struct engine_call c = {.folder = ""};
	struct err err = ERR_INIT;

	set_up();
	put_engine("podman", "exit 0");
	c.engine = find("podman");
	buf_init(&options, 1000);
	for (int i = 0; i < 70; i++)
		buf_put_str(&options, "-q ");
	buf_put_u8(&options, '\0');
	CHECK_INT(engine_build(&c, "/ctx", "a:b", (const char *)options.data, &err), E_TOOBIG);
	check_calls("podman version\n");
}

/* The password is no argument, and what was told to `login` is not the user's own. */
TEST(a_push_logs_in_by_standard_input)
{
	static const struct engine_registry secure = {"https://r.example", "AWS", "hush"};
	static const struct engine_registry plain = {"http://127.0.0.1:5000/", "u", "hush"};
	struct engine_call c = {.folder = "/job"};
	struct err err = ERR_INIT;

	set_up();
	put_engine("docker", "test -z \"$DOCKER_CONFIG\" || echo config $DOCKER_CONFIG");
	put_engine("podman", "case $1 in push) exit 9;; esac; exit 0");
	c.engine = find("docker");
	CHECK_OK(engine_push(&c, "l:t", "r.example/x:t", &secure, &err), &err);
	check_calls("docker version\n"
		    "docker tag l:t r.example/x:t\n"
		    "docker login --username AWS --password-stdin r.example\n"
		    "stdin hush\n"
		    "docker push r.example/x:t\n"
		    "docker inspect --type image r.example/x:t\n"
		    "docker rmi r.example/x:t\n");
	c.engine = find("podman");
	CHECK_INT(engine_push(&c, "l:t", "127.0.0.1:5000/x:t", &plain, &err), E_SERVER);
	check_calls("podman version\n"
		    "podman tag l:t 127.0.0.1:5000/x:t\n"
		    "podman login --tls-verify=false --username u --password-stdin 127.0.0.1:5000\n"
		    "stdin hush\n"
		    "podman push --format v2s2 --tls-verify=false 127.0.0.1:5000/x:t\n"
		    "podman inspect --type image 127.0.0.1:5000/x:t\n"
		    "podman rmi 127.0.0.1:5000/x:t\n");
}

TEST(an_image_that_is_not_there_is_removed)
{
	struct engine_call c = {.folder = ""};
	struct err err = ERR_INIT;

	set_up();
	put_engine("buildah", "test \"$1\" = version");
	c.engine = find("buildah");
	CHECK_OK(engine_remove(&c, "l:t", &err), &err);
	check_calls("buildah version\nbuildah inspect --type image l:t\n");
}

static void run_and_stop(const char *name)
{
	struct engine_call c = {.folder = ""};
	struct err err = ERR_INIT;
	pid_t pid = 0;
	int status;

	put_engine(name, "exit 0");
	c.engine = find(name);
	REQUIRE_OK(engine_start(&c, "l:t", "n", 5555, -1, &pid, &err), &err);
	CHECK(waitpid(pid, &status, 0) == pid);
	engine_stop(&c, "n", 0);
}

TEST(containers_are_run_and_removed)
{
	set_up();
	run_and_stop("docker");
	check_calls("docker version\n"
		    "docker run --rm --name n --publish 127.0.0.1:5555:8080 l:t serve\n"
		    "docker rm --force n\n");
	run_and_stop("buildah");
	check_calls("buildah version\n"
		    "buildah from --name n l:t\n"
		    "buildah run --env SPLICE_PORT=5555 n /opt/splice/serve\n"
		    "buildah rm n\n");
}

TEST_MAIN()
