/*
 * Would this deployment work?  Everything that can be looked at without making
 * anything: a list of findings, each with what to do about it.
 *
 * Checks are a table (rehearsal.c), each for the targets it concerns; one
 * that needs what another found missing is left out.
 */
#ifndef DEPLOY_REHEARSAL_H
#define DEPLOY_REHEARSAL_H

#include "base/cancel.h"
#include "deploy/request.h"
#include "deploy/steps.h"

enum finding_level { FINDING_OK, FINDING_WARNING, FINDING_FAILED };
/* "ok", "warning", "failed". */
const char *finding_level_name(enum finding_level level);

struct finding {
	enum finding_level level;
	const char *check; /* "run", "parity", … */
	char *text;
	char *hint; /* "" when there is nothing to do */
};
struct findings {
	struct finding *items;
	size_t len;
};
void findings_release(struct findings *f);
#define _cleanup_findings_ _cleanup_(findings_release)
/* The worst of them. */
enum finding_level findings_worst(const struct findings *f);
/* {"ok": bool, "checks": [{"check", "level", "text", "hint"}]}; new. */
json_t *findings_json(const struct findings *f);

struct rehearsal {
	const struct request *request;
	const char *folder; /* private, for files meanwhile; made, and the caller's to remove */
	int port;           /* where ports of endpoints begin */
	/* The tracking server's address, which it may have to start; the caller frees *ret. */
	int (*tracking_uri)(void *userdata, char **ret, struct err *err);
	/* Called with each finding as it comes; may be NULL. */
	void (*told)(void *userdata, const struct finding *f);
	void *userdata;
	struct cancel *cancel; /* may be NULL */
};

/* Errors are ours: memory, a cancel.  What is wrong with the deployment is a finding. */
int rehearse(const struct rehearsal *r, struct findings *ret, struct err *err) _must_check_;

/* The same as a job of kind "check"; userdata is a struct local_job. */
const struct steps *rehearsal_steps(void);

#endif
