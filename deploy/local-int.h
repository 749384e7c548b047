/*
 * What the files of the local target share: local.c (the lists of steps),
 * local-files.c (steps that make and remove files), local-serve.c (steps
 * that change what is served) and local-undo.c (what that was before).
 */
#ifndef DEPLOY_LOCAL_INT_H
#define DEPLOY_LOCAL_INT_H

#include "deploy/endpoint.h"
#include "deploy/local.h"
#include "deploy/package.h"

static inline const struct local_job *local_of(const struct step_context *c)
{
	return c->userdata;
}

/* A path in the endpoint's folder; the caller frees. */
int local_path(const char *app, const char *file, char **ret, struct err *err) _must_check_;
/* A path in the job's private folder; the caller frees. */
int local_job_path(const struct step_context *c, const char *file, char **ret,
		   struct err *err) _must_check_;
/* The endpoint.json as it is, a new reference; JSON null when there is none. */
int local_current(const struct step_context *c, json_t **ret, struct err *err) _must_check_;

/*
 * What endpoint.json is to be when a step is taken back: `now` is what it is, the plan has "before"
 * and what tells the step's own doing: "variant" (added) or "after" (written); neither: it was
 * removed.  *ret is new; JSON null: no endpoint; NULL: another has changed it since, it stays.
 */
int local_before(const json_t *now, const json_t *plan, json_t **ret, struct err *err) _must_check_;

/* The tracking server (to be freed by the caller), and what the run has there. */
int local_look(struct step_context *c, struct mlflow **ret, struct package_info *ret_info,
	       struct err *err) _must_check_;
/* The rest of `package`, for a model that splice-scorer serves: its files, and the step's result.
 */
int local_fetch(struct step_context *c, struct mlflow *m, const struct package_info *info,
		json_t **ret, struct err *err) _must_check_;

typedef int local_plan_fn(struct step_context *c, json_t **ret, struct err *err);
typedef int local_run_fn(struct step_context *c, const json_t *plan, json_t **ret, struct err *err);
typedef int local_undo_fn(struct step_context *c, const json_t *plan, const json_t *result,
			  struct err *err);

local_plan_fn local_plan_package, local_plan_place, local_plan_join, local_plan_switch,
	local_plan_shift, local_plan_withdraw;
local_run_fn local_package, local_parity, local_place, local_join, local_healthy, local_switch,
	local_tidy, local_shift, local_withdraw, local_remove;
local_undo_fn local_undo_package, local_undo_place, local_undo_serve;

#endif
