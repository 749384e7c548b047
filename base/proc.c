/*
 * Child processes.  A close-on-exec pipe reports a failed exec to the parent,
 * so that "no such program" is an error of proc_spawn and not a child that
 * dies at once.
 */
#include "base/proc.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void set_env(const char *const *env)
{
	for (; env && *env; env++)
		(void)putenv((char *)(uintptr_t)*env);
}

/* Runs in the child; returns errno of what failed. */
static int child_setup(const struct proc_options *o, pid_t parent)
{
	int null_fd = open("/dev/null", O_RDWR);
	int in = o->in_fd > 0 ? o->in_fd : null_fd;
	int out = o->out_fd >= 0 ? o->out_fd : null_fd;
	sigset_t none;

	if (null_fd < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		return errno;
	(void)setsid();
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL);
	if (o->die_with_parent) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
	}
	if (o->dir && chdir(o->dir) < 0)
		return errno;
	set_env(o->env);
	(void)close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
	return 0;
}

static _Noreturn void child_run(const struct proc_options *o, pid_t parent, int report_fd)
{
	int failed = child_setup(o, parent);

	if (!failed) {
		execvp(o->argv[0], (char *const *)(uintptr_t)o->argv);
		failed = errno;
	}
	if (write(report_fd, &failed, sizeof(failed)) < 0)
		_exit(126);
	_exit(127);
}

static int wait_for_exec(pid_t pid, int fd, const char *program, struct err *err)
{
	int failed = 0;
	ssize_t n;

	do
		n = read(fd, &failed, sizeof(failed));
	while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(failed))
		return 0;
	(void)waitpid(pid, NULL, 0);
	return err_set_errno(err, failed == ENOENT ? E_NOTFOUND : E_IO, failed, "cannot start %s",
			     program);
}

int proc_spawn(const struct proc_options *options, pid_t *ret, struct err *err)
{
	int pipe_fds[2];
	pid_t parent = getpid(), pid;
	int r;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_set_errno(err, E_IO, errno, "pipe");
	pid = fork();
	if (pid == 0)
		child_run(options, parent, pipe_fds[1]);
	(void)close(pipe_fds[1]);
	if (pid < 0)
		r = err_set_errno(err, E_IO, errno, "cannot start %s", options->argv[0]);
	else
		r = wait_for_exec(pid, pipe_fds[0], options->argv[0], err);
	(void)close(pipe_fds[0]);
	if (r == 0)
		*ret = pid;
	return r;
}

char *proc_sibling(const char *name)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash, *path;

	exe[n > 0 ? n : 0] = '\0';
	slash = strrchr(exe, '/');
	if (!slash)
		return str_dup(name);
	path = str_fmt("%.*s/%s", (int)(slash - exe), exe, name);
	if (path && access(path, X_OK) < 0) {
		free(path);
		return str_dup(name);
	}
	return path;
}

void proc_kill_group(pid_t pid, int sig)
{
	if (pid > 1)
		(void)kill(-pid, sig);
}

bool proc_ended(pid_t pid, int *ret_status)
{
	return waitpid(pid, ret_status, WNOHANG) == pid;
}

int64_t proc_start_time(pid_t pid)
{
	/* The name, in parentheses, may hold anything; state is field 3, the time field 22. */
	static const char format[] = " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
				     "%*d %*d %*d %*d %lld";
	char path[64], line[1024];
	_cleanup_close_ int fd = -1;
	const char *name_end;
	long long start = 0;
	char state;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
	line[n > 0 ? n : 0] = '\0';
	name_end = strrchr(line, ')');
	if (!name_end || sscanf(name_end + 1, format, &state, &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}

void proc_describe_status(char *dst, size_t size, int status)
{
	if (WIFSIGNALED(status))
		snprintf(dst, size, "was killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(dst, size, "exited with status %d", WEXITSTATUS(status));
}
