/* The calls: a path, a body, an answer each. */
#include "protocol/jobs/jobs-int.h"

#include "base/str.h"
#include "protocol/http/http.h"

#include <inttypes.h>

static void put_text(struct buf *path, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	buf_printf(path, "&%s=", name);
	http_escape(path, value, strlen(value), "");
}

int jobs_list(struct jobs_client *c, const struct jobs_list_query *q, struct cancel *cancel,
	      json_t **ret, struct err *err)
{
	_cleanup_jobs_call_ struct jobs_call call;

	jobs_call_init(&call, "GET");
	buf_printf(&call.path, "/api/jobs?before=%" PRId64, q->before);
	put_text(&call.path, "state", q->state);
	put_text(&call.path, "text", q->text);
	if (q->limit)
		buf_printf(&call.path, "&limit=%d", q->limit);
	return jobs_perform(c, &call, cancel, ret, err);
}

static int on_job(struct jobs_client *c, const char *method, int64_t id, const char *action,
		  struct cancel *cancel, struct remote_job *ret, struct err *err)
{
	_cleanup_jobs_call_ struct jobs_call call;

	jobs_call_init(&call, method);
	buf_printf(&call.path, "/api/jobs/%" PRId64 "%s", id, action);
	call.once = str_eq(action, "/retry");
	return jobs_perform_job(c, &call, cancel, ret, err);
}

int jobs_get(struct jobs_client *c, int64_t id, struct cancel *cancel, struct remote_job *ret,
	     struct err *err)
{
	return on_job(c, "GET", id, "", cancel, ret, err);
}

int jobs_cancel(struct jobs_client *c, int64_t id, struct cancel *cancel, struct remote_job *ret,
		struct err *err)
{
	return on_job(c, "POST", id, "/cancel", cancel, ret, err);
}

int jobs_retry(struct jobs_client *c, int64_t id, struct cancel *cancel, struct remote_job *ret,
	       struct err *err)
{
	return on_job(c, "POST", id, "/retry", cancel, ret, err);
}

int jobs_remove(struct jobs_client *c, int64_t id, struct cancel *cancel, struct err *err)
{
	_cleanup_jobs_call_ struct jobs_call call;
	json_auto_t *j = NULL;

	jobs_call_init(&call, "DELETE");
	buf_printf(&call.path, "/api/jobs/%" PRId64, id);
	return jobs_perform(c, &call, cancel, &j, err);
}

int jobs_add(struct jobs_client *c, const json_t *request, struct cancel *cancel,
	     struct remote_job *ret, struct err *err)
{
	_cleanup_jobs_call_ struct jobs_call call;

	jobs_call_init(&call, "POST");
	buf_put_str(&call.path, "/api/jobs");
	call.body = request;
	call.once = true;
	return jobs_perform_job(c, &call, cancel, ret, err);
}

int jobs_validate(struct jobs_client *c, const json_t *request, struct cancel *cancel, json_t **ret,
		  struct err *err)
{
	_cleanup_jobs_call_ struct jobs_call call;

	jobs_call_init(&call, "POST");
	buf_put_str(&call.path, "/api/validate");
	call.body = request;
	return jobs_perform(c, &call, cancel, ret, err);
}

void remote_log_release(struct remote_log *log)
{
	json_decref(log->lines);
	free(log->state);
	*log = (struct remote_log){0};
}

int jobs_log(struct jobs_client *c, int64_t id, int64_t after, int wait_s, struct cancel *cancel,
	     struct remote_log *ret, struct err *err)
{
	_cleanup_jobs_call_ struct jobs_call call;
	json_auto_t *j = NULL;
	json_int_t last;
	json_t *lines;
	const char *state;
	json_error_t at;
	int ended, r;

	jobs_call_init(&call, "GET");
	buf_printf(&call.path, "/api/jobs/%" PRId64 "/log?after=%" PRId64 "&wait=%d", id, after,
		   wait_s);
	call.wait_s = wait_s;
	r = jobs_perform(c, &call, cancel, &j, err);
	if (r < 0)
		return r;
	if (json_unpack_ex(j, &at, 0, "{s:o, s:I, s:s, s:b}", "lines", &lines, "last", &last,
			   "state", &state, "ended", &ended) < 0)
		return err_set(err, E_PROTO, "the Jobs Tracker's answer: %s", at.text);
	*ret = (struct remote_log){.lines = json_incref(lines),
				   .last = last,
				   .state = str_dup(state),
				   .ended = ended};
	if (ret->state)
		return 0;
	remote_log_release(ret);
	return err_nomem(err);
}

/* --- endpoints --- */

int jobs_endpoints(struct jobs_client *c, struct cancel *cancel, json_t **ret, struct err *err)
{
	_cleanup_jobs_call_ struct jobs_call call;
	json_auto_t *j = NULL;
	json_t *list;
	int r;

	jobs_call_init(&call, "GET");
	buf_put_str(&call.path, "/api/endpoints");
	r = jobs_perform(c, &call, cancel, &j, err);
	if (r < 0)
		return r;
	list = json_object_get(j, "endpoints");
	if (!json_is_array(list))
		return err_set(err, E_PROTO, "the Jobs Tracker's answer has no endpoints");
	*ret = json_incref(list);
	return 0;
}

static void endpoint_call(struct jobs_call *call, const char *method, const struct endpoint_name *e,
			  const char *action)
{
	jobs_call_init(call, method);
	buf_put_str(&call->path, "/api/endpoints/");
	http_escape(&call->path, e->target, strlen(e->target), "");
	buf_put_u8(&call->path, '/');
	http_escape(&call->path, e->app, strlen(e->app), "");
	buf_put_str(&call->path, action);
	if (e->region && *e->region) {
		buf_put_str(&call->path, "?region=");
		http_escape(&call->path, e->region, strlen(e->region), "");
	}
}

int jobs_invoke(struct jobs_client *c, const struct endpoint_name *e, const json_t *rows,
		struct cancel *cancel, json_t **ret, struct err *err)
{
	_cleanup_jobs_call_ struct jobs_call call = {0};

	endpoint_call(&call, "POST", e, "/invoke");
	call.body = rows;
	return jobs_perform(c, &call, cancel, ret, err);
}

int jobs_shift(struct jobs_client *c, const struct endpoint_name *e, const char *variant,
	       double percent, struct cancel *cancel, struct remote_job *ret, struct err *err)
{
	_cleanup_jobs_call_ struct jobs_call call = {0};
	json_auto_t *body = json_pack("{s:f, s:s*}", "percent", percent, "variant", variant);

	if (!body)
		return err_nomem(err);
	endpoint_call(&call, "POST", e, "/shift");
	call.body = body;
	call.once = true;
	return jobs_perform_job(c, &call, cancel, ret, err);
}

int jobs_undeploy(struct jobs_client *c, const struct endpoint_name *e, struct cancel *cancel,
		  struct remote_job *ret, struct err *err)
{
	_cleanup_jobs_call_ struct jobs_call call = {0};

	endpoint_call(&call, "DELETE", e, "");
	call.once = true;
	return jobs_perform_job(c, &call, cancel, ret, err);
}
