/* base/proc.c and base/cancel.c */
#include "base/cancel.h"
#include "base/proc.h"

#include "tests/harness.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

TEST(spawn_reports_a_missing_program)
{
	const char *argv[] = {"/no/such/program", NULL};
	struct proc_options o = {.argv = argv, .out_fd = -1};
	struct err err = ERR_INIT;
	pid_t pid = 0;

	CHECK_INT(proc_spawn(&o, &pid, &err), E_NOTFOUND);
	CHECK_INT(pid, 0);
}

TEST(spawn_sets_environment_and_status_is_described)
{
	const char *argv[] = {"sh", "-c", "test \"$A\" = b && exit 3", NULL};
	const char *env[] = {"A=b", NULL};
	struct proc_options o = {.argv = argv, .env = env, .out_fd = -1};
	struct err err = ERR_INIT;
	char text[80];
	pid_t pid;
	int status;

	REQUIRE_OK(proc_spawn(&o, &pid, &err), &err);
	REQUIRE(waitpid(pid, &status, 0) == pid);
	proc_describe_status(text, sizeof(text), status);
	CHECK_STR(text, "exited with status 3");
}

TEST(group_is_killed)
{
	const char *argv[] = {"sh", "-c", "sleep 60 & sleep 60", NULL};
	struct proc_options o = {.argv = argv, .out_fd = -1};
	struct err err = ERR_INIT;
	char text[80];
	pid_t pid;
	int status;

	REQUIRE_OK(proc_spawn(&o, &pid, &err), &err);
	CHECK(!proc_ended(pid, &status));
	proc_kill_group(pid, SIGKILL);
	REQUIRE(waitpid(pid, &status, 0) == pid);
	proc_describe_status(text, sizeof(text), status);
	CHECK_STR(text, "was killed by signal 9 (Killed)");
}

TEST(a_start_time_tells_a_process_from_its_successor)
{
	const char *argv[] = {"sleep", "60", NULL};
	struct proc_options o = {.argv = argv, .out_fd = -1};
	struct err err = ERR_INIT;
	int64_t start;
	siginfo_t info;
	pid_t pid;

	REQUIRE_OK(proc_spawn(&o, &pid, &err), &err);
	start = proc_start_time(pid);
	CHECK(start >= proc_start_time(getpid()));
	CHECK_INT(proc_start_time(pid), start);
	REQUIRE(kill(pid, SIGKILL) == 0);
	REQUIRE(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0);
	CHECK_INT(proc_start_time(pid), 0); /* ended, not reaped */
	REQUIRE(waitpid(pid, NULL, 0) == pid);
	CHECK_INT(proc_start_time(pid), 0);
}

TEST(wait_ends_by_token_time_or_event)
{
	struct cancel c;
	struct err err = ERR_INIT;
	int fds[2];

	REQUIRE_OK(cancel_init(&c, &err), &err);
	REQUIRE(pipe(fds) == 0);
	CHECK_INT(cancel_wait_fd(&c, fds[0], POLLIN, 10, &err), E_TIMEOUT);
	REQUIRE(write(fds[1], "x", 1) == 1);
	CHECK_OK(cancel_wait_fd(&c, fds[0], POLLIN, 1000, &err), &err);
	cancel_fire(&c);
	CHECK_INT(cancel_wait_fd(&c, fds[0], POLLIN, 1000, &err), E_CANCEL);
	CHECK_STR(err.name, "KeyboardInterrupt");
	cancel_reset(&c);
	CHECK_OK(cancel_check(&c, &err), &err);
	cancel_release(&c);
	close(fds[0]);
	close(fds[1]);
}

TEST_MAIN()
