/*
 * The wait between two tries of a request that failed for a reason that
 * passes: doubling, half of it random, so that clients that failed together
 * do not come back together.
 */
#ifndef BASE_BACKOFF_H
#define BASE_BACKOFF_H

#include "base/cancel.h"
#include "base/cleanup.h"

/*
 * Wait before the try that follows number `tries` (from 1): first_ms doubled
 * tries - 1 times, at most max_ms, less a random part of up to half.
 * 0, or E_CANCEL.
 */
int backoff_wait(int first_ms, int max_ms, int tries, struct cancel *cancel,
		 struct err *err) _must_check_;
/* Exactly ms, as a server asked for it.  0, or E_CANCEL. */
int backoff_sleep(int ms, struct cancel *cancel, struct err *err) _must_check_;

#endif
