/*
 * The build folder of MLflow's image: a logged model of any flavour, served by
 * `mlflow models serve` on port 8080 (docs/DEPLOY.md, "MLflow's image").
 *
 *   Dockerfile   Python of the model's version, Java for Spark's flavour, the model's packages
 *   serve        what the container runs
 *   model/       the model as MLflow keeps it
 */
#ifndef DEPLOY_MLFLOW_IMAGE_H
#define DEPLOY_MLFLOW_IMAGE_H

#include "deploy/package.h"

/*
 * Fetch the model of the run into folder/model; files that are there are
 * fetched again.  *ret_bytes is their size.  E_INPUT for a name that leads out
 * of the folder, E_TOOBIG for more than LIMIT_MODEL_FILES files.
 */
int mlflow_image_fetch(struct mlflow *m, const struct package_info *info, const char *folder,
		       struct cancel *cancel, int64_t *ret_bytes, struct err *err) _must_check_;

/*
 * Write Dockerfile and serve for folder/model.  base: the image to start from;
 * NULL or "": Python's own, slim, of the version that the model names.
 */
int mlflow_image_write(const char *folder, const char *base, struct err *err) _must_check_;

#endif
