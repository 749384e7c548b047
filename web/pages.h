/* The handlers of the routes, and the pieces of pages that several of them write. */
#ifndef WEB_PAGES_H
#define WEB_PAGES_H

#include "web/served.h"
#include "web/submit.h"

/* --- page-jobs.c --- */
route_fn page_jobs, page_remove, act_cancel, act_retry, act_remove;
/* state, text, before and limit of the query; the text is borrowed from it. */
int jobs_query_read(struct call *q, int64_t max, struct jobs_query *ret,
		    struct err *err) _must_check_;
void put_state(struct buf *b, const struct job *j);
/* The run's id, as a link to its page in MLflow. */
void put_run(struct buf *b, const char *experiment_id, const char *run_id);
void put_duration(struct buf *b, const struct job *j);
void put_job_buttons(struct call *q, const struct job *j);

/* --- page-job.c --- */
route_fn page_job;

/* --- page-deploy.c --- */
route_fn page_deploy, act_deploy;

/* --- page-endpoints.c --- */
route_fn page_endpoints, page_endpoint, page_delete, act_try, act_shift, act_delete;
/* The endpoint that path and query name. */
int call_endpoint(struct call *q, struct served *ret, struct err *err) _must_check_;
/* Add a job about it; takes in, which may be NULL (out of memory). */
int endpoint_job(struct call *q, enum request_kind kind, json_t *in, int64_t *ret_id,
		 struct err *err) _must_check_;

/* --- page-other.c --- */
route_fn asset, login, logout, page_about, go_mlflow, go_run;

/* --- api-jobs.c --- */
route_fn api_jobs, api_add, api_job, api_remove, api_cancel, api_retry, api_log, api_changes;
/* Reply with a job and its steps. */
int reply_job_id(struct call *q, int status, int64_t id, struct err *err) _must_check_;

/* --- api-mlflow.c --- */
route_fn api_experiments, api_runs, api_run, api_validate;

/* --- api-endpoints.c --- */
route_fn api_endpoints, api_endpoint, api_invoke, api_shift, api_undeploy;
/* All endpoints as {member: […]}. */
int reply_served(struct call *q, const char *member, struct err *err) _must_check_;

/* --- old.c: what former trackers' clients ask --- */
route_fn old_deploy, old_initiate, old_initiate_job, old_logs, old_deployments, old_retrain,
	old_service, old_toggle, old_home, old_watch;

#endif
