/* The kernel's end of the bridge. */
#include "kernel/bridge.h"

#include "base/str.h"
#include "kernel/bridge-ops.h"
#include "kernel/child.h"

#include <errno.h>
#include <string.h>

struct bridge {
	void *router;
	char *endpoint, *secret;
};

struct bridge_job {
	zmq_msg_t *frames; /* owned; frame 0 is the identity to answer to */
	size_t n_frames;
	json_int_t id;
	json_t *request; /* owned; op and args are in it */
	bridge_fn *fn;
	struct subshell *subshell;
	struct request *q; /* owned reference or NULL: the cell that asks */
	struct cancel cancel;
	bool running;
	struct bridge_job *next;
};

int bridge_new(struct kernel *k, const char *dir, struct bridge **ret, struct err *err)
{
	struct bridge *b = calloc(1, sizeof(*b));
	int zero = 0;

	if (!b)
		return err_nomem(err);
	b->endpoint = str_fmt("ipc://%s/b", dir);
	b->secret = jupyter_new_key();
	b->router = zmq_socket(k->zmq, ZMQ_ROUTER);
	if (!b->endpoint || !b->secret || !b->router) {
		bridge_free(b);
		return err_nomem(err);
	}
	zmq_setsockopt(b->router, ZMQ_LINGER, &zero, sizeof(zero));
	zmq_setsockopt(b->router, ZMQ_SNDHWM, &zero, sizeof(zero));
	if (zmq_bind(b->router, b->endpoint) < 0) {
		int r = err_set_errno(err, E_IO, errno, "cannot bind %s", b->endpoint);

		bridge_free(b);
		return r;
	}
	*ret = b;
	return 0;
}

void bridge_free(struct bridge *b)
{
	if (!b)
		return;
	if (b->router)
		zmq_close(b->router);
	free(b->endpoint);
	free(b->secret);
	free(b);
}

void *bridge_socket(const struct bridge *b)
{
	return b->router;
}

const char *bridge_endpoint(const struct bridge *b)
{
	return b->endpoint;
}

const char *bridge_secret(const struct bridge *b)
{
	return b->secret;
}

static void job_free(struct bridge_job *job)
{
	jupyter_free_frames(job->frames, job->n_frames);
	json_decref(job->request);
	request_unref(job->q);
	cancel_release(&job->cancel);
	free(job);
}

/* Steals the message. */
static void answer(struct kernel *k, const struct bridge_job *job, json_t *message)
{
	_cleanup_free_ char *text = message ? json_text(message) : NULL;
	zmq_msg_t *identity = &job->frames[0];

	json_decref(message);
	if (!text) {
		log_line(k->log, LOG_ERROR, "bridge", "out of memory for an answer");
		return;
	}
	if (zmq_send(k->bridge->router, zmq_msg_data(identity), zmq_msg_size(identity),
		     ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
	    zmq_send(k->bridge->router, text, strlen(text), ZMQ_DONTWAIT) < 0)
		log_line(k->log, LOG_WARNING, "bridge", "an answer was not sent: %s",
			 zmq_strerror(errno));
}

/* A request that cannot be read has no id: null answers what its thread asked last. */
static json_t *error_message(const struct bridge_job *job, const struct err *error)
{
	json_t *id = job->request ? json_integer(job->id) : json_null();

	return json_pack("{so sb s{so so so}}", "id", id, "ok", 0, "error", "ename",
			 json_strz(err_ename(error)), "evalue", json_strz(error->text), "hint",
			 json_strz(error->hint));
}

/* Steals the result. */
static json_t *ok_message(json_int_t id, json_t *result)
{
	return json_pack("{sI sb so}", "id", id, "ok", 1, "result",
			 result ? result : json_object());
}

static void refuse(struct kernel *k, struct bridge_job *job, const struct err *error)
{
	answer(k, job, error_message(job, error));
	job_free(job);
}

/* --- requests ---------------------------------------------------------------------------- */

static struct bridge_job *find_job(struct kernel *k, const struct bridge_job *like, json_int_t id)
{
	for (struct subshell *s = k->subshells; s; s = s->next)
		for (struct bridge_job *job = s->calls; job; job = job->next)
			if (job->id == id &&
			    zmq_msg_size(&job->frames[0]) == zmq_msg_size(&like->frames[0]) &&
			    memcmp(zmq_msg_data(&job->frames[0]), zmq_msg_data(&like->frames[0]),
				   zmq_msg_size(&job->frames[0])) == 0)
				return job;
	return NULL;
}

static void enqueue(struct kernel *k, struct bridge_job *job)
{
	struct bridge_job **at = &job->subshell->calls;

	while (*at)
		at = &(*at)->next;
	*at = job;
	bridge_next(k, job->subshell);
}

/* Takes the job. */
static void accept_job(struct kernel *k, struct bridge_job *job)
{
	const char *op = json_get_str(job->request, "op", "");
	struct request *q = child_request(k, json_get_str(job->request, "cell", NULL));
	struct bridge_job *other;
	struct err error = ERR_INIT;

	job->id = json_get_int(job->request, "id", 0);
	if (str_eq(op, "cancel")) {
		other = find_job(k, job, job->id);
		if (other)
			cancel_fire(&other->cancel);
		job_free(job);
		return;
	}
	if (str_eq(op, "hello")) { /* at once, whatever runs (docs/BRIDGE.md) */
		answer(k, job, ok_message(job->id, json_pack("{ss}", "version", SPLICE_VERSION)));
		job_free(job);
		return;
	}
	job->fn = bridge_op(op);
	if (!job->fn) {
		(void)err_set(&error, E_UNSUPPORTED, "the bridge has no operation \"%.60s\"", op);
		refuse(k, job, &error);
		return;
	}
	job->q = q ? request_ref(q) : NULL;
	job->subshell = q ? q->subshell : k->subshells;
	enqueue(k, job);
}

static bool secret_matches(const struct bridge *b, const zmq_msg_t *frame)
{
	zmq_msg_t *f = (zmq_msg_t *)(uintptr_t)frame;
	size_t n = strlen(b->secret);

	return zmq_msg_size(f) == n && mem_eq_secret(zmq_msg_data(f), b->secret, n);
}

/* Takes the frames: identity, secret, JSON. */
static void read_one(struct kernel *k, zmq_msg_t *frames, size_t n)
{
	struct bridge_job *job = calloc(1, sizeof(*job));
	struct err err = ERR_INIT, error = ERR_INIT;
	int r = job ? cancel_init(&job->cancel, &err) : err_nomem(&err);

	if (r < 0) {
		free(job);
		jupyter_free_frames(frames, n);
		log_line(k->log, LOG_ERROR, "bridge", "%s", err.text);
		return;
	}
	job->frames = frames;
	job->n_frames = n;
	if (n != 3 || !secret_matches(k->bridge, &frames[1])) {
		log_line(k->log, LOG_WARNING, "bridge",
			 "dropped: a request without the right secret");
		job_free(job);
		return;
	}
	r = json_parse(zmq_msg_data(&frames[2]), zmq_msg_size(&frames[2]), "the request",
		       &job->request, &err);
	if (r < 0) {
		(void)err_set(&error, E_USAGE, "%s", err.text);
		err_set_hint(&error, "whole numbers fit 64 bits, and a name is there once");
		refuse(k, job, &error);
		return;
	}
	accept_job(k, job);
}

void bridge_read(struct kernel *k)
{
	struct err err = ERR_INIT;
	zmq_msg_t *frames;
	size_t n;
	int r;

	while ((r = jupyter_recv_frames(k->bridge->router, &frames, &n, &err)) != 0) {
		if (r > 0)
			read_one(k, frames, n);
		else if (r == E_TOOBIG)
			log_line(k->log, LOG_WARNING, "bridge", "dropped: %s", err.text);
		else
			return;
	}
}

/* --- running ----------------------------------------------------------------------------- */

void bridge_next(struct kernel *k, struct subshell *s)
{
	while (s->calls && !s->worker_jobs) {
		struct bridge_job *job = s->calls;
		struct err error = ERR_INIT;

		if (cancel_check(&job->cancel, &error) == 0 &&
		    worker_run_call(s->worker, job->fn, json_get_str(job->request, "op", ""),
				    json_object_get(job->request, "args"), &job->cancel, job,
				    &error) == 0) {
			job->running = true;
			s->worker_jobs++;
			return;
		}
		s->calls = job->next;
		refuse(k, job, &error);
	}
}

bool bridge_event(struct kernel *k, struct subshell *s, struct event *e)
{
	struct bridge_job *job = s->calls;

	if (!job || !job->running || e->tag != job)
		return false;
	if (e->type == EVENT_NOTICE) {
		answer(k, job,
		       json_pack("{sI ss so}", "id", job->id, "event", "notice", "text",
				 json_strz(e->text)));
		return true;
	}
	if (e->type != EVENT_DONE)
		return true;
	answer(k, job,
	       e->error ? error_message(job, e->error)
			: ok_message(job->id, e->data ? json_incref(e->data) : NULL));
	s->calls = job->next;
	s->worker_jobs--;
	job_free(job);
	bridge_next(k, s);
	return true;
}

void bridge_drop(struct subshell *s)
{
	while (s->calls) {
		struct bridge_job *job = s->calls;

		s->calls = job->next;
		job_free(job);
	}
}

void bridge_interrupt(struct kernel *k, struct subshell *only)
{
	for (struct subshell *s = k->subshells; s; s = s->next)
		for (struct bridge_job *job = only && s != only ? NULL : s->calls; job;
		     job = job->next)
			cancel_fire(&job->cancel);
}
