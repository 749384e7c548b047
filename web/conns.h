/*
 * Connections and their time limits.  The HTTP library knows only silence;
 * a client that sends one byte a second is never silent.  So each phase of a
 * connection has a moment by which it must have ended, and a thread here
 * shuts down the sockets of those that have not.
 */
#ifndef WEB_CONNS_H
#define WEB_CONNS_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stddef.h>

enum conn_phase {
	CONN_HEADERS, /* until the next request's headers are whole; also while idle */
	CONN_BODY,
	CONN_WORK, /* a handler runs, and looks after its own time */
	CONN_SEND,
};

struct conns;
struct conn;

/* Limits in ms of CONN_HEADERS, CONN_BODY and CONN_SEND. */
struct conns_limits {
	int header_ms, body_ms, send_ms;
};

int conns_new(const struct conns_limits *limits, struct conns **ret, struct err *err) _must_check_;
/* All connections have been removed. */
void conns_free(struct conns *c);
CLEANUP_DEFINE(struct conns *, conns_free)

/* fd stays the caller's, who removes the connection before closing it.  NULL: out of memory. */
struct conn *conns_add(struct conns *c, int fd);
void conns_remove(struct conns *c, struct conn *conn);
/* conn may be NULL. */
void conns_phase(struct conns *c, struct conn *conn, enum conn_phase phase);
/* Shut all sockets down. */
void conns_end_all(struct conns *c);

#endif
