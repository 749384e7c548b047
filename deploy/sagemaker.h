/*
 * The target SageMaker: what a deployment makes there, as steps of
 * deploy/steps.h, for its three kinds of jobs.
 *
 *   deploy    look, package, parity, image, model, config, endpoint, wait, tidy
 *   shift     traffic
 *   undeploy  look, remove
 *
 * - look: the endpoint as it is; refuses what cannot work before anything is made.
 * - package, parity: as for the target `local`; a model that splice-scorer does not know is built
 *   into MLflow's image, and a container of that is asked.
 * - image: build (or not), push to ECR; the repository is made when it is not there.
 * - model, config: CreateModel, CreateEndpointConfig; with `add` and `replace` the settings of the
 *   configuration before.
 * - endpoint: CreateEndpoint or UpdateEndpoint.
 * - wait: until InService *with that configuration*: an update that AWS took back ends InService
 * too.
 * - tidy: what was replaced goes, unless it is archived; no way back from here.
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

#include "deploy/local.h"

struct aws;

/* Everything borrowed; must outlive the target.  Members may be 0 where a default is named. */
struct sagemaker_options {
	const char *role; /* execution role, ARN or name (setting sagemaker.role); NULL: not set */
	const char *repository; /* of ECR (setting sagemaker.repository) */
	const char *scorer;     /* program for the image; NULL: splice-scorer beside this program */
	const char *model;      /* model.json; NULL: what `package` fetched */
	const char *work;       /* folder for the image; NULL: the job's own */
	const char *engine;     /* setting container.engine; NULL: the first there is */
	const char *base;       /* setting container.base; NULL: Python's own */
	const char *build_options; /* setting container.options; NULL: none */
	int poll_ms;               /* between two looks; 0: 5 s */
	int timeout_ms;            /* for one change of an endpoint; 0: 30 min */
	int grace_ms;              /* an update may take this long to show; 0: 20 s */
	int retry_ms;              /* of requests (protocol/aws/aws.h) */
};

/* step_context.userdata. */
struct sagemaker_target {
	struct local_job local; /* first: the steps `package` and `parity` are the local target's */
	struct sagemaker_options o;
	struct aws *aws;
};

/* Asks nobody: credentials are looked for with the first request. */
int sagemaker_target_init(struct sagemaker_target *t, const struct local_job *local,
			  const struct sagemaker_options *o, struct err *err) _must_check_;
void sagemaker_target_release(struct sagemaker_target *t);
#define _cleanup_sagemaker_target_ _cleanup_(sagemaker_target_release)

/* For a request's kind; NULL for one that has no steps here. */
const struct steps *sagemaker_steps(enum request_kind kind);

#endif
