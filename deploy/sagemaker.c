/* The target, its tables of steps, and how things are made and removed. */
#include "deploy/sagemaker-int.h"

#include "base/str.h"
#include "deploy/local-int.h"
#include "deploy/sagemaker-mlflow.h"
#include "protocol/aws/iam.h"

#include <string.h>

enum { POLL_MS = 5000, TIMEOUT_MS = 30 * 60 * 1000, GRACE_MS = 20000 };

/* --- what the scorer does not know takes another way --------------------------------------- */

static int package_run(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	_cleanup_package_info_ struct package_info info = {0};
	_cleanup_(mlflow_freep) struct mlflow *m = NULL;
	int r = local_look(c, &m, &info, err);

	(void)plan;
	if (r < 0)
		return r;
	return info.has_model ? local_fetch(c, m, &info, ret, err)
			      : mlflow_package(c, m, &info, ret, err);
}

static int package_undo(struct step_context *c, const json_t *plan, const json_t *result,
			struct err *err)
{
	/* Of a worker that was killed while it built, the result says nothing. */
	int r = result && !mlflow_is_used(c) ? 0 : mlflow_undo(c, err);

	return r < 0 ? r : local_undo_package(c, plan, result, err);
}

static int parity_run(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	return mlflow_is_used(c) ? mlflow_parity(c, ret, err) : local_parity(c, plan, ret, err);
}

/* --- the lists ----------------------------------------------------------------------------- */

static int deploy_result(struct step_context *c, json_t **ret, struct err *err)
{
	const struct request *q = target_of(c)->local.request;
	const json_t *image = step_result(c, "image");

	*ret = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "target", "sagemaker",
			 "app", q->app, "region", q->region, "variant",
			 json_get_str(image, "variant", ""), "image",
			 json_get_str(image, "uri", ""), "model",
			 json_get_str(step_plan(c, "model"), "name", ""), "config",
			 json_get_str(step_plan(c, "config"), "name", ""), "run_id", q->run_id,
			 "experiment_id", target_experiment(c));
	return *ret ? 0 : err_nomem(err);
}

static int shift_result(struct step_context *c, json_t **ret, struct err *err)
{
	const json_t *plan = step_plan(c, "traffic");

	*ret = json_pack("{s:s, s:s, s:O}", "app", target_of(c)->local.request->app, "variant",
			 json_get_str(plan, "variant", ""), "weights",
			 json_object_get(plan, "after"));
	return *ret ? 0 : err_nomem(err);
}

static const struct step deploy_items[] = {
	{"look", "Looking at the endpoint", false, look_plan, look_run, NULL},
	{"package", "Fetching the model", false, local_plan_package, package_run, package_undo},
	{"parity", "Comparing with Spark's answers", false, NULL, parity_run, NULL},
	{"image", "Building and pushing the image", false, image_plan, image_run, image_undo},
	{"model", "Making the model", false, model_plan, model_run, model_undo},
	{"config", "Making the endpoint's configuration", false, config_plan, config_run,
	 config_undo},
	{"endpoint", "Creating or updating the endpoint", false, endpoint_plan, endpoint_run,
	 endpoint_undo},
	{"wait", "Waiting until the endpoint serves it", false, NULL, wait_run, NULL},
	{"tidy", "Removing what was replaced", true, NULL, tidy_run, NULL},
	{NULL, NULL, false, NULL, NULL, NULL},
};

static const struct step shift_items[] = {
	{"traffic", "Shifting traffic", false, traffic_plan, traffic_run, traffic_undo},
	{NULL, NULL, false, NULL, NULL, NULL},
};

static const struct step undeploy_items[] = {
	{"look", "Looking at the endpoint", false, look_plan, look_undeploy_run, NULL},
	{"remove", "Removing the endpoint", true, NULL, remove_run, NULL},
	{NULL, NULL, false, NULL, NULL, NULL},
};

static const struct steps deploy_steps = {deploy_items, deploy_result};
static const struct steps shift_steps = {shift_items, shift_result};
static const struct steps undeploy_steps = {undeploy_items, NULL};

const struct steps *sagemaker_steps(enum request_kind kind)
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

int sagemaker_target_init(struct sagemaker_target *t, const struct local_job *local,
			  const struct sagemaker_options *o, struct err *err)
{
	struct aws_options options = {.region = local->request->region, .retry_ms = o->retry_ms};
	struct aws *aws = NULL;
	int r = aws_new(&options, &aws, err);

	if (r < 0)
		return r;
	*t = (struct sagemaker_target){.local = *local, .o = *o, .aws = aws};
	t->o.poll_ms = o->poll_ms ? o->poll_ms : POLL_MS;
	t->o.timeout_ms = o->timeout_ms ? o->timeout_ms : TIMEOUT_MS;
	t->o.grace_ms = o->grace_ms ? o->grace_ms : GRACE_MS;
	return 0;
}

void sagemaker_target_release(struct sagemaker_target *t)
{
	aws_free(t->aws);
	*t = (struct sagemaker_target){0};
}

/* --- names and tags --- */

const char *target_token(const struct step_context *c)
{
	return json_get_str(step_plan(c, "look"), "token", "");
}

const char *target_experiment(const struct step_context *c)
{
	const struct sagemaker_target *t = c->userdata;

	return json_get_str(step_result(c, "package"), "experiment_id",
			    t->local.request->experiment_id);
}

static void add_tag(struct own_tags *t, const char *key, const char *value)
{
	if (*value)
		t->items[t->len++] = (struct aws_tag){key, value};
}

void target_tags(struct step_context *c, struct own_tags *ret)
{
	const struct request *q = target_of(c)->local.request;

	*ret = (struct own_tags){0};
	snprintf(ret->job, sizeof(ret->job), "%lld", (long long)c->job);
	request_variant_name(q, c->job, SUFFIX_MAX, ret->variant);
	add_tag(ret, TAG_APP, q->app);
	add_tag(ret, TAG_DEPLOYMENT, target_token(c));
	add_tag(ret, TAG_VARIANT, ret->variant);
	add_tag(ret, TAG_REPOSITORY, target_of(c)->o.repository);
	add_tag(ret, "splice:job", ret->job);
	add_tag(ret, "splice:run-id", q->run_id);
	add_tag(ret, "splice:experiment-id", target_experiment(c));
	add_tag(ret, "splice:version", SPLICE_VERSION);
}

char *target_name(struct step_context *c, const char *suffix)
{
	char variant[VARIANT_NAME_MAX + 1];

	request_variant_name(target_of(c)->local.request, c->job, SUFFIX_MAX, variant);
	return str_fmt("%s%s", variant, suffix);
}

int target_role(struct step_context *c, char **ret, struct err *err)
{
	const char *role = target_of(c)->o.role;
	_cleanup_iam_role_ struct iam_role found = {0};
	int r;

	if (!role || !*role) {
		r = err_set(err, E_INPUT, "no execution role is set");
		err_set_hint(err, "set sagemaker.role (SPLICE_SAGEMAKER_ROLE) to the ARN of a role "
				  "that SageMaker may assume");
		return r;
	}
	if (str_starts(role, "arn:"))
		return str_replace(ret, role, err);
	r = iam_get_role(target_of(c)->aws, role, c->cancel, &found, err);
	if (r < 0)
		return r;
	*ret = TAKE(found.arn);
	return 0;
}

/* --- things --- */

static int model_arn(struct aws *a, const char *name, struct cancel *cancel, char **ret,
		     struct err *err)
{
	_cleanup_sagemaker_model_ struct sagemaker_model m = {0};
	int r = sagemaker_describe_model(a, name, cancel, &m, err);

	if (r == 0)
		*ret = TAKE(m.arn);
	return r;
}

static int config_arn(struct aws *a, const char *name, struct cancel *cancel, char **ret,
		      struct err *err)
{
	_cleanup_sagemaker_config_ struct sagemaker_config x = {0};
	int r = sagemaker_describe_config(a, name, cancel, &x, err);

	if (r == 0)
		*ret = TAKE(x.arn);
	return r;
}

static int endpoint_arn(struct aws *a, const char *name, struct cancel *cancel, char **ret,
			struct err *err)
{
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
	int r = sagemaker_describe_endpoint(a, name, cancel, &e, err);

	if (r == 0)
		*ret = TAKE(e.arn);
	return r;
}

const struct thing thing_model = {"model", model_arn, sagemaker_delete_model};
const struct thing thing_config = {"configuration", config_arn, sagemaker_delete_config};
const struct thing thing_endpoint = {"endpoint", endpoint_arn, sagemaker_delete_endpoint};

int thing_there(struct step_context *c, const struct thing *thing, const char *name,
		const struct aws_tag *tag, bool *ret, struct err *err)
{
	struct aws *a = target_of(c)->aws;
	_cleanup_aws_tags_ struct aws_tags tags = {0};
	_cleanup_free_ char *arn = NULL;
	struct err why = ERR_INIT;
	int r = thing->arn(a, name, c->cancel, &arn, &why);

	*ret = false;
	if (r == E_NOTFOUND)
		return 0;
	if (r == 0)
		r = sagemaker_list_tags(a, arn, c->cancel, &tags, &why);
	/* Going away: tags go first. */
	if (r == E_NOTFOUND)
		return 0;
	if (r < 0)
		return err_copy(err, &why);
	*ret = aws_tags_has(&tags, tag->key, tag->value);
	if (*ret)
		return 0;
	r = err_set(err, E_EXISTS, "the %s %s is there, but was not made by this deployment",
		    thing->word, name);
	err_set_hint(err, "remove it, or choose another name for the app");
	return r;
}

bool may_have_acted(int r)
{
	return r == E_CLOSED || r == E_TIMEOUT || r == E_EXISTS;
}

int thing_make(struct step_context *c, const struct thing *thing, const char *name,
	       int (*create)(struct step_context *c, const char *name, void *userdata,
			     struct err *err),
	       void *userdata, struct err *err)
{
	struct aws_tag tag = {TAG_DEPLOYMENT, target_token(c)};
	struct err why = ERR_INIT;
	bool there = false;
	int r = thing_there(c, thing, name, &tag, &there, err);

	if (r < 0 || there)
		return r;
	r = create(c, name, userdata, &why);
	if (r < 0 && may_have_acted(r)) {
		int looked = thing_there(c, thing, name, &tag, &there, err);

		if (looked < 0 || there)
			return looked;
	}
	return r < 0 ? err_copy(err, &why) : r;
}

int thing_remove(struct step_context *c, const struct thing *thing, const char *name,
		 const struct aws_tag *tag, struct err *err)
{
	struct err why = ERR_INIT;
	bool there = false;
	int r = thing_there(c, thing, name, tag, &there, &why);

	if (r == 0 && there)
		r = thing->remove(target_of(c)->aws, name, c->cancel, &why);
	if (r == E_CLOSED || r == E_TIMEOUT) {
		/* Whether it acted shows in the end. */
		r = thing_there(c, thing, name, tag, &there, NULL);
		if (r == 0 && there)
			r = why.code;
	}
	/* Somebody else's is left alone; what is gone already is gone. */
	if (r == 0 || r == E_NOTFOUND || (r == E_EXISTS && !there))
		return 0;
	return err_copy(err, &why);
}
