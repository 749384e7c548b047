/* Pages as bytes: markup in every name, forms that keep what was typed, https */
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/proc.h"
#include "base/str.h"
#include "protocol/http/http.h"
#include "tests/harness.h"
#include "tests/servers/web_fixture.h"

#include <sys/wait.h>

#define EVIL "\"'><script>alert(1)</script>&amp;"

/* No markup of somebody else's in the page. */
static void check_clean(const char *what, const struct web_answer *a)
{
	if (!a->body || strstr(a->body, "<script>") || strstr(a->body, EVIL))
		test_fail(__FILE__, __LINE__, "%s holds markup of others", what);
}

static int64_t evil_job(struct web_fixture *f)
{
	json_auto_t *request = json_pack("{s:s, s:s}", "run_id", EVIL, EVIL, EVIL);
	json_auto_t *result = json_pack("{s:s, s:s}", "url", "javascript:" EVIL, EVIL, EVIL);
	json_auto_t *plan = json_object();
	struct job_new job = {.kind = "deploy",
			      .target = "local",
			      .region = EVIL,
			      .app = EVIL,
			      .user = EVIL,
			      .request = request};
	struct err err = ERR_INIT, why = ERR_INIT;
	int64_t id = 0;

	CHECK_OK(store_job_add(f->store, &job, &id, &err), &err);
	CHECK_OK(store_job_claim(f->store, id, &err), &err);
	CHECK_OK(store_job_step(f->store, id, EVIL, &err), &err);
	CHECK_OK(store_step_begin(f->store, id, EVIL, plan, &err), &err);
	CHECK_OK(store_step_set(f->store, id, EVIL, STEP_UNDONE, NULL, &err), &err);
	CHECK_OK(store_log_add(f->store, id, EVIL, &err), &err);
	err_set(&why, E_SERVER, "%s", EVIL);
	err_set_hint(&why, "%s", EVIL);
	CHECK_OK(store_job_end(f->store, id, JOB_FAILED, &why, result, &err), &err);
	return id;
}

TEST(markup_in_every_name)
{
	static const char *const targets[] = {
		"/",
		"/jobs/1",
		"/jobs/1/remove",
		"/?text=%22%27%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
		"/?state=%3Cscript%3Ealert(1)%3C%2Fscript%3E",
		"/?note=%3Cscript%3E",
		"/deploy?run_id=%22%27%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E",
		"/deploy?app_name=%3Cscript%3E&mode=%3Cscript%3E&weight=%3Cscript%3E",
		"/endpoints",
		"/%3Cscript%3Ealert(1)%3C/script%3E",
		"/endpoints/%3Cscript%3E/%3Cscript%3E",
		"/jobs/1?token=%3Cscript%3E",
	};
	_web_fixture_ struct web_fixture f;
	struct web_browser b;
	json_auto_t *none = json_object();

	web_fixture_start(&f);
	web_fixture_run(&f, EVIL, none, f.run);
	CHECK_INT(evil_job(&f), 1);
	web_log_in(&f, &b);
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		_web_answer_ struct web_answer in = web_get(&f, &b, targets[i]);
		_web_answer_ struct web_answer out = web_ask(&f, "GET", targets[i], "", NULL);

		check_clean(targets[i], &in);
		check_clean(targets[i], &out);
	}
}

TEST(bytes_that_are_no_text)
{
	_web_fixture_ struct web_fixture f;
	struct web_browser b;
	_web_answer_ struct web_answer nul = {0}, bad = {0};

	web_fixture_start(&f);
	web_log_in(&f, &b);
	nul = web_get(&f, &b, "/?text=a%00b%ff%fe");
	CHECK_INT(nul.status, 200);
	CHECK(nul.body && utf8_valid(nul.body, strlen(nul.body)));
	bad = web_post(&f, &b, "/deploy", "run_id=%00%ff&app_name=%80");
	CHECK_INT(bad.status, 422);
	CHECK(bad.body && utf8_valid(bad.body, strlen(bad.body)));
}

static bool has(const struct web_answer *a, const char *text)
{
	return a->body && strstr(a->body, text);
}

TEST(a_form_keeps_what_was_typed)
{
	_web_fixture_ struct web_fixture f;
	struct web_browser b;
	_web_answer_ struct web_answer a = {0};

	web_fixture_start(&f);
	web_log_in(&f, &b);
	a = web_post(
		&f, &b, "/deploy",
		"run_id=none&experiment_id=5&app_name=a+b&target=sagemaker&region=eu-west-3&"
		"mode=add&instance_count=0&instance_type=ml.c5.large&weight=0.25&archive=true");
	CHECK_INT(a.status, 422);
	CHECK(has(&a, "value=\"none\"") && has(&a, "value=\"5\"") && has(&a, "value=\"a b\""));
	CHECK(has(&a, "<option value=\"sagemaker\" selected>"));
	CHECK(has(&a, "<option value=\"eu-west-3\" selected>"));
	CHECK(has(&a, "<option value=\"add\" selected>"));
	CHECK(has(&a, "<option value=\"ml.c5.large\" selected"));
	CHECK(has(&a, "value=\"0.25\"") && has(&a, " checked"));
	CHECK(has(&a, "id=\"instance_count-fault\">must be a whole number from 1 to 100"));
	CHECK(has(&a, "id=\"run_id-fault\">MLflow has no such run"));
	CHECK(has(&a, "id=\"app_name-fault\">must be 1 to 63"));
	CHECK_INT(atomic_load(&f.woken), 0);
}

TEST(a_form_survives_a_tracking_server_that_is_down)
{
	_web_fixture_ struct web_fixture f;
	struct web_browser b;
	_web_answer_ struct web_answer page = {0}, sent = {0};

	web_fixture_start(&f);
	web_log_in(&f, &b);
	f.mlflow_missing = true;
	page = web_get(&f, &b, "/deploy?run_id=abc");
	CHECK_INT(page.status, 200);
	CHECK(has(&page, "cannot be listed: MLflow does not start"));
	sent = web_post(&f, &b, "/deploy", "run_id=abc&app_name=kept");
	CHECK_INT(sent.status, 502);
	CHECK(has(&sent, "Not submitted: MLflow does not start") && has(&sent, "value=\"kept\""));
}

TEST(a_multipart_form_is_a_form)
{
	_web_fixture_ struct web_fixture f;
	struct web_browser b;
	_cleanup_free_ char *body = NULL, *headers = NULL;
	_web_answer_ struct web_answer a = {0};

	web_fixture_start(&f);
	web_log_in(&f, &b);
	body = str_fmt(
		"--edge\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n%s\r\n"
		"--edge\r\nContent-Disposition: form-data; name=\"run_id\"\r\n\r\n%s\r\n"
		"--edge\r\nContent-Disposition: form-data; name=\"app_name\"\r\n\r\nparts\r\n"
		"--edge\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\ncheck\r\n--edge--\r\n",
		b.csrf, f.run);
	headers = str_fmt("%sContent-Type: multipart/form-data; boundary=edge\r\n", b.cookie);
	a = web_ask(&f, "POST", "/deploy", headers, body);
	CHECK_INT(a.status, 303);
	CHECK(a.head && strstr(a.head, "\r\nLocation: /jobs/1?note=added\r\n"));
}

TEST(prefilled_by_the_address)
{
	_web_fixture_ struct web_fixture f;
	struct web_browser b;
	_cleanup_free_ char *target = NULL;
	_web_answer_ struct web_answer a = {0};

	web_fixture_start(&f);
	web_log_in(&f, &b);
	target = str_fmt("/deploy?run_id=%s&app_name=fraud", f.run);
	a = web_get(&f, &b, target);
	CHECK(has(&a, f.run) && has(&a, "value=\"fraud\""));
	CHECK(has(&a, "splice-scorer serves its model"));
	CHECK(has(&a, "<option value=\"create\" selected>"));
	CHECK(has(&a, "<option value=\"local\" selected>"));
}

TEST(a_head_has_no_body)
{
	_web_fixture_ struct web_fixture f;
	struct web_browser b;
	_web_answer_ struct web_answer a = {0};

	web_fixture_start(&f);
	web_log_in(&f, &b);
	a = web_ask(&f, "HEAD", "/", b.cookie, NULL);
	CHECK_INT(a.status, 200);
	CHECK_STR(a.body, "");
}

/* --- https --- */

static bool make_certificate(const char *folder)
{
	const char *const argv[] = {
		"openssl",  "req",           "-x509",   "-newkey",
		"rsa:2048", "-nodes",        "-keyout", "key.pem",
		"-out",     "cert.pem",      "-days",   "2",
		"-subj",    "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
		NULL};
	struct proc_options o = {.argv = argv, .dir = folder, .out_fd = -1};
	struct err err = ERR_INIT;
	pid_t pid = 0;
	int status = -1;

	CHECK_OK(proc_spawn(&o, &pid, &err), &err);
	return waitpid(pid, &status, 0) == pid && status == 0;
}

TEST(https_with_a_certificate)
{
	_web_fixture_ struct web_fixture f;
	_cleanup_(http_client_freep) struct http_client *http = NULL;
	_cleanup_http_response_ struct http_response res = {0};
	const char *folder = test_dir();
	_cleanup_free_ char *cert = str_fmt("%s/cert.pem", folder);
	_cleanup_free_ char *key = str_fmt("%s/key.pem", folder);
	_cleanup_free_ char *url = NULL;
	struct http_options options = {.ca_file = cert};
	struct http_request req = {.method = "GET"};
	struct err err = ERR_INIT;

	REQUIRE(make_certificate(folder));
	web_fixture_start_with(&f, (struct web_options){.cert = cert, .key = key});
	url = str_fmt("https://127.0.0.1:%d/?token=" WEB_TOKEN, web_port(f.web));
	req.url = url;
	REQUIRE_OK(http_client_new(&options, &http, &err), &err);
	REQUIRE_OK(http_perform(http, &req, &res, &err), &err);
	CHECK_INT(res.status, 303);
	CHECK(strstr(http_response_header(&res, "Set-Cookie"), "; Secure") != NULL);
}

TEST(https_needs_a_certificate_that_is_one)
{
	const char *folder = test_dir();
	_cleanup_free_ char *cert = str_fmt("%s/cert.pem", folder);
	struct web_options o = {.token = WEB_TOKEN, .store_path = "/x", .cert = cert, .key = cert};
	struct web *w = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(fs_write_atomic(cert, "no certificate\n", 15, 0600, &err), &err);
	CHECK_INT(web_start(&o, &w, &err), E_INPUT);
}

TEST_MAIN()
