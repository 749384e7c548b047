/*
 * Messages between splice-manager and its clients: one JSON object a line.
 * README.md in this folder has the whole protocol.  Pure functions.
 */
#ifndef PROTOCOL_MANAGER_WIRE_H
#define PROTOCOL_MANAGER_WIRE_H

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"

/* "endpoint:" and a name of 63 characters fit. */
enum { MANAGER_VERSION = 1, MANAGER_SERVICE_MAX = 96 };

/* A request is a few words; a reply may carry the last lines of a service's log. */
#define MANAGER_REQUEST_MAX KIB(8)
#define MANAGER_REPLY_MAX KIB(256)

enum manager_op {
	MANAGER_HELLO,
	MANAGER_ENSURE,
	MANAGER_STATUS,
	MANAGER_STOP,
	MANAGER_RELOAD,
};

enum manager_kind {
	MANAGER_KIND_CLI,
	MANAGER_KIND_KERNEL, /* keeps the manager from going idle while its link is open */
	MANAGER_KIND_JOBS,   /* the same, while jobs are to be done */
};

struct manager_request {
	json_int_t id; /* chosen by the client; comes back in everything that answers it */
	enum manager_op op;
	json_int_t version;                /* hello: the highest version the client speaks */
	enum manager_kind kind;            /* hello */
	char service[MANAGER_SERVICE_MAX]; /* ensure, reload, stop; "" (stop only) means the manager
					      and all of them */
};

/*
 * One line without its newline.  E_PROTO for what is no request; E_UNSUPPORTED
 * for an operation of a later version.  ret->id is set even then, 0 when the
 * line has none, so that the refusal can name it.
 */
int manager_request_parse(const char *line, size_t n, struct manager_request *ret,
			  struct err *err) _must_check_;
/* Append the line with its newline; a failure shows in buf_check. */
void manager_request_write(struct buf *b, const struct manager_request *q);

/* What a manager sends. */
void manager_notice_write(struct buf *b, json_int_t id, const char *text);
void manager_error_write(struct buf *b, json_int_t id, const struct err *error);
/* `members` (an object, stolen, may be NULL when out of memory) gets id and ok. */
void manager_ok_write(struct buf *b, json_int_t id, json_t *members);

struct manager_reply {
	json_t *body; /* owned */
	json_int_t id;
	const char *notice; /* within body; NULL when this is the final answer */
};

/* One line without its newline. */
int manager_reply_parse(const char *line, size_t n, struct manager_reply *ret,
			struct err *err) _must_check_;
void manager_reply_release(struct manager_reply *reply);
/* 0 for a final answer that is ok; else the manager's error as it was there. */
int manager_reply_result(const struct manager_reply *reply, struct err *err) _must_check_;

#endif
