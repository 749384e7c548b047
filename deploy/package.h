/*
 * What a run has for a deployment, and its fetching (docs/DEPLOY.md, "What a
 * run keeps for it").
 */
#ifndef DEPLOY_PACKAGE_H
#define DEPLOY_PACKAGE_H

#include "deploy/request.h"
#include "protocol/mlflow/mlflow.h"

/* What there is, from a look at the run: nothing is fetched but small files. */
struct package_info {
	char *run_id, *run_name;
	char *experiment_id;
	char *artifact_uri;
	bool has_model;      /* splice/model.json */
	bool has_sample;     /* splice/sample.json */
	int64_t model_bytes; /* of it */
	char *unsupported;   /* "Word2Vec (w2v_1): no such stage; …", or NULL */
	char *model_folder;  /* among the artifacts, where MLflow's own model lies */
	char *flavour;       /* of it, when it is another than Spark's; or NULL */
};
void package_info_release(struct package_info *info);
#define _cleanup_package_info_ _cleanup_(package_info_release)

/*
 * Errors name the run and what to do: E_NOTFOUND when it does not exist, or
 * was logged without what a deployment needs; E_INPUT when it is deleted or
 * of another experiment than q's.
 */
int package_look(struct mlflow *m, const struct request *q, struct cancel *cancel,
		 struct package_info *ret, struct err *err) _must_check_;

/* E_UNSUPPORTED, naming the stages or the flavour, when splice-scorer cannot serve it. */
int package_check_native(const struct package_info *info, struct err *err) _must_check_;

/* Fetch sample.json alone, if there is one; folder is made (0700). */
int package_fetch_sample(struct mlflow *m, const struct package_info *info, const char *folder,
			 struct cancel *cancel, struct err *err) _must_check_;

/*
 * Fetch model.json and, if there is one, sample.json into folder, which is
 * made (0700).  Files that are there are fetched again.  *ret_bytes is their
 * size.  E_TOOBIG above LIMIT_SCORER_MODEL.
 */
int package_fetch(struct mlflow *m, const struct package_info *info, const char *folder,
		  struct cancel *cancel, int64_t *ret_bytes, struct err *err) _must_check_;

#endif
