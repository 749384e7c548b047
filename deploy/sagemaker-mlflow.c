/*
 * Models that splice-scorer does not know go to SageMaker in MLflow's image,
 * which a container engine builds, tries and pushes.  Between the steps it is
 * the engine's image of the name in `package`'s plan; its undo removes it.
 */
#include "deploy/sagemaker-mlflow.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/proc.h"
#include "base/str.h"
#include "deploy/local-int.h"
#include "deploy/mlflow-image.h"
#include "deploy/package.h"
#include "deploy/port.h"
#include "deploy/scorer.h"

#include <errno.h>
#include <fcntl.h>

enum {
	START_MS = 240000, /* SageMaker's limit as well */
	LOOK_MS = 500,
};

static void say_line(void *userdata, const char *text)
{
	step_say(userdata, "%s", text);
}

static const char *job_folder(const struct step_context *c)
{
	return json_get_str(step_plan(c, "package"), "folder", "");
}

/* "splice-mlflow:VARIANT" */
static char *image_name(struct step_context *c)
{
	_cleanup_free_ char *tag = target_name(c, "");

	return tag ? str_fmt("localhost/splice-mlflow:%s", tag) : NULL;
}

static struct engine_call call_of(struct step_context *c)
{
	return (struct engine_call){.folder = job_folder(c),
				    .said = say_line,
				    .userdata = c,
				    .cancel = c->cancel};
}

static int find_engine(struct step_context *c, struct engine_call *ret, struct err *err)
{
	*ret = call_of(c);
	return engine_find(target_of(c)->o.engine, c->cancel, &ret->engine, err);
}

bool mlflow_is_used(const struct step_context *c)
{
	return step_result(c, "package") &&
	       json_get_bool(step_result(c, "package"), "mlflow", false);
}

/* Why the scorer does not serve it, and what is missing here to serve it otherwise. */
int mlflow_find_engine(const struct package_info *info, const char *name, struct cancel *cancel,
		       const struct engine **ret, struct err *err)
{
	struct err native = ERR_INIT, why = ERR_INIT;

	if (engine_find(name, cancel, ret, &why) == 0)
		return 0;
	if (why.code == E_CANCEL || why.code == E_NOMEM || package_check_native(info, &native) == 0)
		return err_copy(err, &why);
	err_set(err, E_UNSUPPORTED, "%s; MLflow's image would serve it, but %s", native.text,
		why.text);
	err_set_hint(err, "%s", why.hint);
	return E_UNSUPPORTED;
}

/* --- package ----------------------------------------------------------------------------- */

static int build(struct step_context *c, const struct engine_call *call, const char *context,
		 struct err *err)
{
	const struct sagemaker_options *o = &target_of(c)->o;
	_cleanup_free_ char *image = image_name(c);
	int r = image ? mlflow_image_write(context, o->base, err) : err_nomem(err);

	if (r == 0)
		r = store_job_step(c->store, c->job, "Building MLflow's image", err);
	if (r < 0)
		return r;
	step_say(c, "%s builds the image: minutes, and a gigabyte or more for Spark's packages",
		 engine_name(call->engine));
	return engine_build(call, context, image, o->build_options, err);
}

int mlflow_package(struct step_context *c, struct mlflow *m, const struct package_info *info,
		   json_t **ret, struct err *err)
{
	_cleanup_free_ char *context = str_fmt("%s/mlflow", job_folder(c));
	struct engine_call call = call_of(c);
	int64_t bytes = 0;
	int r = context ? mlflow_find_engine(info, target_of(c)->o.engine, c->cancel, &call.engine,
					     err)
			: err_nomem(err);

	if (r == 0)
		r = package_fetch_sample(m, info, job_folder(c), c->cancel, err);
	if (r == 0)
		r = mlflow_image_fetch(m, info, context, c->cancel, &bytes, err);
	if (r < 0)
		return r;
	step_say(c, "run %s (%s) of experiment %s: %.1f MB; splice-scorer does not know it (%s)",
		 info->run_id, info->run_name, info->experiment_id, (double)bytes / 1e6,
		 info->flavour ? info->flavour : info->unsupported);
	r = build(c, &call, context, err);
	if (r < 0)
		return r;
	*ret = json_pack("{s:s, s:s, s:b, s:I, s:b}", "run_id", info->run_id, "experiment_id",
			 info->experiment_id, "sample", (int)info->has_sample, "bytes",
			 (json_int_t)bytes, "mlflow", 1);
	return *ret ? 0 : err_nomem(err);
}

/* Which engine built it is the one that is found now; without one there is nothing to remove. */
int mlflow_undo(struct step_context *c, struct err *err)
{
	_cleanup_free_ char *image = image_name(c);
	struct engine_call call;

	if (!image)
		return err_nomem(err);
	if (find_engine(c, &call, /* err= */ NULL) < 0)
		return 0;
	call.said = NULL;
	return engine_remove(&call, image, err);
}

/* --- parity ------------------------------------------------------------------------------ */

/* A container for the while. */
struct trial {
	struct engine_call call;
	char name[40], url[64];
	int port;
	pid_t pid;
	bool ended;
};

static int start_trial(struct step_context *c, struct trial *t, const char *log, struct err *err)
{
	_cleanup_close_ int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	_cleanup_free_ char *image = image_name(c);
	int r;

	if (fd < 0)
		return err_set_errno(err, E_IO, errno, "%s", log);
	r = image ? find_engine(c, &t->call, err) : err_nomem(err);
	if (r == 0 && !port_can_bind(0, &t->port))
		r = err_set(err, E_IO, "no free port is to be had");
	if (r < 0)
		return r;
	snprintf(t->name, sizeof(t->name), "splice-parity-%lld", (long long)c->job);
	snprintf(t->url, sizeof(t->url), "http://127.0.0.1:%d", t->port);
	engine_stop(&t->call, t->name, /* pid= */ 0); /* of a worker that was killed */
	return engine_start(&t->call, image, t->name, t->port, fd, &t->pid, err);
}

/* What it printed last, for the job's log. */
static void say_end_of(struct step_context *c, const char *log)
{
	enum { TAIL = 1500 };
	_cleanup_buf_ struct buf b;

	buf_init(&b, LIMIT_SMALL_FILE);
	if (fs_read(log, &b, /* err= */ NULL) < 0 || !b.len)
		return;
	step_say(c, "the container's last words:\n%.*s", b.len < TAIL ? (int)b.len : TAIL,
		 (const char *)b.data + (b.len < TAIL ? 0 : b.len - TAIL));
}

static int ask(struct step_context *c, struct trial *t, const json_t *body, const json_t *expected,
	       struct err *err)
{
	int64_t deadline = clock_ms() + START_MS;
	int status;

	for (;;) {
		int r = scorer_check(t->url, /* variant= */ NULL, body, expected, c->cancel, err);

		if (r != E_IO && r != E_CLOSED)
			return r;
		err_clear(err);
		t->ended = proc_ended(t->pid, &status);
		if (t->ended)
			return err_set(err, E_SERVER, "the container of MLflow's image ended");
		if (clock_ms() > deadline)
			return err_set(err, E_TIMEOUT,
				       "MLflow's image does not answer within %d minutes",
				       START_MS / 60000);
		r = cancel_wait_fd(c->cancel, -1, 0, LOOK_MS, err);
		if (r < 0 && r != E_TIMEOUT)
			return r;
		err_clear(err);
	}
}

static int compare(struct step_context *c, const char *sample, json_t **ret_expected,
		   struct err *err)
{
	_cleanup_free_ char *log = str_fmt("%s/container.log", job_folder(c));
	struct trial t = {0};
	json_auto_t *body = NULL;
	int r = log ? scorer_body(NULL, sample, &body, ret_expected, err) : err_nomem(err);

	if (r == 0)
		r = start_trial(c, &t, log, err);
	if (r == 0)
		r = ask(c, &t, body, *ret_expected, err);
	if (t.name[0])
		engine_stop(&t.call, t.name, t.ended ? 0 : t.pid);
	if (r < 0 && log)
		say_end_of(c, log);
	return r;
}

int mlflow_parity(struct step_context *c, json_t **ret, struct err *err)
{
	_cleanup_free_ char *sample = str_fmt("%s/sample.json", job_folder(c));
	json_auto_t *expected = NULL;
	int r = 0;

	if (!json_get_bool(step_result(c, "package"), "sample", false)) {
		step_say(
			c,
			"the run keeps no sample of its training data: MLflow's image is not tried");
		*ret = json_pack("{s:b}", "compared", 0);
		return *ret ? 0 : err_nomem(err);
	}
	r = sample ? compare(c, sample, &expected, err) : err_nomem(err);
	if (r < 0)
		return r;
	step_say(c, "%zu rows are answered as Spark answered them", json_array_size(expected));
	*ret = json_pack("{s:b, s:I}", "compared", 1, "rows",
			 (json_int_t)json_array_size(expected));
	return *ret ? 0 : err_nomem(err);
}

/* --- image ------------------------------------------------------------------------------- */

int mlflow_push(struct step_context *c, const char *as, const struct ecr_login *login,
		struct err *err)
{
	_cleanup_free_ char *image = image_name(c);
	struct engine_call call;
	struct engine_registry registry = {login->url, login->user, login->password};
	int r = image ? find_engine(c, &call, err) : err_nomem(err);

	return r < 0 ? r : engine_push(&call, image, as, &registry, err);
}
