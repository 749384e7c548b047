/*
 * The worker thread.  What travels over the pair is one pointer a message;
 * who receives it owns it.
 */
#include "kernel/worker.h"

#include "base/str.h"
#include "notebook/session.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <zmq.h>

/* The thread sanitizer does not see what a pair orders: libzmq is built without it. */
#ifdef __has_feature
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#define GIVE_AWAY(p) __tsan_release((void *)(p))
#define TAKE_OVER(p) __tsan_acquire((void *)(p))
#else
#define GIVE_AWAY(p) (void)(p)
#define TAKE_OVER(p) (void)(p)
#endif

enum job_type { JOB_CELL, JOB_CALL, JOB_ANSWER, JOB_STOP };

struct job {
	enum job_type type;
	void *tag;
	struct cancel *cancel;
	struct cell *cell; /* JOB_CELL */
	bool allow_stdin;
	bridge_fn *fn; /* JOB_CALL */
	const char *op;
	const json_t *args;
	char *answer;       /* JOB_ANSWER: owned, may be NULL */
	struct event *done; /* owned: the EVENT_DONE to be */
};

struct worker {
	void *ours, *theirs; /* the I/O thread's end and the worker's */
	bool ending, ended;  /* I/O thread: JOB_STOP was posted; its thread has said its last */
	pthread_t thread;
	struct notebook *nb;
	/* Used in the worker thread only. */
	struct session *session;
	struct job *job; /* the running one */
	bool stop;       /* JOB_STOP came while a cell waited for an answer */
	struct output out;
	struct bridge_call call;
};

/* --- pointers over a pair ---------------------------------------------------------------- */

static bool send_pointer(void *socket, const void *p)
{
	GIVE_AWAY(p);
	for (;;) {
		if (zmq_send(socket, &p, sizeof(p), 0) >= 0)
			return true;
		if (errno != EINTR)
			return false;
	}
}

/* False when nothing is there (with ZMQ_DONTWAIT) or the context is ending. */
static bool recv_any(void *socket, int flags, void **ret)
{
	for (;;) {
		int n = zmq_recv(socket, ret, sizeof(*ret), flags);

		if (n == (int)sizeof(*ret)) {
			TAKE_OVER(*ret);
			return true;
		}
		if (n >= 0 || errno != EINTR)
			return false;
	}
}

static void *recv_pointer(void *socket, int flags)
{
	void *p = NULL;

	return recv_any(socket, flags, &p) ? p : NULL;
}

/* What a job reports at its end is allocated before it starts: an end cannot get lost. */
static struct event *new_done(void)
{
	struct event *e = calloc(1, sizeof(*e));

	if (e && !(e->error = calloc(1, sizeof(*e->error)))) {
		free(e);
		return NULL;
	}
	return e;
}

static int post(struct worker *w, struct job job, struct err *err)
{
	_cleanup_(event_freep) struct event *done = new_done();
	_cleanup_free_ struct job *copy = malloc(sizeof(*copy));

	if (!copy || !done)
		return err_nomem(err);
	*copy = job;
	copy->done = done;
	if (!send_pointer(w->ours, copy))
		return err_set_errno(err, E_IO, errno, "cannot reach the worker");
	TAKE(copy);
	TAKE(done);
	return 0;
}

/* --- events ------------------------------------------------------------------------------ */

void event_free(struct event *e)
{
	if (!e)
		return;
	free(e->error);
	free(e->text);
	free(e->display_id);
	json_decref(e->data);
	json_decref(e->metadata);
	free(e);
}

/* Takes the event's members, also when there is no memory: the output is lost then. */
static void emit(struct worker *w, struct event event)
{
	struct event *e = malloc(sizeof(*e));

	event.tag = w->job->tag;
	if (e) {
		*e = event;
		if (!send_pointer(w->theirs, e))
			event_free(e);
		return;
	}
	free(event.error);
	free(event.text);
	free(event.display_id);
	json_decref(event.data);
	json_decref(event.metadata);
}

static struct worker *worker_of(struct output *out)
{
	return (struct worker *)((char *)out - offsetof(struct worker, out));
}

static void out_stream(struct output *out, enum stream_name name, const char *text, size_t n)
{
	char *copy = utf8_repair(text, n);

	if (copy)
		emit(worker_of(out), (struct event){.type = EVENT_STREAM,
						    .stream = name,
						    .text = copy,
						    .text_len = strlen(copy)});
}

static void out_display(struct output *out, const struct bundle *b, const char *display_id,
			bool update)
{
	emit(worker_of(out), (struct event){.type = EVENT_DISPLAY,
					    .data = json_deep_copy(b->data),
					    .metadata = json_deep_copy(b->metadata),
					    .display_id = display_id ? str_dup(display_id) : NULL,
					    .flag = update});
}

static void out_result(struct output *out, const struct bundle *b)
{
	emit(worker_of(out), (struct event){.type = EVENT_RESULT,
					    .data = json_deep_copy(b->data),
					    .metadata = json_deep_copy(b->metadata)});
}

static void out_clear(struct output *out, bool wait)
{
	emit(worker_of(out), (struct event){.type = EVENT_CLEAR, .flag = wait});
}

/* Wait for the answer; a cell job's pair carries nothing else while it runs. */
static int await_answer(struct worker *w, char **ret, struct err *err)
{
	_cleanup_free_ struct job *job = NULL;
	size_t n = sizeof(int);
	int fd = -1, r;

	zmq_getsockopt(w->theirs, ZMQ_FD, &fd, &n);
	while (!(job = recv_pointer(w->theirs, ZMQ_DONTWAIT))) {
		/* The descriptor is edge-triggered: a short time limit covers a missed edge. */
		r = cancel_wait_fd(w->job->cancel, fd, POLLIN, 200, err);
		if (r < 0 && r != E_TIMEOUT)
			return r;
	}
	w->stop = job->type == JOB_STOP;
	event_free(job->done);
	if (job->type != JOB_ANSWER || !job->answer)
		return err_set(err, E_CANCEL, "no answer came");
	*ret = job->answer;
	return 0;
}

static int out_input(struct output *out, const char *prompt, bool password, char **ret,
		     struct err *err)
{
	struct worker *w = worker_of(out);
	char *copy;

	if (w->job->type != JOB_CELL || !w->job->allow_stdin)
		return err_set(err, E_UNSUPPORTED, "this front end takes no input");
	copy = str_dup(prompt);
	if (!copy)
		return err_nomem(err);
	emit(w, (struct event){.type = EVENT_INPUT, .text = copy, .flag = password});
	return await_answer(w, ret, err);
}

static void call_notice(struct bridge_call *call, const char *text)
{
	struct worker *w = (struct worker *)((char *)call - offsetof(struct worker, call));

	emit(w, (struct event){.type = EVENT_NOTICE, .text = str_dup(text)});
}

/* --- the thread -------------------------------------------------------------------------- */

static int run_cell(struct worker *w, struct err *err)
{
	struct magic_call *call = &w->job->cell->call;

	call->nb = w->nb;
	call->session = w->session;
	call->out = &w->out;
	call->cancel = w->job->cancel;
	return call->magic->run(call, err);
}

static int run_call(struct worker *w, json_t **ret, struct err *err)
{
	w->call.op = w->job->op;
	w->call.args = w->job->args;
	w->call.nb = w->nb;
	w->call.session = w->session;
	w->call.cancel = w->job->cancel;
	w->call.notice = call_notice;
	return w->job->fn(&w->call, ret, err);
}

static void run_job(struct worker *w)
{
	struct job *job = w->job;
	struct event *done = TAKE(job->done);

	done->type = EVENT_DONE;
	done->tag = job->tag;
	done->code = cancel_check(job->cancel, done->error);
	if (done->code == 0)
		done->code = job->type == JOB_CELL ? run_cell(w, done->error)
						   : run_call(w, &done->data, done->error);
	if (done->code >= 0)
		free(TAKE(done->error));
	if (!send_pointer(w->theirs, done))
		event_free(done);
}

static void *thread_main(void *userdata)
{
	struct worker *w = userdata;

	pthread_setname_np(pthread_self(), "worker");
	while (!w->stop) {
		_cleanup_free_ struct job *job = recv_pointer(w->theirs, 0);

		if (!job)
			break;
		w->job = job;
		if (job->type == JOB_CELL || job->type == JOB_CALL)
			run_job(w);
		w->stop |= job->type == JOB_STOP;
		free(job->answer); /* came after its cell had ended */
		event_free(job->done);
		w->job = NULL;
	}
	session_free(w->session);
	(void)send_pointer(w->theirs, NULL); /* the last: worker_stop reads up to it */
	zmq_close(w->theirs);
	return NULL;
}

static int open_pair(struct worker *w, void *ctx, struct err *err)
{
	char address[64];
	int zero = 0;

	snprintf(address, sizeof(address), "inproc://worker-%p", (void *)w);
	w->ours = zmq_socket(ctx, ZMQ_PAIR);
	w->theirs = zmq_socket(ctx, ZMQ_PAIR);
	if (!w->ours || !w->theirs)
		return err_set_errno(err, E_IO, errno, "worker sockets");
	zmq_setsockopt(w->ours, ZMQ_SNDHWM, &zero, sizeof(zero));
	zmq_setsockopt(w->theirs, ZMQ_LINGER, &zero, sizeof(zero));
	zmq_setsockopt(w->ours, ZMQ_LINGER, &zero, sizeof(zero));
	if (zmq_bind(w->ours, address) < 0 || zmq_connect(w->theirs, address) < 0)
		return err_set_errno(err, E_IO, errno, "worker sockets");
	return 0;
}

int worker_start(void *ctx, struct notebook *nb, struct worker **ret, struct err *err)
{
	struct worker *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_nomem(err);
	w->nb = nb;
	w->out = (struct output){out_stream, out_display, out_result, out_clear, out_input};
	r = open_pair(w, ctx, err);
	if (r == 0)
		r = session_new(nb, &w->session, err);
	if (r == 0 && pthread_create(&w->thread, NULL, thread_main, w) != 0) {
		session_free(w->session);
		r = err_set(err, E_IO, "cannot start a thread");
	}
	if (r < 0) {
		if (w->theirs)
			zmq_close(w->theirs);
		if (w->ours)
			zmq_close(w->ours);
		free(w);
		return r;
	}
	*ret = w;
	return 0;
}

/* The next event, or NULL: none, or the last thing that the thread has sent. */
static struct event *next_event(struct worker *w, int flags)
{
	void *p = NULL;

	if (!w->ended && recv_any(w->ours, flags, &p) && !p)
		w->ended = true;
	return p;
}

bool worker_end(struct worker *w)
{
	struct err err = ERR_INIT;

	if (!w->ending)
		w->ending = post(w, (struct job){.type = JOB_STOP}, &err) == 0;
	return w->ended;
}

void worker_stop(struct worker *w)
{
	if (!w)
		return;
	(void)worker_end(w);
	if (w->ending) {
		/* A cell that has more to say than the pair holds waits for us. */
		while (!w->ended) {
			struct event *e = next_event(w, 0);

			if (!e && !w->ended)
				break;
			event_free(e);
		}
		pthread_join(w->thread, NULL);
	}
	zmq_close(w->ours);
	free(w);
}

void *worker_socket(const struct worker *w)
{
	return w->ours;
}

struct event *worker_event(struct worker *w)
{
	return next_event(w, ZMQ_DONTWAIT);
}

int worker_run_cell(struct worker *w, struct cell *cell, bool allow_stdin, struct cancel *cancel,
		    void *tag, struct err *err)
{
	return post(w,
		    (struct job){.type = JOB_CELL,
				 .tag = tag,
				 .cancel = cancel,
				 .cell = cell,
				 .allow_stdin = allow_stdin},
		    err);
}

int worker_run_call(struct worker *w, bridge_fn *fn, const char *op, const json_t *args,
		    struct cancel *cancel, void *tag, struct err *err)
{
	return post(w,
		    (struct job){.type = JOB_CALL,
				 .tag = tag,
				 .cancel = cancel,
				 .fn = fn,
				 .op = op,
				 .args = args},
		    err);
}

int worker_answer(struct worker *w, const char *text, struct err *err)
{
	struct job job = {.type = JOB_ANSWER, .answer = text ? str_dup(text) : NULL};
	int r = text && !job.answer ? err_nomem(err) : post(w, job, err);

	if (r < 0)
		free(job.answer);
	return r;
}
