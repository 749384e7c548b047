/* protocol/jobs against the real server, in one process; and against answers that are none of its
 */
#include "protocol/jobs/jobs.h"

#include "base/fs.h"
#include "base/str.h"
#include "tests/harness.h"
#include "tests/servers/web_fixture.h"

#include <pthread.h>
#include <unistd.h>

struct fixture {
	struct web_fixture web;
	struct jobs_client *c;
	struct err err;
};

static void fixture_start(struct fixture *x)
{
	_cleanup_free_ char *address = NULL;

	x->err = (struct err)ERR_INIT;
	web_fixture_start(&x->web);
	address = str_fmt("http://127.0.0.1:%d/?token=" WEB_TOKEN, web_port(x->web.web));
	if (jobs_client_new(address, NULL, &x->c, &x->err) < 0)
		abort();
}

static void fixture_stop(struct fixture *x)
{
	jobs_client_free(x->c);
	web_fixture_stop(&x->web);
}

#define _fixture_ _cleanup_(fixture_stop)

static int add(struct fixture *x, const char *app, struct remote_job *ret)
{
	json_auto_t *request = json_pack("{s:s, s:s}", "run_id", x->web.run, "app_name", app);

	return jobs_add(x->c, request, NULL, ret, &x->err);
}

TEST(addresses)
{
	static const char *const bad[] = {"",
					  "localhost:5003",
					  "ftp://localhost/?token=abc",
					  "http:///?token=abc",
					  "http://localhost:5003",
					  "http://localhost:5003/?token=",
					  "http://localhost:5003/?x=1",
					  "http://user@localhost/?token=abc",
					  "http://localhost/?token=a%0d%0ab",
					  "http://localhost/?token=a b"};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct jobs_client *c = NULL;

		CHECK_INT(jobs_client_new(bad[i], NULL, &c, &err), E_INPUT);
		CHECK(!strstr(err.text, "abc"));
		jobs_client_free(c);
	}
	{
		_cleanup_(jobs_client_freep) struct jobs_client *c = NULL;

		CHECK_OK(jobs_client_new("https://[::1]:5003/jobs?x=1&token=a%2Db#y", NULL, &c,
					 &err),
			 &err);
		CHECK_STR(jobs_client_url(c), "https://[::1]:5003");
	}
}

TEST(a_job_from_its_beginning_to_its_end)
{
	_fixture_ struct fixture x;
	_cleanup_remote_job_ struct remote_job made = {0}, got = {0}, cancelled = {0}, again = {0};

	fixture_start(&x);
	REQUIRE_OK(add(&x, "fraud", &made), &x.err);
	CHECK_INT(made.id, 1);
	CHECK_STR(made.state, "pending");
	CHECK(!made.ended);
	REQUIRE_OK(jobs_get(x.c, 1, NULL, &got, &x.err), &x.err);
	CHECK(json_is_array(json_object_get(got.all, "steps")));
	REQUIRE_OK(jobs_cancel(x.c, 1, NULL, &cancelled, &x.err), &x.err);
	CHECK(cancelled.ended);
	REQUIRE_OK(jobs_retry(x.c, 1, NULL, &again, &x.err), &x.err);
	CHECK_INT(again.id, 2);
	CHECK_OK(jobs_remove(x.c, 1, NULL, &x.err), &x.err);
	CHECK_INT(jobs_remove(x.c, 1, NULL, &x.err), E_NOTFOUND);
}

TEST(errors_have_codes_words_and_hints)
{
	_fixture_ struct fixture x;
	_cleanup_remote_job_ struct remote_job first = {0}, no = {0};

	fixture_start(&x);
	CHECK_INT(add(&x, "not a name", &no), E_INPUT);
	CHECK_STR(x.err.name, "invalid");
	CHECK(strstr(x.err.text, "app_name") != NULL);
	CHECK(*x.err.hint != '\0');
	REQUIRE_OK(add(&x, "fraud", &first), &x.err);
	CHECK_INT(add(&x, "fraud", &no), E_EXISTS);
	CHECK_STR(x.err.name, "conflict");
	CHECK_INT(jobs_get(x.c, 99, NULL, &no, &x.err), E_NOTFOUND);
	CHECK_INT(jobs_retry(x.c, 1, NULL, &no, &x.err), E_INPUT);
	x.web.mlflow_missing = true;
	CHECK_INT(add(&x, "other", &no), E_SERVER);
	CHECK_STR(x.err.text, "MLflow does not start");
}

TEST(a_wrong_token)
{
	_fixture_ struct fixture x;
	_cleanup_(jobs_client_freep) struct jobs_client *c = NULL;
	_cleanup_free_ char *address = NULL;
	json_auto_t *list = NULL;

	fixture_start(&x);
	address = str_fmt("http://127.0.0.1:%d/?token=wrong-wrong-wrong", web_port(x.web.web));
	REQUIRE_OK(jobs_client_new(address, NULL, &c, &x.err), &x.err);
	CHECK_INT(jobs_list(c, &(struct jobs_list_query){0}, NULL, &list, &x.err), E_AUTH);
	CHECK(!strstr(x.err.text, "wrong-wrong"));
	CHECK(strstr(x.err.hint, "splice-manager status") != NULL);
}

TEST(lists)
{
	_fixture_ struct fixture x;
	json_auto_t *all = NULL, *some = NULL, *valid = NULL;
	json_auto_t *request = json_pack("{s:s}", "app_name", "-");
	struct jobs_list_query query = {.text = "a&b=%", .state = "pending", .limit = 10};

	fixture_start(&x);
	(void)web_fixture_job(&x.web, "one");
	(void)web_fixture_job(&x.web, "two");
	CHECK_OK(jobs_list(x.c, &(struct jobs_list_query){.limit = 1}, NULL, &all, &x.err), &x.err);
	CHECK_INT(json_array_size(json_object_get(all, "jobs")), 1);
	CHECK(json_is_true(json_object_get(all, "more")));
	CHECK_OK(jobs_list(x.c, &query, NULL, &some, &x.err), &x.err);
	CHECK_INT(json_array_size(json_object_get(some, "jobs")), 0);
	CHECK_OK(jobs_validate(x.c, request, NULL, &valid, &x.err), &x.err);
	CHECK(json_object_get(json_object_get(valid, "faults"), "app_name"));
}

static void *write_later(void *arg)
{
	struct fixture *x = arg;
	_cleanup_(store_closep) struct store *s = NULL;
	_cleanup_free_ char *path = str_fmt("%s/jobs.db", x->web.folder);

	(void)usleep(400000);
	if (store_open(path, &s, NULL) < 0 || store_log_add(s, 1, "a line", NULL) < 0)
		abort();
	return NULL;
}

TEST(a_log_is_waited_for)
{
	_fixture_ struct fixture x;
	_cleanup_remote_log_ struct remote_log log = {0}, end = {0};
	_cleanup_remote_job_ struct remote_job made = {0};
	pthread_t thread;

	fixture_start(&x);
	REQUIRE_OK(add(&x, "fraud", &made), &x.err);
	REQUIRE(pthread_create(&thread, NULL, write_later, &x) == 0);
	CHECK_OK(jobs_log(x.c, 1, 0, 20, NULL, &log, &x.err), &x.err);
	(void)pthread_join(thread, NULL);
	CHECK_INT(log.last, 1);
	CHECK_STR(json_get_str(json_array_get(log.lines, 0), "text", ""), "a line");
	CHECK_OK(store_job_cancel(x.web.store, 1, &x.err), &x.err);
	CHECK_OK(jobs_log(x.c, 1, log.last, 20, NULL, &end, &x.err), &x.err);
	CHECK(end.ended);
	CHECK_STR(end.state, "cancelled");
}

TEST(a_wait_can_be_cancelled)
{
	_fixture_ struct fixture x;
	_cleanup_remote_log_ struct remote_log log = {0};
	struct cancel cancel;

	fixture_start(&x);
	(void)web_fixture_job(&x.web, "a");
	REQUIRE_OK(cancel_init(&cancel, &x.err), &x.err);
	cancel_fire(&cancel);
	CHECK_INT(jobs_log(x.c, 1, 0, 20, &cancel, &log, &x.err), E_CANCEL);
	cancel_release(&cancel);
}

static void answer_rows(void *userdata, const struct fake_request *req, struct fake_reply *reply)
{
	(void)userdata, (void)req;
	(void)snprintf(reply->headers, sizeof(reply->headers), "x-splice-variant: b\r\n");
	buf_put_str(&reply->body, "{\"predictions\": [1.0]}");
}

static void put_endpoint(int port)
{
	static const char variants[] =
		"{\"name\": \"a\", \"weight\": 3, \"model\": \"a\", \"run_id\": \"r\", "
		"\"experiment_id\": \"1\", \"created\": 1}, "
		"{\"name\": \"b\", \"weight\": 1, \"model\": \"b\", \"run_id\": \"r\", "
		"\"experiment_id\": \"1\", \"created\": 2}";
	_cleanup_free_ char *text =
		str_fmt("{\"app\": \"fraud\", \"port\": %d, \"variants\": [%s]}", port, variants);
	_cleanup_free_ char *folder = NULL, *path = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(fs_place(PLACE_DATA, "endpoints/fraud", &folder, &err), &err);
	CHECK_OK(fs_mkdir_p(folder, 0700, &err), &err);
	path = str_fmt("%s/endpoint.json", folder);
	CHECK_OK(fs_write_atomic(path, text, strlen(text), 0600, &err), &err);
}

TEST(endpoints)
{
	static const struct endpoint_name name = {.target = "local", .app = "fraud"};
	static const struct endpoint_name none = {.target = "local", .app = "a/../b?c"};
	_fixture_ struct fixture x;
	struct fake_http *server = fake_http_start(answer_rows, NULL);
	json_auto_t *list = NULL, *answer = NULL, *rows = json_pack("{s:[[f]]}", "instances", 1.0);
	_cleanup_remote_job_ struct remote_job shift = {0}, undeploy = {0}, no = {0};

	fixture_start(&x);
	put_endpoint(fake_http_port(server));
	CHECK_OK(jobs_endpoints(x.c, NULL, &list, &x.err), &x.err);
	CHECK_STR(json_get_str(json_array_get(list, 0), "state", ""), "serving");
	CHECK_OK(jobs_invoke(x.c, &name, rows, NULL, &answer, &x.err), &x.err);
	CHECK_STR(json_get_str(answer, "variant", ""), "b");
	CHECK_OK(jobs_shift(x.c, &name, "b", 12.5, NULL, &shift, &x.err), &x.err);
	CHECK(json_real_value(json_object_get(json_object_get(shift.all, "request"), "percent")) ==
	      12.5);
	CHECK_INT(jobs_undeploy(x.c, &name, NULL, &no, &x.err), E_EXISTS);
	CHECK_OK(store_job_cancel(x.web.store, shift.id, &x.err), &x.err);
	CHECK_OK(jobs_undeploy(x.c, &name, NULL, &undeploy, &x.err), &x.err);
	CHECK_INT(jobs_undeploy(x.c, &none, NULL, &no, &x.err), E_NOTFOUND);
	fake_http_stop(server);
}

/* --- others' answers --- */

struct other {
	int status;
	const char *body;
};

static void answer_other(void *userdata, const struct fake_request *req, struct fake_reply *reply)
{
	const struct other *o = userdata;

	(void)req;
	reply->status = o->status;
	buf_put_str(&reply->body, o->body);
}

TEST(answers_that_are_not_the_trackers)
{
	static struct other others[] = {
		{404, "<html>nginx</html>"},
		{200, "hello"},
		{200, "[]"},
		{200, "{}"},
		{200, "{\"job\": {\"id\": \"1\"}}"},
		{302, ""},
		{500, "{\"error\": \"x\"}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		struct fake_http *server = fake_http_start(answer_other, &others[i]);
		_cleanup_(jobs_client_freep) struct jobs_client *c = NULL;
		_cleanup_remote_job_ struct remote_job j = {0};
		_cleanup_free_ char *address =
			str_fmt("%s/?token=" WEB_TOKEN, fake_http_url(server));
		struct err err = ERR_INIT;

		REQUIRE_OK(jobs_client_new(address, NULL, &c, &err), &err);
		CHECK_INT(jobs_get(c, 1, NULL, &j, &err), E_PROTO);
		CHECK(*err.text != '\0' && !strstr(err.text, WEB_TOKEN));
		fake_http_stop(server);
	}
}

TEST_MAIN()
