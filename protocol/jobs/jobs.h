/*
 * A client of the Jobs Tracker's API (docs/JOBS.md): what kernels ask of it.
 * Answers whose shape the caller shows as it is come as JSON; those that
 * decide anything are decoded into structs.
 *
 * Errors of the server carry its word ("conflict", "invalid", …) as
 * err->name, and its hint:
 *   E_NOTFOUND  no such job, endpoint or run
 *   E_EXISTS    another job works on the same app
 *   E_INPUT     the request is wrong; the text names the field
 *   E_AUTH      the token is missing or wrong
 *   E_SERVER    a server behind it failed (MLflow, an endpoint), or it itself
 * and those of http_perform.
 *
 * A client belongs to one thread at a time.
 */
#ifndef PROTOCOL_JOBS_JOBS_H
#define PROTOCOL_JOBS_JOBS_H

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/json.h"

#include <stdint.h>

struct jobs_client;

struct jobs_client_options {
	const char *ca_file; /* PEM bundle for an https server of one's own; may be NULL */
};

/*
 * address: "http://host:port/?token=…", as splice-manager status shows it.
 * E_INPUT for what is no such address.  Nothing is sent yet.  options may be NULL.
 */
int jobs_client_new(const char *address, const struct jobs_client_options *options,
		    struct jobs_client **ret, struct err *err) _must_check_;
void jobs_client_free(struct jobs_client *c);
CLEANUP_DEFINE(struct jobs_client *, jobs_client_free)
/* "http://host:port", without the token; borrowed. */
const char *jobs_client_url(const struct jobs_client *c);

/* A job as far as it decides what the caller does next; `all` has the rest. */
struct remote_job {
	int64_t id;
	char *state; /* "pending", "running", "success", "failed", "cancelled" */
	bool ended;
	json_t *all; /* object, as the API shows jobs; with steps when one job was asked for */
};
void remote_job_release(struct remote_job *j);
#define _cleanup_remote_job_ _cleanup_(remote_job_release)

struct jobs_list_query {
	const char *state; /* NULL: all */
	const char *text;  /* NULL: all */
	int64_t before;    /* jobs older than this one; 0: from the newest */
	int limit;         /* 1 … 200; 0: the server's usual */
};
/* {"jobs": […], "more": bool, "version": n}, new. */
int jobs_list(struct jobs_client *c, const struct jobs_list_query *q, struct cancel *cancel,
	      json_t **ret, struct err *err) _must_check_;
int jobs_get(struct jobs_client *c, int64_t id, struct cancel *cancel, struct remote_job *ret,
	     struct err *err) _must_check_;
/*
 * request: the members of docs/DEPLOY.md, and "kind" ("deploy" when absent);
 * borrowed.  Sent once at most: after E_CLOSED or E_TIMEOUT the job may exist.
 */
int jobs_add(struct jobs_client *c, const json_t *request, struct cancel *cancel,
	     struct remote_job *ret, struct err *err) _must_check_;
/* {"ok": bool, "faults": {field: {"message", "hint"}}, "run": {…}}, new; nothing is added. */
int jobs_validate(struct jobs_client *c, const json_t *request, struct cancel *cancel, json_t **ret,
		  struct err *err) _must_check_;
int jobs_cancel(struct jobs_client *c, int64_t id, struct cancel *cancel, struct remote_job *ret,
		struct err *err) _must_check_;
int jobs_retry(struct jobs_client *c, int64_t id, struct cancel *cancel, struct remote_job *ret,
	       struct err *err) _must_check_;
int jobs_remove(struct jobs_client *c, int64_t id, struct cancel *cancel,
		struct err *err) _must_check_;

/* Lines of a job's log beyond `after`. */
struct remote_log {
	json_t *lines; /* array of {"number", "time", "text"} */
	int64_t last;  /* the `after` of the next call */
	char *state;
	bool ended; /* no line will follow these */
};
void remote_log_release(struct remote_log *log);
#define _cleanup_remote_log_ _cleanup_(remote_log_release)
/* Returns when there are lines, the job has ended, or wait_s (at most 30) have passed. */
int jobs_log(struct jobs_client *c, int64_t id, int64_t after, int wait_s, struct cancel *cancel,
	     struct remote_log *ret, struct err *err) _must_check_;

/* An array of endpoints as docs/JOBS.md has them, new. */
int jobs_endpoints(struct jobs_client *c, struct cancel *cancel, json_t **ret,
		   struct err *err) _must_check_;

struct endpoint_name {
	const char *target; /* "local", "sagemaker" */
	const char *region; /* NULL or "" for the only one of this name */
	const char *app;
};
/* rows: the scorer's JSON (docs/SCORER.md).  *ret: {"status", "ms", "variant", "answer"}, new. */
int jobs_invoke(struct jobs_client *c, const struct endpoint_name *e, const json_t *rows,
		struct cancel *cancel, json_t **ret, struct err *err) _must_check_;
/* A job that gives the variant (NULL: the newest) so many percent of the requests. */
int jobs_shift(struct jobs_client *c, const struct endpoint_name *e, const char *variant,
	       double percent, struct cancel *cancel, struct remote_job *ret,
	       struct err *err) _must_check_;
/* A job that ends the endpoint. */
int jobs_undeploy(struct jobs_client *c, const struct endpoint_name *e, struct cancel *cancel,
		  struct remote_job *ret, struct err *err) _must_check_;

#endif
