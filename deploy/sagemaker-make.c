/* The model and the endpoint's configuration. */
#include "deploy/sagemaker-int.h"

#include "base/str.h"

#include <string.h>

static int plan_name(struct step_context *c, const char *suffix, json_t **ret, struct err *err)
{
	_cleanup_free_ char *name = target_name(c, suffix);

	*ret = name ? json_pack("{s:s}", "name", name) : NULL;
	return *ret ? 0 : err_nomem(err);
}

static int undo_name(struct step_context *c, const struct thing *thing, const json_t *plan,
		     struct err *err)
{
	struct aws_tag tag = {TAG_DEPLOYMENT, target_token(c)};

	return thing_remove(c, thing, json_get_str(plan, "name", ""), &tag, err);
}

/* --- model --- */

int model_plan(struct step_context *c, json_t **ret, struct err *err)
{
	return plan_name(c, "-model", ret, err);
}

static int create_model(struct step_context *c, const char *name, void *userdata, struct err *err)
{
	_cleanup_free_ char *role = NULL;
	struct own_tags tags;
	struct sagemaker_model_new m = {.name = name,
					.image = json_get_str(step_result(c, "image"), "uri", "")};
	int r = target_role(c, &role, err);

	(void)userdata;
	if (r < 0)
		return r;
	target_tags(c, &tags);
	m.role = role;
	m.tags = tags.items;
	m.n_tags = tags.len;
	return sagemaker_create_model(target_of(c)->aws, &m, c->cancel, err);
}

int model_run(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	(void)ret;
	return thing_make(c, &thing_model, json_get_str(plan, "name", ""), create_model, NULL, err);
}

int model_undo(struct step_context *c, const json_t *plan, const json_t *result, struct err *err)
{
	(void)result;
	return undo_name(c, &thing_model, plan, err);
}

/* --- configuration --- */

int config_plan(struct step_context *c, json_t **ret, struct err *err)
{
	return plan_name(c, "-config", ret, err);
}

/* The endpoint and its configuration, which the new one follows. */
struct before {
	struct sagemaker_endpoint endpoint;
	struct sagemaker_config config;
	struct aws_tags tags; /* of config */
};

static void before_release(struct before *b)
{
	sagemaker_endpoint_release(&b->endpoint);
	sagemaker_config_release(&b->config);
	aws_tags_release(&b->tags);
}

static int read_before(struct step_context *c, const char *config, struct before *b,
		       struct err *err)
{
	struct sagemaker_target *t = target_of(c);
	int r = sagemaker_describe_endpoint(t->aws, t->local.request->app, c->cancel, &b->endpoint,
					    err);

	if (r == 0)
		r = sagemaker_describe_config(t->aws, config, c->cancel, &b->config, err);
	if (r == 0)
		r = sagemaker_list_tags(t->aws, b->config.arn, c->cancel, &b->tags, err);
	if (r == E_NOTFOUND || (r == 0 && !str_eq(b->endpoint.config, config))) {
		r = err_set(err, E_EXISTS, "the endpoint was changed by somebody else meanwhile");
		err_set_hint(err, "try again");
	}
	return r;
}

struct variants {
	struct sagemaker_variant_new items[VARIANTS_MAX];
	size_t len;
};

/* What is behind the endpoint, with the weights and counts that it has come to. */
static int keep_variants(const struct before *b, struct variants *v, struct err *err)
{
	if (b->config.len >= VARIANTS_MAX) {
		int r = err_set(err, E_INPUT, "the endpoint has %zu variants, as many as may be",
				b->config.len);

		err_set_hint(err, "deploy with the mode replace");
		return r;
	}
	for (size_t i = 0; i < b->config.len; i++) {
		struct sagemaker_variant_new *x = &v->items[v->len++];

		*x = (struct sagemaker_variant_new){.of = &b->config,
						    .index = i,
						    .weight = b->config.variants[i].weight};
		for (size_t k = 0; k < b->endpoint.len; k++) {
			const struct sagemaker_traffic *now = &b->endpoint.variants[k];

			if (!str_eq(now->variant, b->config.variants[i].name))
				continue;
			x->weight = now->weight;
			x->instances = now->instances;
		}
	}
	return 0;
}

/* Ours, and those of the configuration before that somebody else gave it. */
static size_t merge_tags(const struct own_tags *own, const struct aws_tags *old,
			 struct aws_tag dst[TAGS_MAX])
{
	size_t n = 0;

	for (; n < own->len; n++)
		dst[n] = own->items[n];
	for (size_t i = 0; i < old->len && n < TAGS_MAX; i++)
		if (!str_starts(old->items[i].key, TAG_PREFIX) &&
		    !str_starts_ci(old->items[i].key, "aws:"))
			dst[n++] = (struct aws_tag){old->items[i].key, old->items[i].value};
	return n;
}

static int create_config(struct step_context *c, const char *name, void *userdata, struct err *err)
{
	const struct request *q = target_of(c)->local.request;
	const struct before *b = userdata; /* NULL: there was none */
	struct variants variants = {0};
	struct aws_tag tags[TAGS_MAX];
	struct own_tags own;
	struct sagemaker_config_new config = {.name = name,
					      .variants = variants.items,
					      .tags = tags};
	bool add = b && q->mode == MODE_ADD;
	int r = add ? keep_variants(b, &variants, err) : 0;

	if (r < 0)
		return r;
	target_tags(c, &own);
	variants.items[variants.len++] = (struct sagemaker_variant_new){
		.name = own.variant,
		.model = json_get_str(step_plan(c, "model"), "name", ""),
		.instance_type = q->instance_type,
		.instances = q->instance_count,
		.weight = add ? q->weight : 1,
	};
	config.n_variants = variants.len;
	config.like = b ? &b->config : NULL;
	config.n_tags = merge_tags(&own, b ? &b->tags : &(struct aws_tags){0}, tags);
	return sagemaker_create_config(target_of(c)->aws, &config, c->cancel, err);
}

int config_run(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	const json_t *seen = step_result(c, "look");
	bool exists = json_get_bool(seen, "exists", false);
	_cleanup_(before_release) struct before b = {0};
	int r = exists ? read_before(c, json_get_str(seen, "config", ""), &b, err) : 0;

	(void)ret;
	if (r < 0)
		return r;
	return thing_make(c, &thing_config, json_get_str(plan, "name", ""), create_config,
			  exists ? &b : NULL, err);
}

int config_undo(struct step_context *c, const json_t *plan, const json_t *result, struct err *err)
{
	(void)result;
	return undo_name(c, &thing_config, plan, err);
}
