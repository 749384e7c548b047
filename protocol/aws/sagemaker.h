/*
 * Amazon SageMaker, API version 2017-07-24: models, endpoint configurations,
 * endpoints, tags.
 *
 * E_NOTFOUND for what is not there (SageMaker says "Could not find …"),
 * E_EXISTS for what is; E_EXISTS named EndpointInProgress for a change to an
 * endpoint that is being created or updated.
 */
#ifndef PROTOCOL_AWS_SAGEMAKER_H
#define PROTOCOL_AWS_SAGEMAKER_H

#include "base/json.h"
#include "protocol/aws/aws.h"

enum { SAGEMAKER_NAME_MAX = 63 }; /* [a-zA-Z0-9](-*[a-zA-Z0-9])* of models, configurations … */

/* --- models --- */

struct sagemaker_model_new {
	const char *name;
	const char *image; /* by digest */
	const char *role;  /* ARN of the execution role */
	const struct aws_tag *tags;
	size_t n_tags;
};

/* `{0}` is empty; texts are owned. */
struct sagemaker_model {
	char *name, *arn, *image; /* image is "" for models of several containers */
};
void sagemaker_model_release(struct sagemaker_model *m);
#define _cleanup_sagemaker_model_ _cleanup_(sagemaker_model_release)

int sagemaker_create_model(struct aws *a, const struct sagemaker_model_new *model,
			   struct cancel *cancel, struct err *err) _must_check_;
int sagemaker_describe_model(struct aws *a, const char *name, struct cancel *cancel,
			     struct sagemaker_model *ret, struct err *err) _must_check_;
int sagemaker_delete_model(struct aws *a, const char *name, struct cancel *cancel,
			   struct err *err) _must_check_;

/* --- endpoint configurations --- */

/* `{0}` is empty; owned. */
struct sagemaker_variant {
	char *name, *model, *instance_type;
	int instances; /* at first; 0 for a serverless one */
	double weight; /* at first */
};
struct sagemaker_config {
	char *name, *arn;
	struct sagemaker_variant *variants;
	size_t len;
	json_t *raw; /* as told: settings that this program does not know are kept from it */
};
void sagemaker_config_release(struct sagemaker_config *c);
#define _cleanup_sagemaker_config_ _cleanup_(sagemaker_config_release)

int sagemaker_describe_config(struct aws *a, const char *name, struct cancel *cancel,
			      struct sagemaker_config *ret, struct err *err) _must_check_;

/* A variant to be: one of another configuration with other numbers, or a new one. */
struct sagemaker_variant_new {
	const struct sagemaker_config *of; /* with `index`: keep its settings; NULL: a new one */
	size_t index;
	const char *name, *model, *instance_type; /* of a new one */
	int instances;                            /* 0: as they are */
	double weight;
};
struct sagemaker_config_new {
	const char *name;
	/* All but name and variants is kept from it: data capture, asynchronous inference, keys;
	 * NULL: nothing is. */
	const struct sagemaker_config *like;
	const struct sagemaker_variant_new *variants;
	size_t n_variants;
	const struct aws_tag *tags;
	size_t n_tags;
};
int sagemaker_create_config(struct aws *a, const struct sagemaker_config_new *config,
			    struct cancel *cancel, struct err *err) _must_check_;
/* Never one that an endpoint uses: SageMaker does not keep one from it. */
int sagemaker_delete_config(struct aws *a, const char *name, struct cancel *cancel,
			    struct err *err) _must_check_;

/* --- endpoints --- */

enum sagemaker_status {
	SAGEMAKER_CREATING,
	SAGEMAKER_UPDATING,
	SAGEMAKER_SYSTEM_UPDATING,
	SAGEMAKER_ROLLING_BACK,
	SAGEMAKER_IN_SERVICE,
	SAGEMAKER_OUT_OF_SERVICE,
	SAGEMAKER_DELETING,
	SAGEMAKER_FAILED,
	SAGEMAKER_ROLLBACK_FAILED,
	SAGEMAKER_UNKNOWN, /* one that is newer than this program */
};
/* "InService", …; never NULL. */
const char *sagemaker_status_name(enum sagemaker_status status);
/* Whether it will end in another one by itself. */
bool sagemaker_status_passes(enum sagemaker_status status);

struct sagemaker_traffic {
	char *variant;
	double weight, desired_weight;
	int instances, desired_instances;
};
/* `{0}` is empty; owned. */
struct sagemaker_endpoint {
	char *name, *arn, *config;
	enum sagemaker_status status;
	char *reason; /* of a failure; "" */
	struct sagemaker_traffic *variants;
	size_t len;
};
void sagemaker_endpoint_release(struct sagemaker_endpoint *e);
#define _cleanup_sagemaker_endpoint_ _cleanup_(sagemaker_endpoint_release)

int sagemaker_create_endpoint(struct aws *a, const char *name, const char *config,
			      const struct aws_tag *tags, size_t n, struct cancel *cancel,
			      struct err *err) _must_check_;
int sagemaker_describe_endpoint(struct aws *a, const char *name, struct cancel *cancel,
				struct sagemaker_endpoint *ret, struct err *err) _must_check_;
int sagemaker_update_endpoint(struct aws *a, const char *name, const char *config,
			      struct cancel *cancel, struct err *err) _must_check_;
int sagemaker_delete_endpoint(struct aws *a, const char *name, struct cancel *cancel,
			      struct err *err) _must_check_;

struct sagemaker_weight {
	const char *variant;
	double weight;
};
int sagemaker_update_weights(struct aws *a, const char *endpoint,
			     const struct sagemaker_weight *weights, size_t n,
			     struct cancel *cancel, struct err *err) _must_check_;

/* One page of those whose name contains the text, newest first. */
struct sagemaker_names {
	char **items; /* NULL-terminated */
	size_t len;
};
void sagemaker_names_release(struct sagemaker_names *n);
#define _cleanup_sagemaker_names_ _cleanup_(sagemaker_names_release)
int sagemaker_list_endpoints(struct aws *a, const char *contains, struct cancel *cancel,
			     struct sagemaker_names *ret, struct err *err) _must_check_;

/* --- tags, of any of these by ARN --- */

int sagemaker_list_tags(struct aws *a, const char *arn, struct cancel *cancel, struct aws_tags *ret,
			struct err *err) _must_check_;
int sagemaker_add_tags(struct aws *a, const char *arn, const struct aws_tag *tags, size_t n,
		       struct cancel *cancel, struct err *err) _must_check_;

#endif
