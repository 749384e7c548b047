/*
 * One manager per data folder, and nothing left behind when it is killed.
 *
 * The lock is flock(2) on a file in the data folder.  A guard process shares
 * it: when the manager ends, however it does, the guard ends what is left of
 * the services and only then lets the lock go.  So whoever holds the lock may
 * start services, and no pid file is needed.
 */
#ifndef MANAGER_LOCK_H
#define MANAGER_LOCK_H

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

/*
 * Wait up to timeout_ms for the lock and write ourselves into the file.
 * E_EXISTS as soon as a manager answers that has it; E_TIMEOUT, naming
 * the holder, when somebody has it and does not answer.
 */
int lock_take(const char *socket_path, int timeout_ms, int *ret_fd, struct err *err) _must_check_;

/*
 * Fork the guard.  It holds lock_fd and ends the processes with the mark
 * (manager/procs.h) once *ret_fd, which the caller keeps open, is
 * closed everywhere else.
 */
int guard_start(const char *mark, int lock_fd, int *ret_fd, struct err *err) _must_check_;

#endif
