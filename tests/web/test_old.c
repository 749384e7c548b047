/* web/old.c: what clients of former trackers get */
#include "base/cleanup.h"
#include "base/str.h"
#include "tests/harness.h"
#include "tests/servers/web_fixture.h"

/* POST a body made from a template of the run's id and an app's name. */
#define DEPLOY(f, target, template, app)                                                           \
	__extension__({                                                                            \
		_cleanup_free_ char *body_ = str_fmt(template, (f)->run, app);                     \
		web_api(f, "POST", target, body_);                                                 \
	})

#define PAYLOAD                                                                                    \
	"{\"run_id\": \"%s\", \"experiment_id\": \"0\", \"postfix\": \"\", \"region\": "           \
	"\"us-east-2\", \"instance_type\": \"ml.m5.xlarge\", \"instance_count\": \"1\", "          \
	"\"deployment_mode\": \"replace\", \"app_name\": \"%s\"}"

TEST(deploy_by_json)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer a = {0}, bad = {0}, job = {0};

	web_fixture_start(&f);
	a = DEPLOY(&f, "/deploy", PAYLOAD, "fraud");
	CHECK_INT(a.status, 200);
	CHECK_INT(json_get_int(a.json, "job_id", 0), 1);
	CHECK_STR(web_member(&a, "status"), "pending");
	job = web_api(&f, "GET", "/api/jobs/1", NULL);
	CHECK_STR(web_member(&job, "job.target"), "sagemaker");
	CHECK_STR(web_member(&job, "job.request.mode"), "replace");
	bad = DEPLOY(&f, "/deploy", PAYLOAD, "not a name");
	CHECK_INT(bad.status, 404);
	CHECK_STR(web_member(&bad, "status"), "failed");
	CHECK(strstr(web_member(&bad, "msg"), "app_name") != NULL);
	CHECK_STR(web_member(&bad, "error.field"), "app_name");
}

TEST(handlers_by_name)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer a = {0}, b = {0}, other = {0}, empty = {0};

	web_fixture_start(&f);
	a = DEPLOY(&f, "/api/rest/initiate",
		   "{\"handler_name\": \"DEPLOY_AWS\", \"run_id\": \"%s\", \"app_name\": \"%s\", "
		   "\"aws_region\": \"us-west-2\", \"instance_type\": \"ml.m5.xlarge\"}",
		   "one");
	CHECK_INT(a.status, 200);
	CHECK_STR(web_member(&a, "job_status"), "PENDING");
	CHECK_INT(json_get_int(a.json, "job_id", 0), 1);
	CHECK(json_get_int(a.json, "timestamp", 0) > 0);
	b = DEPLOY(&f, "/initiate-job",
		   "{\"handler_name\": \"DEPLOY_AWS\", \"job_payload\": " PAYLOAD "}", "two");
	CHECK_INT(b.status, 202);
	CHECK_INT(json_get_int(b.json, "job_id", 0), 2);
	other = web_api(&f, "POST", "/initiate-job",
			"{\"handler_name\": \"DEPLOY_KUBERNETES\", \"job_payload\": {}}");
	CHECK_INT(other.status, 501);
	CHECK(strstr(web_member(&other, "msg"), "DEPLOY_KUBERNETES") != NULL);
	empty = web_api(&f, "POST", "/initiate-job", "{\"handler_name\": \"DEPLOY_AWS\"}");
	CHECK_INT(empty.status, 404);
}

TEST(logs_and_deployments)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer logs = {0}, text = {0}, none = {0}, list = {0};
	struct err err = ERR_INIT;

	web_fixture_start(&f);
	(void)web_fixture_job(&f, "a");
	CHECK_OK(store_log_add(f.store, 1, "a line", &err), &err);
	logs = web_api(&f, "POST", "/api/rest/logs", "{\"task_id\": 1}");
	CHECK_STR(json_string_value(json_array_get(json_object_get(logs.json, "logs"), 0)),
		  "a line");
	text = web_api(&f, "POST", "/api/rest/logs", "{\"task_id\": \"1\"}");
	CHECK_INT(text.status, 200);
	none = web_api(&f, "POST", "/api/rest/logs", "{\"task_id\": \"x\"}");
	CHECK_INT(none.status, 404);
	list = web_api(&f, "GET", "/api/rest/deployments", NULL);
	CHECK(json_is_array(json_object_get(list.json, "deployments")));
}

/* "anna:" and the token; "anna:wrong". */
TEST(name_and_password_as_before)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer ok = {0}, wrong = {0}, elsewhere = {0};

	web_fixture_start(&f);
	ok = web_ask(&f, "GET", "/api/rest/deployments",
		     "Authorization: Basic YW5uYTowMTIzNDU2Nzg5YWJjZGVmLW9mLXRoZS10ZXN0\r\n", NULL);
	CHECK_INT(ok.status, 200);
	wrong = web_ask(&f, "GET", "/api/rest/deployments",
			"Authorization: Basic YW5uYTp3cm9uZw==\r\n", NULL);
	CHECK_INT(wrong.status, 401);
	elsewhere = web_ask(&f, "GET", "/api/jobs",
			    "Authorization: Basic YW5uYTowMTIzNDU2Nzg5YWJjZGVmLW9mLXRoZS10ZXN0\r\n",
			    NULL);
	CHECK_INT(elsewhere.status, 401);
}

TEST(what_is_no_more_says_so)
{
	static const char *const gone[] = {"/retrain", "/schedule/start/retrain",
					   "/schedule/stop/retrain", "/service/deploy/stop",
					   "/service/retrain/start"};
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer on = {0};

	web_fixture_start(&f);
	for (size_t i = 0; i < ARRAY_LEN(gone); i++) {
		_web_answer_ struct web_answer a = web_api(&f, "POST", gone[i], "{}");

		CHECK_INT(a.status, 501);
		CHECK_STR(web_member(&a, "status"), "failed");
		CHECK(*web_member(&a, "error.hint") != '\0');
	}
	on = web_api(&f, "POST", "/service/deploy/start", "{}");
	CHECK_INT(on.status, 200);
}

TEST(bookmarks_lead_on)
{
	static const struct {
		const char *from, *to;
	} cases[] = {{"/dash", "\r\nLocation: /\r\n"},
		     {"/tracker", "\r\nLocation: /\r\n"},
		     {"/check", "\r\nLocation: /\r\n"},
		     {"/watch/7", "\r\nLocation: /jobs/7\r\n"}};
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer toggle = {0};
	struct web_browser b;

	web_fixture_start(&f);
	web_log_in(&f, &b);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_web_answer_ struct web_answer a = web_get(&f, &b, cases[i].from);

		CHECK_INT(a.status, 303);
		CHECK(a.head && strstr(a.head, cases[i].to));
	}
	toggle = web_get(&f, &b, "/toggle");
	CHECK_INT(toggle.status, 501);
	CHECK(toggle.body && strstr(toggle.body, "always on"));
}

TEST_MAIN()
