/*
 * Small sessions of a client, each a function of a connection, that are
 * recorded from a real server once and played ever after: what they send is
 * compared byte for byte, what the trace says and what comes out with golden
 * files, and every kind of fault is put into what they receive.
 */
#ifndef TESTS_SERVERS_DRDA_SESSIONS_H
#define TESTS_SERVERS_DRDA_SESSIONS_H

#include "base/buf.h"
#include "protocol/drda/drda.h"

struct drda_session {
	const char *name;
	/* Run statements; outcomes are appended to `out` as text. */
	void (*run)(struct drda *c, struct buf *out);
	uint32_t block_size; /* 0: the default */
};

/* Ends with a NULL name. */
extern const struct drda_session drda_sessions[];

/* Connect to a port of the loopback and run the session; trace_fd -1 for none. */
void drda_session_run(const struct drda_session *s, int port, int trace_fd, struct buf *out);

/* Append the outcome of one statement: columns, rows, count, warnings or error. */
void drda_session_statement(struct drda *c, const char *sql, unsigned flags, struct buf *out);

#endif
