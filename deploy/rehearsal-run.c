/* Checks of the run and its model. */
#include "deploy/rehearsal-int.h"

#include "deploy/local.h"
#include "deploy/parity.h"
#include "deploy/sagemaker-mlflow.h"

int rehearse_name(struct rehearsing *r, struct err *err)
{
	struct err why = ERR_INIT;

	if (local_check(r->o->request, &why) < 0)
		return found_error(r, FINDING_FAILED, &why, err);
	return found(r, FINDING_OK, "", err, "the endpoint %s can be %s", r->o->request->app,
		     r->o->request->mode == MODE_CREATE ? "made" : "deployed to");
}

static int open_tracking(struct rehearsing *r, struct err *err)
{
	_cleanup_free_ char *uri = NULL;
	int result = r->o->tracking_uri(r->o->userdata, &uri, err);

	return result < 0 ? result : mlflow_new(uri, &r->mlflow, err);
}

int rehearse_run(struct rehearsing *r, struct err *err)
{
	struct err why = ERR_INIT;
	int result = open_tracking(r, &why);

	if (result == 0)
		result = package_look(r->mlflow, r->o->request, r->o->cancel, &r->info, &why);
	if (result < 0)
		return found_error(r, FINDING_FAILED, &why, err);
	r->has_run = true;
	return found(r, FINDING_OK, "", err, "run %s (%s) of experiment %s has a Spark model",
		     r->info.run_id, r->info.run_name, r->info.experiment_id);
}

/* The other way of a model that splice-scorer does not know. */
static int rehearse_engine(struct rehearsing *r, const struct err *native, struct err *err)
{
	struct err why = ERR_INIT;
	const struct engine *engine = NULL;
	int result = r->config ? 0 : config_load(&r->config, &why);

	if (result == 0)
		result = mlflow_find_engine(&r->info, config_get(r->config, "container.engine"),
					    r->o->cancel, &engine, &why);
	if (result < 0)
		return found_error(r, FINDING_FAILED, &why, err);
	return found(r, FINDING_WARNING,
		     "its answers are compared with Spark's in the deployment itself", err,
		     "%s: %s builds MLflow's image for it, which takes minutes and starts slowly",
		     native->text, engine_name(engine));
}

int rehearse_stages(struct rehearsing *r, struct err *err)
{
	struct err why = ERR_INIT;

	if (!r->has_run)
		return 0;
	if (package_check_native(&r->info, &why) == 0)
		return found(r, FINDING_OK, "", err, "splice-scorer knows all stages of the model");
	if (r->o->request->target == TARGET_SAGEMAKER)
		return rehearse_engine(r, &why, err);
	return found_error(r, FINDING_FAILED, &why, err);
}

static int compare(struct rehearsing *r, json_t **ret, struct err *err)
{
	_cleanup_free_ char *model = NULL;
	_cleanup_free_ char *sample = NULL;
	int64_t bytes;
	int result = package_fetch(r->mlflow, &r->info, r->o->folder, r->o->cancel, &bytes, err);

	if (result == 0)
		result = rehearsal_path(r, "model.json", &model, err);
	if (result == 0)
		result = rehearsal_path(r, "sample.json", &sample, err);
	if (result < 0)
		return result;
	r->has_files = true;
	return parity_check(model, r->info.has_sample ? sample : NULL, r->o->cancel, ret, err);
}

int rehearse_parity(struct rehearsing *r, struct err *err)
{
	json_auto_t *result = NULL;
	struct err why = ERR_INIT;

	if (!r->has_run || !r->info.has_model)
		return 0;
	if (compare(r, &result, &why) < 0)
		return found_error(r, FINDING_FAILED, &why, err);
	if (!json_get_bool(result, "compared", false))
		return found(r, FINDING_WARNING,
			     "log the model with the frame it was trained on, so that rows of it "
			     "are kept",
			     err, "the run keeps no sample to compare the answers with Spark's");
	return found(r, FINDING_OK, "", err, "%lld rows are answered as Spark answered them",
		     (long long)json_get_int(result, "rows", 0));
}
