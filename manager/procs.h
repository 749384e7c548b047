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

/*
 * Processes told to end.  One that does loses its environment, and so its
 * mark, well before its sockets are closed: each is held by a pidfd until it
 * is gone.
 */
struct leaving {
	struct leaver {
		pid_t pid;
		int fd;
	} * items;
	size_t len;
};

/* Add those that are not yet held; without memory or descriptors they are not waited for. */
void leaving_add(struct leaving *l, const struct pids *p);
/* How many are still there; forgets the others. */
size_t leaving_count(struct leaving *l);
void leaving_release(struct leaving *l);

/* Resident memory in KiB; what ended meanwhile counts nothing. */
int64_t procs_memory(const struct pids *p);

#endif
