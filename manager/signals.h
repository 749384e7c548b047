/*
 * Signals as a descriptor to poll: what the daemon and the queue of jobs wait
 * for beside their sockets.
 */
#ifndef MANAGER_SIGNALS_H
#define MANAGER_SIGNALS_H

#include "base/cleanup.h"
#include "base/err.h"

/*
 * Block SIGCHLD, SIGTERM, SIGINT and SIGHUP in this thread; *ret_fd, the
 * caller's, is a signalfd(2) that tells them and never blocks.
 */
int signals_open(int *ret_fd, struct err *err) _must_check_;

#endif
