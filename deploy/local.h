/*
 * The target `local`: a run's model behind a port of this machine, served by
 * splice-scorer under splice-manager (docs/DEPLOY.md).
 *
 *   deploy    package, parity, place, join, healthy, switch, tidy
 *   shift     shift
 *   undeploy  withdraw, tidy
 *
 * A new variant joins with no requests beside what is served, and takes them
 * over only when it has answered the sample.
 */
#ifndef DEPLOY_LOCAL_H
#define DEPLOY_LOCAL_H

#include "deploy/request.h"
#include "deploy/steps.h"

/* step_context.userdata. */
struct local_job {
	const struct request *request;
	/* The tracking server's address, which it may have to start; the caller frees *ret. */
	int (*tracking_uri)(struct step_context *c, char **ret, struct err *err);
	int port; /* where ports of endpoints begin */
};

/* For a request's kind; NULL for one that has no steps. */
const struct steps *local_steps(enum request_kind kind);

/*
 * What can be said without making anything: E_EXISTS for `create` where the
 * endpoint is there, E_NOTFOUND for shift and undeploy where it is not.
 */
int local_check(const struct request *q, struct err *err) _must_check_;

/* A job's private folder, PLACE_DATA/jobs/ID; makes nothing; the caller frees. */
int local_job_folder(int64_t job, char **ret, struct err *err) _must_check_;

#endif
