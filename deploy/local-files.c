/* Steps that make and remove files. */
#include "deploy/local-int.h"

#include "base/fs.h"
#include "base/str.h"
#include "deploy/package.h"
#include "deploy/parity.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define MODEL_FILE "model.json"
#define SAMPLE_FILE "sample.json"

enum { FILE_NAMES = 1000 };

/* --- package --- */

int local_plan_package(struct step_context *c, json_t **ret, struct err *err)
{
	_cleanup_free_ char *folder = NULL;
	int r = local_job_folder(c->job, &folder, err);

	if (r < 0)
		return r;
	*ret = json_pack("{s:s}", "folder", folder);
	return *ret ? 0 : err_nomem(err);
}

int local_look(struct step_context *c, struct mlflow **ret, struct package_info *ret_info,
	       struct err *err)
{
	_cleanup_(mlflow_freep) struct mlflow *m = NULL;
	_cleanup_free_ char *uri = NULL;
	int r = local_of(c)->tracking_uri(c, &uri, err);

	if (r == 0)
		r = mlflow_new(uri, &m, err);
	if (r == 0)
		r = package_look(m, local_of(c)->request, c->cancel, ret_info, err);
	if (r == 0)
		*ret = TAKE(m);
	return r;
}

int local_fetch(struct step_context *c, struct mlflow *m, const struct package_info *info,
		json_t **ret, struct err *err)
{
	const char *folder = json_get_str(step_plan(c, "package"), "folder", "");
	int64_t bytes = 0;
	int r = package_check_native(info, err);

	if (r == 0)
		r = package_fetch(m, info, folder, c->cancel, &bytes, err);
	if (r < 0)
		return r;
	step_say(c, "run %s (%s) of experiment %s: %.1f KB", info->run_id, info->run_name,
		 info->experiment_id, (double)bytes / 1000);
	*ret = json_pack("{s:s, s:s, s:b, s:I}", "run_id", info->run_id, "experiment_id",
			 info->experiment_id, "sample", (int)info->has_sample, "bytes",
			 (json_int_t)bytes);
	return *ret ? 0 : err_nomem(err);
}

int local_package(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	_cleanup_package_info_ struct package_info info = {0};
	_cleanup_(mlflow_freep) struct mlflow *m = NULL;
	int r = local_check(local_of(c)->request, err);

	(void)plan;
	if (r == 0)
		r = local_look(c, &m, &info, err);
	return r < 0 ? r : local_fetch(c, m, &info, ret, err);
}

int local_undo_package(struct step_context *c, const json_t *plan, const json_t *result,
		       struct err *err)
{
	(void)c, (void)result;
	return fs_remove_tree(json_get_str(plan, "folder", ""), err);
}

/* --- parity --- */

int local_parity(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	_cleanup_free_ char *model = NULL;
	_cleanup_free_ char *sample = NULL;
	bool has_sample = json_get_bool(step_result(c, "package"), "sample", false);
	int r = local_job_path(c, MODEL_FILE, &model, err);

	(void)plan;
	if (r == 0 && has_sample)
		r = local_job_path(c, SAMPLE_FILE, &sample, err);
	if (r == 0)
		r = parity_check(model, sample, c->cancel, ret, err);
	if (r < 0)
		return r;
	if (has_sample)
		step_say(c, "%lld rows are answered as Spark answered them",
			 (long long)json_get_int(*ret, "rows", 0));
	else
		step_say(c, "the run keeps no sample of its training data: the answers are not "
			    "compared with Spark's");
	return 0;
}

/* --- place --- */

/* Numbers of jobs begin anew when the store of jobs was lost: a file of that name may be served. */
static int free_model_file(const char *app, const char *variant, char **ret, struct err *err)
{
	for (int i = 1; i < FILE_NAMES; i++) {
		_cleanup_free_ char *tail = i > 1 ? str_fmt("-%d", i) : str_dup("");
		_cleanup_free_ char *file =
			tail ? str_fmt("models/%s%s.json", variant, tail) : NULL;
		_cleanup_free_ char *path = NULL;
		int r = file ? local_path(app, file, &path, err) : err_nomem(err);

		if (r < 0)
			return r;
		if (access(path, F_OK) < 0) {
			*ret = TAKE(file);
			return 0;
		}
	}
	return err_set(err, E_EXISTS, "%s has %d models named %s already", app, FILE_NAMES - 1,
		       variant);
}

int local_plan_place(struct step_context *c, json_t **ret, struct err *err)
{
	char name[VARIANT_NAME_MAX + 1];
	_cleanup_free_ char *file = NULL;
	int r;

	request_variant_name(local_of(c)->request, c->job, /* room= */ 0, name);
	r = free_model_file(local_of(c)->request->app, name, &file, err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:s}", "file", file);
	return *ret ? 0 : err_nomem(err);
}

int local_place(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	const char *app = local_of(c)->request->app;
	_cleanup_free_ char *from = NULL;
	_cleanup_free_ char *copy = NULL;
	_cleanup_free_ char *folder = NULL;
	_cleanup_free_ char *to = NULL;
	int r = local_job_path(c, MODEL_FILE, &from, err);

	(void)ret;
	if (r == 0)
		r = local_job_path(c, "placed.json", &copy, err);
	if (r == 0)
		r = local_path(app, "models", &folder, err);
	if (r == 0)
		r = local_path(app, json_get_str(plan, "file", ""), &to, err);
	if (r == 0)
		r = fs_mkdir_p(folder, 0700, err);
	/* Half a copy of a killed worker goes with the job's folder. */
	if (r == 0)
		r = fs_copy(from, copy, 0600, err);
	if (r == 0 && rename(copy, to) < 0)
		r = err_set_errno(err, E_IO, errno, "%s", to);
	return r;
}

/* The folders of an endpoint that came to nothing; those of another stay, as they are not empty. */
static int remove_empty(const char *app, struct err *err)
{
	static const char *const folders[] = {"models", "."};

	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		_cleanup_free_ char *path = NULL;
		int r = i == 0 ? local_path(app, folders[i], &path, err)
			       : endpoint_folder(app, &path, err);

		if (r < 0)
			return r;
		if (rmdir(path) < 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
			return err_set_errno(err, E_IO, errno, "%s", path);
	}
	return 0;
}

int local_undo_place(struct step_context *c, const json_t *plan, const json_t *result,
		     struct err *err)
{
	const char *app = local_of(c)->request->app;
	_cleanup_free_ char *path = NULL;
	int r = local_path(app, json_get_str(plan, "file", ""), &path, err);

	(void)result;
	if (r == 0)
		r = fs_remove_tree(path, err);
	return r < 0 ? r : remove_empty(app, err);
}

/* --- tidy --- */

static int set_aside(const char *app, const char *file, const char *path, struct err *err)
{
	_cleanup_free_ char *folder = NULL;
	_cleanup_free_ char *to = NULL;
	const char *name = strrchr(file, '/');
	int r = local_path(app, "archive", &folder, err);

	if (r == 0)
		r = fs_mkdir_p(folder, 0700, err);
	if (r < 0)
		return r;
	to = str_fmt("%s/%s", folder, name ? name + 1 : file);
	if (!to)
		return err_nomem(err);
	if (rename(path, to) < 0 && errno != ENOENT) /* a worker before may have done it */
		return err_set_errno(err, E_IO, errno, "%s", to);
	return 0;
}

static int drop_variant(struct step_context *c, const struct endpoint_variant *v, struct err *err)
{
	const struct request *q = local_of(c)->request;
	_cleanup_free_ char *path = NULL;
	int r = local_path(q->app, v->model, &path, err);

	if (r < 0)
		return r;
	step_say(c, "%s of run %s is %s", v->name, v->run_id, q->archive ? "archived" : "removed");
	return q->archive ? set_aside(q->app, v->model, path, err) : fs_remove_tree(path, err);
}

/* The variants that are served no more. */
static int drop_replaced(struct step_context *c, struct err *err)
{
	_cleanup_endpoint_file_ struct endpoint_file before = {0}, after = {0};
	const json_t *plan = step_plan(c, "switch");
	int r = endpoint_parse(json_object_get(plan, "before"), &before, err);

	if (r == 0)
		r = endpoint_parse(json_object_get(plan, "after"), &after, err);
	for (size_t i = 0; r == 0 && i < before.n_variants; i++)
		if (!endpoint_find_variant(&after, before.variants[i].name))
			r = drop_variant(c, &before.variants[i], err);
	return r;
}

int local_tidy(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	int r = drop_replaced(c, err);

	(void)plan, (void)ret;
	return r < 0 ? r : fs_remove_tree(json_get_str(step_plan(c, "package"), "folder", ""), err);
}

int local_remove(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	_cleanup_free_ char *folder = NULL;
	int r = endpoint_folder(local_of(c)->request->app, &folder, err);

	(void)plan, (void)ret;
	return r < 0 ? r : fs_remove_tree(folder, err);
}
