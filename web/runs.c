/* Runs and their models, as MLflow tells of them. */
#include "web/runs.h"

#include "base/limits.h"
#include "base/str.h"

enum { SAMPLE_ROWS = 1, EXPERIMENTS_SEARCHED = 20 };

void run_facts_release(struct run_facts *f)
{
	mlflow_run_release(&f->run);
	json_decref(f->unsupported);
	*f = (struct run_facts){0};
}

static int keep_bytes(void *userdata, const void *p, size_t n, struct err *err)
{
	buf_put(userdata, p, n);
	return buf_check(userdata, "the artifact", err);
}

static int read_artifact(struct mlflow *m, const struct mlflow_run *run, const char *path,
			 struct cancel *cancel, json_t **ret, struct err *err)
{
	_cleanup_buf_ struct buf b;
	int r;

	buf_init(&b, LIMIT_HTTP_JSON);
	r = mlflow_artifact_get(m, run->artifact_uri, path, keep_bytes, &b, cancel, err);
	return r < 0 ? r : json_parse((const char *)b.data, b.len, path, ret, err);
}

/* What there is in one folder of the artifacts, in `f`. */
static int look_into(struct mlflow *m, const char *folder, struct cancel *cancel,
		     struct run_facts *f, struct err *err)
{
	json_auto_t *files = NULL;
	json_t *file;
	size_t i;
	int r = mlflow_artifacts_list(m, f->run.id, folder, cancel, &files, err);

	if (r < 0)
		return r;
	json_array_foreach (files, i, file) {
		const char *path = json_get_str(file, "path", "");

		f->has_model |= json_get_bool(file, "is_dir", false) && !str_eq(path, "splice") &&
				!str_starts(path, "splice/");
		f->scorer_knows |= str_eq(path, "splice/model.json");
		f->has_sample |= str_eq(path, "splice/sample.json");
		if (str_eq(path, "splice/unsupported.json") && !f->unsupported)
			f->unsupported = json_null();
	}
	return 0;
}

static int read_unsupported(struct mlflow *m, struct cancel *cancel, struct run_facts *f,
			    struct err *err)
{
	json_auto_t *j = NULL;
	int r = read_artifact(m, &f->run, "splice/unsupported.json", cancel, &j, err);
	json_t *stages = json_object_get(j, "stages");

	if (r < 0)
		return r;
	json_decref(f->unsupported);
	f->unsupported = json_is_array(stages) ? json_incref(stages) : json_array();
	return f->unsupported ? 0 : err_nomem(err);
}

int run_look(struct mlflow *m, const char *run_id, struct cancel *cancel, struct run_facts *ret,
	     struct err *err)
{
	_cleanup_run_facts_ struct run_facts f = {0};
	int r = mlflow_run_get(m, run_id, cancel, &f.run, err);

	if (r == 0)
		r = look_into(m, /* folder= */ NULL, cancel, &f, err);
	if (r == 0)
		r = look_into(m, "splice", cancel, &f, err);
	if (r == 0 && f.unsupported)
		r = read_unsupported(m, cancel, &f, err);
	if (r < 0)
		return r;
	f.has_model |= f.scorer_knows;
	*ret = f;
	f = (struct run_facts){0};
	return 0;
}

static void put_stages(const struct run_facts *f, struct buf *b)
{
	json_t *stage;
	size_t i;

	json_array_foreach (f->unsupported, i, stage)
		buf_printf(b, "%s%s (%s)", i ? ", " : "", json_get_str(stage, "kind", "?"),
			   json_get_str(stage, "reason", "not known"));
}

void run_note(const struct run_facts *f, struct buf *b)
{
	const char *name = *f->run.name ? f->run.name : f->run.id;

	if (f->run.deleted) {
		buf_printf(b, "%s is deleted in MLflow", name);
	} else if (f->scorer_knows) {
		buf_printf(b, "%s: splice-scorer serves its model%s", name,
			   f->has_sample ? ", checked with its sample before it is served" : "");
	} else if (json_array_size(f->unsupported)) {
		buf_printf(b, "%s: splice-scorer does not know ", name);
		put_stages(f, b);
	} else if (f->has_model) {
		buf_printf(b, "%s: its model was not logged for splice-scorer", name);
	} else {
		buf_printf(b, "%s holds no model", name);
	}
}

/* Names of [{"name", "type"}], new. */
static json_t *column_names(const json_t *columns)
{
	json_auto_t *names = json_array();
	json_t *column;
	size_t i;

	json_array_foreach ((json_t *)columns, i, column)
		if (json_array_append(names, json_object_get(column, "name")) < 0)
			return NULL;
	return json_incref(names);
}

int run_sample(struct mlflow *m, const struct run_facts *f, struct cancel *cancel, json_t **ret,
	       struct err *err)
{
	json_auto_t *j = NULL, *names = NULL, *rows = json_array();
	json_t *row;
	size_t i;
	int r;

	if (!f->has_sample)
		return 0;
	r = read_artifact(m, &f->run, "splice/sample.json", cancel, &j, err);
	if (r < 0)
		return r;
	names = column_names(json_object_get(j, "columns"));
	json_array_foreach (json_object_get(j, "rows"), i, row)
		if (i < SAMPLE_ROWS && json_array_append(rows, row) < 0)
			return err_nomem(err);
	*ret = json_pack("{s:O, s:O}", "columns", names, "data", rows);
	return *ret ? 0 : err_nomem(err);
}

json_t *run_summary(const struct mlflow_run *run)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:O}", "run_id", run->id, "name",
			 run->name, "experiment_id", run->experiment_id, "status", run->status,
			 "user", run->user, "start_time", (json_int_t)run->start_time, "end_time",
			 (json_int_t)run->end_time, "metrics", run->metrics);
}

/* Ids of the newest experiments, new. */
static int newest_experiments(struct mlflow *m, struct cancel *cancel, json_t **ret,
			      struct err *err)
{
	_cleanup_mlflow_experiments_ struct mlflow_experiments list = {0};
	json_auto_t *ids = json_array();
	int r = mlflow_experiments_search(m, /* page= */ NULL, cancel, &list, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < list.len && i < EXPERIMENTS_SEARCHED; i++)
		if (json_array_append_new(ids, json_strz(list.items[i].id)) < 0)
			return err_nomem(err);
	*ret = json_incref(ids);
	return 0;
}

int runs_list(struct mlflow *m, const char *experiment, int max, struct cancel *cancel,
	      struct mlflow_runs *ret, struct err *err)
{
	json_auto_t *ids = NULL;
	struct mlflow_runs_query query = {.max = max};
	int r = 0;

	if (*experiment)
		ids = json_pack("[o]", json_strz(experiment));
	else
		r = newest_experiments(m, cancel, &ids, err);
	if (r < 0)
		return r;
	if (!ids)
		return err_nomem(err);
	if (!json_array_size(ids))
		return 0;
	query.experiment_ids = ids;
	return mlflow_runs_search(m, &query, cancel, ret, err);
}
