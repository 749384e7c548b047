/* One row of a table for each operation of the Jobs Tracker. */
#include "notebook/jobs.h"

#include "base/str.h"
#include "protocol/jobs/jobs.h"

#include <inttypes.h>

/* One call under way. */
struct asking {
	struct jobs_client *client;
	const json_t *args; /* borrowed; may be NULL */
	struct cancel *cancel;
};

typedef int op_fn(struct asking *a, json_t **ret, struct err *err);

static int missing(const char *name, struct err *err)
{
	return err_set(err, E_USAGE, "this operation of the Jobs Tracker wants \"%s\"", name);
}

static int job_id(const struct asking *a, int64_t *ret, struct err *err)
{
	json_int_t id = json_get_int(a->args, "id", 0);

	*ret = id;
	return id > 0 ? 0 : missing("id", err);
}

/* {"job": JOB, "page": where people see it}. */
static int job_answer(const struct asking *a, const struct remote_job *job, json_t **ret,
		      struct err *err)
{
	_cleanup_free_ char *page =
		str_fmt("%s/jobs/%" PRId64, jobs_client_url(a->client), job->id);

	*ret = page ? json_pack("{s:O, s:s}", "job", job->all, "page", page) : NULL;
	return *ret ? 0 : err_nomem(err);
}

static int op_address(struct asking *a, json_t **ret, struct err *err)
{
	*ret = json_pack("{s:s}", "url", jobs_client_url(a->client));
	return *ret ? 0 : err_nomem(err);
}

static int op_list(struct asking *a, json_t **ret, struct err *err)
{
	const struct jobs_list_query query = {
		.state = json_get_str(a->args, "state", NULL),
		.text = json_get_str(a->args, "text", NULL),
		.before = json_get_int(a->args, "before", 0),
		.limit = (int)json_get_int(a->args, "limit", 0),
	};

	return jobs_list(a->client, &query, a->cancel, ret, err);
}

typedef int job_fn(struct jobs_client *c, int64_t id, struct cancel *cancel, struct remote_job *ret,
		   struct err *err);

static int with_job(struct asking *a, job_fn *fn, json_t **ret, struct err *err)
{
	_cleanup_remote_job_ struct remote_job job = {0};
	int64_t id;
	int r = job_id(a, &id, err);

	if (r == 0)
		r = fn(a->client, id, a->cancel, &job, err);
	return r < 0 ? r : job_answer(a, &job, ret, err);
}

static int op_get(struct asking *a, json_t **ret, struct err *err)
{
	return with_job(a, jobs_get, ret, err);
}

static int op_cancel(struct asking *a, json_t **ret, struct err *err)
{
	return with_job(a, jobs_cancel, ret, err);
}

static int op_retry(struct asking *a, json_t **ret, struct err *err)
{
	return with_job(a, jobs_retry, ret, err);
}

static int op_remove(struct asking *a, json_t **ret, struct err *err)
{
	int64_t id;
	int r = job_id(a, &id, err);

	if (r == 0)
		r = jobs_remove(a->client, id, a->cancel, err);
	if (r < 0)
		return r;
	*ret = json_object();
	return *ret ? 0 : err_nomem(err);
}

static int op_add(struct asking *a, json_t **ret, struct err *err)
{
	_cleanup_remote_job_ struct remote_job job = {0};
	int r = json_is_object(a->args) ? jobs_add(a->client, a->args, a->cancel, &job, err)
					: missing("run_id", err);

	return r < 0 ? r : job_answer(a, &job, ret, err);
}

static int op_validate(struct asking *a, json_t **ret, struct err *err)
{
	return json_is_object(a->args) ? jobs_validate(a->client, a->args, a->cancel, ret, err)
				       : missing("run_id", err);
}

static int op_log(struct asking *a, json_t **ret, struct err *err)
{
	_cleanup_remote_log_ struct remote_log log = {0};
	int64_t id;
	int r = job_id(a, &id, err);

	if (r == 0)
		r = jobs_log(a->client, id, json_get_int(a->args, "after", 0),
			     (int)json_get_int(a->args, "wait", 0), a->cancel, &log, err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:O, s:I, s:s, s:b}", "lines", log.lines, "last", (json_int_t)log.last,
			 "state", log.state, "ended", log.ended);
	return *ret ? 0 : err_nomem(err);
}

static int op_endpoints(struct asking *a, json_t **ret, struct err *err)
{
	json_t *list = NULL;
	int r = jobs_endpoints(a->client, a->cancel, &list, err);

	if (r < 0)
		return r;
	*ret = json_pack("{s:o}", "endpoints", list);
	return *ret ? 0 : err_nomem(err);
}

/* What several endpoints of one name are told apart by. */
static int ambiguous(const char *app, struct err *err)
{
	int r = err_set(err, E_INPUT, "several endpoints are called %.80s", app);

	err_set_hint(err, "Say which: target (local or sagemaker), and the region.");
	return r;
}

/*
 * The endpoint that the arguments name; what they leave open is read from the
 * list, whose owner the texts then belong to.
 */
static int name_endpoint(struct asking *a, json_t **list, struct endpoint_name *ret,
			 struct err *err)
{
	const char *app = json_get_str(a->args, "app", "");
	const char *target = json_get_str(a->args, "target", NULL);
	const char *region = json_get_str(a->args, "region", NULL);
	const json_t *one, *found = NULL;
	size_t i;
	int r = *app ? jobs_endpoints(a->client, a->cancel, list, err) : missing("app", err);

	if (r < 0)
		return r;
	json_array_foreach (*list, i, one) {
		if (!str_eq(json_get_str(one, "app", ""), app) ||
		    (target && !str_eq(json_get_str(one, "target", ""), target)) ||
		    (region && !str_eq(json_get_str(one, "region", ""), region)))
			continue;
		if (found)
			return ambiguous(app, err);
		found = one;
	}
	if (!found) {
		r = err_set(err, E_NOTFOUND, "there is no endpoint %.80s", app);
		err_set_hint(err, "%%mlmanager endpoints lists those there are.");
		return r;
	}
	*ret = (struct endpoint_name){.target = json_get_str(found, "target", ""),
				      .region = json_get_str(found, "region", ""),
				      .app = app};
	return 0;
}

static int op_invoke(struct asking *a, json_t **ret, struct err *err)
{
	json_auto_t *list = NULL;
	const json_t *rows = json_object_get(a->args, "rows");
	struct endpoint_name name;
	int r = rows ? name_endpoint(a, &list, &name, err) : missing("rows", err);

	return r < 0 ? r : jobs_invoke(a->client, &name, rows, a->cancel, ret, err);
}

static int op_shift(struct asking *a, json_t **ret, struct err *err)
{
	_cleanup_remote_job_ struct remote_job job = {0};
	json_auto_t *list = NULL;
	const json_t *percent = json_object_get(a->args, "percent");
	struct endpoint_name name;
	int r = json_is_number(percent) ? name_endpoint(a, &list, &name, err)
					: missing("percent", err);

	if (r == 0)
		r = jobs_shift(a->client, &name, json_get_str(a->args, "variant", NULL),
			       json_number_value(percent), a->cancel, &job, err);
	return r < 0 ? r : job_answer(a, &job, ret, err);
}

static int op_undeploy(struct asking *a, json_t **ret, struct err *err)
{
	_cleanup_remote_job_ struct remote_job job = {0};
	json_auto_t *list = NULL;
	struct endpoint_name name;
	int r = name_endpoint(a, &list, &name, err);

	if (r == 0)
		r = jobs_undeploy(a->client, &name, a->cancel, &job, err);
	return r < 0 ? r : job_answer(a, &job, ret, err);
}

static const struct {
	const char *name;
	op_fn *fn;
} ops[] = {
	{"address", op_address},   {"list", op_list},
	{"get", op_get},           {"add", op_add},
	{"validate", op_validate}, {"cancel", op_cancel},
	{"retry", op_retry},       {"remove", op_remove},
	{"log", op_log},           {"endpoints", op_endpoints},
	{"invoke", op_invoke},     {"shift", op_shift},
	{"undeploy", op_undeploy},
};

static op_fn *find_op(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(ops); i++)
		if (str_eq(ops[i].name, name))
			return ops[i].fn;
	return NULL;
}

static int open_client(struct notebook *nb, struct cancel *cancel, services_notice_fn *notice,
		       void *userdata, struct jobs_client **ret, struct err *err)
{
	const char *named = config_get(nb->config, "jobs.url");
	_cleanup_free_ char *local = NULL;
	int r;

	if (named && *named)
		return jobs_client_new(named, NULL, ret, err);
	r = services_ensure(nb->services, SERVICE_JOBS, cancel, notice, userdata, &local, err);
	return r < 0 ? r : jobs_client_new(local, NULL, ret, err);
}

int notebook_jobs(struct notebook *nb, const char *op, const json_t *args, struct cancel *cancel,
		  services_notice_fn *notice, void *userdata, json_t **ret, struct err *err)
{
	_cleanup_(jobs_client_freep) struct jobs_client *client = NULL;
	struct asking a = {.args = args, .cancel = cancel};
	op_fn *fn = find_op(op);
	int r;

	if (!fn)
		return err_set(err, E_USAGE, "the Jobs Tracker has no operation %.60s", op);
	r = open_client(nb, cancel, notice, userdata, &client, err);
	a.client = client;
	return r < 0 ? r : fn(&a, ret, err);
}
