/*
 * What /metrics tells: counters for each variant, by name, that outlive a
 * reload.  Counting takes no lock.
 */
#ifndef SCORER_METRICS_H
#define SCORER_METRICS_H

#include "base/buf.h"

#include <pthread.h>
#include <stdatomic.h>

enum { METRICS_BUCKETS = 13 };

struct variant_metrics {
	struct variant_metrics *next;
	char *name; /* owned */
	atomic_ulong requests, rows, errors;
	atomic_ulong microseconds;                 /* of all requests */
	atomic_ulong buckets[METRICS_BUCKETS + 1]; /* by time, not yet added up */
};

struct metrics {
	pthread_mutex_t lock;             /* of the list */
	struct variant_metrics *variants; /* owned; none is ever removed */
	atomic_ulong refused;             /* requests that no variant saw */
	atomic_ulong reloads, reloads_failed;
	atomic_ulong connections; /* open now */
};

void metrics_init(struct metrics *m);
void metrics_release(struct metrics *m);
/* The counters of a name, made when they are new; NULL when out of memory. */
struct variant_metrics *metrics_of(struct metrics *m, const char *name);
void metrics_count(struct variant_metrics *v, size_t rows, bool failed, int64_t microseconds);
/* Prometheus' text format. */
void metrics_write(struct metrics *m, struct buf *b);

#endif
