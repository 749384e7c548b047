/*
 * Into the background: two forks and a session of its own, so that neither a
 * terminal nor a kernel takes the manager along when it ends.  A pipe tells
 * the starter whether it worked.
 */
#include "manager/background.h"

#include "manager/daemon.h"
#include "manager/logfile.h"
#include "protocol/manager/client.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

/* An earlier manager that is just ending may take this long to stop its services. */
enum { LOCK_WAIT_MS = 40000 };

static int make_daemon(const struct config *config, struct log *log, const char *log_path,
		       struct daemon **ret, struct err *err)
{
	struct daemon_options options = {
		.defs = services_all,
		.log = log,
		.log_path = log_path,
		.lock_wait_ms = LOCK_WAIT_MS,
	};
	int r = log_parse_level(config_get(config, "log_level"), &log->level, err);

	if (r == 0)
		r = daemon_idle_setting(config, &options.idle_ms, err);
	return r < 0 ? r : daemon_new(&options, ret, err);
}

int foreground_run(struct err *err)
{
	_cleanup_(config_freep) struct config *config = NULL;
	_cleanup_(daemon_freep) struct daemon *d = NULL;
	struct log log = {.fd = 2, .level = LOG_INFO};
	int r = config_load(&config, err);

	(void)umask(077);
	if (r == 0)
		r = make_daemon(config, &log, "standard error", &d, err);
	return r < 0 ? r : daemon_run(d, err);
}

/* Standard streams to the log, everything else shut, so that no terminal or pipe is held open. */
static int redirect(const char *log_path, struct err *err)
{
	_cleanup_close_ int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int log_fd = -1;
	off_t end;
	int r = logfile_open(log_path, &log_fd, &end, err);

	if (r < 0)
		return r;
	if (null_fd < 0 || dup2(null_fd, 0) < 0 || dup2(log_fd, 1) < 0 || dup2(log_fd, 2) < 0 ||
	    chdir("/") < 0)
		return err_set_errno(err, E_IO, errno, "going into the background");
	return 0;
}

static void report(int *fd, const struct err *err)
{
	/* The starter may have been interrupted; nobody is left to tell then. */
	if (write(*fd, err, sizeof(*err)) < 0)
		(void)0;
	closep(fd);
	*fd = -1;
}

/* What runs in the grandchild. */
static int background_run(int *report_fd, struct err *err)
{
	_cleanup_(config_freep) struct config *config = NULL;
	_cleanup_(daemon_freep) struct daemon *d = NULL;
	_cleanup_free_ char *log_path = NULL;
	struct log log = {.fd = 2, .level = LOG_INFO};
	int r = config_load(&config, err);

	if (r == 0)
		r = logfile_path("manager", &log_path, err);
	if (r == 0)
		r = redirect(log_path, err);
	if (r == 0)
		r = make_daemon(config, &log, log_path, &d, err);
	if (r == E_EXISTS) { /* somebody else was quicker */
		err_clear(err);
		return 0;
	}
	if (r < 0)
		return r;
	report(report_fd, err);
	return daemon_run(d, err);
}

static _Noreturn void grandchild(int report_fd)
{
	struct err err = ERR_INIT;

	(void)umask(077);
	/* The report is the only descriptor to keep beside the standard ones. */
	if (report_fd != 3 && dup2(report_fd, 3) >= 0)
		report_fd = 3;
	(void)fcntl(report_fd, F_SETFD, FD_CLOEXEC);
	(void)close_range(4, ~0U, 0);
	if (background_run(&report_fd, &err) < 0) {
		const struct log log = {.fd = 2, .level = LOG_INFO};

		if (report_fd < 0)
			log_line(&log, LOG_ERROR, "manager", "%s", err.text);
	}
	if (report_fd >= 0)
		report(&report_fd, &err);
	exit(0);
}

static int read_report(int fd, struct err *err)
{
	struct err told = ERR_INIT;
	size_t n = 0;

	while (n < sizeof(told)) {
		ssize_t got = read(fd, (char *)&told + n, sizeof(told) - n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_set(err, E_IO, "splice-manager ended while it started");
		n += (size_t)got;
	}
	if (told.code == 0)
		return 0;
	if (err)
		*err = told;
	return told.code;
}

static int start(struct err *err)
{
	int fds[2], r, status;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set_errno(err, E_IO, errno, "pipe");
	pid = fork();
	if (pid == 0) {
		(void)setsid();
		if (fork() == 0)
			grandchild(fds[1]);
		_exit(0);
	}
	(void)close(fds[1]);
	r = pid < 0 ? err_set_errno(err, E_IO, errno, "fork") : read_report(fds[0], err);
	(void)close(fds[0]);
	if (pid > 0)
		(void)waitpid(pid, &status, 0);
	return r;
}

int background_ensure(struct err *err)
{
	_cleanup_(manager_client_freep) struct manager_client *c = NULL;
	int r = manager_client_open(MANAGER_KIND_CLI, /* cancel= */ NULL, &c, err);

	if (r != E_NOTFOUND && r != E_CLOSED && r != E_IO)
		return r;
	err_clear(err);
	return start(err);
}
