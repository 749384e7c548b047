/*
 * The target SageMaker: what a deployment makes there, as steps of
 * deploy/steps.h, for its three kinds of jobs.
 *
 *   deploy    look      the endpoint as it is; refuses what cannot work before anything is made
 *             image     build, push to ECR (the repository is made when it is not there)
 *             model     CreateModel
 *             config    CreateEndpointConfig: with `add` and `replace` the settings of the one
 * before endpoint  CreateEndpoint or UpdateEndpoint wait      until InService *with that
 * configuration*: an update that AWS took back ends InService as well tidy      what was replaced
 * goes, unless it is archived; no way back from here shift     traffic   weights, until they hold
 *   undeploy  look, remove
 *
 * Everything made is tagged with job, run, experiment and app, and with a
 * token of the deployment; only what has that token is taken back, and only
 * what has the app's tag is tidied away.  A failure leaves a live endpoint
 * as it was: it is not touched before `endpoint`, and what `endpoint` did is
 * taken back through another UpdateEndpoint.
 *
 * Names and tags are listed in docs/DEPLOY.md.
 */
#ifndef DEPLOY_SAGEMAKER_H
#define DEPLOY_SAGEMAKER_H

#include "deploy/request.h"
#include "deploy/steps.h"

struct aws;

/* Everything borrowed; must outlive the target. */
struct sagemaker_options {
	const struct request *request;
	int64_t job;
	const char *experiment_id; /* the run's; "" when unknown */
	const char *role;          /* execution role: ARN or name (setting sagemaker.role) */
	const char *repository;    /* of ECR (setting sagemaker.repository) */
	const char *scorer;        /* program that goes into the image */
	const char *model;         /* model.json */
	const char *work;          /* folder for the image; the caller's to remove */
	int poll_ms;               /* between two looks; 0: 5 s */
	int timeout_ms;            /* for one change of an endpoint; 0: 30 min */
	int grace_ms;              /* an update may take this long to show; 0: 20 s */
	int retry_ms;              /* of requests (protocol/aws/aws.h) */
};

struct sagemaker_target {
	struct sagemaker_options o;
	struct aws *aws;
};

/* Finds credentials (the usual chain); makes no request to AWS itself. */
int sagemaker_target_init(struct sagemaker_target *t, const struct sagemaker_options *o,
			  struct cancel *cancel, struct err *err) _must_check_;
void sagemaker_target_release(struct sagemaker_target *t);
#define _cleanup_sagemaker_target_ _cleanup_(sagemaker_target_release)

/*
 * Lists that end with a NULL name.  The context's userdata points to a
 * struct sagemaker_target, or to a struct that begins with one.
 */
extern const struct step sagemaker_deploy_steps[];
extern const struct step sagemaker_shift_steps[];
extern const struct step sagemaker_undeploy_steps[];

/* The job's result: endpoint, region, and of a deployment its variant, model, configuration, image.
 */
int sagemaker_result(struct step_context *c, json_t **ret, struct err *err) _must_check_;

#endif
