/*
 * The byte stream to a server: a non-blocking TCP socket.  Nothing here waits
 * but drda_link_open; whoever waits polls `fd` himself, so that cancelling
 * and time limits are decided in one place (conn.c).
 */
#ifndef DRDA_LINK_H
#define DRDA_LINK_H

#include "base/buf.h"
#include "base/cancel.h"

struct drda_link {
	int fd;       /* -1 when closed */
	size_t chunk; /* bytes asked for at a time: grows while they all come */
};

/*
 * Connect to the first address of host that answers within timeout_ms.
 * E_NOTFOUND for an unknown host, E_CLOSED when nothing listens, E_TIMEOUT,
 * E_CANCEL.
 */
int drda_link_open(struct drda_link *l, const char *host, int port, int timeout_ms,
		   struct cancel *cancel, struct err *err) _must_check_;
void drda_link_close(struct drda_link *l);

/*
 * Acknowledge what comes next at once.  A server that sends two short answers
 * holds the second back until the first is acknowledged (Nagle), which
 * otherwise takes us 40 ms.  Lasts for a while only: ask before each wait.
 */
void drda_link_hurry(struct drda_link *l);

/* Bytes sent, 0 when the socket takes none now, E_CLOSED when the line broke. */
ssize_t drda_link_send(struct drda_link *l, const void *p, size_t n, struct err *err) _must_check_;
/* Bytes appended to `in`, 0 when there are none now, E_CLOSED when the line broke. */
ssize_t drda_link_recv(struct drda_link *l, struct buf *in, struct err *err) _must_check_;

#endif
