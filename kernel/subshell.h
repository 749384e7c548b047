/*
 * Subshells (JEP 91): lines of execution beside each other, each with its own
 * counter, queue, abort state and worker.  The first is the parent shell, which
 * has no id and lives as long as the kernel.  I/O thread only.
 *
 * A deleted subshell is out of sight at once and freed when nothing of it runs
 * any more: its cells are interrupted, its queue is aborted.
 */
#ifndef KERNEL_SUBSHELL_H
#define KERNEL_SUBSHELL_H

#include "base/cleanup.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct bridge_job;
struct kernel;
struct request;
struct worker;

/* The child's own subshell, in which the cells of ours run; the parent shell needs none. */
enum child_shell_state {
	CHILD_SHELL_NONE,
	CHILD_SHELL_ASKED,
	CHILD_SHELL_OPEN,
};

struct subshell {
	char *id; /* NULL: the parent shell */
	struct worker *worker;
	unsigned worker_jobs; /* posted, their EVENT_DONE has not come */
	int execution_count;
	bool after_sql;           /* the last cell was SQL */
	bool advancing;           /* execute_next is at work */
	bool deleted;             /* only waits for the end of what runs */
	struct request *running;  /* owned reference */
	struct request *queue;    /* owned references, in order of arrival */
	uint64_t abort_before;    /* execute requests that arrived before this are aborted */
	struct bridge_job *calls; /* bridge calls waiting for the worker; owned */
	enum child_shell_state child_state;
	char *child_id;          /* CHILD_SHELL_OPEN */
	struct request *waiting; /* for CHILD_SHELL_OPEN, in order of arrival; owned references */
	struct subshell *next;
};

/* Opens the parent shell (while there is no other) or a subshell with a new id; borrowed. */
int subshell_open(struct kernel *k, struct subshell **ret, struct err *err) _must_check_;
/* By its id (NULL: the parent shell); NULL when there is none or it is deleted. */
struct subshell *subshell_find(const struct kernel *k, const char *id);
/* Their ids, without the parent's; new. */
json_t *subshell_list(const struct kernel *k);
/* E_NOTFOUND when there is none; the parent shell cannot be deleted. */
int subshell_delete(struct kernel *k, const char *id, struct err *err) _must_check_;
/* Free those deleted ones that have come to rest. */
void subshell_reap(struct kernel *k);
/* Free all, at the kernel's end: running cells are cancelled and waited for. */
void subshell_close_all(struct kernel *k);

#endif
