/* Deployments by %mlmanager, over the real Jobs Tracker; the worker's part is played here. */
#include "magics/mlmanager/mlmanager-int.h"

#include "base/fs.h"
#include "base/limits.h"
#include "tracking/tracking.h"

#include "tests/harness.h"
#include "tests/servers/sink.h"
#include "tests/servers/web_fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

struct fixture {
	struct web_fixture web;
	struct config *config;
	struct tracking *tracking;
	struct notebook nb;
	struct sink sink;
	struct cancel cancel;
	struct err err;
	/* the worker */
	pthread_t thread;
	atomic_bool over; /* the command has ended */
	enum job_state end;
	struct cancel *stop; /* cancelled once the job runs */
};

static void fixture_start(struct fixture *x)
{
	struct tracking_options options = {0};
	_cleanup_free_ char *address = NULL;

	web_fixture_start(&x->web);
	address = str_fmt("http://127.0.0.1:%d/?token=" WEB_TOKEN, web_port(x->web.web));
	setenv("SPLICE_JOBS_URL", address, 1);
	setenv("MLFLOW_TRACKING_URI", fake_mlflow_url(x->web.mlflow), 1);
	if (config_load(&x->config, &x->err) < 0 ||
	    tracking_new(&options, &x->tracking, &x->err) < 0 ||
	    cancel_init(&x->cancel, &x->err) < 0)
		abort();
	x->nb = (struct notebook){.config = x->config, .tracking = x->tracking};
	sink_init(&x->sink);
}

static void fixture_stop(struct fixture *x)
{
	tracking_free(x->tracking);
	config_free(x->config);
	cancel_release(&x->cancel);
	sink_release(&x->sink);
	web_fixture_stop(&x->web);
}

#define _fixture_ _cleanup_(fixture_stop)
#define CHECK_PLAIN(part) CHECK(sink_shown(&x.sink.plain, part))
#define CHECK_HTML(part) CHECK(sink_shown(&x.sink.html, part))

/* RUN stands for the id of a run that the scorer serves. */
static int run(struct fixture *x, const char *text)
{
	const char *at = strstr(text, "RUN");
	_cleanup_free_ char *body =
		at ? str_fmt("%.*s%s%s", (int)(at - text), text, x->web.run, at + 3)
		   : str_dup(text);

	err_clear(&x->err);
	return sink_run(&x->sink, &magic_mlmanager, &x->nb, body, &x->cancel, &x->err);
}

/* False when the command ended without having made a job. */
static bool wait_for_job(struct fixture *x, struct store *s, struct job *ret)
{
	const struct jobs_query query = {.state = JOB_PENDING, .max = 1};

	for (bool over = false;; over = atomic_load(&x->over)) {
		_cleanup_jobs_ struct jobs list = {0};

		if (store_jobs(s, &query, &list, NULL) < 0)
			abort();
		if (list.len)
			return store_job_get(s, list.items[0].id, ret, NULL) == 0;
		if (over)
			return false;
		usleep(10000);
	}
}

/* What a worker does to the store: takes the job, says two things, ends it. */
static void *work(void *userdata)
{
	struct fixture *x = userdata;
	_cleanup_free_ char *path = str_fmt("%s/jobs.db", x->web.folder);
	json_auto_t *result = json_pack("{s:s, s:s}", "url", "http://127.0.0.1:5010", "variant",
					"fraud-0123abcd-1");
	const struct err why = {.code = E_INPUT, .text = "the model is <gone>", .hint = "log it"};
	struct store *s = NULL;
	_cleanup_job_ struct job job = {0};
	bool told = false;

	if (store_open(path, &s, NULL) < 0)
		abort();
	if (!wait_for_job(x, s, &job)) {
		store_close(s);
		return NULL;
	}
	if (store_job_claim(s, job.id, NULL) < 0 ||
	    store_log_add(s, job.id, "fetching the <model>", NULL) < 0)
		abort();
	if (x->stop)
		cancel_fire(x->stop);
	while (x->end == JOB_CANCELLED && !told)
		if (store_job_cancel_wanted(s, job.id, &told, NULL) < 0)
			abort();
	if (store_log_add(s, job.id, "done with it", NULL) < 0 ||
	    store_job_end(s, job.id, x->end, x->end == JOB_FAILED ? &why : NULL,
			  x->end == JOB_SUCCESS ? result : NULL, NULL) < 0)
		abort();
	store_close(s);
	return NULL;
}

static int run_beside_worker(struct fixture *x, const char *body, enum job_state end)
{
	int r;

	x->end = end;
	atomic_store(&x->over, false);
	if (pthread_create(&x->thread, NULL, work, x) != 0)
		abort();
	r = run(x, body);
	atomic_store(&x->over, true);
	(void)pthread_join(x->thread, NULL);
	return r;
}

TEST(a_deployment_is_followed_to_its_address)
{
	_fixture_ struct fixture x = {0};
	_cleanup_job_ struct job job = {0};

	fixture_start(&x);
	REQUIRE_OK(run_beside_worker(&x, "deploy RUN --app fraud --mode replace --archive",
				     JOB_SUCCESS),
		   &x.err);
	CHECK_PLAIN("fetching the <model>\n");
	CHECK_PLAIN("done with it\n");
	CHECK_PLAIN("Endpoint fraud (local), variant fraud-0123abcd-1\n"
		    "http://127.0.0.1:5010/invocations");
	REQUIRE_OK(store_job_get(x.web.store, 1, &job, &x.err), &x.err);
	CHECK_STR(json_get_str(job.request, "run_id", ""), x.web.run);
	CHECK_STR(json_get_str(job.request, "mode", ""), "replace");
	CHECK(json_get_bool(job.request, "archive", false));
	REQUIRE_OK(run(&x, "jobs"), &x.err);
	CHECK_PLAIN("success");
	REQUIRE_OK(run(&x, "job 1"), &x.err);
	CHECK_PLAIN("Job 1 (deploy fraud), success");
	CHECK_PLAIN("done with it");
	CHECK_HTML(">Jobs Tracker</a>");
}

TEST(a_check_makes_a_job_of_its_own_kind)
{
	_fixture_ struct fixture x = {0};
	_cleanup_job_ struct job job = {0};

	fixture_start(&x);
	REQUIRE_OK(run_beside_worker(&x, "doctor deploy RUN --app fraud", JOB_SUCCESS), &x.err);
	REQUIRE_OK(store_job_get(x.web.store, 1, &job, &x.err), &x.err);
	CHECK_STR(job.kind, "check");
}

TEST(a_failure_is_an_error_with_what_to_do)
{
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	CHECK_INT(run_beside_worker(&x, "deploy RUN --app fraud", JOB_FAILED), E_SERVER);
	CHECK_STR(x.err.text, "job 1 failed: the model is <gone>");
	CHECK(strstr(x.err.hint, "log it\nhttp://127.0.0.1:") && strstr(x.err.hint, "/jobs/1"));
	CHECK_PLAIN("fetching the <model>");
	REQUIRE_OK(run_beside_worker(&x, "retry 1", JOB_SUCCESS), &x.err);
	CHECK_PLAIN("Job 2 (deploy fraud), pending");
}

TEST(stop_cancels_the_job)
{
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	x.stop = &x.cancel;
	CHECK_INT(run_beside_worker(&x, "deploy RUN --app fraud", JOB_CANCELLED), E_CANCEL);
	CHECK_PLAIN("Job 1 is being cancelled; what it made is removed: http://127.0.0.1:");
}

TEST(a_job_that_nobody_waits_for)
{
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	REQUIRE_OK(run(&x, "deploy RUN --app fraud --no-wait"), &x.err);
	CHECK_PLAIN("Job 1 (deploy fraud), pending");
	CHECK_INT(run(&x, "deploy RUN --app fraud --no-wait"), E_EXISTS);
	CHECK(strstr(x.err.text, "1"));
	REQUIRE_OK(run(&x, "cancel 1\njobs fraud"), &x.err);
	CHECK_PLAIN("cancelled");
}

TEST(what_is_refused)
{
	static const struct {
		const char *body;
		int code;
		const char *says;
	} cases[] = {
		{"deploy RUN", E_USAGE, "--app NAME"},
		{"deploy nosuch --app fraud", E_NOTFOUND, "nosuch"},
		{"deploy RUN --app -x-", E_INPUT, "app_name"},
		{"deploy RUN --app fraud --mode burn", E_INPUT, "mode"},
		{"deploy RUN --app fraud --target moon", E_INPUT, "target"},
		{"deploy RUN --app fraud --modus add", E_USAGE, "--modus"},
		{"undeploy fraud --now", E_USAGE, "--now"},
		{"deploy RUN --app", E_USAGE, "--app needs a value"},
		{"doctor heart RUN", E_USAGE, "doctor knows how to check: deploy"},
		{"shift fraud", E_USAGE, "something is missing"},
		{"shift fraud 10", E_USAGE, "10%"},
		{"shift fraud x%", E_INPUT, "x"},
		{"shift fraud 10%", E_NOTFOUND, "there is no endpoint fraud"},
		{"undeploy fraud", E_NOTFOUND, "there is no endpoint fraud"},
		{"invoke fraud V1=1", E_NOTFOUND, "there is no endpoint fraud"},
		{"invoke fraud", E_USAGE, "needs a row"},
		{"invoke fraud V1", E_USAGE, "is not COLUMN=VALUE"},
		{"invoke fraud {\"V1\": 1", E_PROTO, "the rows"},
		{"job 7", E_NOTFOUND, "7"},
		{"job x", E_INPUT, "x"},
		{"cancel 99999999999999999999", E_INPUT, "99999999999999999999"},
	};
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int r = run(&x, cases[i].body);

		if (r != cases[i].code || !strstr(x.err.text, cases[i].says))
			test_fail(__FILE__, __LINE__, "%s: %s: %s", cases[i].body, err_code_name(r),
				  x.err.text);
	}
}

/* An endpoint of this machine as its folder describes it; its scorer need not run. */
static void add_endpoint(struct fixture *x)
{
	_cleanup_free_ char *folder = str_fmt("%s/splice-kernel/endpoints/fraud", x->web.folder);
	_cleanup_free_ char *path = str_fmt("%s/endpoint.json", folder);
	_cleanup_free_ char *text = str_fmt(
		"{\"app\": \"fraud\", \"port\": 1, \"variants\": ["
		"{\"name\": \"old\", \"weight\": 9, \"model\": \"a.json\", \"run_id\": \"%s\", "
		"\"experiment_id\": \"1\", \"created\": 1}, "
		"{\"name\": \"new\", \"weight\": 1, \"model\": \"b.json\", \"run_id\": \"0\", "
		"\"experiment_id\": \"1\", \"created\": 2}]}",
		x->web.run);

	if (fs_mkdir_p(folder, 0700, NULL) < 0 ||
	    fs_write_atomic(path, text, strlen(text), 0600, NULL) < 0)
		abort();
}

TEST(endpoints_and_their_traffic)
{
	_fixture_ struct fixture x = {0};
	_cleanup_job_ struct job job = {0};

	fixture_start(&x);
	add_endpoint(&x);
	REQUIRE_OK(run(&x, "endpoints"), &x.err);
	CHECK_PLAIN("old 90 %, new 10 %");
	REQUIRE_OK(run_beside_worker(&x, "shift fraud 25% --variant new", JOB_SUCCESS), &x.err);
	REQUIRE_OK(store_job_get(x.web.store, 1, &job, &x.err), &x.err);
	CHECK_STR(job.kind, "shift");
	CHECK_STR(json_get_str(job.request, "variant", ""), "new");
	CHECK(json_number_value(json_object_get(job.request, "percent")) == 25);
	REQUIRE_OK(run_beside_worker(&x, "undeploy fraud --target local", JOB_SUCCESS), &x.err);
	/* Nobody listens at port 1: with the sample of the run that serves, and with a row given.
	 */
	CHECK_INT(run(&x, "invoke fraud"), E_SERVER);
	CHECK_INT(run(&x, "invoke fraud {\"V1\": 1}"), E_SERVER);
	CHECK_INT(run(&x, "invoke fraud V1=1 city='New York'"), E_SERVER);
}

TEST_MAIN()
