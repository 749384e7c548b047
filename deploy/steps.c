/*
 * The engine.  Errors of two kinds are kept apart: `why`, for which the job
 * fails and is taken back, and `err`, for which this worker stops: the store
 * does not answer, or something cannot be taken back now.
 */
#include "deploy/steps.h"

#include "base/limits.h"
#include "base/str.h"

#include <stdarg.h>

#define UNDO "undo" /* the record that says: backwards, and why */

static const struct job_step *find(const struct step_context *c, const char *name)
{
	for (size_t i = 0; i < c->journal.len; i++)
		if (str_eq(c->journal.items[i].name, name))
			return &c->journal.items[i];
	return NULL;
}

const json_t *step_result(const struct step_context *c, const char *name)
{
	const struct job_step *s = find(c, name);

	return s ? s->result : NULL;
}

const json_t *step_plan(const struct step_context *c, const char *name)
{
	const struct job_step *s = find(c, name);

	return s ? s->plan : NULL;
}

void step_say(const struct step_context *c, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n < 0)
		text = NULL; /* vasprintf(3) leaves it undefined */
	else if (store_log_add(c->store, c->job, text, /* err= */ NULL) < 0)
		return; /* the next write to the store says it */
}

void step_context_release(struct step_context *c)
{
	job_steps_release(&c->journal);
}

static int reload(struct step_context *c, struct err *err)
{
	struct job_steps fresh = {0};
	int r = store_steps(c->store, c->job, &fresh, err);

	if (r < 0)
		return r;
	job_steps_release(&c->journal);
	c->journal = fresh;
	return 0;
}

/* Once a step that keeps was begun, the job only goes forward. */
static bool past_return(const struct step_context *c, const struct steps *steps)
{
	for (const struct step *s = steps->items; s->name; s++)
		if (s->keeps && find(c, s->name))
			return true;
	return false;
}

static int check_cancel(struct step_context *c, struct err *why, struct err *err)
{
	bool wanted = false;
	int r = store_job_cancel_wanted(c->store, c->job, &wanted, err);

	if (r == 0 && (wanted || cancel_fired(c->cancel)))
		err_set(why, E_CANCEL, "cancelled");
	return r;
}

/* The record, made now if need be.  *why is set when the plan failed. */
static int begin(struct step_context *c, const struct step *s, struct err *why, struct err *err)
{
	json_auto_t *plan = NULL;
	int r;

	if (find(c, s->name))
		return 0;
	if (s->plan && s->plan(c, &plan, why) < 0)
		return 0;
	err_clear(why); /* of what came right in the end */
	if (!plan && !(plan = json_object()))
		return err_nomem(err);
	r = store_step_begin(c->store, c->job, s->name, plan, err);
	return r < 0 ? r : reload(c, err);
}

static int run_one(struct step_context *c, const struct step *s, struct err *why, struct err *err)
{
	struct cancel *cancel = c->cancel;
	json_auto_t *plan = NULL;
	json_auto_t *result = NULL;
	int r = store_job_step(c->store, c->job, s->title, err);

	if (r == 0)
		r = begin(c, s, why, err);
	if (r < 0 || why->code)
		return r;
	plan = json_incref((json_t *)step_plan(c, s->name));
	step_say(c, "%s …", s->title);
	if (s->keeps)
		c->cancel = NULL; /* nothing that it waits for is broken off any more */
	r = s->run(c, plan, &result, why);
	c->cancel = cancel;
	if (r < 0)
		return 0;
	err_clear(why);
	r = store_step_set(c->store, c->job, s->name, STEP_DONE, result, err);
	return r < 0 ? r : reload(c, err);
}

static bool is_done(const struct step_context *c, const struct step *s)
{
	const struct job_step *record = find(c, s->name);

	return record && record->state == STEP_DONE;
}

/* From the first step that is not done, until all are or *why is set. */
static int go_forward(struct step_context *c, const struct steps *steps, struct err *why,
		      struct err *err)
{
	int r = 0;

	for (const struct step *s = steps->items; r == 0 && s->name && !why->code; s++) {
		if (is_done(c, s))
			continue;
		if (!past_return(c, steps))
			r = check_cancel(c, why, err);
		if (r == 0 && !why->code)
			r = run_one(c, s, why, err);
	}
	return r;
}

static int undo_one(struct step_context *c, const struct steps *steps,
		    const struct job_step *record, struct err *err)
{
	const struct step *s = steps->items;
	int r;

	while (s->name && !str_eq(s->name, record->name))
		s++;
	if (!s->name)
		return err_set(err, E_UNSUPPORTED, "this version does not know the step \"%s\"",
			       record->name);
	r = store_step_set(c->store, c->job, s->name, STEP_UNDOING, NULL, err);
	if (r == 0 && s->undo) {
		step_say(c, "taking back: %s", s->title);
		r = s->undo(c, record->plan, record->result, err);
	}
	if (r < 0)
		return err_prefix(err, "\"%s\" cannot be taken back", s->title);
	return store_step_set(c->store, c->job, s->name, STEP_UNDONE, NULL, err);
}

/* Newest first; stops at the first that fails, as those before it may be needed for it. */
static int undo_all(struct step_context *c, const struct steps *steps, struct err *err)
{
	struct cancel *cancel = c->cancel;
	int r = 0;

	c->cancel = NULL;
	for (size_t i = c->journal.len; r == 0 && i-- > 0;) {
		const struct job_step *record = &c->journal.items[i];

		if (record->state != STEP_UNDONE && !str_eq(record->name, UNDO))
			r = undo_one(c, steps, record, err);
	}
	c->cancel = cancel;
	if (r == 0)
		r = store_step_set(c->store, c->job, UNDO, STEP_UNDONE, NULL, err);
	return r;
}

/* From now on there is no way but back. */
static int turn_round(struct step_context *c, const struct err *why, struct err *err)
{
	json_auto_t *plan = json_pack("{s:o, s:o, s:b}", "error", json_strz(why->text), "hint",
				      json_strz(why->hint), "cancelled", why->code == E_CANCEL);
	int r;

	if (!plan)
		return err_nomem(err);
	step_say(c, "%s", why->text);
	if (why->hint[0])
		step_say(c, "%s", why->hint);
	r = store_step_begin(c->store, c->job, UNDO, plan, err);
	return r < 0 ? r : reload(c, err);
}

static int end_success(struct step_context *c, const struct steps *steps, struct err *err)
{
	json_auto_t *result = NULL;
	int r = steps->result ? steps->result(c, &result, err) : 0;

	return r < 0 ? r
		     : store_job_end(c->store, c->job, JOB_SUCCESS, /* why= */ NULL, result, err);
}

/* The reason as the journal has it; left: why it could not be taken back, or NULL. */
static int end_undone(struct step_context *c, const struct err *left, struct err *err)
{
	const json_t *plan = step_plan(c, UNDO);
	bool cancelled = json_get_bool(plan, "cancelled", false);
	struct err why = ERR_INIT;

	err_set(&why, E_SERVER, "%s", json_get_str(plan, "error", ""));
	err_set_hint(&why, "%s", json_get_str(plan, "hint", ""));
	if (left) {
		size_t used = strlen(why.text);

		snprintf(why.text + used, sizeof(why.text) - used, "; and %s", left->text);
		err_set_hint(&why, "try the job again: that begins with taking back what is left");
		cancelled = false;
	}
	if (cancelled)
		return store_job_end(c->store, c->job, JOB_CANCELLED, NULL, NULL, err);
	return store_job_end(c->store, c->job, JOB_FAILED, &why, NULL, err);
}

static int go_back(struct step_context *c, const struct steps *steps, int attempts, struct err *err)
{
	struct err left = ERR_INIT;
	int r = store_job_step(c->store, c->job, "Taking back what was made", err);

	if (r < 0)
		return r;
	r = undo_all(c, steps, &left);
	if (r == 0)
		return end_undone(c, /* left= */ NULL, err);
	step_say(c, "%s", left.text);
	if (attempts >= STEPS_GIVE_UP)
		return end_undone(c, &left, err);
	if (err)
		*err = left;
	return r;
}

/* A step that keeps failed: the thing itself is made. */
static int end_kept(struct step_context *c, const struct steps *steps, int attempts,
		    const struct err *why, struct err *err)
{
	step_say(c, "%s", why->text);
	if (attempts >= STEPS_GIVE_UP) {
		step_say(c, "this is left as it is; what was asked for is done");
		return end_success(c, steps, err);
	}
	if (err)
		*err = *why;
	return why->code;
}

int steps_run(struct step_context *c, const struct steps *steps, int attempts, struct err *err)
{
	struct err why = ERR_INIT;
	int r = reload(c, err);

	if (r < 0)
		return r;
	if (find(c, UNDO))
		return go_back(c, steps, attempts, err);
	if (attempts > STEPS_ATTEMPTS && !past_return(c, steps))
		err_set(&why, E_SERVER, "%d workers died over this job", attempts - 1);
	else
		r = go_forward(c, steps, &why, err);
	if (r < 0)
		return r;
	if (!why.code)
		return end_success(c, steps, err);
	if (past_return(c, steps))
		return end_kept(c, steps, attempts, &why, err);
	r = turn_round(c, &why, err);
	return r < 0 ? r : go_back(c, steps, attempts, err);
}

int steps_refuse(struct step_context *c, int attempts, const struct err *why, struct err *err)
{
	struct err left = ERR_INIT;
	int r = reload(c, err);

	if (r < 0)
		return r;
	step_say(c, "%s", why->text);
	if (!c->journal.len)
		return store_job_end(c->store, c->job, JOB_FAILED, why, NULL, err);
	if (attempts < STEPS_GIVE_UP)
		return err_copy(err, why);
	err_set(&left, E_SERVER, "what it had made by then is left");
	if (!find(c, UNDO))
		r = turn_round(c, why, err);
	return r < 0 ? r : end_undone(c, &left, err);
}

int steps_clear(struct step_context *c, const struct steps *steps, struct err *err)
{
	const struct job_step *record;
	int r = reload(c, err);

	record = r < 0 ? NULL : find(c, UNDO);
	return !record || record->state == STEP_UNDONE ? r : undo_all(c, steps, err);
}
