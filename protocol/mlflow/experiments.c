/* Experiments. */
#include "protocol/mlflow/mlflow-int.h"

#include "base/str.h"

void mlflow_experiment_release(struct mlflow_experiment *e)
{
	free(e->id);
	free(e->name);
	free(e->artifact_location);
	*e = (struct mlflow_experiment){0};
}

void mlflow_experiments_release(struct mlflow_experiments *list)
{
	for (size_t i = 0; i < list->len; i++)
		mlflow_experiment_release(&list->items[i]);
	free(list->items);
	free(list->next_page);
	*list = (struct mlflow_experiments){0};
}

static int decode(const json_t *j, struct mlflow_experiment *ret, struct err *err)
{
	_cleanup_mlflow_experiment_ struct mlflow_experiment e = {0};
	const char *id, *name, *location = "", *stage = "active";
	json_error_t at;

	if (json_unpack_ex((json_t *)j, &at, 0, "{s:s, s:s, s?s, s?s}", "experiment_id", &id,
			   "name", &name, "artifact_location", &location, "lifecycle_stage",
			   &stage) < 0)
		return mlflow_bad_answer("an experiment's question", &at, err);
	e.id = str_dup(id);
	e.name = str_dup(name);
	e.artifact_location = str_dup(location);
	e.deleted = str_eq(stage, "deleted");
	if (!e.id || !e.name || !e.artifact_location)
		return err_nomem(err);
	*ret = e;
	e = (struct mlflow_experiment){0};
	return 0;
}

int mlflow_experiment_create(struct mlflow *m, const char *name, struct cancel *cancel,
			     char **ret_id, struct err *err)
{
	json_auto_t *j = NULL;
	const char *id;
	json_error_t at;
	int r = mlflow_post_once(m, "experiments/create", json_pack("{s:s}", "name", name), cancel,
				 &j, err);

	if (r < 0)
		return r;
	if (json_unpack_ex(j, &at, 0, "{s:s}", "experiment_id", &id) < 0)
		return mlflow_bad_answer("experiments/create", &at, err);
	*ret_id = str_dup(id);
	return *ret_id ? 0 : err_nomem(err);
}

static int get_one(struct mlflow *m, const char *endpoint, const char *name, const char *value,
		   struct cancel *cancel, struct mlflow_experiment *ret, struct err *err)
{
	json_auto_t *j = NULL;
	int r = mlflow_get(m, endpoint, name, value, cancel, &j, err);

	return r < 0 ? r : decode(json_object_get(j, "experiment"), ret, err);
}

int mlflow_experiment_get(struct mlflow *m, const char *id, struct cancel *cancel,
			  struct mlflow_experiment *ret, struct err *err)
{
	return get_one(m, "experiments/get", "experiment_id", id, cancel, ret, err);
}

int mlflow_experiment_by_name(struct mlflow *m, const char *name, struct cancel *cancel,
			      struct mlflow_experiment *ret, struct err *err)
{
	return get_one(m, "experiments/get-by-name", "experiment_name", name, cancel, ret, err);
}

int mlflow_experiment_restore(struct mlflow *m, const char *id, struct cancel *cancel,
			      struct err *err)
{
	return mlflow_post(m, "experiments/restore", json_pack("{s:s}", "experiment_id", id),
			   cancel, /* ret= */ NULL, err);
}

int mlflow_experiments_search(struct mlflow *m, const char *page, struct cancel *cancel,
			      struct mlflow_experiments *ret, struct err *err)
{
	_cleanup_mlflow_experiments_ struct mlflow_experiments list = {0};
	json_auto_t *j = NULL;
	json_t *array, *item;
	const char *next;
	size_t i;
	int r = mlflow_post(m, "experiments/search",
			    json_pack("{s:i, s:[s], s:s*}", "max_results", MLFLOW_PAGE, "order_by",
				      "creation_time DESC", "page_token", page),
			    cancel, &j, err);

	if (r < 0)
		return r;
	array = json_object_get(j, "experiments"); /* left out when there is none */
	list.items = calloc(json_array_size(array) + 1, sizeof(*list.items));
	if (!list.items)
		return err_nomem(err);
	json_array_foreach (array, i, item) {
		r = decode(item, &list.items[list.len], err);
		if (r < 0)
			return r;
		list.len++;
	}
	next = json_get_str(j, "next_page_token", "");
	if (*next && !(list.next_page = str_dup(next)))
		return err_nomem(err);
	*ret = list;
	list = (struct mlflow_experiments){0};
	return 0;
}
