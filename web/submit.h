/*
 * From what somebody asks for to a job in the store: the request's own rules
 * (deploy/request.h), then what only the tracking server and the endpoints
 * there are can tell.
 */
#ifndef WEB_SUBMIT_H
#define WEB_SUBMIT_H

#include "deploy/request.h"
#include "web/runs.h"
#include "web/web-int.h"

struct submission {
	struct request request; /* empty while there are faults of its own rules */
	struct request_faults faults;
	struct run_facts facts;
	bool looked; /* facts are known */
};
void submission_release(struct submission *s);
#define _cleanup_submission_ _cleanup_(submission_release)

/*
 * 0 whether or not there are faults.  An error when a server that knows
 * does not answer; faults found until then are in *ret as well.
 */
int submit_check(struct call *q, enum request_kind kind, const json_t *in, struct submission *ret,
		 struct err *err) _must_check_;
/* {"run_id": {"message", "hint"}}, new. */
json_t *faults_json(const struct request_faults *faults);
/* The fault of a field, NULL when it has none. */
const struct request_fault *fault_of(const struct request_faults *faults, const char *field);
/* E_INPUT for the first fault, and q's field; 0 when there is none. */
int submit_refuse(struct call *q, const struct submission *s, struct err *err) _must_check_;

/* A pending job, and its owner woken. */
int submit_add(struct call *q, const struct request *request, int64_t *ret_id,
	       struct err *err) _must_check_;

#endif
