/* The worker. */
#include "manager/work.h"

#include "base/config.h"
#include "base/str.h"
#include "deploy/local.h"
#include "deploy/rehearsal.h"
#include "deploy/sagemaker.h"
#include "deploy/supervisor.h"
#include "deploy/watch.h"

struct work {
	struct job job;
	struct request request;
	struct local_job local;
	struct sagemaker_target sagemaker;
	struct config *config;
	struct cancel cancel;
	struct step_context context;
};

static void work_release(struct work *w)
{
	step_context_release(&w->context);
	request_release(&w->request);
	job_release(&w->job);
	sagemaker_target_release(&w->sagemaker);
	config_free(w->config);
	if (w->cancel.fd >= 0)
		cancel_release(&w->cancel);
}

static void say_notice(void *userdata, const char *text)
{
	step_say(userdata, "%s", text);
}

static int tracking_uri(struct step_context *c, char **ret, struct err *err)
{
	return supervisor_tracking_uri(c->cancel, say_notice, c, ret, err);
}

/* What stands in the store was accepted once, perhaps by another version. */
static int read_request(struct work *w, struct err *err)
{
	int kind = request_kind_parse(w->job.kind);

	if (kind < 0)
		return err_set(err, E_UNSUPPORTED, "this version knows no jobs of kind \"%.40s\"",
			       w->job.kind);
	return request_parse((enum request_kind)kind, w->job.request, &w->request,
			     /* faults= */ NULL, err);
}

static int read_settings(struct work *w, struct err *err)
{
	int64_t port;
	int r = config_load(&w->config, err);

	if (r == 0)
		r = config_get_i64(w->config, "endpoint.port", &port, err);
	if (r < 0)
		return r;
	if (port < 1 || port > 65535)
		return err_set(err, E_INPUT, "setting endpoint.port: %lld is no port",
			       (long long)port);
	w->local.port = (int)port;
	return 0;
}

static int prepare_sagemaker(struct work *w, const struct steps **ret, struct err *err)
{
	struct sagemaker_options o = {
		.role = config_get(w->config, "sagemaker.role"),
		.repository = config_get(w->config, "sagemaker.repository"),
		.engine = config_get(w->config, "container.engine"),
		.base = config_get(w->config, "container.base"),
		.build_options = config_get(w->config, "container.options"),
	};
	int r = sagemaker_target_init(&w->sagemaker, &w->local, &o, err);

	if (r < 0)
		return r;
	w->context.userdata = &w->sagemaker;
	*ret = sagemaker_steps(w->request.kind);
	return 0;
}

static int prepare(struct work *w, const struct steps **ret, struct err *err)
{
	int r = read_request(w, err);

	if (r == 0)
		r = read_settings(w, err);
	if (r < 0)
		return r;
	w->local.request = &w->request;
	w->local.tracking_uri = tracking_uri;
	w->context.userdata = &w->local;
	if (w->request.kind == REQUEST_CHECK) {
		*ret = rehearsal_steps();
		return 0;
	}
	if (w->request.target == TARGET_SAGEMAKER)
		return prepare_sagemaker(w, ret, err);
	*ret = local_steps(w->request.kind);
	return 0;
}

/* *ret_before: the job that this one retries, 0 when there is none or it was removed. */
static int clear_one(struct work *w, const struct steps *steps, int64_t job, int64_t *ret_before,
		     struct err *err)
{
	struct step_context earlier = {.store = w->context.store,
				       .job = job,
				       .userdata = w->context.userdata};
	_cleanup_job_ struct job left = {0};
	int r;

	*ret_before = 0;
	if (store_job_get(w->context.store, job, &left, /* err= */ NULL) < 0)
		return 0; /* removed, so nothing was left */
	*ret_before = left.retry_of;
	r = steps_clear(&earlier, steps, err);
	step_context_release(&earlier);
	return r < 0 ? err_prefix(err, "what job %lld left", (long long)job) : r;
}

/* What earlier tries could not take back is taken back first, the latest before the others. */
static int clear_earlier(struct work *w, const struct steps *steps, struct err *err)
{
	int64_t job = w->job.retry_of;
	int r = 0;

	while (r == 0 && job)
		r = clear_one(w, steps, job, &job, err);
	return r;
}

static int go(struct work *w, const char *path, struct err *err)
{
	_cleanup_(watch_stopp) struct watch *watch = NULL;
	const struct steps *steps = NULL;
	struct err why = ERR_INIT;
	int r = prepare(w, &steps, &why);

	if (r == 0 && watch_start(path, w->job.id, &w->cancel, &watch, err) < 0)
		return err->code;
	if (r == 0)
		r = clear_earlier(w, steps, &why);
	if (r < 0)
		return steps_refuse(&w->context, w->job.attempts, &why, err);
	return steps_run(&w->context, steps, w->job.attempts, err);
}

int work_run(int64_t job, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	_cleanup_(store_closep) struct store *store = NULL;
	_cleanup_(work_release) struct work w = {.cancel.fd = -1};
	int r = store_default_path(&path, err);

	if (r == 0)
		r = store_open(path, &store, err);
	if (r == 0)
		r = cancel_init(&w.cancel, err);
	if (r == 0)
		r = store_job_claim(store, job, err);
	if (r == 0)
		r = store_job_get(store, job, &w.job, err);
	if (r < 0)
		return r;
	w.context = (struct step_context){.store = store, .job = job, .cancel = &w.cancel};
	return go(&w, path, err);
}
