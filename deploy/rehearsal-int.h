/*
 * What the files of the rehearsal share: rehearsal.c (the table, findings),
 * rehearsal-run.c (the run and its model), rehearsal-machine.c (what this
 * machine can do) and rehearsal-sagemaker.c (AWS).  A check for another target is a file of its own
 * and a line in the table.
 */
#ifndef DEPLOY_REHEARSAL_INT_H
#define DEPLOY_REHEARSAL_INT_H

#include "base/config.h"
#include "deploy/package.h"
#include "deploy/rehearsal.h"
#include "protocol/aws/aws.h"

/* What the checks before have found. */
struct rehearsing {
	const struct rehearsal *o;
	struct findings *findings;
	const char *check; /* the running one's name */
	struct mlflow *mlflow;
	struct package_info info;
	bool has_run;   /* info is filled in */
	bool has_files; /* model.json, maybe sample.json, are in the folder */
	struct config *config;
	struct aws *aws; /* NULL: no credentials that AWS takes */
	char *identity;  /* ARN of whose they are */
};

/* Add a finding.  E_NOMEM. */
int found(struct rehearsing *r, enum finding_level level, const char *hint, struct err *err,
	  const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The same of an error; one that is ours (memory, cancel) is returned instead. */
int found_error(struct rehearsing *r, enum finding_level level, const struct err *why,
		struct err *err);
/* A path in the folder; the caller frees. */
int rehearsal_path(const struct rehearsing *r, const char *file, char **ret, struct err *err);

typedef int rehearsal_fn(struct rehearsing *r, struct err *err);
rehearsal_fn rehearse_name, rehearse_run, rehearse_stages, rehearse_parity;
rehearsal_fn rehearse_container, rehearse_port, rehearse_disk;
rehearsal_fn rehearse_credentials, rehearse_region, rehearse_permissions, rehearse_role;
rehearsal_fn rehearse_repository, rehearse_endpoint, rehearse_instance, rehearse_quota;

#endif
