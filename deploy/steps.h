/*
 * A job as a list of steps, journaled in the store so that a kill between any
 * two instructions costs nothing: the next worker reads what was begun and
 * goes on, or goes on taking back.
 *
 *   before a step acts     its record, STEP_OPEN, with the plan: names included
 *   after it               STEP_DONE with what it made
 *   a failure, a cancel    a record "undo" with the reason; from then on every
 *                          worker only takes back, in reverse order:
 *                          STEP_UNDOING, then STEP_UNDONE
 *
 * So a job that ended failed or cancelled has left nothing, but for the case
 * that is said in its error: STEPS_GIVE_UP workers failed to take it back.
 */
#ifndef DEPLOY_STEPS_H
#define DEPLOY_STEPS_H

#include "base/cancel.h"
#include "deploy/store.h"

enum {
	STEPS_ATTEMPTS = 5, /* a job that killed this many workers is taken back */
	STEPS_GIVE_UP = 10, /* after this many workers it ends, whatever is left */
};

/* What the functions of a step get. */
struct step_context {
	struct store *store;
	int64_t job;
	struct cancel *cancel;    /* for waits; NULL while taking back, which nobody stops */
	struct job_steps journal; /* as it stands */
	void *userdata;
};

struct step {
	const char *name;  /* in the journal: short and lasting */
	const char *title; /* "Fetching the model": what is shown meanwhile */
	/*
	 * There is no way back once it has begun: a cancel is not heard any
	 * more (cancel is NULL), and what fails is tried again by the next worker.
	 */
	bool keeps;
	/* What it is about to make: a new object.  Makes nothing.  NULL: {}. */
	int (*plan)(struct step_context *c, json_t **ret, struct err *err);
	/*
	 * Make it.  A worker before may have been killed halfway: it looks
	 * first whether the thing is there.  What it made is a new object;
	 * *ret may stay NULL.
	 */
	int (*run)(struct step_context *c, const json_t *plan, json_t **ret, struct err *err);
	/*
	 * Take back what is there of it, which may be nothing, or already be
	 * taken back.  result is NULL when `run` did not end.  NULL: there is
	 * nothing to take back.
	 */
	int (*undo)(struct step_context *c, const json_t *plan, const json_t *result,
		    struct err *err);
};

/* What the step made, or is about to make; borrowed, NULL when it has not got there. */
const json_t *step_result(const struct step_context *c, const char *name);
const json_t *step_plan(const struct step_context *c, const char *name);
/* A line in the job's log. */
void step_say(const struct step_context *c, const char *fmt, ...) ERR_PRINTF(2, 3);

struct steps {
	const struct step *items; /* ends with a NULL name */
	/* The job's result, once all are done; a new object.  NULL: none. */
	int (*result)(struct step_context *c, json_t **ret, struct err *err);
};

/*
 * Run the job, which this process has claimed, until it has ended in the
 * store: 0.  Else the error is why it has not, and the next worker goes on.
 * attempts is the job's.
 */
int steps_run(struct step_context *c, const struct steps *steps, int attempts,
	      struct err *err) _must_check_;

/*
 * Instead of steps_run, for a job that cannot be worked on now (its settings
 * are not to be read): it fails, if nothing was made yet.  Else the error is
 * why, and the next worker tries, up to STEPS_GIVE_UP.
 */
int steps_refuse(struct step_context *c, int attempts, const struct err *why,
		 struct err *err) _must_check_;

/* Take back what is still left of an ended job, c's.  Nothing left is fine. */
int steps_clear(struct step_context *c, const struct steps *steps, struct err *err) _must_check_;

/* What the context holds of its own. */
void step_context_release(struct step_context *c);

#endif
