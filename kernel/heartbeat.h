/*
 * The heartbeat: a thread of its own echoes whatever arrives (messaging,
 * "Heartbeat for kernels"), so that it answers however busy the rest is.
 */
#ifndef KERNEL_HEARTBEAT_H
#define KERNEL_HEARTBEAT_H

#include "base/err.h"

/*
 * Takes the bound socket.  The thread ends, and closes it, when the context is shut down.
 */
int heartbeat_start(void *socket, struct err *err) __attribute__((warn_unused_result));

#endif
