/*
 * Processes found by a mark in their environment.  Each service is started
 * with the variable SPLICE_SERVICE, which its children inherit: so all of its
 * processes are found after any crash, without a pid file that could lie.
 */
#ifndef MANAGER_PROCS_H
#define MANAGER_PROCS_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

struct pids {
	pid_t *items;
	size_t len;
};

void pids_release(struct pids *p);

/* All processes of this user whose environment holds `mark`, a whole "NAME=value". */
int procs_marked(const char *mark, struct pids *ret, struct err *err) _must_check_;
void procs_signal(const struct pids *p, int signal);
/* Resident memory in KiB; what ended meanwhile counts nothing. */
int64_t procs_memory(const struct pids *p);

#endif
