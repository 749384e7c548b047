/* Shared by the files of protocol/jobs: one call. */
#ifndef PROTOCOL_JOBS_JOBS_INT_H
#define PROTOCOL_JOBS_JOBS_INT_H

#include "base/buf.h"
#include "protocol/jobs/jobs.h"

enum { JOBS_PATH_MAX = 4096 };

/* path: "/api/…", percent-encoded; NUL-terminated by this call, a failed one is its error. */
struct jobs_call {
	const char *method;
	struct buf path;
	const json_t *body; /* borrowed; NULL: none */
	bool once;          /* never sent twice by the transport */
	int wait_s;         /* how much longer than usual the answer may take */
};
static inline void jobs_call_init(struct jobs_call *call, const char *method)
{
	*call = (struct jobs_call){.method = method};
	buf_init(&call->path, JOBS_PATH_MAX);
}
static inline void jobs_call_release(struct jobs_call *call)
{
	buf_release(&call->path);
}
#define _cleanup_jobs_call_ _cleanup_(jobs_call_release)

/* *ret is a new object. */
int jobs_perform(struct jobs_client *c, struct jobs_call *call, struct cancel *cancel, json_t **ret,
		 struct err *err) _must_check_;
/* The same, whose answer is {"job": {…}}. */
int jobs_perform_job(struct jobs_client *c, struct jobs_call *call, struct cancel *cancel,
		     struct remote_job *ret, struct err *err) _must_check_;

#endif
