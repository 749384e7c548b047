/*
 * One journal's way to the server, a batch at a time.  Used by the sender
 * thread only.
 */
#ifndef TRACKING_DELIVER_H
#define TRACKING_DELIVER_H

#include "tracking/tracking-int.h"

struct delivery {
	struct tracking *t;
	struct journal *journal; /* borrowed */
	struct mlflow *m;        /* borrowed */
	unsigned server_errors;  /* times in a row that the next batch met E_SERVER */
};

/*
 * Send the next records that go together and acknowledge them.  The number of
 * records dealt with, 0 when there are none left.  What the server refuses is
 * written to the file refused.jsonl beside the journals, told in a notice and
 * counts as dealt with.  A negative error: nothing changed, try again later.
 */
int deliver_batch(struct delivery *d, struct err *err) _must_check_;

#endif
