/* The API's contract, as docs/JOBS.md has it */
#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "tests/harness.h"
#include "tests/servers/web_fixture.h"

#include <pthread.h>
#include <unistd.h>

static struct web_answer add(const struct web_fixture *f, const char *app)
{
	_cleanup_free_ char *body =
		str_fmt("{\"run_id\": \"%s\", \"app_name\": \"%s\"}", f->run, app);

	return web_api(f, "POST", "/api/jobs", body);
}

static json_int_t number(const struct web_answer *a, const char *object, const char *name)
{
	const json_t *in = object ? json_object_get(a->json, object) : a->json;

	return json_get_int(in, name, -1);
}

TEST(a_job_is_added_and_read)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer made = {0}, got = {0}, list = {0};

	web_fixture_start(&f);
	made = add(&f, "fraud");
	CHECK_INT(made.status, 201);
	CHECK_INT(number(&made, "job", "id"), 1);
	CHECK_STR(web_member(&made, "job.state"), "pending");
	CHECK_STR(web_member(&made, "job.kind"), "deploy");
	CHECK_STR(web_member(&made, "job.request.experiment_id"), "0"); /* the run's own */
	CHECK_STR(web_member(&made, "job.request.mode"), "create");
	CHECK_INT(atomic_load(&f.woken), 1);
	got = web_api(&f, "GET", "/api/jobs/1", NULL);
	CHECK_INT(got.status, 200);
	CHECK(json_is_array(json_object_get(json_object_get(got.json, "job"), "steps")));
	list = web_api(&f, "GET", "/api/jobs", NULL);
	CHECK_INT(json_array_size(json_object_get(list.json, "jobs")), 1);
	CHECK(json_is_false(json_object_get(list.json, "more")));
}

TEST(what_a_job_must_not_be)
{
	static const struct {
		const char *body;
		int status;
		const char *code, *field;
	} cases[] = {
		{"{", 400, "invalid", ""},
		{"[]", 400, "invalid", ""},
		{"{}", 400, "invalid", "app_name"},
		{"{\"kind\": \"dance\"}", 400, "invalid", "kind"},
		{"{\"app_name\": \"a b\"}", 400, "invalid", "app_name"},
		{"{\"app_name\": \"a\", \"run_id\": \"none\"}", 400, "invalid", "run_id"},
		{"{\"app_name\": \"a\", \"run_id\": \"../../etc\"}", 400, "invalid", "run_id"},
		{"{\"app_name\": \"a\", \"run_id\": \"RUN\", \"experiment_id\": \"7\"}", 400,
		 "invalid", "experiment_id"},
		{"{\"app_name\": \"a\", \"run_id\": \"RUN\", \"target\": \"sagemaker\"}", 400,
		 "invalid", "region"},
		{"{\"app_name\": \"a\", \"run_id\": \"RUN\", \"mode\": \"dance\"}", 400, "invalid",
		 "mode"},
	};
	_web_fixture_ struct web_fixture f;

	web_fixture_start(&f);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *at = strstr(cases[i].body, "RUN");
		_cleanup_free_ char *body = at ? str_fmt("%.*s%s%s", (int)(at - cases[i].body),
							 cases[i].body, f.run, at + 3)
					       : str_dup(cases[i].body);
		_web_answer_ struct web_answer a = web_api(&f, "POST", "/api/jobs", body);

		CHECK_INT(a.status, cases[i].status);
		CHECK_STR(web_member(&a, "error.code"), cases[i].code);
		CHECK_STR(web_member(&a, "error.field"), cases[i].field);
		CHECK(*web_member(&a, "error.message") != '\0');
	}
	CHECK_INT(atomic_load(&f.woken), 0);
}

TEST(one_app_has_one_job_at_a_time)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer first = {0}, second = {0};

	web_fixture_start(&f);
	first = add(&f, "fraud");
	second = add(&f, "fraud");
	CHECK_INT(second.status, 409);
	CHECK_STR(web_member(&second, "error.code"), "conflict");
	CHECK(strstr(web_member(&second, "error.message"), "1") != NULL);
}

TEST(runs_that_cannot_be_served)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer empty = {0}, strange = {0};
	json_auto_t *none = json_object();
	json_auto_t *unknown = json_pack("{s:{}, s:{s:[{s:s, s:s, s:s}]}}", "spark_model/MLmodel",
					 "splice/unsupported.json", "stages", "kind", "Word2Vec",
					 "uid", "W_1", "reason", "a stage of another kind");

	web_fixture_start(&f);
	web_fixture_run(&f, "empty", none, f.run);
	empty = add(&f, "a");
	CHECK(strstr(web_member(&empty, "error.message"), "holds no model") != NULL);
	web_fixture_run(&f, "strange", unknown, f.run);
	strange = add(&f, "b");
	CHECK_INT(strange.status, 400);
	CHECK(strstr(web_member(&strange, "error.message"), "Word2Vec (a stage of another kind)"));
}

TEST(a_tracking_server_that_is_down)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer a = {0}, b = {0}, v = {0};

	web_fixture_start(&f);
	fake_mlflow_down(f.mlflow);
	a = add(&f, "fraud");
	CHECK_INT(a.status, 502);
	CHECK_STR(web_member(&a, "error.code"), "upstream");
	b = web_api(&f, "GET", "/api/experiments", NULL);
	CHECK_INT(b.status, 502);
	v = web_api(&f, "POST", "/api/validate", "{\"app_name\": \"-\", \"run_id\": \"abc\"}");
	CHECK_INT(v.status, 200);
	CHECK(json_object_get(json_object_get(v.json, "faults"), "app_name"));
	CHECK_STR(web_member(&v, "error.code"), "upstream");
	CHECK(json_is_false(json_object_get(v.json, "ok")));
	CHECK(fake_mlflow_up(f.mlflow));
}

TEST(states_change_as_the_store_allows)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer made = {0}, early = {0}, cancelled = {0}, twice = {0},
				       again = {0}, removed = {0}, gone = {0};

	web_fixture_start(&f);
	made = add(&f, "fraud");
	early = web_api(&f, "POST", "/api/jobs/1/retry", NULL);
	CHECK_INT(early.status, 400);
	cancelled = web_api(&f, "POST", "/api/jobs/1/cancel", NULL);
	CHECK_INT(cancelled.status, 200);
	CHECK_STR(web_member(&cancelled, "job.state"), "cancelled");
	twice = web_api(&f, "POST", "/api/jobs/1/cancel", NULL);
	CHECK_INT(twice.status, 400);
	again = web_api(&f, "POST", "/api/jobs/1/retry", "");
	CHECK_INT(again.status, 201);
	CHECK_INT(number(&again, "job", "id"), 2);
	CHECK_INT(number(&again, "job", "retry_of"), 1);
	removed = web_api(&f, "DELETE", "/api/jobs/1", NULL);
	CHECK_INT(removed.status, 200);
	gone = web_api(&f, "GET", "/api/jobs/1", NULL);
	CHECK_INT(gone.status, 404);
	CHECK_STR(web_member(&gone, "error.code"), "not_found");
}

TEST(lists_are_paged_and_filtered)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer page = {0}, next = {0}, some = {0}, bad = {0}, odd = {0};
	const json_t *jobs;

	web_fixture_start(&f);
	for (int i = 0; i < 5; i++) {
		_cleanup_free_ char *app = str_fmt("app%d", i);

		(void)web_fixture_job(&f, app);
	}
	page = web_api(&f, "GET", "/api/jobs?limit=2", NULL);
	jobs = json_object_get(page.json, "jobs");
	CHECK_INT(json_array_size(jobs), 2);
	CHECK_INT(json_get_int(json_array_get(jobs, 0), "id", 0), 5);
	CHECK(json_is_true(json_object_get(page.json, "more")));
	next = web_api(&f, "GET", "/api/jobs?limit=200&before=4", NULL);
	CHECK_INT(json_array_size(json_object_get(next.json, "jobs")), 3);
	some = web_api(&f, "GET", "/api/jobs?text=app3&state=pending", NULL);
	CHECK_INT(json_array_size(json_object_get(some.json, "jobs")), 1);
	bad = web_api(&f, "GET", "/api/jobs?state=odd", NULL);
	CHECK_INT(bad.status, 400);
	CHECK_STR(web_member(&bad, "error.field"), "state");
	odd = web_api(&f, "GET", "/api/jobs?limit=many", NULL);
	CHECK_INT(odd.status, 400);
}

/* --- waiting --- */

struct later {
	struct web_fixture *f;
	int64_t id;
};

static void *write_later(void *arg)
{
	struct later *l = arg;
	_cleanup_(store_closep) struct store *s = NULL;
	_cleanup_free_ char *path = str_fmt("%s/jobs.db", l->f->folder);

	(void)usleep(500000);
	if (store_open(path, &s, NULL) < 0 || store_log_add(s, l->id, "a line", NULL) < 0)
		abort();
	return NULL;
}

TEST(a_wait_ends_with_the_change)
{
	_web_fixture_ struct web_fixture f;
	struct later later = {.f = &f};
	pthread_t thread;
	_cleanup_free_ char *target = NULL;
	int64_t version = 0, start = clock_ms();
	struct err err = ERR_INIT;

	web_fixture_start(&f);
	later.id = web_fixture_job(&f, "a");
	CHECK_OK(store_version(f.store, &version, &err), &err);
	target = str_fmt("/api/changes?since=%lld&wait=20", (long long)version);
	REQUIRE(pthread_create(&thread, NULL, write_later, &later) == 0);
	{
		_web_answer_ struct web_answer a = web_api(&f, "GET", target, NULL);

		CHECK(json_is_true(json_object_get(a.json, "changed")));
		CHECK(number(&a, NULL, "version") > version);
	}
	CHECK(clock_ms() - start < 10000);
	(void)pthread_join(thread, NULL);
}

TEST(a_log_is_followed)
{
	_web_fixture_ struct web_fixture f;
	struct later later = {.f = &f};
	pthread_t thread;
	int64_t start;
	struct err err = ERR_INIT;

	web_fixture_start(&f);
	later.id = web_fixture_job(&f, "a");
	REQUIRE(pthread_create(&thread, NULL, write_later, &later) == 0);
	{
		_web_answer_ struct web_answer a =
			web_api(&f, "GET", "/api/jobs/1/log?after=0&wait=20", NULL);
		const json_t *line = json_array_get(json_object_get(a.json, "lines"), 0);

		CHECK_STR(json_get_str(line, "text", ""), "a line");
		CHECK_INT(number(&a, NULL, "last"), 1);
		CHECK(json_is_false(json_object_get(a.json, "ended")));
	}
	(void)pthread_join(thread, NULL);
	CHECK_OK(store_job_cancel(f.store, later.id, &err), &err);
	start = clock_ms();
	{
		_web_answer_ struct web_answer a =
			web_api(&f, "GET", "/api/jobs/1/log?after=1&wait=20", NULL);

		CHECK(json_is_true(json_object_get(a.json, "ended")));
		CHECK_STR(web_member(&a, "state"), "cancelled");
	}
	CHECK(clock_ms() - start < 5000);
}

TEST(a_wait_is_over_in_time)
{
	_web_fixture_ struct web_fixture f;
	int64_t start = clock_ms(), version = 0;
	_cleanup_free_ char *target = NULL;
	_web_answer_ struct web_answer a = {0}, b = {0};
	struct err err = ERR_INIT;

	web_fixture_start(&f);
	CHECK_OK(store_version(f.store, &version, &err), &err);
	target = str_fmt("/api/changes?since=%lld&wait=1", (long long)version);
	a = web_api(&f, "GET", target, NULL);
	CHECK(json_is_false(json_object_get(a.json, "changed")));
	CHECK(clock_ms() - start >= 1000);
	b = web_api(&f, "GET", "/api/changes?since=0&wait=31", NULL);
	CHECK_INT(b.status, 400);
}

/* --- MLflow's side --- */

TEST(experiments_and_runs)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer e = {0}, all = {0}, of = {0}, one = {0}, none = {0};
	_cleanup_free_ char *target = NULL;
	const json_t *run, *row;

	web_fixture_start(&f);
	e = web_api(&f, "GET", "/api/experiments", NULL);
	CHECK_INT(json_array_size(json_object_get(e.json, "experiments")), 1);
	all = web_api(&f, "GET", "/api/runs", NULL);
	CHECK_INT(json_array_size(json_object_get(all.json, "runs")), 1);
	of = web_api(&f, "GET", "/api/runs?experiment=77", NULL);
	CHECK_INT(json_array_size(json_object_get(of.json, "runs")), 0);
	target = str_fmt("/api/runs/%s", f.run);
	one = web_api(&f, "GET", target, NULL);
	run = json_object_get(one.json, "run");
	CHECK(json_get_bool(json_object_get(run, "model"), "scorer_knows", false));
	row = json_object_get(run, "row");
	CHECK_STR(json_string_value(json_array_get(json_object_get(row, "columns"), 0)), "V1");
	none = web_api(&f, "GET", "/api/runs/none", NULL);
	CHECK_INT(none.status, 404);
}

/* --- endpoints --- */

static void answer_rows(void *userdata, const struct fake_request *req, struct fake_reply *reply)
{
	(void)userdata;
	if (str_eq(req->target, "/invocations")) {
		(void)snprintf(reply->headers, sizeof(reply->headers),
			       "Content-Type: application/json\r\nx-splice-variant: fraud-b-2\r\n");
		buf_printf(&reply->body, "{\"predictions\": [%zu]}", req->body.len);
	}
}

static void put_endpoint(const struct web_fixture *f, int port)
{
	_cleanup_free_ char *folder = str_fmt("%s/splice-kernel/endpoints/fraud", f->folder);
	_cleanup_free_ char *path = str_fmt("%s/endpoint.json", folder);
	_cleanup_free_ char *text =
		str_fmt("{\"app\": \"fraud\", \"port\": %d, \"variants\": ["
			"{\"name\": \"fraud-a-1\", \"weight\": 3, \"model\": \"a\"}, "
			"{\"name\": \"fraud-b-2\", \"weight\": 1, \"model\": \"b\"}]}",
			port);
	struct err err = ERR_INIT;

	CHECK_OK(fs_mkdir_p(folder, 0700, &err), &err);
	CHECK_OK(fs_write_atomic(path, text, strlen(text), 0600, &err), &err);
}

TEST(a_local_endpoint_is_listed_asked_and_ended)
{
	_web_fixture_ struct web_fixture f;
	struct fake_http *server;
	_web_answer_ struct web_answer none = {0}, list = {0}, asked = {0}, shifted = {0},
				       ended = {0}, absent = {0}, conflict = {0}, exists = {0},
				       cancelled = {0};
	const json_t *e;

	web_fixture_start(&f);
	none = web_api(&f, "GET", "/api/endpoints", NULL);
	CHECK_INT(json_array_size(json_object_get(none.json, "endpoints")), 0);
	server = fake_http_start(answer_rows, NULL);
	put_endpoint(&f, fake_http_port(server));
	list = web_api(&f, "GET", "/api/endpoints", NULL);
	e = json_array_get(json_object_get(list.json, "endpoints"), 0);
	CHECK_STR(json_get_str(e, "state", ""), "serving");
	CHECK_STR(json_get_str(e, "app", ""), "fraud");
	CHECK(json_real_value(json_object_get(json_array_get(json_object_get(e, "variants"), 1),
					      "share")) == 0.25);
	asked = web_api(&f, "POST", "/api/endpoints/local/fraud/invoke", "{\"instances\": []}");
	CHECK_INT(asked.status, 200);
	CHECK_INT(number(&asked, NULL, "status"), 200);
	CHECK_STR(web_member(&asked, "variant"), "fraud-b-2");
	CHECK_INT(json_integer_value(json_array_get(
			  json_object_get(json_object_get(asked.json, "answer"), "predictions"),
			  0)),
		  17);
	exists = add(&f, "fraud");
	CHECK_INT(exists.status, 400);
	CHECK_STR(web_member(&exists, "error.field"), "mode");
	shifted = web_api(&f, "POST", "/api/endpoints/local/fraud/shift",
			  "{\"percent\": \"10%\", \"variant\": \"fraud-b-2\"}");
	CHECK_INT(shifted.status, 201);
	CHECK_STR(web_member(&shifted, "job.kind"), "shift");
	conflict = web_api(&f, "DELETE", "/api/endpoints/local/fraud", NULL);
	CHECK_INT(conflict.status, 409);
	cancelled = web_api(&f, "POST", "/api/jobs/1/cancel", NULL);
	CHECK_INT(cancelled.status, 200);
	ended = web_api(&f, "DELETE", "/api/endpoints/local/fraud", NULL);
	CHECK_STR(web_member(&ended, "job.kind"), "undeploy");
	absent = web_api(&f, "DELETE", "/api/endpoints/local/other", NULL);
	CHECK_INT(absent.status, 404);
	fake_http_stop(server);
	{
		_web_answer_ struct web_answer down =
			web_api(&f, "POST", "/api/endpoints/local/fraud/invoke",
				"{\"instances\": []}");

		CHECK_INT(down.status, 502);
	}
}

TEST(endpoints_at_aws_are_those_that_jobs_left)
{
	_web_fixture_ struct web_fixture f;
	json_auto_t *request = json_object();
	json_auto_t *result = json_pack("{s:s}", "url", "https://runtime.example/x");
	struct job_new job = {.kind = "deploy",
			      .target = "sagemaker",
			      .region = "us-east-2",
			      .app = "churn",
			      .user = "",
			      .request = request};
	_web_answer_ struct web_answer there = {0}, asked = {0}, gone = {0};
	struct err err = ERR_INIT;
	int64_t id = 0;

	web_fixture_start(&f);
	CHECK_OK(store_job_add(f.store, &job, &id, &err), &err);
	CHECK_OK(store_job_claim(f.store, id, &err), &err);
	CHECK_OK(store_job_end(f.store, id, JOB_SUCCESS, NULL, result, &err), &err);
	there = web_api(&f, "GET", "/api/endpoints/sagemaker/churn?region=us-east-2", NULL);
	CHECK_INT(there.status, 200);
	CHECK_STR(web_member(&there, "endpoint.state"), "deployed");
	asked = web_api(&f, "POST", "/api/endpoints/sagemaker/churn/invoke", "{}");
	CHECK_INT(asked.status, 501);
	CHECK(strstr(web_member(&asked, "error.hint"), "invoke-endpoint") != NULL);
	job.kind = "undeploy";
	CHECK_OK(store_job_add(f.store, &job, &id, &err), &err);
	CHECK_OK(store_job_claim(f.store, id, &err), &err);
	CHECK_OK(store_job_end(f.store, id, JOB_SUCCESS, NULL, result, &err), &err);
	gone = web_api(&f, "GET", "/api/endpoints/sagemaker/churn", NULL);
	CHECK_INT(gone.status, 404);
}

TEST_MAIN()
