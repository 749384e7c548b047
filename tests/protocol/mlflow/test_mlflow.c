/* protocol/mlflow: addresses, credentials, errors, odd answers */
#include "protocol/mlflow/mlflow.h"

#include "base/limits.h"

#include "tests/harness.h"
#include "tests/servers/fake_http.h"

struct fixture {
	struct fake_http *server;
	struct mlflow *m;
	struct err err;
	int status; /* of the answers */
	const char *body;
	const char *headers;
	char target[512]; /* of the last request */
	char seen[1024];  /* its headers */
	char sent[4096];  /* its body */
};

static void answer(void *userdata, const struct fake_request *req, struct fake_reply *reply)
{
	struct fixture *x = userdata;

	reply->status = x->status;
	if (x->headers)
		snprintf(reply->headers, sizeof(reply->headers), "%s", x->headers);
	buf_put_str(&reply->body, x->body ? x->body : "{}");
	snprintf(x->target, sizeof(x->target), "%s", req->target);
	snprintf(x->seen, sizeof(x->seen), "%s", req->headers);
	snprintf(x->sent, sizeof(x->sent), "%.*s", (int)req->body.len, (char *)req->body.data);
}

static void fixture_start(struct fixture *x)
{
	x->server = fake_http_start(answer, x);
	if (!x->server || mlflow_new(fake_http_url(x->server), &x->m, &x->err) < 0)
		abort();
}

static void fixture_stop(struct fixture *x)
{
	mlflow_free(x->m);
	fake_http_stop(x->server);
}

#define _fixture_ _cleanup_(fixture_stop)

/* The server's lock puts our writes before the handler's reads, and the other way round. */
static int ordered(struct fixture *x, int r)
{
	(void)fake_http_requests(x->server);
	return r;
}

#define ORDERED(call) (ordered(&x, 0), ordered(&x, (call)))

static int get_run(struct fixture *x)
{
	_cleanup_mlflow_run_ struct mlflow_run run = {0};

	(void)ordered(x, 0);
	return ordered(x, mlflow_run_get(x->m, "r", NULL, &run, &x->err));
}

TEST(statuses_have_their_codes)
{
	static const struct {
		int status;
		const char *body;
		int code;
		const char *name;
	} cases[] = {
		{400, "{\"error_code\": \"RESOURCE_ALREADY_EXISTS\", \"message\": \"m\"}", E_EXISTS,
		 "RESOURCE_ALREADY_EXISTS"},
		{400, "{\"error_code\": \"INVALID_PARAMETER_VALUE\", \"message\": \"m\"}", E_INPUT,
		 "INVALID_PARAMETER_VALUE"},
		{404, "{\"error_code\": \"RESOURCE_DOES_NOT_EXIST\"}", E_NOTFOUND,
		 "RESOURCE_DOES_NOT_EXIST"},
		{404, "<html>nginx</html>", E_PROTO, ""},
		{302, "", E_PROTO, ""},
		{401, "", E_AUTH, ""},
		{403, "Invalid Host header", E_AUTH, ""},
		{413, "<html>too large</html>", E_TOOBIG, ""},
		{408, "", E_SERVER, ""},
		{429, "", E_SERVER, ""},
		{500, "{\"error_code\": \"INTERNAL_ERROR\"}", E_SERVER, "INTERNAL_ERROR"},
		{503, "", E_SERVER, ""},
		{200, "<html>log in</html>", E_PROTO, ""},
		{200, "[]", E_PROTO, ""},
		{200, "{\"run\": {\"info\": {}}}", E_PROTO, ""},
		{200, "{}", E_PROTO, ""},
	};
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		x.status = cases[i].status;
		x.body = cases[i].body;
		CHECK_INT(get_run(&x), cases[i].code);
		CHECK_STR(x.err.name, cases[i].name);
	}
}

/* A server's message may be long and hold what is not for a cell; the first line is shown. */
TEST(messages_are_cut)
{
	_fixture_ struct fixture x = {.status = 400};
	_cleanup_buf_ struct buf b = {0};

	buf_init(&b, MIB(1));
	buf_put_str(&b, "{\"error_code\": \"X\", \"message\": \"");
	for (int i = 0; i < 2000; i++)
		buf_put_str(&b, "ü");
	buf_put_str(&b, "\\nsecond line\"}");
	buf_put_u8(&b, 0);
	x.body = (const char *)b.data;
	fixture_start(&x);
	CHECK_INT(get_run(&x), E_INPUT);
	CHECK_INT(strlen(x.err.text), strlen("MLflow: ") + 1000);
	CHECK(utf8_valid(x.err.text, strlen(x.err.text)));
	x.body = "{\"error_code\": \"X\", \"message\": \"first\\n[SQL: insert secret]\"}";
	CHECK_INT(get_run(&x), E_INPUT);
	CHECK_STR(x.err.text, "MLflow: first");
}

TEST(retry_after_is_heard)
{
	_fixture_ struct fixture x = {.status = 429, .headers = "Retry-After: 7\r\n"};

	fixture_start(&x);
	CHECK_INT(get_run(&x), E_SERVER);
	CHECK_INT(mlflow_retry_after_ms(x.m), 7000);
	x.headers = "Retry-After: 999999999\r\n";
	CHECK_INT(get_run(&x), E_SERVER);
	CHECK_INT(mlflow_retry_after_ms(x.m), 600000);
	x.headers = NULL;
	CHECK_INT(get_run(&x), E_SERVER);
	CHECK_INT(mlflow_retry_after_ms(x.m), 0);
}

TEST(runs_are_decoded_once)
{
	_fixture_ struct fixture x = {
		.body = "{\"run\": {\"info\": {\"run_id\": \"r\", \"experiment_id\": \"1\", "
			"\"status\": \"RUNNING\", \"run_name\": \"n\", \"start_time\": 5, "
			"\"unknown\": {}}, \"data\": {\"params\": [{\"key\": \"a\", \"value\": "
			"\"1\"}], \"metrics\": [{\"key\": \"m\", \"value\": \"NaN\"}], \"tags\": "
			"[{\"key\": \"mlflow.user\", \"value\": \"Ben\"}]}}}"};
	_cleanup_mlflow_run_ struct mlflow_run run = {0};

	fixture_start(&x);
	REQUIRE_OK(ORDERED(mlflow_run_get(x.m, "a b&c", NULL, &run, &x.err)), &x.err);
	CHECK_STR(x.target, "/api/2.0/mlflow/runs/get?run_id=a%20b%26c");
	CHECK_STR(run.user, "Ben");
	CHECK_INT(run.start_time, 5);
	CHECK_STR(json_get_str(run.params, "a", ""), "1");
	CHECK_STR(json_get_str(run.metrics, "m", ""), "NaN");
}

TEST(batches_have_the_wires_form)
{
	_fixture_ struct fixture x = {0};
	json_auto_t *params = json_pack("{s:s}", "a", "1");

	fixture_start(&x);
	REQUIRE_OK(ORDERED(mlflow_log_batch(x.m, "r", NULL, params, NULL, NULL, &x.err)), &x.err);
	CHECK_STR(x.sent, "{\"params\":[{\"key\":\"a\",\"value\":\"1\"}],\"run_id\":\"r\","
			  "\"tags\":[]}");
	CHECK(strstr(x.seen, "Content-Type: application/json\n"));
}

TEST(credentials_come_from_address_or_environment)
{
	_fixture_ struct fixture x = {0};
	struct mlflow *m = NULL;
	char uri[128];

	fixture_start(&x);
	snprintf(uri, sizeof(uri), "http://u%%40x:p%%3Aw@127.0.0.1:%d/", fake_http_port(x.server));
	REQUIRE_OK(mlflow_new(uri, &m, &x.err), &x.err);
	CHECK_STR(mlflow_uri(m), fake_http_url(x.server));
	CHECK_OK(ORDERED(mlflow_run_delete(m, "r", NULL, &x.err)), &x.err);
	CHECK(strstr(x.seen, "Authorization: Basic dUB4OnA6dw==\n"));
	mlflow_free(m);
	setenv("MLFLOW_TRACKING_TOKEN", "t0ken", 1);
	REQUIRE_OK(mlflow_new(fake_http_url(x.server), &m, &x.err), &x.err);
	CHECK_OK(ORDERED(mlflow_run_delete(m, "r", NULL, &x.err)), &x.err);
	CHECK(strstr(x.seen, "Authorization: Bearer t0ken\n"));
	mlflow_free(m);
	setenv("MLFLOW_TRACKING_USERNAME", "u", 1);
	setenv("MLFLOW_TRACKING_PASSWORD", "p", 1);
	REQUIRE_OK(mlflow_new(fake_http_url(x.server), &m, &x.err), &x.err);
	CHECK_OK(ORDERED(mlflow_run_delete(m, "r", NULL, &x.err)), &x.err);
	CHECK(strstr(x.seen, "Authorization: Basic dTpw\n"));
	mlflow_free(m);
	unsetenv("MLFLOW_TRACKING_TOKEN");
	unsetenv("MLFLOW_TRACKING_USERNAME");
	unsetenv("MLFLOW_TRACKING_PASSWORD");
}

TEST(addresses_and_settings_that_are_wrong)
{
	static const char *const bad[] = {"file:///tmp/x", "sqlite:///x.db", "databricks", "",
					  "./m"};
	struct mlflow *m = NULL;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		CHECK_INT(mlflow_new(bad[i], &m, &err), E_UNSUPPORTED);
		CHECK(strstr(err.hint, "MLFLOW_TRACKING_URI"));
	}
	setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "soon", 1);
	CHECK_INT(mlflow_new("http://h", &m, &err), E_INPUT);
	CHECK(str_starts(err.text, "MLFLOW_HTTP_REQUEST_TIMEOUT"));
	unsetenv("MLFLOW_HTTP_REQUEST_TIMEOUT");
	setenv("MLFLOW_TRACKING_INSECURE_TLS", "perhaps", 1);
	CHECK_INT(mlflow_new("http://h", &m, &err), E_INPUT);
	unsetenv("MLFLOW_TRACKING_INSECURE_TLS");
}

static int no_bytes(void *userdata, const void *p, size_t n, struct err *err)
{
	(void)userdata;
	(void)p;
	(void)n;
	(void)err;
	return 0;
}

TEST(artifact_locations)
{
	_fixture_ struct fixture x = {0};
	char other[128];

	fixture_start(&x);
	REQUIRE_OK(ORDERED(mlflow_artifact_get(x.m, "mlflow-artifacts:/1/r/artifacts", "a b/c",
					       no_bytes, NULL, NULL, &x.err)),
		   &x.err);
	CHECK_STR(x.target, "/api/2.0/mlflow-artifacts/artifacts/1/r/artifacts/a%20b/c");
	snprintf(other, sizeof(other), "mlflow-artifacts://127.0.0.1:%d/2/r",
		 fake_http_port(x.server));
	REQUIRE_OK(ORDERED(mlflow_artifact_get(x.m, other, "f", no_bytes, NULL, NULL, &x.err)),
		   &x.err);
	CHECK_STR(x.target, "/api/2.0/mlflow-artifacts/artifacts/2/r/f");
	CHECK_INT(mlflow_artifact_get(x.m, "s3://bucket/secret", "f", no_bytes, NULL, NULL, &x.err),
		  E_UNSUPPORTED);
	CHECK(strstr(x.err.text, "\"s3:\""));
	CHECK(strstr(x.err.hint, "--artifacts-destination"));
}

TEST_MAIN()
