/*
 * The endpoint: created, or updated to the new configuration, and watched
 * until it serves it.  Up to here nothing that serves has been touched.
 */
#include "deploy/sagemaker-int.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/str.h"

static const char *wanted_config(const struct step_context *c)
{
	return json_get_str(step_plan(c, "config"), "name", "");
}

static const char *old_config(const struct step_context *c)
{
	return json_get_str(step_result(c, "look"), "config", "");
}

static bool existed(const struct step_context *c)
{
	return json_get_bool(step_result(c, "look"), "exists", false);
}

int endpoint_plan(struct step_context *c, json_t **ret, struct err *err)
{
	*ret = json_pack("{s:s, s:s, s:s}", "endpoint", target_of(c)->local.request->app, "config",
			 wanted_config(c), "old", old_config(c));
	return *ret ? 0 : err_nomem(err);
}

static int create_endpoint(struct step_context *c, const char *name, void *userdata,
			   struct err *err)
{
	struct own_tags tags;

	(void)userdata;
	target_tags(c, &tags);
	return sagemaker_create_endpoint(target_of(c)->aws, name, wanted_config(c), tags.items,
					 tags.len, c->cancel, err);
}

int endpoint_run(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
	const char *wanted = json_get_str(plan, "config", "");
	int r;

	(void)ret;
	if (!existed(c))
		return thing_make(c, &thing_endpoint, json_get_str(plan, "endpoint", ""),
				  create_endpoint, NULL, err);
	/* A worker before may have begun the update, or even seen its end. */
	r = endpoint_settle(c, &e, NULL, err);
	if (r < 0 || str_eq(e.config, wanted))
		return r;
	if (!str_eq(e.config, old_config(c))) {
		r = err_set(err, E_EXISTS, "the endpoint was changed by somebody else meanwhile");
		err_set_hint(err, "try again");
		return r;
	}
	return endpoint_change(c, wanted, err);
}

/* --- waiting --- */

static int tell_failed(struct step_context *c, const struct sagemaker_endpoint *e, struct err *err)
{
	int r = err_set(err, E_SERVER, "the endpoint is %s: %s", sagemaker_status_name(e->status),
			*e->reason ? e->reason : "SageMaker gives no reason");

	err_set_hint(err, "its container's log is in CloudWatch, group /aws/sagemaker/Endpoints/%s",
		     target_of(c)->local.request->app);
	return r;
}

static int tell_rolled_back(struct step_context *c, const struct sagemaker_endpoint *e,
			    struct err *err)
{
	int r = err_set(err, E_SERVER,
			"SageMaker took the update back%s%s: the endpoint serves %s as before",
			*e->reason ? ", " : "", e->reason, e->config);

	err_set_hint(err,
		     "the new container did not answer in time; its log is in CloudWatch, group "
		     "/aws/sagemaker/Endpoints/%s",
		     target_of(c)->local.request->app);
	return r;
}

/*
 * Serving is InService *and* the wanted configuration: an update that AWS
 * takes back ends InService with the old one and often without a reason.  One
 * that has only just been asked for looks the same, for a moment.
 */
int wait_run(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	const struct sagemaker_options *o = &target_of(c)->o;
	int64_t begun = clock_ms();
	bool waited = false;

	(void)plan;
	for (;;) {
		_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
		int r = endpoint_settle(c, &e, &waited, err);

		if (r < 0)
			return r;
		if (e.status != SAGEMAKER_IN_SERVICE)
			return tell_failed(c, &e, err);
		if (str_eq(e.config, wanted_config(c))) {
			*ret = json_pack("{s:s, s:I}", "arn", e.arn, "milliseconds",
					 (json_int_t)(clock_ms() - begun));
			return *ret ? 0 : err_nomem(err);
		}
		if (waited || clock_ms() - begun >= o->grace_ms)
			return tell_rolled_back(c, &e, err);
		if (backoff_sleep(o->poll_ms, c->cancel, err) < 0)
			return err->code;
	}
}

/* --- taking back --- */

static int undo_created(struct step_context *c, struct err *err)
{
	struct aws_tag tag = {TAG_DEPLOYMENT, target_token(c)};
	const char *name = target_of(c)->local.request->app;
	bool ours = false;
	struct err why = ERR_INIT;
	int r = thing_there(c, &thing_endpoint, name, &tag, &ours, &why);

	if (r == 0 && ours)
		r = thing_remove(c, &thing_endpoint, name, &tag, &why);
	if (r == 0 && ours)
		r = endpoint_gone(c, &why);
	if (r == 0 || r == E_EXISTS)
		return 0;
	return err_copy(err, &why);
}

/* The weights of the old configuration may have been shifted since it was made. */
static int undo_updated(struct step_context *c, const char *old, struct err *err)
{
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
	int r;

	step_say(c, "leading the endpoint back to %s", old);
	r = endpoint_change(c, old, err);
	if (r == 0)
		r = endpoint_settle(c, &e, NULL, err);
	if (r < 0)
		return r;
	if (e.status != SAGEMAKER_IN_SERVICE || !str_eq(e.config, old))
		return tell_failed(c, &e, err);
	return endpoint_weights(c, json_object_get(step_result(c, "look"), "weights"), err);
}

int endpoint_undo(struct step_context *c, const json_t *plan, const json_t *result, struct err *err)
{
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
	struct err why = ERR_INIT;
	int r = endpoint_settle(c, &e, NULL, &why);

	(void)result;
	if (r == E_NOTFOUND)
		return 0;
	if (r < 0)
		return err_copy(err, &why);
	if (!existed(c))
		return undo_created(c, err);
	if (!str_eq(e.config, json_get_str(plan, "config", "")))
		return 0;
	return undo_updated(c, json_get_str(plan, "old", ""), err);
}
