/* Operations on experiments. */
#include "tracking/nearest.h"
#include "tracking/tracking-int.h"

#include "base/str.h"

#include <string.h>

enum { PAGES_MAX = 50 }; /* of MLFLOW_PAGE experiments */

static json_t *experiment_json(struct op *o, const struct mlflow_experiment *e)
{
	return json_pack("{s:s, s:s, s:o}", "id", e->id, "name", e->name, "url",
			 page_url(o, e->id, NULL));
}

/* All experiments, newest first; fn may be called for thousands of them. */
static int each_experiment(struct op *o,
			   int (*fn)(void *userdata, const struct mlflow_experiment *e,
				     struct err *err),
			   void *userdata, struct err *err)
{
	_cleanup_free_ char *page = NULL;

	for (int pages = 0; pages < PAGES_MAX; pages++) {
		_cleanup_mlflow_experiments_ struct mlflow_experiments list = {0};
		int r;

		do
			r = mlflow_experiments_search(o->m, page, o->cancel, &list, err);
		while (op_again(o, &r, err));
		for (size_t i = 0; r == 0 && i < list.len; i++)
			r = fn(userdata, &list.items[i], err);
		if (r < 0 || !list.next_page)
			return r;
		free(page);
		page = TAKE(list.next_page);
	}
	return 0;
}

static int offer_name(void *userdata, const struct mlflow_experiment *e, struct err *err)
{
	(void)err;
	nearest_offer(userdata, e->name);
	return 0;
}

static int unknown_experiment(struct op *o, const char *text, struct err *err)
{
	struct nearest near;
	char names[200];
	int r;

	nearest_init(&near, text);
	r = each_experiment(o, offer_name, &near, err);
	if (r < 0)
		return r;
	r = err_set(err, E_NOTFOUND, "there is no experiment \"%.200s\"", text);
	if (nearest_text(&near, names, sizeof(names)))
		err_set_hint(err, "did you mean %s?", names);
	else
		err_set_hint(err, "%%mlmanager experiments lists those there are");
	return r;
}

static int by_name(struct op *o, const char *name, struct mlflow_experiment *ret, struct err *err)
{
	int r;

	do
		r = mlflow_experiment_by_name(o->m, name, o->cancel, ret, err);
	while (op_again(o, &r, err));
	return r;
}

int experiment_find_id(struct op *o, const char *id, struct mlflow_experiment *ret, struct err *err)
{
	int r;

	do
		r = mlflow_experiment_get(o->m, id, o->cancel, ret, err);
	while (op_again(o, &r, err));
	return r;
}

static bool all_digits(const char *s)
{
	return *s && !s[strspn(s, "0123456789")];
}

int experiment_find(struct op *o, const char *text, struct mlflow_experiment *ret, struct err *err)
{
	int r = by_name(o, text, ret, err);

	if (r == E_NOTFOUND && all_digits(text))
		r = experiment_find_id(o, text, ret, err);
	if (r == E_NOTFOUND)
		return unknown_experiment(o, text, err);
	return r;
}

/* The experiment that arguments `name` or `id` mean. */
static int named_experiment(struct op *o, struct mlflow_experiment *ret, struct err *err)
{
	const char *name, *id;
	int r = op_text(o, "name", /* required= */ false, &name, err);

	if (r == 0)
		r = op_text(o, "id", /* required= */ !name, &id, err);
	if (r < 0)
		return r;
	if (name)
		return experiment_find(o, name, ret, err);
	r = experiment_find_id(o, id, ret, err);
	return r == E_NOTFOUND ? unknown_experiment(o, id, err) : r;
}

/* Takes e's texts.  A run of another experiment ends: a run belongs to the active experiment. */
static int activate(struct op *o, struct mlflow_experiment *e, struct err *err)
{
	_cleanup_active_ struct active a = {0};
	int r = tracking_active(o->t, &a, err);

	if (r == 0 && a.run_id && !str_eq(a.run_experiment_id, e->id)) {
		r = tracking_end_active(o->t, "FINISHED", err);
		active_release(&a);
	}
	if (r < 0)
		return r;
	free(a.experiment_id);
	free(a.experiment_name);
	a.experiment_id = TAKE(e->id);
	a.experiment_name = TAKE(e->name);
	tracking_set_active(o->t, &a);
	return 0;
}

static int check_name(const char *name, struct err *err)
{
	size_t n = strlen(name);

	if (n && utf8_count(name, n) <= MLFLOW_NAME_CHARS)
		return 0;
	return err_set(err, E_INPUT,
		       n ? "the experiment's name is longer than %d characters"
			 : "an experiment needs a name (up to %d characters)",
		       MLFLOW_NAME_CHARS);
}

static int restore(struct op *o, struct mlflow_experiment *e, struct err *err)
{
	int r;

	do
		r = mlflow_experiment_restore(o->m, e->id, o->cancel, err);
	while (op_again(o, &r, err));
	if (r == 0)
		tracking_notice(o->t, "the experiment \"%s\" had been deleted and is restored",
				e->name);
	return r;
}

/* Find it, else make it.  Names are unique, so a lost answer only means that it exists now. */
static int ensure(struct op *o, const char *name, struct mlflow_experiment *ret, bool *ret_created,
		  struct err *err)
{
	_cleanup_free_ char *id = NULL;
	int r = by_name(o, name, ret, err);

	*ret_created = r == E_NOTFOUND;
	if (r == 0 && ret->deleted)
		return restore(o, ret, err);
	if (r != E_NOTFOUND)
		return r;
	do
		r = mlflow_experiment_create(o->m, name, o->cancel, &id, err);
	while (op_again(o, &r, err));
	return r < 0 && r != E_EXISTS ? r : by_name(o, name, ret, err);
}

static int create(struct op *o, const char *name, bool reset, struct err *err)
{
	_cleanup_mlflow_experiment_ struct mlflow_experiment e = {0};
	uint64_t deleted = 0;
	bool created;
	int r = ensure(o, name, &e, &created, err);

	if (r == 0 && reset)
		r = runs_delete_all(o, e.id, &deleted, err);
	if (r == 0)
		r = op_put(o, "experiment", experiment_json(o, &e), err);
	if (r == 0)
		r = op_put(o, "created", json_boolean(created), err);
	if (r == 0)
		r = op_put(o, "deleted_runs", json_integer((json_int_t)deleted), err);
	return r < 0 ? r : activate(o, &e, err);
}

int op_create_experiment(struct op *o, struct err *err)
{
	const char *name;
	int r = op_text(o, "name", /* required= */ true, &name, err);

	if (r == 0)
		r = check_name(name, err);
	if (r == 0)
		r = op_client(o, err);
	if (r == 0)
		r = op_lock_change(o, err);
	if (r < 0)
		return r;
	r = create(o, name, json_get_bool(o->args, "reset", false), err);
	op_unlock_change(o);
	return r;
}

static int set(struct op *o, struct err *err)
{
	_cleanup_mlflow_experiment_ struct mlflow_experiment e = {0};
	int r = named_experiment(o, &e, err);

	if (r == 0 && e.deleted)
		r = restore(o, &e, err);
	if (r == 0)
		r = op_put(o, "experiment", experiment_json(o, &e), err);
	return r < 0 ? r : activate(o, &e, err);
}

int op_set_experiment(struct op *o, struct err *err)
{
	int r = op_client(o, err);

	if (r == 0)
		r = op_lock_change(o, err);
	if (r < 0)
		return r;
	r = set(o, err);
	op_unlock_change(o);
	return r;
}

/* What op_experiments collects. */
struct listing {
	struct op *o;
	json_t *array; /* borrowed */
};

static int list_one(void *userdata, const struct mlflow_experiment *e, struct err *err)
{
	struct listing *l = userdata;

	return json_array_append_new(l->array, experiment_json(l->o, e)) < 0 ? err_nomem(err) : 0;
}

int op_experiments(struct op *o, struct err *err)
{
	json_auto_t *array = json_array();
	struct listing l = {o, array};
	int r = array ? op_client(o, err) : err_nomem(err);

	if (r == 0)
		r = each_experiment(o, list_one, &l, err);
	return r < 0 ? r : op_put(o, "experiments", json_incref(array), err);
}

static int active_experiment(struct op *o, char **ret_id, struct err *err)
{
	_cleanup_active_ struct active a = {0};
	int r = tracking_active(o->t, &a, err);

	if (r == 0 && !a.experiment_id)
		r = tracking_no_experiment(err);
	if (r == 0)
		*ret_id = TAKE(a.experiment_id);
	return r;
}

int op_delete_runs(struct op *o, struct err *err)
{
	_cleanup_mlflow_experiment_ struct mlflow_experiment e = {0};
	bool named = json_object_get(o->args, "name") || json_object_get(o->args, "id");
	uint64_t deleted = 0;
	int r = named ? op_client(o, err) : active_experiment(o, &e.id, err);

	if (r == 0)
		r = named ? named_experiment(o, &e, err) : op_client(o, err);
	if (r == 0)
		r = op_lock_change(o, err);
	if (r < 0)
		return r;
	r = runs_delete_all(o, e.id, &deleted, err);
	op_unlock_change(o);
	return r < 0 ? r : op_put(o, "deleted_runs", json_integer((json_int_t)deleted), err);
}
