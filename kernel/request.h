/*
 * One request of a front end, from its arrival to its idle status.  Counted
 * references, all taken and dropped in the I/O thread; a worker borrows the
 * request while it runs its cell.
 */
#ifndef KERNEL_REQUEST_H
#define KERNEL_REQUEST_H

#include "base/cancel.h"
#include "magics/cell.h"
#include "protocol/jupyter/connection.h"
#include "protocol/jupyter/wire.h"

struct subshell;

/* Content of an execute_request (messaging, "Execute"), decoded once. */
struct execute_args {
	char *code;
	bool silent, store_history, allow_stdin, stop_on_error;
	json_t *user_expressions; /* object or NULL */
};

struct request {
	unsigned refs;
	struct request *next;   /* in its subshell's queue */
	struct jupyter_msg msg; /* header, idents and content as received */
	enum jupyter_channel channel;
	uint64_t number;           /* order of arrival */
	struct subshell *subshell; /* borrowed */
	struct cancel cancel;      /* has a descriptor only while a worker runs the cell */
	struct execute_args args;  /* execute_request only */
	struct cell cell;          /* execute_request only, once started */
	int execution_count;
	uint64_t kept;        /* of kept_begin; 0: this cell is not kept */
	bool relayed;         /* the cell is the child's: it runs there or waits for its start */
	char *reply_metadata; /* the child's, as JSON text; owned or NULL */
	bool ending;          /* execute_done is at work, or was */
	bool finished;        /* idle was published: what comes now is late output */
	struct buf text;      /* stream text not published yet */
	enum stream_name text_name;
	int64_t text_since; /* clock_ms of the first byte in text */
};

/* Takes msg, also when it fails. */
int request_new(struct jupyter_msg *msg, enum jupyter_channel channel, uint64_t number,
		struct request **ret, struct err *err) _must_check_;
struct request *request_ref(struct request *q);
void request_unref(struct request *q);
CLEANUP_DEFINE(struct request *, request_unref)

/* Keep only what late output needs: thousands of finished requests are remembered for it. */
void request_shrink(struct request *q);

/* Parse the content; *ret is new. */
int request_content(const struct request *q, json_t **ret, struct err *err) _must_check_;
/* Decode the content of an execute_request into q->args. */
int request_decode_execute(struct request *q, struct err *err) _must_check_;

#endif
