/*
 * The deploy form, under the walkthrough's names.  What was typed survives an
 * error, and each error stands beside its field.
 */
#include "web/deploy-form.h"
#include "web/pages.h"

#include <inttypes.h>

static int lists_of_mlflow(struct call *q, struct deploy_form *f, struct err *err)
{
	struct mlflow *m = NULL;
	int r = call_mlflow(q, &m, err);

	if (r == 0)
		r = mlflow_experiments_search(m, /* page= */ NULL, &q->web->stop, &f->experiments,
					      err);
	if (r == 0)
		r = runs_list(m, params_get(f->given, "experiment_id", ""), FORM_RUNS,
			      &q->web->stop, &f->runs, err);
	return r;
}

/* The names in use, to choose from. */
static int list_of_apps(struct call *q, struct deploy_form *f, struct err *err)
{
	struct store *store = NULL;
	int r = call_store(q, &store, err);

	return r < 0 ? r : served_all(store, /* ping= */ false, &q->web->stop, &f->apps, err);
}

/* What the script asks is answered here for those without one. */
static void check_prefilled(struct call *q, struct deploy_form *f)
{
	json_auto_t *in = deploy_form_members(f->given);
	struct err ignored = ERR_INIT;

	if (!in || !*params_get(f->given, "run_id", ""))
		return;
	(void)!submit_check(q, REQUEST_DEPLOY, in, &f->s, &ignored);
	f->s.faults.len = 0;
	q->upstream = false;
}

static int show(struct call *q, struct deploy_form *f, const struct err *why, struct err *err)
{
	struct err lists = ERR_INIT;
	int r = list_of_apps(q, f, err);

	if (r < 0)
		return r;
	if (lists_of_mlflow(q, f, &lists) < 0)
		f->lists_missing = lists.text;
	q->upstream = false;
	page_begin(q, "Deploy a model", "/deploy");
	put_deploy_form(q, f, why);
	page_end(q);
	return 0;
}

int page_deploy(struct call *q, struct err *err)
{
	_cleanup_deploy_form_ struct deploy_form f = {.given = &q->query};

	check_prefilled(q, &f);
	return show(q, &f, /* why= */ NULL, err);
}

/* Again, with what was typed and why it was not taken. */
static int show_again(struct call *q, struct deploy_form *f, const struct err *why, struct err *err)
{
	q->reply.status = f->s.faults.len ? MHD_HTTP_UNPROCESSABLE_CONTENT : error_status(q, why);
	return show(q, f, why, err);
}

int act_deploy(struct call *q, struct err *err)
{
	_cleanup_deploy_form_ struct deploy_form f = {.given = &q->form};
	json_auto_t *in = NULL;
	struct err why = ERR_INIT;
	bool check = str_eq(params_get(&q->form, "kind", "deploy"), "check");
	int64_t id = 0;
	int r;

	if (call_is_json(q))
		return old_deploy(q, err);
	in = deploy_form_members(&q->form);
	if (!in)
		return err_nomem(err);
	r = submit_check(q, check ? REQUEST_CHECK : REQUEST_DEPLOY, in, &f.s, &why);
	if (r == 0)
		r = submit_refuse(q, &f.s, &why);
	if (r == 0)
		r = submit_add(q, &f.s.request, &id, &why);
	if (r < 0)
		return show_again(q, &f, &why, err);
	return reply_see_other(q, err, "/jobs/%" PRId64 "?note=added", id);
}
