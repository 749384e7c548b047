/*
 * MLflow's image within the steps of a deployment to SageMaker, for a model
 * that splice-scorer does not know (docs/DEPLOY.md, "MLflow's image").
 */
#ifndef DEPLOY_SAGEMAKER_MLFLOW_H
#define DEPLOY_SAGEMAKER_MLFLOW_H

#include "deploy/engine.h"
#include "deploy/package.h"
#include "deploy/sagemaker-int.h"
#include "protocol/aws/ecr.h"

/* Whether `package` has built one. */
bool mlflow_is_used(const struct step_context *c);
/*
 * The container engine that builds it; name is the setting container.engine.
 * E_UNSUPPORTED, with what the scorer does not know of this model, when there
 * is none.
 */
int mlflow_find_engine(const struct package_info *info, const char *name, struct cancel *cancel,
		       const struct engine **ret, struct err *err) _must_check_;

/* `package`: fetch the model, build the image.  *ret as local_package's, with "mlflow": true. */
int mlflow_package(struct step_context *c, struct mlflow *m, const struct package_info *info,
		   json_t **ret, struct err *err) _must_check_;
/* Remove the image from this machine, if it is there. */
int mlflow_undo(struct step_context *c, struct err *err) _must_check_;
/* `parity`: a container of it answers the sample. */
int mlflow_parity(struct step_context *c, json_t **ret, struct err *err) _must_check_;
/* Push it as "host/repository:tag". */
int mlflow_push(struct step_context *c, const char *as, const struct ecr_login *login,
		struct err *err) _must_check_;

#endif
