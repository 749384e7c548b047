/*
 * `splice-manager work ID`: one job, from where it stands to its end.  The
 * queue (manager/queue.h) starts it; it may be killed at any moment.
 */
#ifndef MANAGER_WORK_H
#define MANAGER_WORK_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdint.h>

/* 0 when the job has ended, however; else the next worker goes on with it. */
int work_run(int64_t job, struct err *err) _must_check_;

#endif
