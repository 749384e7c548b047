/*
 * The kernel as a whole: what the request handlers share.  Everything here
 * belongs to the I/O thread, which runs kernel_run; other threads reach it
 * through their sockets only (docs/ARCHITECTURE.md, "Threads").
 */
#ifndef KERNEL_KERNEL_H
#define KERNEL_KERNEL_H

#include "kernel/iopub.h"
#include "kernel/request.h"
#include "kernel/subshell.h"
#include "kernel/worker.h"
#include "notebook/notebook.h"
#include "protocol/jupyter/connection.h"

/* Milliseconds that one source of messages is read before control gets its turn. */
enum { TURN_MS = 20 };

struct bridge;
struct child;
struct history;

struct kernel {
	const struct log *log;
	struct notebook *nb;
	struct jupyter_connection connection;
	void *zmq;
	void *shell, *control, *stdin_;
	struct jupyter_signer *signer;
	struct iopub *iopub;
	int signal_fd;
	uint64_t n_requests;
	struct subshell *subshells; /* the parent first */
	struct child *child;
	struct bridge *bridge;
	struct history *history;
	struct request *asking; /* whose input_request is open; owned reference */
	bool asking_child;      /* the child asked, not a worker */
	int parent;             /* the process that started us; 0: none to look after */
	bool starter_gone;      /* it ended without a shutdown_request or a signal to us */
	bool stopping;
};

/*
 * Signals come to the I/O thread through a descriptor.  Call it before any
 * thread exists: all inherit the mask, and none dies of an interrupt.
 */
int kernel_catch_signals(struct kernel *k, struct err *err) _must_check_;
/* Binds the sockets of k->connection (whose free ports are filled in). */
int kernel_open(struct kernel *k, struct err *err) _must_check_;
/* Serve until shutdown, SIGTERM or the parent's end. */
int kernel_run(struct kernel *k, struct err *err) _must_check_;
void kernel_close(struct kernel *k);

/* Answer on the request's own channel.  Content is stolen; NULL is out of memory (logged). */
void kernel_reply(struct kernel *k, const struct request *q, const char *msg_type, json_t *content);
/* The same with the parts as they are: how the child's answers are relayed. */
void kernel_reply_raw(struct kernel *k, const struct request *q, const char *msg_type,
		      struct slice content, struct slice metadata);
/* {"status": "error", ename, evalue, traceback} of an error, as replies and iopub carry it; new. */
json_t *kernel_error_content(const struct err *error);
/* Answer a request that cannot be served: error reply (and error, for a cell). */
void kernel_reply_error(struct kernel *k, const struct request *q, const struct err *error);
void kernel_status(struct kernel *k, const struct request *q, const char *state);
/* Publish idle: the request is answered. */
void kernel_finish(struct kernel *k, struct request *q);

/* Stream text of a request; pieces are put together for a moment. */
void kernel_stream(struct kernel *k, struct request *q, enum stream_name name, const char *text,
		   size_t n);
/* Publish the text that waits; before any other output of the request. */
void kernel_flush(struct kernel *k, struct request *q);

/* Take in all that has arrived on shell, so that an abort covers it. */
void kernel_read_shell(struct kernel *k);

/* Send an input_request for q and remember who asked; fails when another cell waits for input. */
void kernel_ask(struct kernel *k, struct request *q, const struct jupyter_out *out, bool child,
		struct err *err);
/* No answer is expected any more. */
void kernel_ask_end(struct kernel *k, const struct request *q);

/* Stop what runs, in all subshells: SIGINT and interrupt_request. */
void kernel_interrupt(struct kernel *k);

#endif
