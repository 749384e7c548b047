/*
 * The addresses of the trackers before this one, for programs and bookmarks
 * that know them.  Their JSON API answered {"job_id", "status": "pending"},
 * and failures as 404 {"status": "failed", "msg"}; later ones took
 * {"handler_name", …}.  What has no counterpart says so.
 */
#include "web/pages.h"
#include "web/submit.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

enum { OLD_LOG_LINES = 5000 };

/* Names of members then and now. */
static const struct {
	const char *then, *now;
} members[] = {
	{"deployment_mode", "mode"},
	{"aws_region", "region"},
	{"postfix", NULL},
	{"random_string", NULL},
	{"handler_name", NULL},
	{"handler", NULL},
	{"user", NULL},
};

/* A request of today from one of then, which was always meant for SageMaker; new. */
static json_t *modern(const json_t *in)
{
	json_auto_t *out = json_copy((json_t *)in);

	for (size_t i = 0; out && i < ARRAY_LEN(members); i++) {
		json_t *value = json_object_get(out, members[i].then);

		if (value && members[i].now && !json_object_get(out, members[i].now) &&
		    json_object_set(out, members[i].now, value) < 0)
			return NULL;
		(void)json_object_del(out, members[i].then);
	}
	if (out && !json_object_get(out, "target") &&
	    json_object_set_new(out, "target", json_string("sagemaker")) < 0)
		return NULL;
	return json_incref(out);
}

static int add_old(struct call *q, const json_t *in, int64_t *ret_id, struct err *err)
{
	_cleanup_submission_ struct submission s = {0};
	json_auto_t *request = modern(in);
	int r;

	if (!request)
		return err_nomem(err);
	r = submit_check(q, REQUEST_DEPLOY, request, &s, err);
	if (r == 0)
		r = submit_refuse(q, &s, err);
	return r < 0 ? r : submit_add(q, &s.request, ret_id, err);
}

int old_deploy(struct call *q, struct err *err)
{
	json_auto_t *in = NULL;
	int64_t id = 0;
	int r = call_json(q, &in, err);

	if (r == 0)
		r = add_old(q, in, &id, err);
	return r < 0 ? r
		     : reply_json(q, MHD_HTTP_OK,
				  json_pack("{s:I, s:s}", "job_id", (json_int_t)id, "status",
					    "pending"),
				  err);
}

/* --- later trackers: handlers by name --- */

static int no_handler(const char *name, struct err *err)
{
	int r = err_set(err, E_UNSUPPORTED, "this tracker has no handler \"%.40s\"", name);

	err_set_hint(err, "DEPLOY_AWS is there; other targets are not, and there is nothing to "
			  "enable: services are always on");
	return r;
}

static int start_handler(struct call *q, const json_t *in, const json_t *payload, int status,
			 struct err *err)
{
	const char *name = json_get_str(in, "handler_name", "");
	int64_t id = 0;
	int r = str_eq_ci(name, "DEPLOY_AWS") ? add_old(q, payload, &id, err)
					      : no_handler(name, err);

	return r < 0 ? r
		     : reply_json(q, status,
				  json_pack("{s:s, s:I, s:I}", "job_status", "PENDING", "job_id",
					    (json_int_t)id, "timestamp",
					    (json_int_t)clock_wall_ms()),
				  err);
}

int old_initiate(struct call *q, struct err *err)
{
	json_auto_t *in = NULL;
	int r = call_json(q, &in, err);

	return r < 0 ? r : start_handler(q, in, in, MHD_HTTP_OK, err);
}

int old_initiate_job(struct call *q, struct err *err)
{
	json_auto_t *in = NULL;
	const json_t *payload;
	int r = call_json(q, &in, err);

	if (r < 0)
		return r;
	payload = json_object_get(in, "job_payload");
	if (!json_is_object(payload))
		return call_bad_field(q, "job_payload", err, "job_payload is not an object");
	return start_handler(q, in, payload, MHD_HTTP_ACCEPTED, err);
}

static int read_task(struct call *q, struct err *err)
{
	json_auto_t *in = NULL;
	const json_t *task;
	int r = call_json(q, &in, err);

	if (r < 0)
		return r;
	task = json_object_get(in, "task_id");
	if (json_is_integer(task))
		q->match.id = json_integer_value(task);
	else if (!json_is_string(task) ||
		 str_parse_i64(json_string_value(task), &q->match.id, NULL) < 0)
		return call_bad_field(q, "task_id", err, "task_id is not a job's number");
	return 0;
}

int old_logs(struct call *q, struct err *err)
{
	_cleanup_job_ struct job j = {0};
	_cleanup_job_log_ struct job_log log = {0};
	json_auto_t *lines = json_array();
	int r = read_task(q, err);

	if (r == 0)
		r = call_job(q, &j, err);
	if (r == 0)
		r = store_log_read(q->store, j.id, 0, OLD_LOG_LINES, &log, err);
	for (size_t i = 0; r == 0 && i < log.len; i++)
		if (json_array_append_new(lines, json_strz(log.items[i].text)) < 0)
			return err_nomem(err);
	return r < 0 ? r : reply_json(q, MHD_HTTP_OK, json_pack("{s:O}", "logs", lines), err);
}

int old_deployments(struct call *q, struct err *err)
{
	return reply_served(q, "deployments", err);
}

/* --- what is no more --- */

int old_retrain(struct call *q, struct err *err)
{
	int r = err_set(err, E_UNSUPPORTED, "this tracker runs no retraining");

	(void)q;
	err_set_hint(err, "train in a notebook and deploy the new run with mode replace");
	return r;
}

int old_toggle(struct call *q, struct err *err)
{
	(void)q;
	(void)err_set(err, E_UNSUPPORTED,
		      "there are no services to toggle: deployments are always "
		      "on");
	err_set_hint(err, "splice-manager stop ends the server, splice-manager start starts it");
	return E_UNSUPPORTED;
}

int old_service(struct call *q, struct err *err)
{
	if (str_eq(q->match.args[0], "deploy") && str_eq(q->match.args[1], "start"))
		return reply_json(q, MHD_HTTP_OK,
				  json_pack("{s:s, s:s}", "status", "finished", "msg",
					    "deployments are always on"),
				  err);
	return old_toggle(q, err);
}

int old_home(struct call *q, struct err *err)
{
	return reply_see_other(q, err, "/");
}

int old_watch(struct call *q, struct err *err)
{
	return reply_see_other(q, err, "/jobs/%" PRId64, q->match.id);
}
