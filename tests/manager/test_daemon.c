/*
 * manager/daemon.c with manager/server.c, manager/status.c and manager/lock.c:
 * a whole manager with a fake service, in this thread; a client's bytes are
 * written and read beside it.
 */
#include "manager/daemon.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "manager/lock.h"
#include "manager/procs.h"
#include "manager/status.h"
#include "protocol/manager/paths.h"
#include "tests/harness.h"
#include "tests/servers/fake_service.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

static const struct service_def *const defs[] = {&fake_service_def, NULL};

static struct daemon *make(const char *mode, int64_t idle_ms)
{
	struct daemon_options o = {.defs = defs, .log_path = "log", .idle_ms = idle_ms};
	struct daemon *d = NULL;
	struct err err = ERR_INIT;

	fake_service_setup(mode);
	if (daemon_new(&o, &d, &err) < 0)
		test_fail(__FILE__, __LINE__, "%s", err.text);
	return d;
}

static int dial(void)
{
	_cleanup_free_ char *path = NULL;
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct err err = ERR_INIT;

	CHECK_OK(manager_socket_path(&path, &err), &err);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path ? path : "");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void say(int fd, const char *text)
{
	CHECK_INT(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Step until `until` stands in what was received, the link ends, or 4 s are over; caller frees. */
static char *hear(struct daemon *d, int fd, const char *until)
{
	int64_t deadline = clock_ms() + 4000;
	struct err err = ERR_INIT;
	_cleanup_buf_ struct buf b;

	buf_init(&b, MIB(1));
	while (clock_ms() < deadline) {
		char chunk[4096];
		ssize_t n;

		CHECK_OK(daemon_step(d, 20, &err), &err);
		n = recv(fd, chunk, sizeof(chunk), 0);
		if (n == 0)
			break;
		if (n > 0)
			buf_put(&b, chunk, (size_t)n);
		if (b.len && memmem(b.data, b.len, until, strlen(until)))
			break;
	}
	return buf_take_str(&b);
}

static void check_answer(struct daemon *d, int fd, const char *request, const char *part)
{
	_cleanup_free_ char *text = NULL;

	say(fd, request);
	text = hear(d, fd, part);
	if (!strstr(text, part))
		test_fail(__FILE__, __LINE__, "no \"%s\" in: %s", part, text);
}

#define HELLO(kind) "{\"id\":1,\"op\":\"hello\",\"version\":1,\"kind\":\"" kind "\"}\n"
#define ENSURE "{\"id\":2,\"op\":\"ensure\",\"service\":\"fake\"}\n"

static bool steps_until_done(struct daemon *d, int ms)
{
	int64_t deadline = clock_ms() + ms;
	struct err err = ERR_INIT;

	while (!daemon_done(d) && clock_ms() < deadline)
		CHECK_OK(daemon_step(d, 20, &err), &err);
	return daemon_done(d);
}

TEST(two_links_ask_at_once_and_both_hear)
{
	_cleanup_(daemon_freep) struct daemon *d = make("ok", 0);
	_cleanup_close_ int a = dial(), b = dial();
	_cleanup_free_ char *wanted = str_fmt("{\"id\":2,\"ok\":true,\"url\":\"fake://secret@"
					      "127.0.0.1:%s\"}",
					      getenv("SPLICE_DB_PORT"));
	_cleanup_free_ char *heard = NULL;

	REQUIRE(d && a >= 0 && b >= 0);
	say(a, HELLO("kernel") ENSURE);
	say(b, HELLO("kernel") ENSURE);
	heard = hear(d, a, "url");
	CHECK(strstr(heard, "\"notice\":\"starting the fake server …\"") != NULL);
	CHECK(strstr(heard, wanted) != NULL);
	free(heard);
	heard = hear(d, b, "url");
	CHECK(strstr(heard, wanted) != NULL);
}

TEST(bad_requests_are_answered_and_the_link_goes_on)
{
	_cleanup_(daemon_freep) struct daemon *d = make("ok", 0);
	_cleanup_close_ int fd = dial();
	struct err err = ERR_INIT;

	REQUIRE(d && fd >= 0);
	check_answer(d, fd, "{\"id\":9,\"op\":\"status\"}\n", "say hello first");
	check_answer(d, fd, HELLO("cli"), "\"version\":1");
	check_answer(d, fd, "nonsense\n", "E_PROTO");
	check_answer(d, fd, "{\"id\":5,\"op\":\"deploy\"}\n", "E_UNSUPPORTED");
	check_answer(d, fd, "{\"id\":6,\"op\":\"ensure\",\"service\":\"x\"}\n",
		     "there is no service \\\"x\\\"");
	check_answer(d, fd, "{\"id\":7,\"op\":\"stop\",\"service\":\"x\"}\n", "E_NOTFOUND");
	check_answer(d, fd, "{\"id\":8,\"op\":\"stop\",\"service\":\"fake\"}\n",
		     "{\"id\":8,\"ok\":true}");
	say(fd, "{\"id\":9,\"op\":\"sta");
	CHECK_OK(daemon_step(d, 20, &err), &err);
	check_answer(d, fd, "tus\"}\n", "\"state\":\"stopped\"");
}

TEST(a_line_without_end_closes_the_link)
{
	_cleanup_(daemon_freep) struct daemon *d = make("ok", 0);
	_cleanup_close_ int fd = dial();
	char junk[1001];

	REQUIRE(d && fd >= 0);
	memset(junk, 'x', 1000);
	junk[1000] = '\0';
	for (int i = 0; i < 9; i++)
		say(fd, junk);
	free(hear(d, fd, "never"));
	CHECK_INT(recv(fd, junk, 1, MSG_DONTWAIT), 0);
}

TEST(too_many_requests_at_once_are_refused)
{
	_cleanup_(daemon_freep) struct daemon *d = make("deaf", 0);
	_cleanup_close_ int fd = dial();

	REQUIRE(d && fd >= 0);
	say(fd, HELLO("cli"));
	for (int i = 0; i < 16; i++)
		say(fd, ENSURE);
	check_answer(d, fd, "{\"id\":17,\"op\":\"ensure\",\"service\":\"fake\"}\n",
		     "more than 16 requests at a time");
}

TEST(a_failure_reaches_who_waits)
{
	_cleanup_(daemon_freep) struct daemon *d = make("exit", 0);
	_cleanup_close_ int fd = dial();
	_cleanup_free_ char *heard = NULL;

	REQUIRE(d && fd >= 0);
	say(fd, HELLO("kernel") ENSURE);
	heard = hear(d, fd, "\"error\"");
	CHECK(strstr(heard, "java.lang.Problem: no disk") != NULL);
	CHECK(strstr(heard, "\"hint\":\"look at the test\"") != NULL);
}

TEST(hanging_up_does_not_stop_the_start)
{
	_cleanup_(daemon_freep) struct daemon *d = make("ok", 0);
	int fd = dial();
	_cleanup_close_ int other = -1;
	struct err err = ERR_INIT;

	REQUIRE(d && fd >= 0);
	say(fd, HELLO("kernel") ENSURE);
	CHECK_OK(daemon_step(d, 20, &err), &err);
	(void)close(fd);
	other = dial();
	check_answer(d, other, HELLO("cli") ENSURE, "url");
}

/* The service's process id as status has it. */
static pid_t service_pid(struct daemon *d, int fd)
{
	_cleanup_free_ char *text = NULL;
	const char *at;

	say(fd, "{\"id\":3,\"op\":\"status\"}\n");
	text = hear(d, fd, "}]}");
	at = strstr(strstr(text, "services"), "\"pid\":");
	return at ? (pid_t)strtoul(at + 6, NULL, 10) : -1;
}

static bool loses_its_process(struct daemon *d, int fd, pid_t pid)
{
	int64_t deadline = clock_ms() + 2000;

	while (clock_ms() < deadline)
		if (service_pid(d, fd) != pid)
			return true;
	return false;
}

TEST(a_kernel_is_told_once_that_its_server_died)
{
	_cleanup_(daemon_freep) struct daemon *d = make("ok", 0);
	_cleanup_close_ int first = dial(), second = -1, third = -1;
	_cleanup_free_ char *heard = NULL;
	pid_t pid;

	REQUIRE(d && first >= 0);
	check_answer(d, first, HELLO("kernel") ENSURE, "url");
	pid = service_pid(d, first);
	REQUIRE(pid > 0 && kill(pid, SIGKILL) == 0);
	REQUIRE(loses_its_process(d, first, pid));
	second = dial();
	check_answer(d, second, HELLO("kernel") ENSURE,
		     "the fake server was killed by signal 9 (Killed) and was started again");
	free(hear(d, second, "url"));
	third = dial();
	say(third, HELLO("kernel") ENSURE);
	heard = hear(d, third, "url");
	CHECK(strstr(heard, "started again") == NULL);
}

TEST(stop_stops_everything_and_closes)
{
	_cleanup_(daemon_freep) struct daemon *d = make("ok", 0);
	_cleanup_close_ int kernel = dial(), fd = dial();
	_cleanup_free_ char *path = NULL;
	struct err err = ERR_INIT;

	REQUIRE(d && fd >= 0);
	check_answer(d, kernel, HELLO("kernel") ENSURE, "url");
	check_answer(d, fd, HELLO("cli") "{\"id\":4,\"op\":\"stop\"}\n", "{\"id\":4,\"ok\":true}");
	CHECK(steps_until_done(d, 1000));
	CHECK_OK(manager_socket_path(&path, &err), &err);
	CHECK(!fs_exists(path));
}

TEST(a_stop_during_the_start_reaches_who_waits)
{
	_cleanup_(daemon_freep) struct daemon *d = make("deaf", 0);
	_cleanup_close_ int kernel = dial(), fd = dial();
	_cleanup_free_ char *heard = NULL;

	REQUIRE(d && fd >= 0);
	check_answer(d, kernel, HELLO("kernel") ENSURE, "notice");
	check_answer(d, fd, HELLO("cli") "{\"id\":4,\"op\":\"stop\",\"service\":\"fake\"}\n",
		     "{\"id\":4,\"ok\":true}");
	heard = hear(d, kernel, "error");
	CHECK(strstr(heard, "the fake server was stopped while it started") != NULL);
}

TEST(sigterm_ends_it_and_new_starts_are_refused)
{
	_cleanup_(daemon_freep) struct daemon *d = make("stubborn", 0);
	_cleanup_close_ int fd = dial();
	struct err err = ERR_INIT;

	REQUIRE(d && fd >= 0);
	check_answer(d, fd, HELLO("kernel") ENSURE, "url");
	REQUIRE(kill(getpid(), SIGTERM) == 0);
	CHECK_OK(daemon_step(d, 20, &err), &err);
	CHECK_INT(dial(), -1);
	check_answer(d, fd, ENSURE, "E_CLOSED");
	CHECK(steps_until_done(d, 14000));
}

TEST(it_idles_out_but_not_under_a_kernel)
{
	_cleanup_(daemon_freep) struct daemon *d = make("ok", 300);
	_cleanup_close_ int cli = dial();
	int kernel = dial();

	REQUIRE(d && kernel >= 0);
	check_answer(d, kernel, HELLO("kernel") ENSURE, "url");
	check_answer(d, cli, HELLO("cli"), "version");
	CHECK(!steps_until_done(d, 700));
	(void)close(kernel);
	CHECK(!steps_until_done(d, 100));
	CHECK(steps_until_done(d, 2000));
}

TEST(idle_time_is_a_fraction_or_refused)
{
	_cleanup_(config_freep) struct config *c = NULL;
	struct err err = ERR_INIT;
	int64_t ms = -1;

	fake_service_setup("ok");
	REQUIRE_OK(config_load(&c, &err), &err);
	CHECK_OK(daemon_idle_setting(c, &ms, &err), &err);
	CHECK_INT(ms, 30 * 60000);
	(void)setenv("SPLICE_MANAGER_IDLE_MINUTES", "0.05", 1);
	CHECK_OK(daemon_idle_setting(c, &ms, &err), &err);
	CHECK_INT(ms, 3000);
	(void)setenv("SPLICE_MANAGER_IDLE_MINUTES", "-1", 1);
	CHECK_INT(daemon_idle_setting(c, &ms, &err), E_INPUT);
	(void)setenv("SPLICE_MANAGER_IDLE_MINUTES", "soon", 1);
	CHECK(daemon_idle_setting(c, &ms, &err) < 0);
	(void)unsetenv("SPLICE_MANAGER_IDLE_MINUTES");
}

TEST(a_stale_socket_is_replaced_and_the_lock_names_its_holder)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	struct daemon_options o = {.defs = defs, .lock_wait_ms = 0};
	_cleanup_(daemon_freep) struct daemon *d = NULL;
	struct daemon *second = NULL;
	struct err err = ERR_INIT;

	fake_service_setup("ok");
	REQUIRE_OK(manager_socket_path(&path, &err), &err);
	REQUIRE_OK(fs_write_atomic(path, "stale", 5, 0644, &err), &err);
	REQUIRE_OK(daemon_new(&o, &d, &err), &err);
	fd = dial();
	CHECK(fd >= 0);
	/* Nobody answers on the socket while this thread waits: the second one gives up. */
	(void)unlink(path);
	CHECK_INT(daemon_new(&o, &second, &err), E_TIMEOUT);
	CHECK(strstr(err.text, "does not answer") != NULL);
	CHECK(strstr(err.hint, "it is process ") != NULL);
}

/* The manager is killed; its guard ends the service and only then gives the lock away. */
TEST(the_guard_clears_up_after_a_killed_manager)
{
	struct daemon_options o = {.defs = defs, .lock_wait_ms = 5000};
	_cleanup_(daemon_freep) struct daemon *next = NULL;
	_cleanup_(pids_release) struct pids left = {0};
	_cleanup_free_ char *mark = NULL;
	struct err err = ERR_INIT;
	int fds[2];
	char byte;
	pid_t pid;

	fake_service_setup("pair");
	REQUIRE(pipe(fds) == 0);
	pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		struct daemon *d = NULL;
		int fd;

		if (daemon_new(&o, &d, &err) < 0 || (fd = dial()) < 0)
			_exit(1);
		say(fd, HELLO("kernel") ENSURE);
		free(hear(d, fd, "url"));
		if (write(fds[1], "x", 1) == 1)
			(void)pause();
		_exit(1);
	}
	(void)close(fds[1]);
	REQUIRE(read(fds[0], &byte, 1) == 1);
	mark = str_fmt("SPLICE_SERVICE=fake:%s/splice-kernel/fake", getenv("XDG_DATA_HOME"));
	REQUIRE_OK(procs_marked(mark, &left, &err), &err);
	CHECK_INT(left.len, 2);
	REQUIRE(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	REQUIRE_OK(daemon_new(&o, &next, &err), &err);
	pids_release(&left);
	REQUIRE_OK(procs_marked(mark, &left, &err), &err);
	CHECK_INT(left.len, 0);
}

TEST(the_table_shows_states_and_reasons)
{
	json_auto_t *status = json_pack(
		"{s:{s:i s:s s:i s:i} s:[{s:s s:s s:i s:i s:i s:i s:s s:s} {s:s s:s s:s s:s} "
		"{s:s s:s s:s s:s s:s}]}",
		"manager", "pid", 42, "version", "0.1.0", "uptime_ms", 3723000, "links", 1,
		"services", "name", "database", "state", "ready", "port", 1527, "pid", 43,
		"memory_kib", 70000, "uptime_ms", 61000, "data", "/d", "reason", "", "name",
		"mlflow", "state", "failed", "data", "/m", "reason", "no Python", "name", "jobs",
		"title", "the Jobs Tracker", "state", "ready", "data", "/j", "page",
		"http://127.0.0.1:5003/?token=x");
	_cleanup_free_ char *text = NULL;
	struct buf b;

	REQUIRE(status != NULL);
	buf_init(&b, KIB(16));
	status_table(status, &b);
	text = buf_take_str(&b);
	CHECK_STR(text, "splice-manager 0.1.0, process 42, up 1 h 02 min, 1 kernel linked\n\n"
			"SERVICE    STATE        PORT      PID   MEMORY     UPTIME  DATA\n"
			"database   ready        1527       43    68 MB      1 min  /d\n"
			"mlflow     failed          -        -        -          -  /m\n"
			"jobs       ready           -        -        -          -  /j\n"
			"\nthe Jobs Tracker: http://127.0.0.1:5003/?token=x\n"
			"\nmlflow: no Python\n");
}

FAKE_SERVICE_MAIN()
