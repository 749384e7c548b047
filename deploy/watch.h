/*
 * A thread that looks whether a job is to be cancelled, and then fires the
 * token that every wait of the worker looks at.  It has a store of its own.
 */
#ifndef DEPLOY_WATCH_H
#define DEPLOY_WATCH_H

#include "base/cancel.h"
#include "base/cleanup.h"

#include <stdint.h>

struct watch;

/* cancel must outlive it.  path is the store's. */
int watch_start(const char *path, int64_t job, struct cancel *cancel, struct watch **ret,
		struct err *err) _must_check_;
void watch_stop(struct watch *w);
CLEANUP_DEFINE(struct watch *, watch_stop)

#endif
