/*
 * What is asked for: a deployment, a shift of traffic, an end.  One parser
 * for all who ask: the page's form (texts), the API and the kernel (JSON
 * values), the command line.  Pure functions, but for memory.
 *
 * docs/DEPLOY.md lists the members.  A text is trimmed; an empty one and a
 * null are as if the member were absent; a number or a truth may be written
 * as a text.  Members of other kinds or targets (a form posts them all) are
 * dropped; a member that no request has is a fault.
 */
#ifndef DEPLOY_REQUEST_H
#define DEPLOY_REQUEST_H

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

enum request_kind { REQUEST_DEPLOY, REQUEST_UNDEPLOY, REQUEST_SHIFT, REQUEST_CHECK };
/* "deploy", …, a job's kind; and back, -1 for another text. */
const char *request_kind_name(enum request_kind kind);
int request_kind_parse(const char *name);

enum deploy_target { TARGET_LOCAL, TARGET_SAGEMAKER };
const char *deploy_target_name(enum deploy_target target);
int deploy_target_parse(const char *name);

enum deploy_mode { MODE_CREATE, MODE_REPLACE, MODE_ADD };
const char *deploy_mode_name(enum deploy_mode mode);
int deploy_mode_parse(const char *name);

enum {
	APP_NAME_MAX = 63,
	VARIANT_NAME_MAX = 63,
	INSTANCES_MAX = 100,
	REQUEST_FIELDS_MAX = 16,
};

/* Texts are "" where the kind or target has none. */
struct request {
	enum request_kind kind;
	enum deploy_target target;
	char *region;
	char *app;
	/* deploy, check */
	char *run_id;
	char *experiment_id; /* "": the run's */
	enum deploy_mode mode;
	int instance_count;
	char *instance_type;
	bool archive;
	double weight; /* of the new variant with MODE_ADD, beside the others' weights */
	/* shift */
	double percent;
	char *variant; /* "": the newest */
};
void request_release(struct request *q);
#define _cleanup_request_ _cleanup_(request_release)

/* Everything that is wrong, field by field, for a form. */
struct request_fault {
	const char *field; /* "run_id"; "" for a member that no request has */
	char text[192];
	char hint[192];
};
struct request_faults {
	struct request_fault items[REQUEST_FIELDS_MAX];
	size_t len;
};

/*
 * E_INPUT for the first fault, its text beginning with the field's name, and
 * that name as err->name; faults (may be NULL) gets all of them.  in is an
 * object, borrowed.
 */
int request_parse(enum request_kind kind, const json_t *in, struct request *ret,
		  struct request_faults *faults, struct err *err) _must_check_;

/* The members again, in full: what a job keeps.  New; NULL when out of memory. */
json_t *request_json(const struct request *q);

/* Whether it may name an endpoint or a variant. */
bool request_is_app_name(const char *s);

/*
 * "APP-RUN8-JOB": the variant that a job makes.  At most VARIANT_NAME_MAX less
 * `room` characters, which a suffix may need; APP is cut where it is too long.
 */
void request_variant_name(const struct request *q, int64_t job, size_t room,
			  char dst[VARIANT_NAME_MAX + 1]);

#endif
