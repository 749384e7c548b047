/*
 * Local services through splice-manager.  Each request has a link of its own,
 * so that threads need not take turns; the first one that succeeded is kept,
 * because an open link of a kernel is what tells the manager that it is used.
 */
#include "notebook/services.h"

#include "base/limits.h"
#include "base/proc.h"
#include "base/str.h"
#include "protocol/manager/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

enum {
	TRIES = 3,               /* a manager that is just ending makes us start another */
	REAP_MS = 5000,          /* for the starter to end once its output did */
	START_OUTPUT_MAX = 4096, /* of a starter's complaint */
};

struct services {
	const struct log *log;
	pthread_mutex_t lock;        /* of `kept` */
	struct manager_client *kept; /* NULL before the first success */
};

static const char *const names[] = {
	[SERVICE_DATABASE] = "database",
	[SERVICE_MLFLOW] = "mlflow",
};

int services_new(const struct config *config, const struct log *log, struct services **ret,
		 struct err *err)
{
	struct services *s = calloc(1, sizeof(*s));

	(void)config; /* the manager reads the settings itself */
	if (!s)
		return err_nomem(err);
	s->log = log;
	if (pthread_mutex_init(&s->lock, NULL) != 0) {
		free(s);
		return err_nomem(err);
	}
	*ret = s;
	return 0;
}

void services_free(struct services *s)
{
	if (!s)
		return;
	manager_client_free(s->kept);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

/* Takes c: keeps it when the link kept so far has broken, or closes it. */
static void keep(struct services *s, struct manager_client *c)
{
	struct manager_client *drop = c;

	(void)pthread_mutex_lock(&s->lock);
	if (!s->kept || !manager_client_alive(s->kept)) {
		drop = s->kept;
		s->kept = c;
	}
	(void)pthread_mutex_unlock(&s->lock);
	manager_client_free(drop);
}

/* The starter ends after its output; one that does not is ended. */
static int reap(pid_t pid)
{
	int status = 0;

	for (int waited = 0; waited < REAP_MS; waited += 10) {
		if (proc_ended(pid, &status))
			return status;
		(void)poll(NULL, 0, 10);
	}
	proc_kill_group(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	return status;
}

/* Until end of file; what is beyond the buffer's cap is dropped. */
static int read_output(int fd, struct cancel *cancel, struct buf *b, struct err *err)
{
	for (;;) {
		char chunk[512];
		ssize_t n;
		int r = cancel_wait_fd(cancel, fd, POLLIN, /* timeout_ms= */ -1, err);

		if (r < 0)
			return r;
		n = read(fd, chunk, sizeof(chunk));
		if (n == 0)
			return 0;
		if (n > 0)
			buf_put(b, chunk, (size_t)n);
		else if (errno != EINTR && errno != EAGAIN)
			return err_set_errno(err, E_IO, errno, "reading from splice-manager");
	}
}

/* The starter said "splice-manager: what is wrong\nwhat to do\n". */
static int start_failed(struct buf *output, struct err *err)
{
	_cleanup_free_ char *text = buf_take_str(output);
	char *what = text ? str_trim(text) : (char[]){""};
	char *newline = strchr(what, '\n');
	const char *own_name = "splice-manager: ";

	if (newline)
		*newline++ = '\0';
	if (str_starts(what, own_name))
		what += strlen(own_name);
	err_set(err, E_IO, "splice-manager does not start: %s", *what ? what : "it says nothing");
	if (newline)
		err_set_hint(err, "%s", newline);
	return E_IO;
}

static int spawn_starter(const char *program, int out_fd, pid_t *ret, struct err *err)
{
	const char *const argv[] = {program, "start", "manager", NULL};
	struct proc_options options = {.argv = argv, .out_fd = out_fd};
	int r = proc_spawn(&options, ret, err);

	if (r == E_NOTFOUND)
		err_set_hint(err, "the program splice-manager belongs beside splice-kernel; "
				  "run install.sh again");
	return r;
}

static int start_manager(struct cancel *cancel, struct err *err)
{
	_cleanup_free_ char *program = proc_sibling("splice-manager");
	_cleanup_close_ int in = -1;
	_cleanup_buf_ struct buf output;
	int fds[2], status, r;
	pid_t pid;

	buf_init(&output, START_OUTPUT_MAX);
	if (!program)
		return err_nomem(err);
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set_errno(err, E_IO, errno, "pipe");
	in = fds[0];
	r = spawn_starter(program, fds[1], &pid, err);
	(void)close(fds[1]);
	if (r < 0)
		return r;
	r = read_output(in, cancel, &output, err);
	if (r < 0)
		proc_kill_group(pid, SIGKILL);
	status = reap(pid);
	if (r < 0)
		return r;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : start_failed(&output, err);
}

/* E_CLOSED: worth another try. */
static int open_link(struct services *s, struct cancel *cancel, services_notice_fn *notice,
		     void *userdata, struct manager_client **ret, struct err *err)
{
	int r = manager_client_open(MANAGER_KIND_KERNEL, cancel, ret, err);

	if (r != E_NOTFOUND)
		return r;
	err_clear(err);
	log_line(s->log, LOG_DEBUG, "services", "starting splice-manager");
	if (notice)
		notice(userdata, "starting splice-manager …");
	r = start_manager(cancel, err);
	if (r < 0)
		return r;
	r = manager_client_open(MANAGER_KIND_KERNEL, cancel, ret, err);
	if (r == E_NOTFOUND)
		return err_set(err, E_CLOSED, "splice-manager ended at once; its log may say why");
	return r;
}

static int try_ensure(struct services *s, enum service_id id, struct cancel *cancel,
		      services_notice_fn *notice, void *userdata, char **ret_url, struct err *err)
{
	_cleanup_(manager_client_freep) struct manager_client *c = NULL;
	struct manager_request q = {.op = MANAGER_ENSURE};
	json_auto_t *answer = NULL;
	const char *url;
	int r = open_link(s, cancel, notice, userdata, &c, err);

	if (r < 0)
		return r;
	memcpy(q.service, names[id], strlen(names[id]) + 1);
	r = manager_client_call(c, &q, cancel, notice, userdata, &answer, err);
	if (r < 0)
		return r;
	url = json_get_str(answer, "url", NULL);
	if (!url)
		return err_set(err, E_PROTO, "splice-manager gave no address of %s", names[id]);
	*ret_url = str_dup(url);
	if (!*ret_url)
		return err_nomem(err);
	keep(s, TAKE(c));
	return 0;
}

int services_ensure(struct services *s, enum service_id id, struct cancel *cancel,
		    services_notice_fn *notice, void *userdata, char **ret_url, struct err *err)
{
	int r = E_CLOSED;

	for (int i = 0; i < TRIES && r == E_CLOSED; i++) {
		err_clear(err);
		r = try_ensure(s, id, cancel, notice, userdata, ret_url, err);
	}
	return r;
}
