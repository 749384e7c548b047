/*
 * The service `jobs`: the Jobs Tracker's process, `splice-manager jobs`, which
 * owns the queue (manager/queue.h) and serves the page.  Its entry in the
 * table is jobs_def (manager/def.h).
 */
#ifndef MANAGER_JOBS_H
#define MANAGER_JOBS_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>

/* Whether jobs are to be done; false when that cannot be told. */
bool jobs_waiting(void);

/*
 * The word by which the page and its API know who may: in a file of the data
 * folder, 0600, made at first.  The caller wipes and frees.
 */
int jobs_token(char **ret, struct err *err) _must_check_;

/* Be the process, until a signal ends it. */
int jobs_run(int port, struct err *err) _must_check_;

#endif
