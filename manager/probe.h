/*
 * One question to a local TCP port and the beginning of its answer, without
 * ever blocking: is the server ready, or, would it please end.
 */
#ifndef MANAGER_PROBE_H
#define MANAGER_PROBE_H

#include "base/buf.h"

enum probe_result {
	PROBE_IDLE,    /* none under way */
	PROBE_PENDING, /* wait for probe_events on fd */
	PROBE_DONE,    /* `reply` holds what came first */
	PROBE_FAILED,  /* nobody there, or no answer */
};

struct probe {
	int fd;           /* -1 when none is under way */
	bool sent;        /* the question is out */
	struct buf ask;   /* the question: caller fills it before probe_start */
	struct buf reply; /* valid after PROBE_DONE */
};

void probe_init(struct probe *p);
void probe_release(struct probe *p);

/* Start asking p->ask at 127.0.0.1; one under way is given up. */
enum probe_result probe_start(struct probe *p, int port);
/* Go on as far as possible now.  After DONE or FAILED none is under way. */
enum probe_result probe_step(struct probe *p);
/* Whether the reply begins as one of HTTP does, with this status (0: any). */
bool probe_is_http(const uint8_t *reply, size_t n, int status);
/* poll(2)'s events to wait for on p->fd. */
short probe_events(const struct probe *p);

#endif
