/* Programs and what they say. */
#include "deploy/program.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* Output that goes on after the program has ended comes from a child it left behind. */
enum { LOOK_MS = 100, LINE_MAX_BYTES = 2000 };

/* A program at work, and where its output goes. */
struct follow {
	const struct program *p;
	pid_t pid;
	int fd; /* of its output; -1: at its end */
	struct buf *output;
	char line[LINE_MAX_BYTES + 1]; /* the one that has not ended yet; longer ones are cut */
	size_t line_len;
};

static void end_line(struct follow *f)
{
	f->line[f->line_len] = '\0';
	f->line_len = 0;
	f->p->line(f->p->userdata, f->line);
}

/* Progress bars write over their line: each state of them is one. */
static void take_lines(struct follow *f, const char *text, size_t n)
{
	for (size_t i = 0; f->p->line && i < n; i++) {
		if (text[i] == '\n' || text[i] == '\r') {
			if (f->line_len)
				end_line(f);
		} else if (f->line_len < LINE_MAX_BYTES) {
			f->line[f->line_len++] = text[i];
		}
	}
}

/* 1 at the end of the output. */
static int take_output(struct follow *f, struct err *err)
{
	char chunk[4096];
	ssize_t n = read(f->fd, chunk, sizeof(chunk));

	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0
							 : err_set_errno(err, E_IO, errno, "read");
	if (n > 0 && !f->output->failed && f->output->len + (size_t)n <= f->output->max)
		buf_put(f->output, chunk, (size_t)n);
	take_lines(f, chunk, (size_t)n);
	if (n == 0 && f->line_len)
		end_line(f);
	return n == 0;
}

/* Wait for output, the cancel or a moment. */
static int take_some(struct follow *f, struct cancel *cancel, struct err *err)
{
	int r = cancel_wait_fd(cancel, f->fd, POLLIN, LOOK_MS, err);

	if (r == E_TIMEOUT) {
		err_clear(err);
		return E_TIMEOUT;
	}
	if (r == 0)
		r = take_output(f, err);
	if (r > 0)
		f->fd = -1;
	return r < 0 ? r : 0;
}

static int follow(struct follow *f, struct cancel *cancel, int *ret_status, struct err *err)
{
	int64_t deadline = clock_ms() + f->p->timeout_ms;
	bool ended = false;

	for (;;) {
		int r = take_some(f, cancel, err);

		if (ended && (f->fd < 0 || r == E_TIMEOUT))
			return 0;
		if (r < 0 && r != E_TIMEOUT)
			return r;
		ended = ended || proc_ended(f->pid, ret_status);
		if (clock_ms() > deadline)
			return err_set(err, E_TIMEOUT, "it did not end in time");
	}
}

/* A file that has the text and nowhere a name; -1 without a text. */
static int make_input(const char *text, int *ret_fd, struct err *err)
{
	_cleanup_close_ int fd = -1;
	int r = 0;

	if (!text)
		return 0;
	fd = memfd_create("input", MFD_CLOEXEC);
	if (fd < 0)
		return err_set_errno(err, E_IO, errno, "memfd_create");
	r = fs_write_all(fd, text, strlen(text), err);
	if (r == 0 && lseek(fd, 0, SEEK_SET) < 0)
		r = err_set_errno(err, E_IO, errno, "lseek");
	if (r == 0)
		*ret_fd = take_fd(&fd);
	return r;
}

static int start(const struct program *p, int *ret_fd, pid_t *ret_pid, struct err *err)
{
	_cleanup_close_ int input = -1;
	int fds[2], r = make_input(p->input, &input, err);
	struct proc_options options = {.argv = p->argv,
				       .env = p->env,
				       .dir = p->dir,
				       .in_fd = input < 0 ? 0 : input,
				       .die_with_parent = true};

	if (r < 0)
		return r;
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
	struct follow f = {.p = p, .output = output};
	int status = -1, r;

	r = start(p, &fd, &f.pid, err);
	if (r < 0)
		return r;
	f.fd = fd;
	r = follow(&f, cancel, &status, err);
	proc_kill_group(f.pid, SIGKILL);
	if (r < 0) {
		if (status == -1)
			(void)waitpid(f.pid, &status, 0);
		return err_prefix(err, "%s", p->argv[0]);
	}
	*ret_status = status;
	return 0;
}
