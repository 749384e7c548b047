/* Runs and what is logged to them. */
#include "protocol/mlflow/mlflow-int.h"

#include "base/str.h"

void mlflow_run_release(struct mlflow_run *r)
{
	free(r->id);
	free(r->name);
	free(r->experiment_id);
	free(r->status);
	free(r->user);
	free(r->artifact_uri);
	json_decref(r->params);
	json_decref(r->metrics);
	json_decref(r->tags);
	*r = (struct mlflow_run){0};
}

void mlflow_runs_release(struct mlflow_runs *list)
{
	for (size_t i = 0; i < list->len; i++)
		mlflow_run_release(&list->items[i]);
	free(list->items);
	free(list->next_page);
	*list = (struct mlflow_runs){0};
}

/* [{"key": k, "value": v}] as {k: v}; a new object. */
static json_t *key_values(const json_t *array)
{
	json_auto_t *obj = json_object();
	json_t *item;
	size_t i;

	json_array_foreach ((json_t *)array, i, item) {
		const char *key = json_get_str(item, "key", NULL);
		json_t *value = json_object_get(item, "value");

		if (key && value && json_object_set(obj, key, value) < 0)
			return NULL;
	}
	return json_incref(obj);
}

static int decode_data(const json_t *data, struct mlflow_run *run, struct err *err)
{
	run->params = key_values(json_object_get(data, "params"));
	run->metrics = key_values(json_object_get(data, "metrics"));
	run->tags = key_values(json_object_get(data, "tags"));
	if (!run->params || !run->metrics || !run->tags)
		return err_nomem(err);
	run->user = str_dup(json_get_str(run->tags, "mlflow.user", ""));
	return run->user ? 0 : err_nomem(err);
}

static int decode(const json_t *j, struct mlflow_run *ret, struct err *err)
{
	_cleanup_mlflow_run_ struct mlflow_run run = {0};
	const char *id, *experiment, *status, *name = "", *uri = "", *stage = "active";
	json_t *info, *data = NULL;
	json_error_t at;
	int r;

	if (json_unpack_ex((json_t *)j, &at, 0, "{s:o, s?o}", "info", &info, "data", &data) < 0 ||
	    json_unpack_ex(info, &at, 0, "{s:s, s:s, s:s, s?s, s?s, s?s}", "run_id", &id,
			   "experiment_id", &experiment, "status", &status, "run_name", &name,
			   "artifact_uri", &uri, "lifecycle_stage", &stage) < 0)
		return mlflow_bad_answer("a run's question", &at, err);
	run.id = str_dup(id);
	run.experiment_id = str_dup(experiment);
	run.status = str_dup(status);
	run.name = str_dup(name);
	run.artifact_uri = str_dup(uri);
	run.deleted = str_eq(stage, "deleted");
	run.start_time = json_get_int(info, "start_time", 0);
	run.end_time = json_get_int(info, "end_time", 0);
	if (!run.id || !run.experiment_id || !run.status || !run.name || !run.artifact_uri)
		return err_nomem(err);
	r = decode_data(data, &run, err);
	if (r < 0)
		return r;
	*ret = run;
	run = (struct mlflow_run){0};
	return 0;
}

/* {k: v} as [{"key": k, "value": v}], the wire's form; a new array. */
static json_t *tag_list(const json_t *tags)
{
	json_auto_t *array = json_array();
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)tags, key, value)
		if (json_array_append_new(array,
					  json_pack("{s:s, s:O}", "key", key, "value", value)) < 0)
			return NULL;
	return json_incref(array);
}

int mlflow_run_create(struct mlflow *m, const struct mlflow_run_new *run, struct cancel *cancel,
		      struct mlflow_run *ret, struct err *err)
{
	json_auto_t *j = NULL;
	int r = mlflow_post_once(m, "runs/create",
				 json_pack("{s:s, s:s, s:s*, s:I, s:o}", "experiment_id",
					   run->experiment_id, "run_name", run->name, "user_id",
					   run->user, "start_time", (json_int_t)run->start_time,
					   "tags", tag_list(run->tags)),
				 cancel, &j, err);

	return r < 0 ? r : decode(json_object_get(j, "run"), ret, err);
}

int mlflow_run_get(struct mlflow *m, const char *id, struct cancel *cancel, struct mlflow_run *ret,
		   struct err *err)
{
	json_auto_t *j = NULL;
	int r = mlflow_get(m, "runs/get", "run_id", id, cancel, &j, err);

	return r < 0 ? r : decode(json_object_get(j, "run"), ret, err);
}

static int decode_page(const json_t *j, struct mlflow_runs *ret, struct err *err)
{
	_cleanup_mlflow_runs_ struct mlflow_runs list = {0};
	json_t *array = json_object_get(j, "runs"); /* left out when there is none */
	const char *next = json_get_str(j, "next_page_token", "");
	json_t *item;
	size_t i;

	list.items = calloc(json_array_size(array) + 1, sizeof(*list.items));
	if (!list.items)
		return err_nomem(err);
	json_array_foreach (array, i, item) {
		int r = decode(item, &list.items[list.len], err);

		if (r < 0)
			return r;
		list.len++;
	}
	if (*next && !(list.next_page = str_dup(next)))
		return err_nomem(err);
	*ret = list;
	list = (struct mlflow_runs){0};
	return 0;
}

int mlflow_runs_search(struct mlflow *m, const struct mlflow_runs_query *query,
		       struct cancel *cancel, struct mlflow_runs *ret, struct err *err)
{
	json_auto_t *j = NULL;
	int r = mlflow_post(m, "runs/search",
			    json_pack("{s:O, s:s*, s:i, s:s*, s:s, s:[s]}", "experiment_ids",
				      query->experiment_ids, "filter", query->filter, "max_results",
				      query->max, "page_token", query->page, "run_view_type",
				      "ACTIVE_ONLY", "order_by", "attributes.start_time DESC"),
			    cancel, &j, err);

	return r < 0 ? r : decode_page(j, ret, err);
}

int mlflow_run_update(struct mlflow *m, const char *id, const char *status, int64_t end_time,
		      struct cancel *cancel, struct err *err)
{
	return mlflow_post(m, "runs/update",
			   json_pack("{s:s, s:s, s:o*}", "run_id", id, "status", status, "end_time",
				     end_time ? json_integer(end_time) : NULL),
			   cancel, /* ret= */ NULL, err);
}

static int post_run_id(struct mlflow *m, const char *endpoint, const char *id,
		       struct cancel *cancel, struct err *err)
{
	return mlflow_post(m, endpoint, json_pack("{s:s}", "run_id", id), cancel, /* ret= */ NULL,
			   err);
}

int mlflow_run_delete(struct mlflow *m, const char *id, struct cancel *cancel, struct err *err)
{
	return post_run_id(m, "runs/delete", id, cancel, err);
}

int mlflow_run_restore(struct mlflow *m, const char *id, struct cancel *cancel, struct err *err)
{
	return post_run_id(m, "runs/restore", id, cancel, err);
}

int mlflow_log_batch(struct mlflow *m, const char *run_id, const json_t *metrics,
		     const json_t *params, const json_t *tags, struct cancel *cancel,
		     struct err *err)
{
	return mlflow_post(m, "runs/log-batch",
			   json_pack("{s:s, s:O*, s:o, s:o}", "run_id", run_id, "metrics", metrics,
				     "params", tag_list(params), "tags", tag_list(tags)),
			   cancel, /* ret= */ NULL, err);
}

static int post_key_value(struct mlflow *m, const char *endpoint, const char *run_id,
			  const char *key, const char *value, struct cancel *cancel,
			  struct err *err)
{
	return mlflow_post(m, endpoint,
			   json_pack("{s:s, s:s, s:s}", "run_id", run_id, "key", key, "value",
				     value),
			   cancel, /* ret= */ NULL, err);
}

int mlflow_log_param(struct mlflow *m, const char *run_id, const char *key, const char *value,
		     struct cancel *cancel, struct err *err)
{
	return post_key_value(m, "runs/log-parameter", run_id, key, value, cancel, err);
}

int mlflow_set_tag(struct mlflow *m, const char *run_id, const char *key, const char *value,
		   struct cancel *cancel, struct err *err)
{
	return post_key_value(m, "runs/set-tag", run_id, key, value, cancel, err);
}
