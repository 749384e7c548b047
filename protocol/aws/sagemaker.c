/* SageMaker by JSON 1.1: models, endpoints, tags.  Configurations are in sagemaker-config.c. */
#include "protocol/aws/sagemaker.h"

#include "base/str.h"
#include "protocol/aws/aws-int.h"

enum { TAG_PAGES_MAX = 20 };

/* Calls that answer nothing of interest.  Takes body. */
static int act(struct aws *a, const char *operation, json_t *body, struct cancel *cancel,
	       struct err *err)
{
	json_auto_t *j = NULL;

	return aws_json(a, AWS_SAGEMAKER, operation, AWS_ACTS, body, cancel, &j, err);
}

/* --- models --- */

void sagemaker_model_release(struct sagemaker_model *m)
{
	free(m->name);
	free(m->arn);
	free(m->image);
	*m = (struct sagemaker_model){0};
}

int sagemaker_create_model(struct aws *a, const struct sagemaker_model_new *model,
			   struct cancel *cancel, struct err *err)
{
	return act(a, "CreateModel",
		   json_pack("{s:s, s:s, s:{s:s}, s:o}", "ModelName", model->name,
			     "ExecutionRoleArn", model->role, "PrimaryContainer", "Image",
			     model->image, "Tags", aws_tags_json(model->tags, model->n_tags)),
		   cancel, err);
}

int sagemaker_describe_model(struct aws *a, const char *name, struct cancel *cancel,
			     struct sagemaker_model *ret, struct err *err)
{
	_cleanup_sagemaker_model_ struct sagemaker_model m = {0};
	json_auto_t *j = NULL;
	int r = aws_json(a, AWS_SAGEMAKER, "DescribeModel", AWS_READS,
			 json_pack("{s:s}", "ModelName", name), cancel, &j, err);

	if (r == 0)
		r = aws_take_str(j, "ModelName", &m.name, err);
	if (r == 0)
		r = aws_take_str(j, "ModelArn", &m.arn, err);
	if (r == 0)
		r = aws_take_str_opt(json_object_get(j, "PrimaryContainer"), "Image", &m.image,
				     err);
	if (r < 0)
		return r;
	*ret = m;
	m = (struct sagemaker_model){0};
	return 0;
}

int sagemaker_delete_model(struct aws *a, const char *name, struct cancel *cancel, struct err *err)
{
	return act(a, "DeleteModel", json_pack("{s:s}", "ModelName", name), cancel, err);
}

/* --- endpoints --- */

static const char *const status_names[] = {
	[SAGEMAKER_CREATING] = "Creating",
	[SAGEMAKER_UPDATING] = "Updating",
	[SAGEMAKER_SYSTEM_UPDATING] = "SystemUpdating",
	[SAGEMAKER_ROLLING_BACK] = "RollingBack",
	[SAGEMAKER_IN_SERVICE] = "InService",
	[SAGEMAKER_OUT_OF_SERVICE] = "OutOfService",
	[SAGEMAKER_DELETING] = "Deleting",
	[SAGEMAKER_FAILED] = "Failed",
	[SAGEMAKER_ROLLBACK_FAILED] = "UpdateRollbackFailed",
	[SAGEMAKER_UNKNOWN] = "in a state that is not known here",
};

const char *sagemaker_status_name(enum sagemaker_status status)
{
	return status_names[status];
}

bool sagemaker_status_passes(enum sagemaker_status status)
{
	return status <= SAGEMAKER_ROLLING_BACK || status == SAGEMAKER_DELETING;
}

static enum sagemaker_status parse_status(const char *text)
{
	enum sagemaker_status s = 0;

	while (s < SAGEMAKER_UNKNOWN && !str_eq(text, status_names[s]))
		s++;
	return s;
}

void sagemaker_endpoint_release(struct sagemaker_endpoint *e)
{
	for (size_t i = 0; i < e->len; i++)
		free(e->variants[i].variant);
	free(e->variants);
	free(e->name);
	free(e->arn);
	free(e->config);
	free(e->reason);
	*e = (struct sagemaker_endpoint){0};
}

/* What a description says of a variant's traffic.  An absent number is a serverless variant's. */
static int take_traffic(const json_t *list, struct sagemaker_endpoint *e, struct err *err)
{
	const json_t *v;
	size_t i;

	e->variants = calloc(json_array_size(list) + 1, sizeof(*e->variants));
	if (!e->variants)
		return err_nomem(err);
	json_array_foreach (list, i, v) {
		struct sagemaker_traffic *t = &e->variants[e->len++];
		int r = aws_take_str(v, "VariantName", &t->variant, err);

		if (r < 0)
			return r;
		t->weight = json_number_value(json_object_get(v, "CurrentWeight"));
		t->desired_weight = json_number_value(json_object_get(v, "DesiredWeight"));
		t->instances = (int)json_get_int(v, "CurrentInstanceCount", 0);
		t->desired_instances = (int)json_get_int(v, "DesiredInstanceCount", 0);
	}
	return 0;
}

static int take_endpoint(const json_t *j, struct sagemaker_endpoint *e, struct err *err)
{
	int r = aws_take_str(j, "EndpointName", &e->name, err);

	if (r == 0)
		r = aws_take_str(j, "EndpointArn", &e->arn, err);
	/* A failed one may have no configuration any more. */
	if (r == 0)
		r = aws_take_str_opt(j, "EndpointConfigName", &e->config, err);
	if (r == 0)
		r = aws_take_str_opt(j, "FailureReason", &e->reason, err);
	e->status = parse_status(json_get_str(j, "EndpointStatus", ""));
	return r < 0 ? r : take_traffic(json_object_get(j, "ProductionVariants"), e, err);
}

int sagemaker_create_endpoint(struct aws *a, const char *name, const char *config,
			      const struct aws_tag *tags, size_t n, struct cancel *cancel,
			      struct err *err)
{
	return act(a, "CreateEndpoint",
		   json_pack("{s:s, s:s, s:o}", "EndpointName", name, "EndpointConfigName", config,
			     "Tags", aws_tags_json(tags, n)),
		   cancel, err);
}

int sagemaker_describe_endpoint(struct aws *a, const char *name, struct cancel *cancel,
				struct sagemaker_endpoint *ret, struct err *err)
{
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
	json_auto_t *j = NULL;
	int r = aws_json(a, AWS_SAGEMAKER, "DescribeEndpoint", AWS_READS,
			 json_pack("{s:s}", "EndpointName", name), cancel, &j, err);

	if (r == 0)
		r = take_endpoint(j, &e, err);
	if (r < 0)
		return r;
	*ret = e;
	e = (struct sagemaker_endpoint){0};
	return 0;
}

int sagemaker_update_endpoint(struct aws *a, const char *name, const char *config,
			      struct cancel *cancel, struct err *err)
{
	return act(a, "UpdateEndpoint",
		   json_pack("{s:s, s:s}", "EndpointName", name, "EndpointConfigName", config),
		   cancel, err);
}

int sagemaker_delete_endpoint(struct aws *a, const char *name, struct cancel *cancel,
			      struct err *err)
{
	return act(a, "DeleteEndpoint", json_pack("{s:s}", "EndpointName", name), cancel, err);
}

int sagemaker_update_weights(struct aws *a, const char *endpoint,
			     const struct sagemaker_weight *weights, size_t n,
			     struct cancel *cancel, struct err *err)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(list,
					  json_pack("{s:s, s:f}", "VariantName", weights[i].variant,
						    "DesiredWeight", weights[i].weight)) < 0) {
			json_decref(list);
			return err_nomem(err);
		}
	return act(a, "UpdateEndpointWeightsAndCapacities",
		   json_pack("{s:s, s:o}", "EndpointName", endpoint, "DesiredWeightsAndCapacities",
			     list),
		   cancel, err);
}

void sagemaker_names_release(struct sagemaker_names *n)
{
	struct strv v = {.items = n->items, .len = n->len};

	strv_release(&v);
	*n = (struct sagemaker_names){0};
}

int sagemaker_list_endpoints(struct aws *a, const char *contains, struct cancel *cancel,
			     struct sagemaker_names *ret, struct err *err)
{
	_cleanup_strv_ struct strv names = {0};
	json_auto_t *j = NULL;
	const json_t *e;
	size_t i;
	int r = aws_json(a, AWS_SAGEMAKER, "ListEndpoints", AWS_READS,
			 json_pack("{s:s*, s:s, s:s, s:i}", "NameContains", contains, "SortBy",
				   "CreationTime", "SortOrder", "Descending", "MaxResults", 100),
			 cancel, &j, err);

	if (r < 0)
		return r;
	json_array_foreach (json_object_get(j, "Endpoints"), i, e)
		if (strv_add(&names, json_get_str(e, "EndpointName", ""), err) < 0)
			return E_NOMEM;
	*ret = (struct sagemaker_names){.items = names.items, .len = names.len};
	names = (struct strv){0};
	return 0;
}

/* --- tags --- */

int sagemaker_list_tags(struct aws *a, const char *arn, struct cancel *cancel, struct aws_tags *ret,
			struct err *err)
{
	_cleanup_aws_tags_ struct aws_tags tags = {0};
	_cleanup_free_ char *next = NULL;

	for (int page = 0; page < TAG_PAGES_MAX; page++) {
		json_auto_t *j = NULL;
		int r = aws_json(a, AWS_SAGEMAKER, "ListTags", AWS_READS,
				 json_pack("{s:s, s:s*}", "ResourceArn", arn, "NextToken", next),
				 cancel, &j, err);

		if (r == 0)
			r = aws_tags_take(&tags, json_object_get(j, "Tags"), err);
		if (r == 0)
			r = str_replace(&next, json_get_str(j, "NextToken", NULL), err);
		if (r < 0)
			return r;
		if (!next)
			break;
	}
	*ret = tags;
	tags = (struct aws_tags){0};
	return 0;
}

int sagemaker_add_tags(struct aws *a, const char *arn, const struct aws_tag *tags, size_t n,
		       struct cancel *cancel, struct err *err)
{
	return act(a, "AddTags",
		   json_pack("{s:s, s:o}", "ResourceArn", arn, "Tags", aws_tags_json(tags, n)),
		   cancel, err);
}
