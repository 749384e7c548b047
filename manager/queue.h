/*
 * The queue: a worker (`splice-manager work ID`) for each pending job, as
 * many at a time as the setting jobs.workers allows, and one again for each
 * job whose worker died, after a pause that grows.
 *
 * It keeps nothing but the processes it started; the job store tells the
 * rest.  One thread.
 */
#ifndef MANAGER_QUEUE_H
#define MANAGER_QUEUE_H

#include "base/cleanup.h"
#include "base/log.h"

#include <stdbool.h>

struct queue;

enum { QUEUE_WORKERS_MAX = 16 };

struct queue_options {
	const char *store_path;
	const char *program;   /* splice-manager, by path */
	int workers;           /* at a time; 1 … QUEUE_WORKERS_MAX */
	const struct log *log; /* borrowed; may be NULL */
};

/* Blocks SIGCHLD, SIGTERM, SIGINT and SIGHUP in this thread; start others after it. */
int queue_new(const struct queue_options *options, struct queue **ret,
	      struct err *err) _must_check_;
/* Ends the workers; their jobs go on with the next queue. */
void queue_free(struct queue *q);
CLEANUP_DEFINE(struct queue *, queue_free)

/* Have it look at the store now.  From any thread. */
void queue_wake(struct queue *q);

/* One round: wait at most max_ms for something to do, and do it. */
int queue_step(struct queue *q, int max_ms, struct err *err) _must_check_;
/* SIGTERM or SIGINT came. */
bool queue_ended(const struct queue *q);
/* Jobs are to be done, or being done. */
bool queue_busy(const struct queue *q);

#endif
