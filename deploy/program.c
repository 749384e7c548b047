/* Programs and what they say. */
#include "deploy/program.h"

#include "base/clock.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

/* Output that goes on after the program has ended comes from a child it left behind. */
enum { LOOK_MS = 100 };

/* 1 at the end of the output. */
static int take_output(int fd, struct buf *output, struct err *err)
{
	char chunk[4096];
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0
							 : err_set_errno(err, E_IO, errno, "read");
	if (n > 0 && !output->failed && output->len + (size_t)n <= output->max)
		buf_put(output, chunk, (size_t)n);
	return n == 0;
}

/* Wait for output, the cancel or a moment; -1 in *fd once there is no more output. */
static int take_some(int *fd, struct cancel *cancel, struct buf *output, struct err *err)
{
	int r = cancel_wait_fd(cancel, *fd, POLLIN, LOOK_MS, err);

	if (r == E_TIMEOUT) {
		err_clear(err);
		return E_TIMEOUT;
	}
	if (r == 0)
		r = take_output(*fd, output, err);
	if (r > 0)
		*fd = -1;
	return r < 0 ? r : 0;
}

static int follow(pid_t pid, int fd, int64_t deadline, struct cancel *cancel, struct buf *output,
		  int *ret_status, struct err *err)
{
	bool ended = false;

	for (;;) {
		int r = take_some(&fd, cancel, output, err);

		if (ended && (fd < 0 || r == E_TIMEOUT))
			return 0;
		if (r < 0 && r != E_TIMEOUT)
			return r;
		ended = ended || proc_ended(pid, ret_status);
		if (clock_ms() > deadline)
			return err_set(err, E_TIMEOUT, "it did not end in time");
	}
}

static int start(const struct program *p, int *ret_fd, pid_t *ret_pid, struct err *err)
{
	int fds[2], r;
	struct proc_options options = {.argv = p->argv,
				       .env = p->env,
				       .dir = p->dir,
				       .die_with_parent = true};

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_set_errno(err, E_IO, errno, "pipe");
	/* The program's end blocks, as every program expects. */
	(void)fcntl(fds[1], F_SETFL, 0);
	options.out_fd = fds[1];
	r = proc_spawn(&options, ret_pid, err);
	(void)close(fds[1]);
	if (r < 0)
		(void)close(fds[0]);
	else
		*ret_fd = fds[0];
	return r;
}

int program_run(const struct program *p, struct cancel *cancel, struct buf *output, int *ret_status,
		struct err *err)
{
	_cleanup_close_ int fd = -1;
	int status = -1, r;
	pid_t pid;

	r = start(p, &fd, &pid, err);
	if (r < 0)
		return r;
	r = follow(pid, fd, clock_ms() + p->timeout_ms, cancel, output, &status, err);
	proc_kill_group(pid, SIGKILL);
	if (r < 0) {
		if (status == -1)
			(void)waitpid(pid, &status, 0);
		return err_prefix(err, "%s", p->argv[0]);
	}
	*ret_status = status;
	return 0;
}
