/* /api/jobs and below: the queue for programs. */
#include "web/pages.h"

#include "base/clock.h"

enum { API_JOBS = 50, LOG_LINES = 5000, WAIT_MAX_S = 30 };

static json_t *jobs_json(const struct jobs *list, int64_t version)
{
	json_auto_t *items = json_array();

	for (size_t i = 0; items && i < list->len; i++)
		if (json_array_append_new(items, job_json(&list->items[i])) < 0)
			return NULL;
	return json_pack("{s:O, s:b, s:I}", "jobs", items, "more", list->more, "version",
			 (json_int_t)version);
}

int api_jobs(struct call *q, struct err *err)
{
	_cleanup_jobs_ struct jobs list = {0};
	struct jobs_query query;
	struct store *store = NULL;
	int64_t version = 0;
	int r = jobs_query_read(q, API_JOBS, &query, err);

	if (r == 0)
		r = call_store(q, &store, err);
	if (r == 0)
		r = store_version(store, &version, err);
	if (r == 0)
		r = store_jobs(store, &query, &list, err);
	return r < 0 ? r : reply_json(q, MHD_HTTP_OK, jobs_json(&list, version), err);
}

static int reply_job(struct call *q, int status, const struct job *j, struct err *err)
{
	_cleanup_job_steps_ struct job_steps steps = {0};
	json_auto_t *job = NULL;
	int r = store_steps(q->store, j->id, &steps, err);

	if (r < 0)
		return r;
	job = job_json(j);
	if (json_object_set_new(job, "steps", steps_json(&steps)) < 0)
		return err_nomem(err);
	return reply_json(q, status, json_pack("{s:O}", "job", job), err);
}

int reply_job_id(struct call *q, int status, int64_t id, struct err *err)
{
	_cleanup_job_ struct job j = {0};
	int r;

	q->match.id = id;
	r = call_job(q, &j, err);
	return r < 0 ? r : reply_job(q, status, &j, err);
}

int api_add(struct call *q, struct err *err)
{
	_cleanup_submission_ struct submission s = {0};
	json_auto_t *in = NULL;
	int64_t id = 0;
	int kind, r = call_json(q, &in, err);

	if (r < 0)
		return r;
	kind = request_kind_parse(json_get_str(in, "kind", "deploy"));
	if (kind < 0)
		return call_bad_field(q, "kind", err, "there is no kind of job \"%.40s\"",
				      json_get_str(in, "kind", ""));
	r = submit_check(q, (enum request_kind)kind, in, &s, err);
	if (r == 0)
		r = submit_refuse(q, &s, err);
	if (r == 0)
		r = submit_add(q, &s.request, &id, err);
	return r < 0 ? r : reply_job_id(q, MHD_HTTP_CREATED, id, err);
}

int api_job(struct call *q, struct err *err)
{
	return reply_job_id(q, MHD_HTTP_OK, q->match.id, err);
}

int api_remove(struct call *q, struct err *err)
{
	_cleanup_job_ struct job j = {0};
	int r = call_job(q, &j, err);

	if (r == 0)
		r = store_job_remove(q->store, j.id, err);
	return r < 0 ? r
		     : reply_json(q, MHD_HTTP_OK, json_pack("{s:I}", "removed", (json_int_t)j.id),
				  err);
}

int api_cancel(struct call *q, struct err *err)
{
	_cleanup_job_ struct job j = {0};
	int r = call_job(q, &j, err);

	if (r == 0)
		r = store_job_cancel(q->store, j.id, err);
	if (r < 0)
		return r;
	web_wake(q->web);
	return reply_job_id(q, MHD_HTTP_OK, j.id, err);
}

int api_retry(struct call *q, struct err *err)
{
	_cleanup_job_ struct job j = {0};
	int64_t id = 0;
	int r = call_job(q, &j, err);

	if (r == 0)
		r = store_job_retry(q->store, j.id, &id, err);
	if (r < 0)
		return r;
	web_wake(q->web);
	return reply_job_id(q, MHD_HTTP_CREATED, id, err);
}

/* --- waiting --- */

/* Until when, as clock_ms counts. */
static int read_wait(struct call *q, int64_t *ret, struct err *err)
{
	int64_t wait = 0;
	int r = params_get_i64(&q->query, "wait", 0, 0, WAIT_MAX_S, &wait, err);

	*ret = clock_ms() + wait * 1000;
	return r;
}

/* The job, and its lines after `after`. */
static int read_log(struct call *q, int64_t after, struct job *j, struct job_log *log,
		    struct err *err)
{
	int r;

	job_release(j);
	job_log_release(log);
	*j = (struct job){0};
	*log = (struct job_log){0};
	r = call_job(q, j, err);
	return r < 0 ? r : store_log_read(q->store, q->match.id, after, LOG_LINES, log, err);
}

/* Lines are waited for while the job may still write some. */
static int wait_log(struct call *q, int64_t after, int64_t until, struct job *j,
		    struct job_log *log, struct err *err)
{
	int64_t version = -1, now = 0;
	int r;

	for (;;) {
		r = web_wait_change(q, version, until, &now, err);
		if (r == 0 && now != version)
			r = read_log(q, after, j, log, err);
		if (r < 0 || log->len || j->ended || now == version)
			return r;
		version = now;
	}
}

int api_log(struct call *q, struct err *err)
{
	_cleanup_job_ struct job j = {0};
	_cleanup_job_log_ struct job_log log = {0};
	int64_t after = 0, until = 0;
	int r = params_get_i64(&q->query, "after", 0, 0, INT64_MAX, &after, err);

	if (r == 0)
		r = read_wait(q, &until, err);
	if (r == 0)
		r = wait_log(q, after, until, &j, &log, err);
	if (r < 0)
		return r;
	return reply_json(q, MHD_HTTP_OK,
			  json_pack("{s:o, s:I, s:s, s:b}", "lines", log_json(&log), "last",
				    (json_int_t)(log.len ? log.items[log.len - 1].number : after),
				    "state", job_state_name(j.state), "ended", j.ended != 0),
			  err);
}

int api_changes(struct call *q, struct err *err)
{
	int64_t since = -1, until = 0, version = 0;
	int r = params_get_i64(&q->query, "since", -1, 0, INT64_MAX, &since, err);

	if (r == 0)
		r = read_wait(q, &until, err);
	if (r == 0)
		r = web_wait_change(q, since, until, &version, err);
	if (r < 0)
		return r;
	return reply_json(q, MHD_HTTP_OK,
			  json_pack("{s:I, s:b}", "version", (json_int_t)version, "changed",
				    version != since),
			  err);
}
