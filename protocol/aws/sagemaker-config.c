/*
 * Endpoint configurations.  One cannot be changed, only followed by another;
 * what follows keeps every setting of the one before that is not replaced on
 * purpose, known here or not.
 */
#include "protocol/aws/sagemaker.h"

#include "base/str.h"
#include "protocol/aws/aws-int.h"

/* --- what is there --- */

void sagemaker_config_release(struct sagemaker_config *c)
{
	for (size_t i = 0; i < c->len; i++) {
		free(c->variants[i].name);
		free(c->variants[i].model);
		free(c->variants[i].instance_type);
	}
	free(c->variants);
	free(c->name);
	free(c->arn);
	json_decref(c->raw);
	*c = (struct sagemaker_config){0};
}

static int take_variants(const json_t *list, struct sagemaker_config *c, struct err *err)
{
	const json_t *v;
	size_t i;

	c->variants = calloc(json_array_size(list) + 1, sizeof(*c->variants));
	if (!c->variants)
		return err_nomem(err);
	json_array_foreach (list, i, v) {
		struct sagemaker_variant *x = &c->variants[c->len++];
		int r = aws_take_str(v, "VariantName", &x->name, err);

		/* Inference components have variants without a model. */
		if (r == 0)
			r = aws_take_str_opt(v, "ModelName", &x->model, err);
		if (r == 0)
			r = aws_take_str_opt(v, "InstanceType", &x->instance_type, err);
		if (r < 0)
			return r;
		x->instances = (int)json_get_int(v, "InitialInstanceCount", 0);
		x->weight = json_number_value(json_object_get(v, "InitialVariantWeight"));
	}
	return 0;
}

int sagemaker_describe_config(struct aws *a, const char *name, struct cancel *cancel,
			      struct sagemaker_config *ret, struct err *err)
{
	_cleanup_sagemaker_config_ struct sagemaker_config c = {0};
	int r = aws_json(a, AWS_SAGEMAKER, "DescribeEndpointConfig", AWS_READS,
			 json_pack("{s:s}", "EndpointConfigName", name), cancel, &c.raw, err);

	if (r == 0)
		r = aws_take_str(c.raw, "EndpointConfigName", &c.name, err);
	if (r == 0)
		r = aws_take_str(c.raw, "EndpointConfigArn", &c.arn, err);
	if (r == 0)
		r = take_variants(json_object_get(c.raw, "ProductionVariants"), &c, err);
	if (r < 0)
		return r;
	*ret = c;
	c = (struct sagemaker_config){0};
	return 0;
}

int sagemaker_delete_config(struct aws *a, const char *name, struct cancel *cancel, struct err *err)
{
	json_auto_t *j = NULL;

	return aws_json(a, AWS_SAGEMAKER, "DeleteEndpointConfig", AWS_ACTS,
			json_pack("{s:s}", "EndpointConfigName", name), cancel, &j, err);
}

/* --- what is to be --- */

static json_t *new_variant(const struct sagemaker_variant_new *v)
{
	return json_pack("{s:s, s:s, s:s, s:i, s:f}", "VariantName", v->name, "ModelName", v->model,
			 "InstanceType", v->instance_type, "InitialInstanceCount", v->instances,
			 "InitialVariantWeight", v->weight);
}

/* A variant of another configuration with the numbers that it has come to; NULL: out of memory. */
static json_t *kept_variant(const struct sagemaker_variant_new *v)
{
	const json_t *list = json_object_get(v->of->raw, "ProductionVariants");
	json_t *copy = json_deep_copy(json_array_get(list, v->index));
	bool counted = copy && json_object_get(copy, "InitialInstanceCount");

	if (copy && json_object_set_new(copy, "InitialVariantWeight", json_real(v->weight)) == 0 &&
	    (!v->instances || !counted ||
	     json_object_set_new(copy, "InitialInstanceCount", json_integer(v->instances)) == 0))
		return copy;
	json_decref(copy);
	return NULL;
}

static json_t *variants_json(const struct sagemaker_config_new *config)
{
	json_t *list = json_array();

	for (size_t i = 0; i < config->n_variants; i++) {
		const struct sagemaker_variant_new *v = &config->variants[i];

		if (json_array_append_new(list, v->of ? kept_variant(v) : new_variant(v)) < 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* A description less what describes that one alone. */
static json_t *settings_of(const struct sagemaker_config *like)
{
	static const char *const own[] = {"EndpointConfigName", "EndpointConfigArn", "CreationTime",
					  "ProductionVariants", "ShadowProductionVariants"};
	json_t *copy = like ? json_deep_copy(like->raw) : json_object();
	const char *key;
	json_t *value;
	void *next;

	for (size_t i = 0; copy && i < ARRAY_LEN(own); i++)
		(void)json_object_del(copy, own[i]);
	json_object_foreach_safe(copy, next, key, value) if (json_is_null(value))(void)
		json_object_del(copy, key);
	return copy;
}

int sagemaker_create_config(struct aws *a, const struct sagemaker_config_new *config,
			    struct cancel *cancel, struct err *err)
{
	json_auto_t *j = NULL;
	json_t *body = settings_of(config->like);

	if (json_object_set_new(body, "EndpointConfigName", json_string(config->name)) < 0 ||
	    json_object_set_new(body, "ProductionVariants", variants_json(config)) < 0 ||
	    json_object_set_new(body, "Tags", aws_tags_json(config->tags, config->n_tags)) < 0) {
		json_decref(body);
		return err_nomem(err);
	}
	return aws_json(a, AWS_SAGEMAKER, "CreateEndpointConfig", AWS_ACTS, body, cancel, &j, err);
}
