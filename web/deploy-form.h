/* The fields of the deploy form: what they are called, what they offer, how they are written. */
#ifndef WEB_DEPLOY_FORM_H
#define WEB_DEPLOY_FORM_H

#include "web/served.h"
#include "web/submit.h"

enum { FORM_RUNS = 100 };

struct deploy_form {
	const struct params *given; /* what was typed, or the address says */
	struct submission s;        /* faults, and what is known of the run */
	struct mlflow_experiments experiments;
	struct mlflow_runs runs;
	struct served_list apps;
	const char *lists_missing; /* why experiments and runs cannot be listed; NULL: they are */
};
void deploy_form_release(struct deploy_form *f);
#define _cleanup_deploy_form_ _cleanup_(deploy_form_release)

/* The members of a request that a form or query holds, new. */
json_t *deploy_form_members(const struct params *given);
/* why may be NULL. */
void put_deploy_form(struct call *q, const struct deploy_form *f, const struct err *why);

#endif
