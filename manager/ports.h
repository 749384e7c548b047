/*
 * TCP ports on loopback: which are free, and whose a listener is.
 */
#ifndef MANAGER_PORTS_H
#define MANAGER_PORTS_H

#include "manager/procs.h"

#include <stdbool.h>

/*
 * The first port from `preferred` on that can be bound on 127.0.0.1.
 * E_NOTFOUND when the next hundred are all taken.
 */
int ports_pick(int preferred, int *ret, struct err *err) _must_check_;

enum port_owner {
	PORT_FREE,   /* nobody listens */
	PORT_OURS,   /* one of the processes given does */
	PORT_FOREIGN /* somebody else does */
};

int ports_owner(int port, const struct pids *ours, enum port_owner *ret,
		struct err *err) _must_check_;

/*
 * Whether a socket of this user listens there that no process holds any
 * more: its owner is just ending, and the port is free in a moment.
 */
int ports_dying(int port, bool *ret, struct err *err) _must_check_;

/* Connections that are open to this local port. */
int ports_connections(int port, size_t *ret, struct err *err) _must_check_;

#endif
