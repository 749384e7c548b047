/* Operations on runs; making one is in create.c, finding one in find-run.c. */
#include "tracking/tracking-int.h"

#include "base/str.h"

enum {
	READ_FLUSH_MS = 10000, /* what was logged is waited for before reading */
	DELETE_PAGE = 200,
};

json_t *run_json(struct op *o, const struct mlflow_run *run)
{
	return json_pack("{s:s, s:s, s:o, s:s, s:s, s:s, s:I, s:o, s:s}", "id", run->id, "name",
			 run->name, "url", page_url(o, run->experiment_id, run->id), "status",
			 run->status, "user", run->user, "experiment_id", run->experiment_id,
			 "start_time", (json_int_t)run->start_time, "end_time",
			 run->end_time ? json_integer(run->end_time) : json_null(), "artifact_uri",
			 run->artifact_uri);
}

/* The same with what was logged. */
static json_t *full_run_json(struct op *o, const struct mlflow_run *run)
{
	json_auto_t *j = run_json(o, run);

	if (json_object_set(j, "params", run->params) < 0 ||
	    json_object_set(j, "metrics", run->metrics) < 0 ||
	    json_object_set(j, "tags", run->tags) < 0)
		return NULL;
	return json_incref(j);
}

static int flush_before_reading(struct op *o, struct err *err)
{
	uint64_t pending = 0;
	int r = tracking_flush(o->t, READ_FLUSH_MS, /* stop_on_failure= */ true, o->cancel,
			       &pending, err);

	if (r == 0 && pending)
		tracking_notice(o->t, "%llu logged records are not on the server yet",
				(unsigned long long)pending);
	return r;
}

int tracking_no_experiment(struct err *err)
{
	int r = err_set(err, E_USAGE, "no experiment is active");

	err_set_hint(err, "%%mlmanager experiment NAME, or manager.create_experiment(\"NAME\"), "
			  "makes or chooses one");
	return r;
}

static int append_open(struct op *o, const char *run_id, struct err *err)
{
	json_auto_t *records = json_pack("[{s:s, s:s}]", "kind", "open", "run", run_id);

	return records ? tracking_append(o->t, records, err) : err_nomem(err);
}

int run_activate(struct op *o, struct active *a, const struct mlflow_run *run, bool mine,
		 struct err *err)
{
	int r = str_replace(&a->run_id, run->id, err);

	if (r == 0)
		r = str_replace(&a->run_name, run->name, err);
	if (r == 0)
		r = str_replace(&a->run_experiment_id, run->experiment_id, err);
	if (r == 0)
		r = str_replace(&a->artifact_uri, run->artifact_uri, err);
	if (r < 0)
		return r;
	json_decref(a->params);
	a->params = json_copy(run->params);
	if (!a->params)
		return err_nomem(err);
	a->mine = mine;
	/* Before it is said to be active: a kernel that dies now must leave a run to close. */
	r = mine ? append_open(o, run->id, err) : 0;
	if (r == 0)
		tracking_set_active(o->t, a);
	return r;
}

/* The run that argument run_id means, else the active one. */
static int named_run(struct op *o, struct mlflow_run *ret, struct err *err)
{
	_cleanup_active_ struct active a = {0};
	const char *text;
	int r = op_text(o, "run_id", /* required= */ false, &text, err);

	if (r == 0)
		r = tracking_active(o->t, &a, err);
	if (r < 0)
		return r;
	if (text)
		return run_find(o, text, ret, err);
	return a.run_id ? run_get(o, a.run_id, ret, err) : tracking_no_run(err);
}

int op_get_run(struct op *o, struct err *err)
{
	_cleanup_mlflow_run_ struct mlflow_run run = {0};
	int r = op_client(o, err);

	if (r == 0)
		r = flush_before_reading(o, err);
	if (r == 0)
		r = named_run(o, &run, err);
	return r < 0 ? r : op_put(o, "run", full_run_json(o, &run), err);
}

static int list_experiment_id(struct op *o, char **ret, struct err *err)
{
	_cleanup_mlflow_experiment_ struct mlflow_experiment e = {0};
	_cleanup_active_ struct active a = {0};
	const char *text;
	int r = op_text(o, "experiment", /* required= */ false, &text, err);

	if (r == 0)
		r = text ? experiment_find(o, text, &e, err) : tracking_active(o->t, &a, err);
	if (r < 0)
		return r;
	*ret = text ? TAKE(e.id) : TAKE(a.experiment_id);
	return *ret ? 0 : tracking_no_experiment(err);
}

static int list_runs(struct op *o, const char *experiment_id, int max, struct err *err)
{
	_cleanup_mlflow_runs_ struct mlflow_runs list = {0};
	json_auto_t *ids = json_pack("[s]", experiment_id);
	json_auto_t *array = json_array();
	struct mlflow_runs_query query = {.experiment_ids = ids, .max = max};
	int r = ids && array ? runs_search(o, &query, &list, err) : err_nomem(err);

	for (size_t i = 0; r == 0 && i < list.len; i++)
		if (json_array_append_new(array, full_run_json(o, &list.items[i])) < 0)
			r = err_nomem(err);
	if (r == 0)
		r = op_put(o, "runs", json_incref(array), err);
	return r < 0 ? r : op_put(o, "more", json_boolean(list.next_page), err);
}

int op_runs(struct op *o, struct err *err)
{
	_cleanup_free_ char *experiment_id = NULL;
	json_int_t max = json_get_int(o->args, "max", MLFLOW_PAGE);
	int r = op_client(o, err);

	if (r == 0)
		r = flush_before_reading(o, err);
	if (r == 0)
		r = list_experiment_id(o, &experiment_id, err);
	if (r < 0)
		return r;
	max = max < 1 ? 1 : max > MLFLOW_PAGE ? MLFLOW_PAGE : max;
	return list_runs(o, experiment_id, (int)max, err);
}

/* --- changing one --- */

/*
 * Make the run this kernel's to close, and open.  The tag comes first: whoever
 * adopts the journal of the kernel that had it looks there before closing it.
 */
static int claim(struct op *o, struct mlflow_run *run, struct err *err)
{
	int r;

	do
		r = mlflow_set_tag(o->m, run->id, "splice.kernel", o->t->id, o->cancel, err);
	while (op_again(o, &r, err));
	if (r < 0)
		return r;
	do
		r = mlflow_run_update(o->m, run->id, "RUNNING", 0, o->cancel, err);
	while (op_again(o, &r, err));
	if (r == 0)
		r = str_replace(&run->status, "RUNNING", err);
	run->end_time = 0;
	return r;
}

static int set(struct op *o, const char *text, struct err *err)
{
	_cleanup_mlflow_run_ struct mlflow_run run = {0};
	_cleanup_mlflow_experiment_ struct mlflow_experiment e = {0};
	_cleanup_active_ struct active a = {0};
	bool mine;
	int r = run_find(o, text, &run, err);

	if (r == 0)
		r = tracking_active(o->t, &a, err);
	if (r == 0 && (!a.run_id || !str_eq(a.run_id, run.id)))
		r = tracking_end_active(o->t, "FINISHED", err);
	if (r < 0)
		return r;
	/* A run that something else than a kernel keeps open stays theirs to close. */
	mine = !str_eq(run.status, "RUNNING") || json_object_get(run.tags, "splice.kernel");
	if (mine)
		r = claim(o, &run, err);
	if (r == 0)
		r = experiment_find_id(o, run.experiment_id, &e, err);
	if (r == 0)
		r = op_put(o, "run", run_json(o, &run), err);
	if (r < 0)
		return r;
	free(a.experiment_id);
	free(a.experiment_name);
	a.experiment_id = TAKE(e.id);
	a.experiment_name = TAKE(e.name);
	return run_activate(o, &a, &run, mine, err);
}

int op_set_run(struct op *o, struct err *err)
{
	const char *text;
	int r = op_text(o, "run_id", /* required= */ true, &text, err);

	if (r == 0)
		r = op_client(o, err);
	if (r == 0)
		r = op_lock_change(o, err);
	if (r < 0)
		return r;
	r = flush_before_reading(o, err);
	if (r == 0)
		r = set(o, text, err);
	op_unlock_change(o);
	return r;
}

int op_end_run(struct op *o, struct err *err)
{
	_cleanup_active_ struct active a = {0};
	const char *status;
	int r = op_text(o, "status", /* required= */ false, &status, err);

	status = status ? status : "FINISHED";
	if (r == 0 && !str_eq(status, "FINISHED") && !str_eq(status, "FAILED") &&
	    !str_eq(status, "KILLED"))
		r = err_set(err, E_INPUT, "a run ends FINISHED, FAILED or KILLED, not \"%.60s\"",
			    status);
	if (r == 0)
		r = op_lock_change(o, err);
	if (r < 0)
		return r;
	r = tracking_active(o->t, &a, err);
	if (r == 0)
		r = tracking_end_active(o->t, status, err);
	op_unlock_change(o);
	if (r < 0)
		return r;
	return op_put(o, "run",
		      a.run_id ? json_pack("{s:s, s:s, s:o, s:s, s:s}", "id", a.run_id, "name",
					   a.run_name, "url",
					   page_url(o, a.run_experiment_id, a.run_id), "status",
					   status, "experiment_id", a.run_experiment_id)
			       : json_null(),
		      err);
}

/* Forget the active run if it is this one, without ending it. */
static int drop_if_active(struct op *o, const char *run_id, struct err *err)
{
	_cleanup_active_ struct active a = {0};
	_cleanup_active_ struct active rest = {0};
	int r = tracking_active(o->t, &a, err);

	if (r < 0 || !a.run_id || !str_eq(a.run_id, run_id))
		return r;
	rest.experiment_id = TAKE(a.experiment_id);
	rest.experiment_name = TAKE(a.experiment_name);
	tracking_set_active(o->t, &rest);
	return 0;
}

static int delete_one(struct op *o, const char *run_id, struct err *err)
{
	int r;

	do
		r = mlflow_run_delete(o->m, run_id, o->cancel, err);
	while (op_again(o, &r, err));
	return r < 0 ? r : drop_if_active(o, run_id, err);
}

int op_delete_run(struct op *o, struct err *err)
{
	_cleanup_mlflow_run_ struct mlflow_run run = {0};
	int r = op_client(o, err);

	if (r == 0)
		r = op_lock_change(o, err);
	if (r < 0)
		return r;
	/* What is still to be sent would be refused by a deleted run. */
	r = flush_before_reading(o, err);
	if (r == 0)
		r = named_run(o, &run, err);
	if (r == 0)
		r = delete_one(o, run.id, err);
	op_unlock_change(o);
	return r < 0 ? r : op_put(o, "run_id", json_string(run.id), err);
}

int runs_delete_all(struct op *o, const char *experiment_id, uint64_t *ret, struct err *err)
{
	json_auto_t *ids = json_pack("[s]", experiment_id);
	int r = ids ? flush_before_reading(o, err) : err_nomem(err);

	while (r == 0) {
		_cleanup_mlflow_runs_ struct mlflow_runs list = {0};
		struct mlflow_runs_query query = {.experiment_ids = ids, .max = DELETE_PAGE};

		r = runs_search(o, &query, &list, err);
		if (r == 0 && list.len == 0)
			break;
		for (size_t i = 0; r == 0 && i < list.len; i++) {
			r = delete_one(o, list.items[i].id, err);
			*ret += r == 0;
		}
	}
	return r;
}
