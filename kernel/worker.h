/*
 * A subshell's worker thread: runs magics and bridge calls one after the
 * other, with the subshell's database session.  The I/O thread posts jobs
 * and receives events over an inproc pair; each side owns its end.
 *
 * Jobs borrow what they name (request, call, cancel token) until their
 * EVENT_DONE was received.
 */
#ifndef KERNEL_WORKER_H
#define KERNEL_WORKER_H

#include "base/cancel.h"
#include "base/json.h"
#include "magics/cell.h"
#include "notebook/notebook.h"

struct worker;
struct output;

/* A call over the bridge (docs/BRIDGE.md), run in the worker. */
struct bridge_call {
	const char *op;
	const json_t *args;
	struct notebook *nb;
	struct session *session;
	struct cancel *cancel;
	/* Tell the cell something while the call runs. */
	void (*notice)(struct bridge_call *call, const char *text);
};
typedef int bridge_fn(struct bridge_call *call, json_t **ret, struct err *err);

enum event_type {
	EVENT_STREAM,  /* text */
	EVENT_DISPLAY, /* data, metadata, display_id, update */
	EVENT_RESULT,  /* data, metadata */
	EVENT_CLEAR,   /* flag: wait */
	EVENT_INPUT,   /* text: prompt, flag: password; answer with worker_answer */
	EVENT_NOTICE,  /* text, of a bridge call */
	EVENT_DONE,    /* code (0, MAGIC_RELAY or negative) and error; result of a bridge call */
};

struct event {
	enum event_type type;
	void *tag; /* of the job */
	int code;
	struct err *error; /* owned; set when code is negative */
	enum stream_name stream;
	bool flag;
	char *text; /* owned */
	size_t text_len;
	char *display_id; /* owned or NULL */
	json_t *data;     /* owned: a bundle's data, or a bridge call's result */
	json_t *metadata; /* owned */
};

int worker_start(void *zmq_ctx, struct notebook *nb, struct worker **ret,
		 struct err *err) _must_check_;
/*
 * Begin to end the thread, which closes its database session; true once it has ended.  Never waits:
 * call it again when there was something to read on worker_socket.
 */
bool worker_end(struct worker *w);
/* Ends the thread after its running job, and waits; fire that job's cancel token first. */
void worker_stop(struct worker *w);
CLEANUP_DEFINE(struct worker *, worker_stop)

/* The socket on which events become readable. */
void *worker_socket(const struct worker *w);
/* The next event or NULL, without waiting; freed by event_free. */
struct event *worker_event(struct worker *w);
void event_free(struct event *e);
CLEANUP_DEFINE(struct event *, event_free)

/* Run a cell's magic.  `tag` comes back in its events. */
int worker_run_cell(struct worker *w, struct cell *cell, bool allow_stdin, struct cancel *cancel,
		    void *tag, struct err *err) _must_check_;
/* Run one bridge call; op and args are borrowed until EVENT_DONE. */
int worker_run_call(struct worker *w, bridge_fn *fn, const char *op, const json_t *args,
		    struct cancel *cancel, void *tag, struct err *err) _must_check_;
/* Answer an EVENT_INPUT; NULL: no answer will come (the request was interrupted). */
int worker_answer(struct worker *w, const char *text, struct err *err) _must_check_;

#endif
