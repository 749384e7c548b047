/*
 * The kernel: its life and its poll loop, and the way of a message from its socket to its handler.
 * Sockets are opened in kernel-sockets.c, answers made in kernel-answers.c.
 */
#include "kernel/kernel.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "kernel/bridge.h"
#include "kernel/child.h"
#include "kernel/execute.h"
#include "kernel/handlers.h"
#include "kernel/history.h"
#include "kernel/kernel-int.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum {
	TICK_MS = 1000, /* parent and stalled clients are looked at this often */
};

int kernel_catch_signals(struct kernel *k, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
	    (k->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC)) < 0)
		return err_set_errno(err, E_IO, errno, "signals");
	(void)signal(SIGPIPE, SIG_IGN);
	return 0;
}

int kernel_open(struct kernel *k, struct err *err)
{
	const char *user = getenv("USER");
	struct subshell *parent;
	int r = 0;

	k->zmq = zmq_ctx_new();
	if (!k->zmq)
		r = err_nomem(err);
	if (r == 0)
		r = jupyter_signer_new(k->connection.key, user ? user : "user", &k->signer, err);
	if (r == 0)
		r = kernel_open_sockets(k, err);
	if (r == 0)
		r = history_new(&k->history, err);
	return r == 0 ? subshell_open(k, &parent, err) : r;
}

void kernel_close(struct kernel *k)
{
	/* Python and its JVM first: a worker may take a moment to come back from its server. */
	bridge_interrupt(k, NULL);
	child_stop(k->child);
	subshell_close_all(k);
	child_free(k->child);
	bridge_free(k->bridge);
	request_unref(k->asking);
	history_free(k->history);
	kernel_close_sockets(k);
	jupyter_signer_free(k->signer);
	if (k->zmq)
		zmq_ctx_term(k->zmq); /* the heartbeat thread sees it and closes its socket */
	if (k->signal_fd > 0)
		(void)close(k->signal_fd);
}

/* --- stdin ------------------------------------------------------------------------------- */

void kernel_ask(struct kernel *k, struct request *q, const struct jupyter_out *out, bool child,
		struct err *err)
{
	struct jupyter_msg stale;
	struct err ignored = ERR_INIT;

	if (k->asking && k->asking != q) {
		(void)err_set(err, E_EXISTS, "another cell waits for input");
		return;
	}
	/* Answers to questions that nobody asks any more. */
	while (jupyter_recv(k->stdin_, k->signer, &stale, &ignored) > 0)
		jupyter_msg_release(&stale);
	kernel_flush(k, q);
	if (jupyter_send(k->stdin_, k->signer, out, err) < 0)
		return;
	request_unref(k->asking);
	k->asking = request_ref(q);
	k->asking_child = child;
}

void kernel_ask_end(struct kernel *k, const struct request *q)
{
	if (k->asking != q)
		return;
	request_unref(k->asking);
	k->asking = NULL;
}

static void answer_worker(struct kernel *k, const struct jupyter_msg *m)
{
	json_auto_t *content = NULL;
	struct err err = ERR_INIT;
	const char *value = NULL;

	if (json_parse(m->content.p, m->content.n, "input_reply", &content, &err) == 0)
		value = json_get_str(content, "value", NULL);
	if (worker_answer(k->asking->subshell->worker, value, &err) < 0)
		log_line(k->log, LOG_WARNING, "stdin", "%s", err.text);
}

static void read_stdin(struct kernel *k)
{
	struct jupyter_msg m = {0};
	struct err err = ERR_INIT;
	int r;

	while ((r = jupyter_recv(k->stdin_, k->signer, &m, &err)) != 0 && r != E_IO) {
		if (r < 0) {
			log_line(k->log, LOG_WARNING, "stdin", "dropped a message: %s", err.text);
			continue;
		}
		if (k->asking && str_eq(m.msg_type, "input_reply") && m.session &&
		    k->asking->msg.session && str_eq(m.session, k->asking->msg.session)) {
			if (k->asking_child)
				child_input(k, &m);
			else
				answer_worker(k, &m);
			kernel_ask_end(k, k->asking);
		}
		jupyter_msg_release(&m);
	}
}

/* --- shell and control ------------------------------------------------------------------- */

static void unknown_subshell(struct kernel *k, struct request *q)
{
	struct err error = ERR_INIT;

	(void)err_set(&error, E_NOTFOUND, "there is no subshell %.80s", q->msg.subshell_id);
	kernel_status(k, q, "busy");
	kernel_reply_error(k, q, &error);
	kernel_finish(k, q);
}

static void accept_request(struct kernel *k, struct jupyter_msg *m, enum jupyter_channel channel)
{
	_cleanup_(request_unrefp) struct request *q = NULL;
	struct err err = ERR_INIT;

	if (request_new(m, channel, ++k->n_requests, &q, &err) < 0) {
		log_line(k->log, LOG_ERROR, "shell", "a message was lost: %s", err.text);
		return;
	}
	log_line(k->log, LOG_DEBUG, jupyter_channel_name(channel), "received %s", q->msg.msg_type);
	q->subshell = subshell_find(k, channel == JUPYTER_SHELL ? q->msg.subshell_id : NULL);
	if (q->subshell)
		handle_request(k, q);
	else
		unknown_subshell(k, q);
}

static void read_requests(struct kernel *k, void *socket, enum jupyter_channel channel,
			  int64_t until)
{
	struct jupyter_msg m = {0};
	struct err err = ERR_INIT;
	int r;

	while (!k->stopping && clock_ms() <= until &&
	       (r = jupyter_recv(socket, k->signer, &m, &err)) != 0 && r != E_IO) {
		if (r > 0)
			accept_request(k, &m, channel);
		else
			log_line(k->log, LOG_WARNING, jupyter_channel_name(channel),
				 "dropped a message: %s", err.text);
		m = (struct jupyter_msg){0};
	}
}

void kernel_read_shell(struct kernel *k)
{
	read_requests(k, k->shell, JUPYTER_SHELL, INT64_MAX);
}

void kernel_interrupt(struct kernel *k)
{
	bridge_interrupt(k, NULL);
	for (struct subshell *s = k->subshells; s; s = s->next)
		if (s->running && !s->running->relayed)
			cancel_fire(&s->running->cancel);
	child_interrupt(k, NULL);
}

/* --- the loop ---------------------------------------------------------------------------- */

static void read_signals(struct kernel *k)
{
	struct signalfd_siginfo info;

	while (read(k->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGINT)
			kernel_interrupt(k);
		else if (info.ssi_signo == SIGCHLD)
			child_reap(k);
		else
			k->stopping = true;
	}
}

static void read_workers(struct kernel *k, int64_t until)
{
	for (struct subshell *s = k->subshells; s; s = s->next) {
		struct event *e;

		while (clock_ms() <= until && (e = worker_event(s->worker))) {
			execute_event(k, s, e);
			event_free(e);
		}
	}
}

static int shorter(int a, int b)
{
	return a < 0 ? b : b < 0 ? a : a < b ? a : b;
}

/*
 * JPY_PARENT_PID says that a front end started us: when our parent changes,
 * it is gone and there is nobody to serve.  Between the two there may be a
 * program that starts us; init is none: then the front end is gone already.
 */
static int find_parent(void)
{
	const char *said = getenv("JPY_PARENT_PID");
	struct err err = ERR_INIT;
	int64_t pid = 0;

	if (!said)
		return 0;
	return getppid() == 1 && str_parse_i64(said, &pid, &err) == 0 ? (int)pid : getppid();
}

static bool parent_gone(const struct kernel *k)
{
	return k->parent && getppid() != k->parent;
}

static void tick(struct kernel *k)
{
	iopub_check_stalled(k->iopub);
	if (parent_gone(k)) {
		log_line(k->log, LOG_INFO, "kernel", "the starter is gone");
		k->stopping = k->starter_gone = true;
	}
}

enum { FIXED_ITEMS = 7, MAX_ITEMS = FIXED_ITEMS + CHILD_POLL_ITEMS + 1 + LIMIT_SUBSHELLS };

static int poll_items(struct kernel *k, zmq_pollitem_t *items)
{
	zmq_pollitem_t fixed[FIXED_ITEMS] = {
		{k->control, 0, ZMQ_POLLIN, 0},
		{k->shell, 0, ZMQ_POLLIN, 0},
		{k->stdin_, 0, ZMQ_POLLIN, 0},
		{iopub_socket(k->iopub), 0, ZMQ_POLLIN, 0},
		{iopub_monitor(k->iopub), 0, ZMQ_POLLIN, 0},
		{bridge_socket(k->bridge), 0, ZMQ_POLLIN, 0},
		{NULL, k->signal_fd, ZMQ_POLLIN, 0},
	};
	int n = FIXED_ITEMS;

	memcpy(items, fixed, sizeof(fixed));
	n += child_poll(k->child, items + n);
	for (struct subshell *s = k->subshells; s && n < MAX_ITEMS; s = s->next)
		items[n++] = (zmq_pollitem_t){worker_socket(s->worker), 0, ZMQ_POLLIN, 0};
	return n;
}

/* Control before shell: an interrupt is not kept waiting by a queue of cells. */
static void serve(struct kernel *k)
{
	read_signals(k);
	read_requests(k, k->control, JUPYTER_CONTROL, clock_ms() + TURN_MS);
	iopub_read(k->iopub);
	read_workers(k, clock_ms() + TURN_MS);
	child_read(k);
	bridge_read(k);
	read_stdin(k);
	read_requests(k, k->shell, JUPYTER_SHELL, clock_ms() + TURN_MS);
	subshell_reap(k);
}

int kernel_run(struct kernel *k, struct err *err)
{
	int64_t next_tick = clock_ms() + TICK_MS;

	k->parent = find_parent();
	kernel_status(k, NULL, "starting");
	while (!k->stopping) {
		zmq_pollitem_t items[MAX_ITEMS];
		int n = poll_items(k, items);
		int64_t left = next_tick - clock_ms();
		int timeout = shorter(kernel_flush_due(k), child_timeout(k->child));

		timeout = shorter(timeout, left < 0 ? 0 : (int)left);
		if (zmq_poll(items, n, timeout) < 0 && errno != EINTR)
			return err_set_errno(err, E_IO, errno, "poll");
		serve(k);
		if (clock_ms() >= next_tick) {
			tick(k);
			next_tick = clock_ms() + TICK_MS;
		}
	}
	for (struct subshell *s = k->subshells; s; s = s->next)
		if (s->running)
			kernel_flush(k, s->running);
	return 0;
}
