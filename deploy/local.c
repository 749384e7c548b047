/* The lists of steps. */
#include "deploy/local-int.h"

#include "base/fs.h"
#include "base/str.h"

static int deploy_result(struct step_context *c, json_t **ret, struct err *err)
{
	const json_t *package = step_result(c, "package"), *join = step_result(c, "join");

	*ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "target", "local", "app",
			 local_of(c)->request->app, "url", json_get_str(join, "url", ""), "variant",
			 json_get_str(step_plan(c, "join"), "variant", ""), "run_id",
			 json_get_str(package, "run_id", ""), "experiment_id",
			 json_get_str(package, "experiment_id", ""));
	return *ret ? 0 : err_nomem(err);
}

static int shift_result(struct step_context *c, json_t **ret, struct err *err)
{
	*ret = json_incref((json_t *)step_result(c, "shift"));
	return *ret ? 0 : err_nomem(err);
}

static const struct step deploy_items[] = {
	{"package", "Fetching the model", false, local_plan_package, local_package,
	 local_undo_package},
	{"parity", "Comparing with Spark's answers", false, NULL, local_parity, NULL},
	{"place", "Placing the model", false, local_plan_place, local_place, local_undo_place},
	{"join", "Starting the variant", false, local_plan_join, local_join, local_undo_serve},
	{"healthy", "Asking the variant", false, NULL, local_healthy, NULL},
	{"switch", "Moving the requests", false, local_plan_switch, local_switch, local_undo_serve},
	{"tidy", "Tidying up", true, NULL, local_tidy, NULL},
	{NULL, NULL, false, NULL, NULL, NULL},
};

static const struct step shift_items[] = {
	{"shift", "Moving the requests", false, local_plan_shift, local_shift, local_undo_serve},
	{NULL, NULL, false, NULL, NULL, NULL},
};

static const struct step undeploy_items[] = {
	{"withdraw", "Stopping the endpoint", false, local_plan_withdraw, local_withdraw,
	 local_undo_serve},
	{"tidy", "Removing its files", true, NULL, local_remove, NULL},
	{NULL, NULL, false, NULL, NULL, NULL},
};

static const struct steps deploy_steps = {deploy_items, deploy_result};
static const struct steps shift_steps = {shift_items, shift_result};
static const struct steps undeploy_steps = {undeploy_items, NULL};

const struct steps *local_steps(enum request_kind kind)
{
	switch (kind) {
	case REQUEST_DEPLOY:
		return &deploy_steps;
	case REQUEST_SHIFT:
		return &shift_steps;
	case REQUEST_UNDEPLOY:
		return &undeploy_steps;
	case REQUEST_CHECK:
		break;
	}
	return NULL;
}

int local_check(const struct request *q, struct err *err)
{
	json_auto_t *now = NULL;
	bool makes = q->kind == REQUEST_DEPLOY || q->kind == REQUEST_CHECK;
	int r = endpoint_read(q->app, &now, err);

	if (makes && r == E_NOTFOUND) {
		err_clear(err);
		return 0;
	}
	if (r == E_NOTFOUND)
		err_set_hint(err, "splice-manager endpoints lists those there are");
	if (r < 0 || !makes || q->mode != MODE_CREATE)
		return r;
	err_set(err, E_EXISTS, "there is an endpoint %s already", q->app);
	err_set_hint(err, "replace its model (mode replace), put this one beside it (mode add), or "
			  "choose another name");
	return E_EXISTS;
}

int local_path(const char *app, const char *file, char **ret, struct err *err)
{
	_cleanup_free_ char *folder = NULL;
	int r = endpoint_folder(app, &folder, err);

	if (r < 0)
		return r;
	*ret = str_fmt("%s/%s", folder, file);
	return *ret ? 0 : err_nomem(err);
}

int local_job_folder(int64_t job, char **ret, struct err *err)
{
	_cleanup_free_ char *all = NULL;
	int r = fs_place(PLACE_DATA, "jobs", &all, err);

	if (r < 0)
		return r;
	*ret = str_fmt("%s/%lld", all, (long long)job);
	return *ret ? 0 : err_nomem(err);
}

int local_job_path(const struct step_context *c, const char *file, char **ret, struct err *err)
{
	const char *folder = json_get_str(step_plan(c, "package"), "folder", "");

	*ret = str_fmt("%s/%s", folder, file);
	return *ret ? 0 : err_nomem(err);
}

int local_current(const struct step_context *c, json_t **ret, struct err *err)
{
	int r = endpoint_read(local_of(c)->request->app, ret, err);

	if (r != E_NOTFOUND)
		return r;
	err_clear(err);
	*ret = json_null();
	return 0;
}
