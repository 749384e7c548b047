/* Jobs, steps and logs as the API shows them. */
#include "web/web-int.h"

json_t *job_json(const struct job *j)
{
	return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:i, s:I, "
			 "s:o, s:o, s:o, s:O, s:O?}",
			 "id", (json_int_t)j->id, "kind", j->kind, "target", j->target, "region",
			 j->region, "app", j->app, "user", j->user, "run_id",
			 json_get_str(j->request, "run_id", ""), "state", job_state_name(j->state),
			 "cancel_wanted", j->cancel_wanted, "created", (json_int_t)j->created,
			 "started", (json_int_t)j->started, "ended", (json_int_t)j->ended,
			 "attempts", j->attempts, "retry_of", (json_int_t)j->retry_of, "step",
			 json_strz(j->step), "error", json_strz(j->error), "hint",
			 json_strz(j->hint), "request", j->request, "result", j->result);
}

static const char *const step_states[] = {
	[STEP_OPEN] = "open",
	[STEP_DONE] = "done",
	[STEP_UNDOING] = "undoing",
	[STEP_UNDONE] = "undone",
};

const char *step_state_name(enum step_state state)
{
	return step_states[state];
}

json_t *steps_json(const struct job_steps *steps)
{
	json_auto_t *list = json_array();

	for (size_t i = 0; list && i < steps->len; i++) {
		const struct job_step *s = &steps->items[i];

		if (json_array_append_new(list, json_pack("{s:s, s:s, s:O?, s:O?}", "name", s->name,
							  "state", step_state_name(s->state),
							  "plan", s->plan, "result", s->result)) <
		    0)
			return NULL;
	}
	return json_incref(list);
}

json_t *log_json(const struct job_log *log)
{
	json_auto_t *list = json_array();

	for (size_t i = 0; list && i < log->len; i++) {
		const struct job_log_line *line = &log->items[i];

		if (json_array_append_new(list, json_pack("{s:I, s:I, s:o}", "number",
							  (json_int_t)line->number, "time",
							  (json_int_t)line->time, "text",
							  json_strz(line->text))) < 0)
			return NULL;
	}
	return json_incref(list);
}
