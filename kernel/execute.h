/*
 * Execution of cells: the queue of each subshell, its abort after an error,
 * and the way of one cell from its request to its reply.
 */
#ifndef KERNEL_EXECUTE_H
#define KERNEL_EXECUTE_H

#include "kernel/kernel.h"

/* Queue an execute_request, already decoded; starts it when its subshell is free. */
void execute_request(struct kernel *k, struct request *q);
/* A worker's event. */
void execute_event(struct kernel *k, struct subshell *s, struct event *e);
/*
 * End the running cell of q's subshell: error reply and iopub error when
 * `error` is set (its traceback may be given), ok otherwise.  `reply` is
 * stolen: the child's own content of execute_reply, or NULL.  Only the first
 * end of a cell counts.
 */
void execute_done(struct kernel *k, struct request *q, const struct err *error, json_t *reply);
/* The requests that have arrived for s do not run any more. */
void execute_abort(struct kernel *k, struct subshell *s);
/* Start what can run now. */
void execute_next(struct kernel *k, struct subshell *s);

#endif
