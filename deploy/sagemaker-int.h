/*
 * Between the files of the target SageMaker: what is tagged how, making and
 * removing so that both may be repeated, waiting for an endpoint.
 */
#ifndef DEPLOY_SAGEMAKER_INT_H
#define DEPLOY_SAGEMAKER_INT_H

#include "deploy/sagemaker.h"
#include "protocol/aws/sagemaker.h"

#define TAG_APP "splice:app"
#define TAG_DEPLOYMENT "splice:deployment" /* the token of the deployment that made it */
#define TAG_VARIANT "splice:variant"       /* also the image's tag in its repository */
#define TAG_REPOSITORY "splice:repository"
#define TAG_PREFIX "splice:"

enum { VARIANTS_MAX = 10, TAGS_MAX = 50, OWN_TAGS_MAX = 8, TOKEN_SIZE = 33, SUFFIX_MAX = 7 };

struct own_tags {
	struct aws_tag items[OWN_TAGS_MAX];
	size_t len;
	char job[24];
	char variant[VARIANT_NAME_MAX + 1];
};

static inline struct sagemaker_target *target_of(struct step_context *c)
{
	return c->userdata;
}

/* The token that `look` planned; "" before. */
const char *target_token(const struct step_context *c);
/* The run's experiment, once it is known; "" before. */
const char *target_experiment(const struct step_context *c);
/* What everything of this deployment is tagged with; *ret must stay where it is. */
void target_tags(struct step_context *c, struct own_tags *ret);
/* The variant's name, with a suffix of up to SUFFIX_MAX; the caller frees. */
char *target_name(struct step_context *c, const char *suffix);
/* The execution role's ARN; looked up when the setting is a name.  The caller frees. */
int target_role(struct step_context *c, char **ret, struct err *err) _must_check_;

/* --- things that are made and removed --- */

struct thing {
	const char *word; /* "model" */
	/* E_NOTFOUND.  The caller frees. */
	int (*arn)(struct aws *a, const char *name, struct cancel *cancel, char **ret,
		   struct err *err);
	int (*remove)(struct aws *a, const char *name, struct cancel *cancel, struct err *err);
};
extern const struct thing thing_model, thing_config, thing_endpoint;

/* Whether it is there with this tag; E_EXISTS when it is there without. */
int thing_there(struct step_context *c, const struct thing *thing, const char *name,
		const struct aws_tag *tag, bool *ret, struct err *err) _must_check_;
/*
 * Make it unless it is there with this deployment's token; a creation whose
 * answer was lost is looked at.  E_EXISTS when it is somebody else's.
 */
int thing_make(struct step_context *c, const struct thing *thing, const char *name,
	       int (*create)(struct step_context *c, const char *name, void *userdata,
			     struct err *err),
	       void *userdata, struct err *err) _must_check_;
/* Remove it if it is there and has the tag. */
int thing_remove(struct step_context *c, const struct thing *thing, const char *name,
		 const struct aws_tag *tag, struct err *err) _must_check_;

/* Errors that leave open whether a call acted. */
bool may_have_acted(int r);

/* --- the endpoint --- */

/*
 * Wait until it is in no state that passes; *ret_waited (may be NULL) becomes
 * true when it was.  E_NOTFOUND, E_TIMEOUT.
 */
int endpoint_settle(struct step_context *c, struct sagemaker_endpoint *ret, bool *ret_waited,
		    struct err *err) _must_check_;
/* The same until it is gone. */
int endpoint_gone(struct step_context *c, struct err *err) _must_check_;
/* UpdateEndpoint whose answer may be lost: 0 once it is under way or done. */
int endpoint_change(struct step_context *c, const char *config, struct err *err) _must_check_;
/* Set the weights that a JSON list of {variant, weight} says, unless they are so; wait. */
int endpoint_weights(struct step_context *c, const json_t *list, struct err *err) _must_check_;
/* Such a list of what is; new. */
json_t *endpoint_weights_json(const struct sagemaker_endpoint *e);

/* --- steps, by file --- */

typedef int step_plan_fn(struct step_context *c, json_t **ret, struct err *err);
typedef int step_run_fn(struct step_context *c, const json_t *plan, json_t **ret, struct err *err);
typedef int step_undo_fn(struct step_context *c, const json_t *plan, const json_t *result,
			 struct err *err);

step_plan_fn look_plan, image_plan, model_plan, config_plan, endpoint_plan, traffic_plan;
step_run_fn look_run, look_undeploy_run, image_run, model_run, config_run, endpoint_run, wait_run,
	tidy_run, remove_run, traffic_run;
step_undo_fn image_undo, model_undo, config_undo, endpoint_undo, traffic_undo;

#endif
