/*
 * A cancel token: one flag that goes with a request and that every wait made
 * on its behalf looks at.  Firing is allowed from any thread (not from a
 * signal handler); waiting threads wake up because the token has a file
 * descriptor.  A token fires once; cancel_reset makes it ready for the next
 * request of its owner.
 */
#ifndef BASE_CANCEL_H
#define BASE_CANCEL_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>

struct cancel {
	atomic_bool fired;
	int fd; /* eventfd, readable once fired */
};

int cancel_init(struct cancel *c, struct err *err) __attribute__((warn_unused_result));
void cancel_release(struct cancel *c);
void cancel_fire(struct cancel *c);
void cancel_reset(struct cancel *c);
/* NULL is a token that never fires. */
bool cancel_fired(const struct cancel *c);
/* 0, or E_CANCEL named KeyboardInterrupt. */
int cancel_check(const struct cancel *c, struct err *err) __attribute__((warn_unused_result));

/*
 * Wait until `fd` has one of `events` (poll's), the token fires or timeout_ms
 * passed (-1 waits for ever).  0 when ready; E_CANCEL, E_TIMEOUT or E_IO.
 * fd -1 waits for the token or the time alone.
 */
int cancel_wait_fd(const struct cancel *c, int fd, short events, int timeout_ms, struct err *err)
	__attribute__((warn_unused_result));

#endif
