/*
 * The target SageMaker as a program, for tests beside a stand-in:
 *   sagemaker_driver KIND REQUEST
 * KIND is deploy, undeploy, shift, check; REQUEST their JSON (docs/DEPLOY.md).
 * Of a check it prints the findings; for the others it adds a job to the store of XDG_DATA_HOME and
 * works on it as often as the Jobs Tracker would.  DRIVER_SCORER and DRIVER_MODEL go into the
 * image; DRIVER_RETRY_MS, DRIVER_TIMEOUT_MS.  SIGTERM cancels.  Prints {"job", "state", "error",
 * "hint", "result", "attempts", "log"}.
 *   sagemaker_driver add KIND REQUEST    a pending job for `splice-manager work`; prints its number
 *   sagemaker_driver tell JOB            such a job as it stands
 */
#include "base/config.h"
#include "base/fs.h"
#include "base/str.h"
#include "deploy/rehearsal.h"
#include "deploy/sagemaker.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { ATTEMPTS = 12, STEPS_MAX = 16 };

static struct cancel cancelled;

static void on_signal(int signal)
{
	uint64_t one = 1;

	(void)signal;
	atomic_store(&cancelled.fired, true);
	if (write(cancelled.fd, &one, sizeof(one)) < 0)
		_exit(9);
}

static int number(const char *name, int fallback)
{
	const char *text = getenv(name);
	int64_t n;

	return text && str_parse_i64(text, &n, NULL) == 0 ? (int)n : fallback;
}

/* The list less what needs a tracking server. */
static void choose_steps(const struct request *q, struct step dst[STEPS_MAX])
{
	const struct step *all = sagemaker_steps(q->kind)->items;
	size_t n = 0;

	for (; all->name && n < STEPS_MAX - 1; all++)
		if (!str_eq(all->name, "package") && !str_eq(all->name, "parity"))
			dst[n++] = *all;
}

static int add_pending(struct store *s, const struct request *q, int64_t *ret, struct err *err)
{
	json_auto_t *json = request_json(q);
	struct job_new job = {.kind = request_kind_name(q->kind),
			      .target = "sagemaker",
			      .region = q->region,
			      .app = q->app,
			      .user = "",
			      .request = json};

	return store_job_add(s, &job, ret, err);
}

static int add_job(struct store *s, const struct request *q, int64_t *ret, struct err *err)
{
	int r = add_pending(s, q, ret, err);

	return r < 0 ? r : store_job_claim(s, *ret, err);
}

/* As one worker after another would. */
static int work(struct store *s, struct sagemaker_target *t, int64_t id, int *ret_attempts,
		struct err *err)
{
	struct step items[STEPS_MAX] = {{0}};
	struct steps steps = *sagemaker_steps(t->local.request->kind);
	int r = -1;

	choose_steps(t->local.request, items);
	steps.items = items;

	for (int i = 1; r < 0 && i <= ATTEMPTS; i++) {
		struct step_context c = {.store = s,
					 .job = id,
					 .cancel = &cancelled,
					 .userdata = t};

		err_clear(err);
		r = steps_run(&c, &steps, i, err);
		step_context_release(&c);
		*ret_attempts = i;
	}
	return r;
}

static json_t *log_json(struct store *s, int64_t id)
{
	_cleanup_job_log_ struct job_log log = {0};
	json_t *list = json_array();

	if (store_log_read(s, id, 0, 1000, &log, NULL) < 0)
		return list;
	for (size_t i = 0; i < log.len; i++)
		(void)!json_array_append_new(list, json_strz(log.items[i].text));
	return list;
}

static int tell(struct store *s, int64_t id, int attempts, struct err *err)
{
	_cleanup_job_ struct job job = {0};
	json_auto_t *told = NULL;
	_cleanup_free_ char *text = NULL;
	int r = store_job_get(s, id, &job, err);

	if (r < 0)
		return r;
	told = json_pack("{s:I, s:s, s:s, s:s, s:O?, s:i, s:o}", "job", (json_int_t)id, "state",
			 job_state_name(job.state), "error", job.error, "hint", job.hint, "result",
			 job.result, "attempts", attempts, "log", log_json(s, id));
	text = told ? json_text(told) : NULL;
	puts(text ? text : "null");
	return 0;
}

static int run_job(struct store *s, const struct request *q, const struct config *config,
		   struct err *err)
{
	_cleanup_sagemaker_target_ struct sagemaker_target t = {0};
	_cleanup_free_ char *work_dir = NULL;
	struct sagemaker_options o = {
		.role = config_get(config, "sagemaker.role"),
		.repository = config_get(config, "sagemaker.repository"),
		.engine = config_get(config, "container.engine"),
		.base = config_get(config, "container.base"),
		.build_options = config_get(config, "container.options"),
		.scorer = getenv("DRIVER_SCORER"),
		.model = getenv("DRIVER_MODEL"),
		.poll_ms = 5,
		.grace_ms = 200,
		.timeout_ms = number("DRIVER_TIMEOUT_MS", 60000),
		.retry_ms = number("DRIVER_RETRY_MS", 1),
	};
	struct local_job local = {.request = q};
	int64_t id = 0;
	int attempts = 0;
	int r = fs_place(PLACE_STATE, "work", &work_dir, err);

	if (r == 0)
		r = fs_mkdir_p(work_dir, 0700, err);
	o.work = work_dir;
	if (r == 0)
		r = add_job(s, q, &id, err);
	if (r == 0)
		r = sagemaker_target_init(&t, &local, &o, err);
	if (r < 0)
		return r;
	if (work(s, &t, id, &attempts, err) < 0)
		fprintf(stderr, "%s\n", err->text);
	return tell(s, id, attempts, err);
}

static int no_tracking(void *userdata, char **ret, struct err *err)
{
	(void)userdata;
	(void)ret;
	return err_set(err, E_IO, "no tracking server is asked here");
}

static int run_check(const struct request *q, struct err *err)
{
	_cleanup_free_ char *folder = NULL;
	_cleanup_findings_ struct findings findings = {0};
	struct rehearsal o = {.request = q,
			      .port = 5010,
			      .tracking_uri = no_tracking,
			      .cancel = &cancelled};
	_cleanup_free_ char *text = NULL;
	json_auto_t *told = NULL;
	int r = fs_place(PLACE_STATE, "check", &folder, err);

	o.folder = folder;
	if (r == 0)
		r = fs_mkdir_p(folder, 0700, err);
	if (r == 0)
		r = rehearse(&o, &findings, err);
	if (r < 0)
		return r;
	told = findings_json(&findings);
	text = told ? json_text(told) : NULL;
	puts(text ? text : "null");
	return 0;
}

static int open_store(struct store **ret, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	int r = store_default_path(&path, err);

	return r < 0 ? r : store_open(path, ret, err);
}

static int read_request(const char *kind, const char *text, struct request *ret, struct err *err)
{
	json_auto_t *json = NULL;
	int r = json_parse(text, strlen(text), "the request", &json, err);

	return r < 0 ? r
		     : request_parse((enum request_kind)request_kind_parse(kind), json, ret, NULL,
				     err);
}

static int run_add(char **argv, struct err *err)
{
	_cleanup_request_ struct request q = {0};
	_cleanup_(store_closep) struct store *s = NULL;
	int64_t id = 0;
	int r = read_request(argv[2], argv[3], &q, err);

	if (r == 0)
		r = open_store(&s, err);
	if (r == 0)
		r = add_pending(s, &q, &id, err);
	if (r == 0)
		printf("%lld\n", (long long)id);
	return r;
}

static int run_tell(char **argv, struct err *err)
{
	_cleanup_(store_closep) struct store *s = NULL;
	int64_t id;
	int r = str_parse_i64(argv[2], &id, err);

	if (r == 0)
		r = open_store(&s, err);
	return r < 0 ? r : tell(s, id, 0, err);
}

static int run(char **argv, struct err *err)
{
	_cleanup_request_ struct request q = {0};
	_cleanup_(config_freep) struct config *config = NULL;
	_cleanup_(store_closep) struct store *s = NULL;
	int r = read_request(argv[1], argv[2], &q, err);

	if (r == 0 && q.kind == REQUEST_CHECK)
		return run_check(&q, err);
	if (r == 0)
		r = config_load(&config, err);
	if (r == 0)
		r = open_store(&s, err);
	return r < 0 ? r : run_job(s, &q, config, err);
}

static int choose(int argc, char **argv, struct err *err)
{
	if (argc == 4 && str_eq(argv[1], "add"))
		return run_add(argv, err);
	if (argc == 3 && str_eq(argv[1], "tell"))
		return run_tell(argv, err);
	if (argc == 3)
		return run(argv, err);
	return err_set(err, E_USAGE, "see the head of sagemaker_driver.c");
}

int main(int argc, char **argv)
{
	struct err err = ERR_INIT;
	int r = cancel_init(&cancelled, &err);

	(void)signal(SIGTERM, on_signal);
	(void)signal(SIGPIPE, SIG_IGN);
	if (r == 0)
		r = choose(argc, argv, &err);
	if (r < 0)
		fprintf(stderr, "%s: %s\n%s\n", err_code_name(r), err.text, err.hint);
	return r < 0;
}
