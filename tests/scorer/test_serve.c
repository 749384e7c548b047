/*
 * scorer/serve.c and scorer/commands.c: the program itself, with its signals,
 * its command line and its log.
 */
#include "scorer/serve.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/proc.h"
#include "tests/scorer/sample.h"
#include "tests/servers/raw_http.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#define JSON "Content-Type: application/json\r\n"
#define ONE_ROW "{\"instances\":[[1,\"a\"]]}"

/* build/VARIANT/bin/splice-scorer, beside build/VARIANT/tests/scorer/test_serve. */
static char *program(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *tests;

	self[n > 0 ? n : 0] = '\0';
	tests = strstr(self, "/tests/scorer/");
	return tests ? str_fmt("%.*s/bin/splice-scorer", (int)(tests - self), self) : NULL;
}

/* A server of our own, and what it logs. */
struct child {
	pid_t pid;
	char *log; /* path */
	int port;
};

static char *read_log(const struct child *c)
{
	_cleanup_buf_ struct buf b;
	struct err err = ERR_INIT;

	buf_init(&b, MIB(1));
	CHECK_OK(fs_read(c->log, &b, &err), &err);
	return buf_take_str(&b);
}

/* Wait until the log has the text; true when it has. */
static bool log_has(const struct child *c, const char *text)
{
	int64_t deadline = clock_ms() + 20000;

	while (clock_ms() < deadline) {
		_cleanup_free_ char *log = read_log(c);

		if (strstr(log, text))
			return true;
		(void)poll(NULL, 0, 5);
	}
	return false;
}

static void start(struct child *c, const char *folder, const char *what, const char *path)
{
	_cleanup_free_ char *binary = program();
	const char *argv[] = {binary, "serve", what, path, "--port", "0", NULL};
	struct proc_options o = {.argv = argv, .die_with_parent = true};
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *log = NULL;
	struct err err = ERR_INIT;

	*c = (struct child){.log = str_fmt("%s/log", folder)};
	fd = open(c->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	o.out_fd = fd;
	CHECK_OK(proc_spawn(&o, &c->pid, &err), &err);
	if (!log_has(c, "listening on 127.0.0.1 port "))
		return;
	log = read_log(c);
	c->port = (int)strtoul(strstr(log, "port ") + 5, NULL, 10);
	CHECK(c->port > 0);
}

/* Exit status, or -1 for another end. */
static int end(struct child *c)
{
	int status = -1;

	if (c->pid <= 0)
		return -1;
	CHECK_INT(waitpid(c->pid, &status, 0), c->pid);
	c->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void child_release(struct child *c)
{
	if (c->pid > 0)
		(void)kill(c->pid, SIGKILL);
	if (c->pid > 0)
		(void)end(c);
	free(c->log);
}

#define _child_ _cleanup_(child_release) struct child

struct load {
	int port;
	atomic_bool stop;
	atomic_ulong connected, answered, failed;
};

static void *ask(void *userdata)
{
	struct load *l = userdata;
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_cleanup_raw_http_ struct raw_http c = {.fd = -1};

	raw_http_open(&c, l->port);
	atomic_fetch_add(&l->connected, c.fd >= 0);
	while (c.fd >= 0 && !atomic_load(&l->stop)) {
		bool fine = raw_http_call(&c, "POST", "/invocations", JSON, ONE_ROW, &a) &&
			    a.status == 200;

		atomic_fetch_add(fine ? &l->answered : &l->failed, 1);
		if (!fine || raw_answer_has(&a, "Connection: close"))
			break;
	}
	return NULL;
}

enum { CLIENTS = 16 };

static void start_load(struct load *l, pthread_t *threads, int port)
{
	*l = (struct load){.port = port};
	for (int i = 0; i < CLIENTS; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, ask, l), 0);
	while (atomic_load(&l->connected) < CLIENTS)
		(void)poll(NULL, 0, 1);
}

static void end_load(struct load *l, pthread_t *threads)
{
	atomic_store(&l->stop, true);
	for (int i = 0; i < CLIENTS; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
}

TEST(sigterm_under_load_loses_no_answer_and_ends_with_0)
{
	const char *folder = test_dir();
	_cleanup_free_ char *model = sample_model(folder, "model.json", "0.1");
	pthread_t threads[CLIENTS];
	struct load l;
	_child_ c = {0};

	start(&c, folder, "--model", model);
	REQUIRE(c.port);
	start_load(&l, threads, c.port);
	CHECK_INT(kill(c.pid, SIGTERM), 0);
	CHECK_INT(end(&c), 0);
	end_load(&l, threads);
	CHECK_INT(l.failed, 0);
	CHECK(l.answered >= CLIENTS);
	CHECK(log_has(&c, "info serve: ended"));
}

TEST(sighup_reads_the_files_again_and_keeps_the_old_when_they_are_broken)
{
	const char *folder = test_dir();
	_cleanup_free_ char *model = sample_model(folder, "model.json", "0.1");
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_cleanup_raw_http_ struct raw_http http = {.fd = -1};
	_child_ c = {0};

	start(&c, folder, "--model", model);
	REQUIRE(c.port);
	raw_http_open(&http, c.port);
	REQUIRE(raw_http_call(&http, "POST", "/invocations", JSON, ONE_ROW, &a));
	CHECK_STR(a.body, "{\"predictions\": [1.0]}");
	sample_put_model(folder, "model.json", "-9");
	CHECK_INT(kill(c.pid, SIGHUP), 0);
	CHECK(log_has(&c, "info reload: 1 variant"));
	REQUIRE(raw_http_call(&http, "POST", "/invocations", JSON, ONE_ROW, &a));
	CHECK_STR(a.body, "{\"predictions\": [0.0]}");
	sample_put(folder, "model.json", "{\"format\":\"splice-scorer\"}");
	CHECK_INT(kill(c.pid, SIGHUP), 0);
	CHECK(log_has(&c, "member \"version\": is missing; what was served before stays"));
	REQUIRE(raw_http_call(&http, "POST", "/invocations", JSON, ONE_ROW, &a));
	CHECK_STR(a.body, "{\"predictions\": [0.0]}");
	REQUIRE(raw_http_call(&http, "GET", "/metrics", "", NULL, &a));
	CHECK(strstr(a.body, "splice_scorer_reloads_total 1\n"));
	CHECK(strstr(a.body, "splice_scorer_reloads_failed_total 1\n"));
}

TEST(sighup_under_load_fails_no_request)
{
	const char *folder = test_dir();
	pthread_t threads[CLIENTS];
	struct load l;
	_child_ c = {0};

	sample_put_model(folder, "a.json", "0.1");
	sample_put(
		folder, "endpoint.json",
		"{\"port\":0,\"variants\":[{\"name\":\"v\",\"weight\":1,\"model\":\"a.json\"}]}");
	start(&c, folder, "--endpoint", folder);
	REQUIRE(c.port);
	start_load(&l, threads, c.port);
	for (int i = 0; i < test_count(50, 1000); i++) {
		CHECK_INT(kill(c.pid, SIGHUP), 0);
		(void)poll(NULL, 0, 4);
	}
	end_load(&l, threads);
	CHECK_INT(l.failed, 0);
	CHECK(log_has(&c, "info reload: 1 variant"));
	CHECK_INT(kill(c.pid, SIGTERM), 0);
	CHECK_INT(end(&c), 0);
}

/* --- the command line --- */

/* Run to the end; what it wrote, for the caller to free. */
static int run(const char *const *argv, char **ret_output)
{
	_cleanup_free_ char *path = str_fmt("%s/output", test_dir());
	_cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct proc_options o = {.argv = argv, .out_fd = fd};
	struct child c = {.log = path};
	struct err err = ERR_INIT;

	CHECK_OK(proc_spawn(&o, &c.pid, &err), &err);
	*ret_output = NULL;
	if (c.pid <= 0)
		return -1;
	int status = end(&c);

	*ret_output = read_log(&c);
	return status;
}

static void check_run(const char *const *words, int status, const char *part)
{
	_cleanup_free_ char *binary = program(), *output = NULL;
	const char *argv[16] = {binary};

	for (size_t i = 0; words[i]; i++)
		argv[i + 1] = words[i];
	CHECK_INT(run(argv, &output), status);
	if (!output || !strstr(output, part))
		test_fail(__FILE__, __LINE__, "no \"%s\" in: %s", part, output);
}

#define RUN(status, part, ...)                                                                     \
	check_run((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL}, status, part)

TEST(the_command_line_is_checked)
{
	const char *folder = test_dir();
	_cleanup_free_ char *model = sample_model(folder, "model.json", "0.1");
	_cleanup_free_ char *good = sample_write(
		folder, "good.json",
		"{\"columns\":[{\"name\":\"V1\",\"type\":\"double\"},{\"name\":\"t\",\"type\":"
		"\"string\"}],\"rows\":[[-0.2,\"a\"],[null,\"a\"]],\"expected\":[{\"prediction\":0,"
		"\"probability\":[0.5,0.5]},null]}");
	_cleanup_free_ char *bad = sample_write(
		folder, "bad.json",
		"{\"columns\":[{\"name\":\"V1\",\"type\":\"double\"},{\"name\":\"t\",\"type\":"
		"\"string\"}],\"rows\":[[-0.2,\"a\"]],\"expected\":[{\"prediction\":1}]}");

	RUN(2, "usage: splice-scorer COMMAND");
	RUN(2, "there is no command \"go\"", "go");
	RUN(0, "usage: splice-scorer COMMAND", "--help");
	RUN(0, "splice-scorer " SPLICE_VERSION "\n", "--version");
	RUN(2, "--model is missing", "check");
	RUN(2, "--model needs a value", "check", "--model");
	RUN(2, "\"--colour\" is not known here", "serve", "--colour", "red");
	RUN(2, "--port is a number from 0 to 65535", "serve", "--model", model, "--port", "http");
	RUN(2, "log level \"loud\" is not error,", "serve", "--model", model, "--log-level",
	    "loud");
	RUN(2, "exclude each other", "serve", "--model", model, "--endpoint", folder);
	RUN(2, "\"localhost\" is not an IP address", "serve", "--model", model, "--host",
	    "localhost");
	RUN(1, "/nowhere/model.json: No such file", "serve", "--model", "/nowhere/model.json");
	RUN(0, "stage 3: LogisticRegression lr\nanswers: prediction, probability, rawPrediction\n",
	    "check", "--model", model);
	RUN(1, "this is not a model file", "check", "--model", good);
	RUN(0, "2 rows answered as Spark answers them\n", "parity", "--model", model, "--sample",
	    good);
	RUN(1, "row 1: Spark answered {\"prediction\":1}, the scorer {", "parity", "--model", model,
	    "--sample", bad);
	RUN(1, "1 of 1 rows are answered differently", "parity", "--model", model, "--sample", bad);
	RUN(1, "holds no \"columns\"", "parity", "--model", model, "--sample", model);
	/* Standard input is empty here. */
	RUN(1, "the body has no header line", "score", "--model", model);
	RUN(2, "--output is prediction or all", "score", "--model", model, "--output", "raw");
}

TEST(a_port_that_is_taken_is_said)
{
	const char *folder = test_dir();
	_cleanup_free_ char *model = sample_model(folder, "model.json", "0.1");
	_cleanup_free_ char *port = NULL;
	_child_ c = {0};

	start(&c, folder, "--model", model);
	REQUIRE(c.port);
	port = str_fmt("%d", c.port);
	RUN(1, "Address already in use", "serve", "--model", model, "--port", port);
}

TEST_MAIN()
