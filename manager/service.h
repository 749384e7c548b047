/*
 * One local service over its life: started when asked for, watched, started
 * again when it dies, stopped politely and then less so.  A state machine
 * that never blocks: service_step moves it as far as it can go now.
 *
 *   stopped → clearing → starting → ready
 *                ↑          │         │ died
 *                └─ backoff ←─────────┤
 *                      failed ←───────┘ too often, or a start that failed
 *   any → stopping → terminating → killing → stopped (or where it was going)
 *
 * "clearing" ends processes that an earlier manager, or a death halfway, left.
 */
#ifndef MANAGER_SERVICE_H
#define MANAGER_SERVICE_H

#include "base/log.h"
#include "manager/def.h"

#include <poll.h>
#include <sys/types.h>

#define SERVICE_STATES(X)                                                                          \
	X(STOPPED, "stopped")                                                                      \
	X(CLEARING, "clearing")                                                                    \
	X(STARTING, "starting")                                                                    \
	X(READY, "ready")                                                                          \
	X(BACKOFF, "backoff")                                                                      \
	X(FAILED, "failed")                                                                        \
	X(STOPPING, "stopping")                                                                    \
	X(TERMINATING, "terminating")                                                              \
	X(KILLING, "killing")

enum service_state {
#define STATE_ENUM(name, text) SERVICE_##name,
	SERVICE_STATES(STATE_ENUM)
#undef STATE_ENUM
};

const char *service_state_name(enum service_state state);

struct service;

/* Hears what those who wait for the service should know. */
typedef void service_notice_fn(void *userdata, const struct service *s, const char *text);

/* log is borrowed.  Nothing is started yet. */
int service_new(const struct service_def *def, const struct log *log, service_notice_fn *notice,
		void *userdata, struct service **ret, struct err *err) _must_check_;
/* Kills what still runs of it. */
void service_free(struct service *s);
CLEANUP_DEFINE(struct service *, service_free)

/* Be on the way to ready; a failed service tries once more. */
void service_ensure(struct service *s);
/*
 * Have it read its files again: told at once, or as soon as it is ready (true), or started,
 * which comes to the same (false).  Only for what def->reloads.
 */
bool service_reload(struct service *s);
/* Be on the way to stopped. */
void service_stop(struct service *s);

/* Move on.  Called after each poll. */
void service_step(struct service *s);
/* What to poll for it: its descriptor (-1 for none); returns the clock_ms of its next step, or
 * INT64_MAX. */
int64_t service_poll(const struct service *s, struct pollfd *ret);

const struct service_def *service_def(const struct service *s);
enum service_state service_state(const struct service *s);
/* Why it failed, or last died; code 0 when it has not.  Borrowed. */
const struct err *service_reason(const struct service *s);
/* The address while ready; the caller frees; NULL when out of memory. */
char *service_url(const struct service *s);

struct service_info {
	pid_t pid;        /* 0: none */
	int port;         /* 0 while it does not run */
	int64_t memory;   /* KiB, of all its processes */
	int64_t uptime;   /* ms since it became ready; 0 when it is not */
	int restarts;     /* after deaths, since it was last asked to start from rest */
	const char *data; /* borrowed */
	const char *log;  /* borrowed */
};

void service_info(const struct service *s, struct service_info *ret);
/* Clients connected to its port now. */
size_t service_connections(const struct service *s);

#endif
