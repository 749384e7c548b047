/*
 * The endpoints there are: local ones by their folders (docs/DEPLOY.md),
 * SageMaker's by the jobs that made them.
 */
#ifndef WEB_ENDPOINTS_H
#define WEB_ENDPOINTS_H

#include "base/cancel.h"
#include "base/json.h"
#include "deploy/store.h"

struct variant {
	char *name;
	double weight;
	double share; /* of the requests, 0 … 1 */
	char *run_id;
	char *experiment_id;
	int64_t created; /* ms since 1970; 0 when unknown */
};

enum endpoint_state {
	ENDPOINT_SERVING,  /* answers its ping */
	ENDPOINT_SILENT,   /* does not */
	ENDPOINT_DEPLOYED, /* at AWS, as its last job left it */
};

struct endpoint {
	char *target; /* "local", "sagemaker" */
	char *region; /* "" for local */
	char *app;
	char *url; /* "" when it is not known */
	enum endpoint_state state;
	int64_t job; /* that made it; 0 when unknown */
	struct variant *variants;
	size_t n_variants;
};
void endpoint_release(struct endpoint *e);
#define _cleanup_endpoint_ _cleanup_(endpoint_release)

struct endpoints {
	struct endpoint *items;
	size_t len;
};
void endpoints_release(struct endpoints *list);
#define _cleanup_endpoints_ _cleanup_(endpoints_release)

const char *endpoint_state_name(enum endpoint_state state);
json_t *endpoint_json(const struct endpoint *e); /* new */

/* The content of an endpoint.json; bytes from a file that anybody may have edited. */
int endpoint_parse(const char *text, size_t n, struct endpoint *ret, struct err *err) _must_check_;

/* All; a folder whose file cannot be read is left out.  ping: ask the local ones. */
int endpoints_list(struct store *store, bool ping, struct cancel *cancel, struct endpoints *ret,
		   struct err *err) _must_check_;
/* One; region may be "" for the first of this name.  E_NOTFOUND. */
int endpoint_find(struct store *store, const char *target, const char *region, const char *app,
		  struct cancel *cancel, struct endpoint *ret, struct err *err) _must_check_;

struct invoke_answer {
	int status;
	int64_t ms; /* how long it took */
	char *type, *text, *variant;
};
void invoke_answer_release(struct invoke_answer *a);
#define _cleanup_invoke_answer_ _cleanup_(invoke_answer_release)
/* Send rows to the endpoint; 0 whatever it answers. */
int endpoint_invoke(const struct endpoint *e, const char *type, const void *body, size_t n,
		    struct cancel *cancel, struct invoke_answer *ret, struct err *err) _must_check_;

#endif
