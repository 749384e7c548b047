/* The target, its tables of steps, and what all steps share. */
#include "deploy/sagemaker-int.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/str.h"
#include "deploy/local-int.h"
#include "protocol/aws/iam.h"

#include <string.h>

enum { POLL_MS = 5000, TIMEOUT_MS = 30 * 60 * 1000, GRACE_MS = 20000, SAY_MS = 60000 };

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
	{"package", "Fetching the model", false, local_plan_package, local_package,
	 local_undo_package},
	{"parity", "Comparing with Spark's answers", false, NULL, local_parity, NULL},
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

/* Errors that leave open whether the call acted. */
static bool may_have_acted(int r)
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

/* --- the endpoint --- */

struct watch {
	int64_t end, said;
	enum sagemaker_status status;
};

static void watch_begin(struct step_context *c, struct watch *w)
{
	*w = (struct watch){.end = clock_ms() + target_of(c)->o.timeout_ms,
			    .said = clock_ms(),
			    .status = SAGEMAKER_UNKNOWN};
}

/* Say a new state, or now and then that it lasts; then sleep until the next look. */
static int watch_sleep(struct step_context *c, struct watch *w, enum sagemaker_status status,
		       struct err *err)
{
	const struct sagemaker_options *o = &target_of(c)->o;
	int64_t now = clock_ms();

	if (now >= w->end) {
		int r = err_set(err, E_TIMEOUT, "the endpoint %s is still %s after %d min",
				target_of(c)->local.request->app, sagemaker_status_name(status),
				o->timeout_ms / 60000);

		err_set_hint(err, "look at the endpoint in the SageMaker console and at its log "
				  "group /aws/sagemaker/Endpoints");
		return r;
	}
	if (status != w->status || now - w->said >= SAY_MS) {
		step_say(c, "the endpoint is %s", sagemaker_status_name(status));
		w->said = now;
	}
	w->status = status;
	return backoff_sleep(o->poll_ms, c->cancel, err);
}

int endpoint_settle(struct step_context *c, struct sagemaker_endpoint *ret, bool *ret_waited,
		    struct err *err)
{
	struct sagemaker_target *t = target_of(c);
	struct watch w;

	watch_begin(c, &w);
	for (;;) {
		_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
		int r = sagemaker_describe_endpoint(t->aws, t->local.request->app, c->cancel, &e,
						    err);

		if (r == 0 && !sagemaker_status_passes(e.status)) {
			*ret = e;
			e = (struct sagemaker_endpoint){0};
			return 0;
		}
		if (r == 0)
			r = watch_sleep(c, &w, e.status, err);
		if (r < 0)
			return r;
		if (ret_waited)
			*ret_waited = true;
	}
}

int endpoint_gone(struct step_context *c, struct err *err)
{
	struct sagemaker_target *t = target_of(c);
	struct err why = ERR_INIT;
	struct watch w;
	int r;

	watch_begin(c, &w);
	do {
		_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};

		r = sagemaker_describe_endpoint(t->aws, t->local.request->app, c->cancel, &e, &why);
		if (r == 0)
			r = watch_sleep(c, &w, e.status, &why);
	} while (r == 0);
	if (r == E_NOTFOUND)
		return 0;
	return err_copy(err, &why);
}

/* Whether the endpoint goes to a configuration, or is there. */
static int is_changing(struct step_context *c, const char *config, bool *ret, struct err *err)
{
	struct sagemaker_target *t = target_of(c);
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
	int r = sagemaker_describe_endpoint(t->aws, t->local.request->app, c->cancel, &e, err);

	if (r == 0)
		*ret = str_eq(e.config, config) || e.status == SAGEMAKER_UPDATING;
	return r;
}

int endpoint_change(struct step_context *c, const char *config, struct err *err)
{
	struct sagemaker_target *t = target_of(c);
	struct err why = ERR_INIT;
	bool changing = false;
	int r = sagemaker_update_endpoint(t->aws, t->local.request->app, config, c->cancel, &why);

	if (r == E_CLOSED || r == E_TIMEOUT) {
		int looked = is_changing(c, config, &changing, err);

		if (looked < 0 || changing)
			return looked;
	}
	return r < 0 ? err_copy(err, &why) : r;
}

json_t *endpoint_weights_json(const struct sagemaker_endpoint *e)
{
	json_t *list = json_array();

	for (size_t i = 0; i < e->len; i++)
		if (json_array_append_new(list,
					  json_pack("{s:s, s:f}", "variant", e->variants[i].variant,
						    "weight", e->variants[i].weight)) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

static size_t read_weights(const json_t *list, struct sagemaker_weight *dst)
{
	const json_t *item;
	size_t i, n = 0;

	json_array_foreach (list, i, item)
		if (n < VARIANTS_MAX)
			dst[n++] = (struct sagemaker_weight){
				.variant = json_get_str(item, "variant", ""),
				.weight = json_number_value(json_object_get(item, "weight"))};
	return n;
}

static bool weights_hold(const struct sagemaker_endpoint *e, const struct sagemaker_weight *w,
			 size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool holds = false;

		for (size_t k = 0; k < e->len; k++)
			holds |= str_eq(e->variants[k].variant, w[i].variant) &&
				 (float)e->variants[k].weight == (float)w[i].weight;
		if (!holds)
			return false;
	}
	return true;
}

int endpoint_weights(struct step_context *c, const json_t *list, struct err *err)
{
	struct sagemaker_target *t = target_of(c);
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint before = {0}, after = {0};
	struct sagemaker_weight w[VARIANTS_MAX];
	size_t n = read_weights(list, w);
	struct err why = ERR_INIT;
	int acted, r = endpoint_settle(c, &before, NULL, err);

	if (r < 0 || weights_hold(&before, w, n))
		return r;
	acted = sagemaker_update_weights(t->aws, before.name, w, n, c->cancel, &why);
	if (acted < 0 && !may_have_acted(acted))
		return err_copy(err, &why);
	r = endpoint_settle(c, &after, NULL, err);
	if (r < 0 || weights_hold(&after, w, n))
		return r;
	if (acted < 0)
		return err_copy(err, &why);
	r = err_set(err, E_SERVER, "the endpoint is %s, and its weights are not as wanted%s%s",
		    sagemaker_status_name(after.status), *after.reason ? ": " : "", after.reason);
	err_set_hint(err, "somebody else may have changed it; try again");
	return r;
}
