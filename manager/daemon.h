/*
 * The manager itself: one thread, one poll(2) over signals, clients and
 * services, until it is told to end or has had nothing to do for long enough.
 */
#ifndef MANAGER_DAEMON_H
#define MANAGER_DAEMON_H

#include "base/log.h"
#include "manager/def.h"

#include <stdint.h>

struct daemon;

struct daemon_options {
	const struct service_def *const *defs; /* ends with NULL */
	const struct log *log;                 /* borrowed */
	const char *log_path;                  /* borrowed; shown by status */
	int64_t idle_ms;                       /* 0: never ends by itself */
	int lock_wait_ms;                      /* an ending manager is waited for this long */
};

/*
 * Take the lock, start the guard, listen.  Blocks SIGCHLD, SIGTERM, SIGINT
 * and SIGHUP in this thread, which becomes the only one that may use the
 * daemon.  E_EXISTS when a manager runs already.
 */
int daemon_new(const struct daemon_options *options, struct daemon **ret,
	       struct err *err) _must_check_;
/* Kills services that still run. */
void daemon_free(struct daemon *d);
CLEANUP_DEFINE(struct daemon *, daemon_free)

/* One round: wait at most max_ms (-1: as long as it takes) and handle what came. */
int daemon_step(struct daemon *d, int max_ms, struct err *err) _must_check_;
/* Everything is stopped and every answer sent. */
bool daemon_done(const struct daemon *d);
/* Begin to stop, as after SIGTERM. */
void daemon_stop(struct daemon *d, const char *why);

/* Steps until it is done. */
int daemon_run(struct daemon *d, struct err *err) _must_check_;

/* The setting manager.idle_minutes, which may be a fraction, in ms. */
int daemon_idle_setting(const struct config *config, int64_t *ret, struct err *err) _must_check_;

#endif
