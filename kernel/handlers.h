/*
 * What each message type does: a table of handlers for shell and control.
 */
#ifndef KERNEL_HANDLERS_H
#define KERNEL_HANDLERS_H

#include "kernel/kernel.h"

/* Handle one request.  Busy and idle are published around it, whatever it is. */
void handle_request(struct kernel *k, struct request *q);

#endif
