/*
 * The tracking client of one notebook: experiments and runs on an MLflow
 * server, and everything logged to them, behind a durable journal.
 *
 * What is logged goes to the journal first (tracking/journal.h): a call
 * returns when its record is written, whether the server is up or not, and a
 * thread sends it, in order, in batches, until the server has it.  A killed
 * process loses nothing it was told; the next kernel of this user delivers
 * what is left and closes the run as KILLED.  Making and reading experiments
 * and runs needs the server and says so when it is down.
 *
 * Safe from any thread.  The operations and their JSON are described in
 * docs/BRIDGE.md, "Tracking".
 */
#ifndef TRACKING_TRACKING_H
#define TRACKING_TRACKING_H

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "base/log.h"

#include <stdint.h>

struct tracking;

enum { TRACKING_EXIT_MS = 1500 }; /* longest time tracking_free waits for the server */

/* All members may be zero; texts are copied. */
struct tracking_options {
	/*
	 * The server's URL, owned by the caller, ready to use; may take seconds
	 * (it starts the local server) and is asked again when the URL stops
	 * answering.  Called from any thread, one call at a time.  Not used when
	 * MLFLOW_TRACKING_URI is set.
	 */
	int (*server)(void *userdata, struct cancel *cancel, char **ret_uri, struct err *err);
	void *userdata;
	const char *source;    /* the notebook's path, tag mlflow.source.name of runs */
	const struct log *log; /* borrowed; debug lines only */
};

/* Does not wait and writes no file.  Adopts what killed kernels left, in the background. */
int tracking_new(const struct tracking_options *options, struct tracking **ret,
		 struct err *err) _must_check_;
/*
 * End of a kernel in good order: ends the active run (FINISHED) if this
 * kernel opened it, sends what it can within TRACKING_EXIT_MS and leaves the
 * rest in the journal.
 */
void tracking_free(struct tracking *t);
CLEANUP_DEFINE(struct tracking *, tracking_free)
/* The same where whoever started the kernel is gone: the run ends as KILLED. */
void tracking_abandon(struct tracking *t);

/*
 * One operation by its name without "track.": args is borrowed and may be
 * NULL, *ret is new.  E_CANCEL within 100 ms of the token.  E_USAGE for an
 * unknown operation or a missing argument.
 */
int tracking_call(struct tracking *t, const char *op, const json_t *args, struct cancel *cancel,
		  json_t **ret, struct err *err) _must_check_;

/*
 * What Python cells are told: {"uri", "experiment": {"id", "name"}, "run":
 * {"id", "name"}}, members null when there is none.  New; NULL when out of
 * memory.  Never waits.  The version changes whenever this does.
 */
json_t *tracking_state_json(struct tracking *t);
uint64_t tracking_state_version(const struct tracking *t);

#endif
