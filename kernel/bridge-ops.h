/*
 * The operations of docs/BRIDGE.md, by name.  They run in a worker.
 */
#ifndef KERNEL_BRIDGE_OPS_H
#define KERNEL_BRIDGE_OPS_H

#include "kernel/worker.h"

/* The function of an operation, or NULL. */
bridge_fn *bridge_op(const char *name);

#endif
