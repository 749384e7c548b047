/* The handlers of the routes, and the pieces of pages that several of them write. */
#ifndef WEB_PAGES_H
#define WEB_PAGES_H

#include "web/web-int.h"

/* --- page-jobs.c --- */
route_fn page_jobs, page_remove, act_cancel, act_retry, act_remove;
/* state, text, before and limit of the query; the text is borrowed from it. */
int jobs_query_read(struct call *q, int64_t max, struct jobs_query *ret,
		    struct err *err) _must_check_;
void put_state(struct buf *b, const struct job *j);
void put_duration(struct buf *b, const struct job *j);
void put_job_buttons(struct call *q, const struct job *j);

/* --- page-job.c --- */
route_fn page_job;

/* --- page-other.c --- */
route_fn asset, login, logout, page_about, go_mlflow;

/* --- api-jobs.c --- */
route_fn api_jobs, api_add, api_job, api_remove, api_cancel, api_retry, api_log, api_changes;

#endif
