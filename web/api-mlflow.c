/* Experiments, runs and the check of a form, for the page's script and for programs. */
#include "web/pages.h"

#include "base/limits.h"
#include "web/submit.h"

enum { API_RUNS = 100 };

int api_experiments(struct call *q, struct err *err)
{
	_cleanup_mlflow_experiments_ struct mlflow_experiments list = {0};
	json_auto_t *items = json_array();
	struct mlflow *m = NULL;
	int r = call_mlflow(q, &m, err);

	if (r == 0)
		r = mlflow_experiments_search(m, /* page= */ NULL, &q->web->stop, &list, err);
	q->upstream = r < 0;
	for (size_t i = 0; r == 0 && i < list.len; i++)
		if (json_array_append_new(items,
					  json_pack("{s:s, s:s}", "experiment_id", list.items[i].id,
						    "name", list.items[i].name)) < 0)
			return err_nomem(err);
	return r < 0 ? r
		     : reply_json(q, MHD_HTTP_OK, json_pack("{s:O}", "experiments", items), err);
}

int api_runs(struct call *q, struct err *err)
{
	_cleanup_mlflow_runs_ struct mlflow_runs list = {0};
	json_auto_t *items = json_array();
	struct mlflow *m = NULL;
	int r = call_mlflow(q, &m, err);

	if (r == 0)
		r = runs_list(m, params_get(&q->query, "experiment", ""), API_RUNS, &q->web->stop,
			      &list, err);
	q->upstream = r < 0;
	for (size_t i = 0; r == 0 && i < list.len; i++)
		if (json_array_append_new(items, run_summary(&list.items[i])) < 0)
			return err_nomem(err);
	return r < 0 ? r : reply_json(q, MHD_HTTP_OK, json_pack("{s:O}", "runs", items), err);
}

/* What is known of a run's model, new. */
static json_t *facts_json(const struct run_facts *f)
{
	_cleanup_buf_ struct buf note;
	_cleanup_free_ char *text = NULL;
	json_auto_t *run = run_summary(&f->run);

	buf_init(&note, KIB(64));
	run_note(f, &note);
	text = buf_take_str(&note);
	if (json_object_set_new(run, "model",
				json_pack("{s:b, s:b, s:b, s:O*}", "there", f->has_model,
					  "scorer_knows", f->scorer_knows, "sample", f->has_sample,
					  "unsupported", f->unsupported)) < 0 ||
	    json_object_set_new(run, "note", json_strz(text)) < 0)
		return NULL;
	return json_incref(run);
}

int api_run(struct call *q, struct err *err)
{
	_cleanup_run_facts_ struct run_facts f = {0};
	json_auto_t *run = NULL;
	json_t *sample = NULL;
	struct mlflow *m = NULL;
	int r = call_mlflow(q, &m, err);

	if (r == 0)
		r = run_look(m, q->match.args[0], &q->web->stop, &f, err);
	if (r == 0)
		r = run_sample(m, &f, &q->web->stop, &sample, err);
	q->upstream = r < 0;
	if (r < 0)
		return r;
	run = facts_json(&f);
	if (sample && json_object_set_new(run, "row", sample) < 0)
		return err_nomem(err);
	return reply_json(q, MHD_HTTP_OK, json_pack("{s:O}", "run", run), err);
}

int api_validate(struct call *q, struct err *err)
{
	_cleanup_submission_ struct submission s = {0};
	json_auto_t *in = NULL, *answer = NULL;
	struct err missing = ERR_INIT;
	int kind, r = call_json(q, &in, err);

	if (r < 0)
		return r;
	kind = request_kind_parse(json_get_str(in, "kind", "deploy"));
	if (kind < 0)
		return call_bad_field(q, "kind", err, "there is no kind of job \"%.40s\"",
				      json_get_str(in, "kind", ""));
	r = submit_check(q, (enum request_kind)kind, in, &s, &missing);
	answer = json_pack("{s:o, s:b}", "faults", faults_json(&s.faults), "ok",
			   r == 0 && !s.faults.len);
	/* A tracking server that is down is told, and what could be checked all the same. */
	if (r < 0 && json_object_update_new(answer, error_json(q, &missing)) < 0)
		return err_nomem(err);
	if (s.looked && json_object_set_new(answer, "run", facts_json(&s.facts)) < 0)
		return err_nomem(err);
	return reply_json(q, MHD_HTTP_OK, json_incref(answer), err);
}
