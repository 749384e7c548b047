/* Which run a text means. */
#include "tracking/tracking-int.h"

#include "base/str.h"

#include <string.h>

enum {
	FIND_PAGES = 10, /* of MLFLOW_PAGE runs, looked through for a name */
	RUN_ID_CHARS = 32,
};

int run_get(struct op *o, const char *id, struct mlflow_run *ret, struct err *err)
{
	int r;

	do
		r = mlflow_run_get(o->m, id, o->cancel, ret, err);
	while (op_again(o, &r, err));
	return r;
}

int runs_search(struct op *o, const struct mlflow_runs_query *query, struct mlflow_runs *ret,
		struct err *err)
{
	int r;

	do
		r = mlflow_runs_search(o->m, query, o->cancel, ret, err);
	while (op_again(o, &r, err));
	return r;
}

static bool is_run_id(const char *text)
{
	return strlen(text) == RUN_ID_CHARS && !text[strspn(text, "0123456789abcdef")];
}

static int unknown_run(const char *text, struct err *err)
{
	int r = err_set(err, E_NOTFOUND, "there is no run \"%.200s\"", text);

	err_set_hint(err, "%%mlmanager runs lists those of the active experiment; another "
			  "experiment's are found by their whole id");
	return r;
}

static int ambiguous(const char *text, const struct mlflow_run *a, const struct mlflow_run *b,
		     struct err *err)
{
	int r = err_set(err, E_INPUT, "\"%.200s\" begins the ids of several runs: %s, %s …", text,
			a->id, b->id);

	err_set_hint(err, "give more of the id");
	return r;
}

/* What is known while looking through the runs, newest first. */
struct hunt {
	const char *text;
	struct mlflow_run named; /* the newest of this name */
	unsigned n_named;
	struct mlflow_run begun; /* the newest whose id begins so */
	struct mlflow_run second;
};

static void hunt_release(struct hunt *h)
{
	mlflow_run_release(&h->named);
	mlflow_run_release(&h->begun);
	mlflow_run_release(&h->second);
}

/* Takes from the list what matches. */
static void hunt_page(struct hunt *h, struct mlflow_runs *list)
{
	for (size_t i = 0; i < list->len; i++) {
		struct mlflow_run *run = &list->items[i];
		struct mlflow_run *to = NULL;

		if (str_eq(run->name, h->text))
			to = h->n_named++ ? NULL : &h->named;
		else if (str_starts(run->id, h->text))
			to = !h->begun.id ? &h->begun : !h->second.id ? &h->second : NULL;
		if (to) {
			*to = *run;
			*run = (struct mlflow_run){0};
		}
	}
}

static int hunt_verdict(struct op *o, struct hunt *h, struct mlflow_run *ret, struct err *err)
{
	struct mlflow_run *hit = h->named.id ? &h->named : &h->begun;

	if (!hit->id)
		return unknown_run(h->text, err);
	if (hit == &h->begun && h->second.id)
		return ambiguous(h->text, &h->begun, &h->second, err);
	if (h->n_named > 1)
		tracking_notice(o->t, "%u runs are called \"%s\": the newest, %.8s, is taken",
				h->n_named, h->text, hit->id);
	*ret = *hit;
	*hit = (struct mlflow_run){0};
	return 0;
}

/* By name or beginning of the id, among the runs of one experiment. */
static int find_within(struct op *o, const char *experiment_id, const char *text,
		       struct mlflow_run *ret, struct err *err)
{
	_cleanup_(hunt_release) struct hunt h = {.text = text};
	json_auto_t *ids = json_pack("[s]", experiment_id);
	_cleanup_free_ char *page = NULL;

	if (!ids)
		return err_nomem(err);
	for (int pages = 0; pages < FIND_PAGES; pages++) {
		_cleanup_mlflow_runs_ struct mlflow_runs list = {0};
		struct mlflow_runs_query query = {.experiment_ids = ids,
						  .page = page,
						  .max = MLFLOW_PAGE};
		int r = runs_search(o, &query, &list, err);

		if (r < 0)
			return r;
		hunt_page(&h, &list);
		if (!list.next_page)
			break;
		free(page);
		page = TAKE(list.next_page);
	}
	return hunt_verdict(o, &h, ret, err);
}

int run_find(struct op *o, const char *text, struct mlflow_run *ret, struct err *err)
{
	_cleanup_active_ struct active a = {0};
	int r = tracking_active(o->t, &a, err);

	if (r < 0)
		return r;
	if (is_run_id(text)) {
		r = run_get(o, text, ret, err);
		if (r != E_NOTFOUND)
			return r;
	}
	if (!a.experiment_id || !*text)
		return unknown_run(text, err);
	return find_within(o, a.experiment_id, text, ret, err);
}
