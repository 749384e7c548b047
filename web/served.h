/*
 * What is served: endpoints of this machine by their folders
 * (deploy/endpoint.h), SageMaker's by the jobs that made them.
 */
#ifndef WEB_SERVED_H
#define WEB_SERVED_H

#include "deploy/endpoint.h"
#include "deploy/store.h"

#include "base/cancel.h"

enum served_state {
	SERVED_HERE,   /* answers its ping */
	SERVED_SILENT, /* does not */
	SERVED_AT_AWS, /* as its last job left it */
};

struct served {
	const char *target;        /* "local", "sagemaker" */
	char *region;              /* "" for local */
	struct endpoint_file file; /* app and variants */
	char *url;                 /* "" when it is not known */
	enum served_state state;
	int64_t job; /* that made it; 0 when unknown */
};
void served_release(struct served *e);
#define _cleanup_served_ _cleanup_(served_release)

struct served_list {
	struct served *items;
	size_t len;
};
void served_list_release(struct served_list *list);
#define _cleanup_served_list_ _cleanup_(served_list_release)

const char *served_state_name(enum served_state state);
/* Of all requests, 0 … 1. */
double served_share(const struct served *e, size_t variant);
json_t *served_json(const struct served *e); /* new */

/* All; a folder whose file cannot be read is left out.  ping: ask the local ones. */
int served_all(struct store *store, bool ping, struct cancel *cancel, struct served_list *ret,
	       struct err *err) _must_check_;
/* One; region may be "" for the first of this name.  E_NOTFOUND. */
int served_find(struct store *store, const char *target, const char *region, const char *app,
		struct cancel *cancel, struct served *ret, struct err *err) _must_check_;

struct invoke_answer {
	int status;
	int64_t ms; /* how long it took */
	char *type, *text, *variant;
};
void invoke_answer_release(struct invoke_answer *a);
#define _cleanup_invoke_answer_ _cleanup_(invoke_answer_release)
/* Send rows to it; 0 whatever it answers.  E_UNSUPPORTED for those at AWS. */
int served_invoke(const struct served *e, const char *type, const void *body, size_t n,
		  struct cancel *cancel, struct invoke_answer *ret, struct err *err) _must_check_;

#endif
