/* The lock and its guard. */
#include "manager/lock.h"

#include "base/clock.h"
#include "base/fs.h"
#include "manager/procs.h"
#include "protocol/manager/client.h"
#include "protocol/manager/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>

enum { LOCK_LOOK_MS = 50, GUARD_TERM_MS = 5000, GUARD_KILL_MS = 2000 };

static bool manager_answers(void)
{
	_cleanup_(manager_client_freep) struct manager_client *c = NULL;

	return manager_client_open(MANAGER_KIND_CLI, /* cancel= */ NULL, &c, /* err= */ NULL) == 0;
}

static int held_by(const char *path, struct err *err)
{
	_cleanup_(manager_owner_release) struct manager_owner owner = {0};
	int r = err_set(err, E_TIMEOUT, "another splice-manager holds %s and does not answer",
			path);

	if (manager_owner_read(path, &owner, /* err= */ NULL) == 0)
		err_set_hint(err, "it is process %ld on %s; end it there", (long)owner.pid,
			     owner.host);
	return r;
}

static int write_owner(int fd, const char *socket_path, struct err *err)
{
	char host[256] = "?";
	struct manager_owner owner = {.pid = getpid(), .host = host};
	_cleanup_free_ char *socket = str_dup(socket_path);
	_cleanup_free_ char *text = NULL;

	(void)gethostname(host, sizeof(host) - 1);
	owner.socket = socket;
	text = socket ? manager_owner_text(&owner) : NULL;
	if (!text)
		return err_nomem(err);
	if (ftruncate(fd, 0) < 0)
		return err_set_errno(err, E_IO, errno, "manager.lock");
	return fs_write_all(fd, text, strlen(text), err);
}

int lock_take(const char *socket_path, int timeout_ms, int *ret_fd, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_close_ int fd = -1;
	int64_t deadline = clock_ms() + timeout_ms;
	int r = manager_lock_path(&path, err);

	if (r < 0)
		return r;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set_errno(err, E_IO, errno, "%s", path);
		if (manager_answers())
			return err_set(err, E_EXISTS, "splice-manager runs already");
		if (clock_ms() > deadline)
			return held_by(path, err);
		(void)poll(NULL, 0, LOCK_LOOK_MS);
	}
	r = write_owner(fd, socket_path, err);
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

/* How many processes with the mark there are, or on their way out; each gets `sig`, 0 for none. */
static size_t signal_marked(const char *mark, int sig, struct leaving *leaving)
{
	_cleanup_(pids_release) struct pids p = {0};
	size_t n = leaving_count(leaving);

	if (procs_marked(mark, &p, /* err= */ NULL) < 0)
		return n;
	leaving_add(leaving, &p);
	procs_signal(&p, sig);
	return n + p.len;
}

static void wait_gone(const char *mark, int timeout_ms, struct leaving *leaving)
{
	int64_t deadline = clock_ms() + timeout_ms;

	while (signal_marked(mark, 0, leaving) && clock_ms() < deadline)
		(void)poll(NULL, 0, LOCK_LOOK_MS);
}

static void close_all_but(int a, int b)
{
	unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);

	if (low > 0)
		(void)close_range(0, low - 1, 0);
	if (high > low + 1)
		(void)close_range(low + 1, high - 1, 0);
	(void)close_range(high + 1, ~0U, 0);
}

/* The guard ignores what ends the manager: a terminal's Ctrl-C, a service manager's SIGTERM. */
static _Noreturn void guard_run(const char *mark, int lock_fd, int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	struct leaving leaving = {0};

	(void)setsid();
	(void)prctl(PR_SET_NAME, "splice-guard");
	(void)signal(SIGTERM, SIG_IGN);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGHUP, SIG_IGN);
	close_all_but(lock_fd, fd);
	while (poll(&p, 1, -1) < 0 && errno == EINTR)
		continue;
	if (signal_marked(mark, SIGTERM, &leaving)) {
		wait_gone(mark, GUARD_TERM_MS, &leaving);
		(void)signal_marked(mark, SIGKILL, &leaving);
		wait_gone(mark, GUARD_KILL_MS, &leaving);
	}
	_exit(0);
}

int guard_start(const char *mark, int lock_fd, int *ret_fd, struct err *err)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set_errno(err, E_IO, errno, "pipe");
	pid = fork();
	if (pid == 0)
		guard_run(mark, lock_fd, fds[0]);
	(void)close(fds[0]);
	if (pid < 0) {
		(void)close(fds[1]);
		return err_set_errno(err, E_IO, errno, "fork");
	}
	*ret_fd = fds[1];
	return 0;
}
