/*
 * The kernel's end of the bridge (docs/BRIDGE.md): requests of the child are
 * checked, queued for the worker of the cell's subshell and answered.  The
 * operations themselves are in kernel/bridge-ops.c.  I/O thread only.
 */
#ifndef KERNEL_BRIDGE_H
#define KERNEL_BRIDGE_H

#include "kernel/kernel.h"

/* Binds an ipc socket in `dir`. */
int bridge_new(struct kernel *k, const char *dir, struct bridge **ret,
	       struct err *err) _must_check_;
void bridge_free(struct bridge *b);

void *bridge_socket(const struct bridge *b);
const char *bridge_endpoint(const struct bridge *b);
const char *bridge_secret(const struct bridge *b);

/* Handle all requests that have arrived. */
void bridge_read(struct kernel *k);
/* True when the event belongs to a bridge call (and is handled now). */
bool bridge_event(struct kernel *k, struct subshell *s, struct event *e);
/* Start the next waiting call of a subshell whose worker is free. */
void bridge_next(struct kernel *k, struct subshell *s);
/* Free the calls of a subshell whose worker has ended. */
void bridge_drop(struct subshell *s);
/* Cancel the running calls; those that wait are answered as interrupted. */
void bridge_interrupt(struct kernel *k, struct subshell *only);

#endif
