/* What kernel.c shares with kernel-sockets.c and kernel-answers.c. */
#ifndef KERNEL_KERNEL_INT_H
#define KERNEL_KERNEL_INT_H

#include "kernel/kernel.h"

/* kernel-sockets.c: the front end's five; the ports that were chosen are in k->connection then. */
int kernel_open_sockets(struct kernel *k, struct err *err) _must_check_;
/* All but the heartbeat's, which its thread closes when the context ends. */
void kernel_close_sockets(struct kernel *k);

/* kernel-answers.c: publish stream text that is due; milliseconds until the next is, or -1. */
int kernel_flush_due(struct kernel *k);

#endif
