/*
 * The first step: the endpoint as it is before anything is done, and what
 * belongs to it.  Later steps go by what was seen here, also after a kill.
 */
#include "deploy/sagemaker-int.h"

#include "base/str.h"

#include <string.h>
#include <sys/random.h>

int look_plan(struct step_context *c, json_t **ret, struct err *err)
{
	unsigned char random[(TOKEN_SIZE - 1) / 2];
	char token[TOKEN_SIZE];

	(void)c;
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_set(err, E_IO, "the system gives no random numbers");
	str_hex(token, random, sizeof(random));
	*ret = json_pack("{s:s}", "token", token);
	return *ret ? 0 : err_nomem(err);
}

/* --- what belongs to the endpoint, as far as it is the app's --- */

static int tags_of(struct step_context *c, const char *arn, struct aws_tags *ret, bool *ret_ours,
		   struct err *err)
{
	struct sagemaker_target *t = target_of(c);
	int r = sagemaker_list_tags(t->aws, arn, c->cancel, ret, err);

	*ret_ours = r == 0 && aws_tags_has(ret, TAG_APP, t->local.request->app);
	return r;
}

/* A variant's model, and where its image is, which goes with it. */
static int collect_model(struct step_context *c, const char *name, json_t *models, struct err *err)
{
	_cleanup_sagemaker_model_ struct sagemaker_model m = {0};
	_cleanup_aws_tags_ struct aws_tags tags = {0};
	bool ours = false;
	struct err why = ERR_INIT;
	int r = sagemaker_describe_model(target_of(c)->aws, name, c->cancel, &m, &why);

	/* A configuration outlives its models. */
	if (r == E_NOTFOUND)
		return 0;
	if (r == 0)
		r = tags_of(c, m.arn, &tags, &ours, &why);
	if (r < 0)
		return err_copy(err, &why);
	if (!ours)
		return 0;
	if (json_array_append_new(models, json_pack("{s:s, s:s*, s:s*}", "name", name, "repository",
						    aws_tags_get(&tags, TAG_REPOSITORY), "tag",
						    aws_tags_get(&tags, TAG_VARIANT))) < 0)
		return err_nomem(err);
	return 0;
}

/* {"config": NAME or absent, "models": [{name, repository, tag}]} of an endpoint. */
static int collect(struct step_context *c, const char *config, json_t **ret, struct err *err)
{
	_cleanup_sagemaker_config_ struct sagemaker_config x = {0};
	_cleanup_aws_tags_ struct aws_tags tags = {0};
	json_auto_t *models = json_array();
	bool ours = false;
	struct err why = ERR_INIT;
	int r = sagemaker_describe_config(target_of(c)->aws, config, c->cancel, &x, &why);

	if (r == 0)
		r = tags_of(c, x.arn, &tags, &ours, &why);
	for (size_t i = 0; r == 0 && i < x.len; i++)
		r = *x.variants[i].model ? collect_model(c, x.variants[i].model, models, &why) : 0;
	if (r < 0 && r != E_NOTFOUND)
		return err_copy(err, &why);
	*ret = json_pack("{s:s*, s:O}", "config", ours ? config : NULL, "models", models);
	return *ret ? 0 : err_nomem(err);
}

/* --- for a deployment --- */

static int refuse_state(const struct sagemaker_endpoint *e, struct err *err)
{
	int r;

	if (e->status == SAGEMAKER_IN_SERVICE)
		return 0;
	r = err_set(err, E_INPUT, "the endpoint %s is %s%s%s: it cannot be updated", e->name,
		    sagemaker_status_name(e->status), *e->reason ? ", " : "", e->reason);
	err_set_hint(err, "undeploy it, then deploy again");
	return r;
}

static int refuse_existing(const char *app, struct err *err)
{
	int r = err_set(err, E_EXISTS, "there is an endpoint named %s already", app);

	err_set_hint(err, "deploy with the mode replace or add, or under another name");
	return r;
}

/* In mode create it need not have settled to be in the way, unless it is about to go. */
static int look_for_create(struct step_context *c, struct err *err)
{
	struct sagemaker_target *t = target_of(c);
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
	struct err why = ERR_INIT;
	int r = sagemaker_describe_endpoint(t->aws, t->local.request->app, c->cancel, &e, &why);

	if (r == E_NOTFOUND)
		return 0;
	if (r == 0 && e.status == SAGEMAKER_DELETING)
		return endpoint_gone(c, err);
	if (r == 0)
		return refuse_existing(t->local.request->app, err);
	return err_copy(err, &why);
}

static int tell_existing(struct step_context *c, const struct sagemaker_endpoint *e, json_t **ret,
			 struct err *err)
{
	json_t *old = NULL;
	int r = refuse_state(e, err);

	if (r == 0)
		r = collect(c, e->config, &old, err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:b, s:s, s:o, s:o}", "exists", true, "config", e->config, "weights",
			 endpoint_weights_json(e), "old", old);
	return *ret ? 0 : err_nomem(err);
}

int look_run(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
	_cleanup_free_ char *role = NULL;
	struct err why = ERR_INIT;
	int r = target_role(c, &role, err);

	(void)plan;
	if (r < 0)
		return r;
	if (target_of(c)->local.request->mode == MODE_CREATE) {
		r = look_for_create(c, err);
		if (r < 0)
			return r;
	} else {
		r = endpoint_settle(c, &e, NULL, &why);
		if (r == 0)
			return tell_existing(c, &e, ret, err);
		if (r != E_NOTFOUND)
			return err_copy(err, &why);
	}
	*ret = json_pack("{s:b}", "exists", false);
	return *ret ? 0 : err_nomem(err);
}

/* --- for its end --- */

int look_undeploy_run(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	struct aws_tag tag = {TAG_APP, target_of(c)->local.request->app};
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
	bool ours = false;
	int r = endpoint_settle(c, &e, NULL, err);

	(void)plan;
	if (r == 0)
		r = thing_there(c, &thing_endpoint, tag.value, &tag, &ours, err);
	if (r == E_EXISTS) {
		(void)err_set(err, E_INPUT, "the endpoint %s was not made by splice-kernel",
			      tag.value);
		err_set_hint(err, "delete it in the SageMaker console");
		return E_INPUT;
	}
	return r < 0 ? r : collect(c, e.config, ret, err);
}
