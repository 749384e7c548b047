/* protocol/aws/aws.c: signing, trying again, lost answers, against a scripted server */
#include "protocol/aws/aws-int.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "protocol/aws/credentials.h"
#include "protocol/aws/ecr.h"
#include "protocol/aws/runtime.h"
#include "protocol/aws/sagemaker.h"
#include "protocol/aws/sts.h"

#include "tests/harness.h"
#include "tests/servers/fake_http.h"

#include <pthread.h>

enum { STEPS = 10 };

/* What the server does with request number i; the last step stays. */
struct step {
	int status;
	const char *body, *headers;
	enum fake_fault fault;
};

struct fixture {
	struct step steps[STEPS];
	char seen[STEPS][1000]; /* target, headers, body */
	struct fake_http *server;
	struct aws *aws;
	struct err err;
};

static void serve(void *userdata, const struct fake_request *req, struct fake_reply *reply)
{
	struct fixture *x = userdata;
	const struct step *st = &x->steps[req->index < STEPS ? req->index : STEPS - 1];

	if (req->index < STEPS)
		snprintf(x->seen[req->index], sizeof(x->seen[0]), "%s %s\n%s\n%.*s", req->method,
			 req->target, req->headers, (int)req->body.len, (char *)req->body.data);
	reply->status = st->status;
	reply->fault = st->fault;
	buf_put_str(&reply->body, st->body ? st->body : "");
	snprintf(reply->headers, sizeof(reply->headers), "%s", st->headers ? st->headers : "");
}

static void start(struct fixture *x)
{
	struct aws_credentials keys = {.access_key = (char *)"AK",
				       .secret_key = (char *)"SK",
				       .session_token = (char *)"TOKEN"};
	struct aws_options o = {.region = "eu-west-1", .credentials = &keys, .retry_ms = 1};
	_cleanup_free_ char *url = NULL;

	x->server = fake_http_start(serve, x);
	url = x->server ? str_fmt("%s/base/", fake_http_url(x->server)) : NULL;
	if (!url || setenv("AWS_ENDPOINT_URL", url, 1) < 0 || aws_new(&o, &x->aws, &x->err) < 0)
		abort();
}

static void stop(struct fixture *x)
{
	aws_free(x->aws);
	fake_http_stop(x->server);
}

#define _cleanup_fixture_ _cleanup_(stop)

static int read_endpoint(struct fixture *x, struct cancel *cancel)
{
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};

	return sagemaker_describe_endpoint(x->aws, "e", cancel, &e, &x->err);
}

#define ENDPOINT                                                                                   \
	"{\"EndpointName\":\"e\",\"EndpointArn\":\"a\",\"EndpointConfigName\":\"c\","              \
	"\"EndpointStatus\":\"InService\"}"

TEST(json_request_as_it_is_sent)
{
	_cleanup_fixture_ struct fixture x = {.steps = {{200, ENDPOINT, NULL, FAKE_OK}}};

	start(&x);
	REQUIRE_OK(read_endpoint(&x, NULL), &x.err);
	CHECK(str_starts(x.seen[0], "POST /base/\n"));
	CHECK(strstr(x.seen[0], "\nX-Amz-Target: SageMaker.DescribeEndpoint\n"));
	CHECK(strstr(x.seen[0], "\nContent-Type: application/x-amz-json-1.1\n"));
	CHECK(strstr(x.seen[0], "\nx-amz-security-token: TOKEN\n"));
	CHECK(strstr(x.seen[0],
		     "/eu-west-1/sagemaker/aws4_request, SignedHeaders=content-type;host;"
		     "x-amz-date;x-amz-security-token;x-amz-target, "));
	CHECK(strstr(x.seen[0], "\n{\"EndpointName\":\"e\"}"));
}

TEST(query_request_as_it_is_sent)
{
	_cleanup_fixture_ struct fixture x = {
		.steps = {{200,
			   "<R><GetCallerIdentityResult><Arn>arn:1</Arn><Account>12</Account>"
			   "</GetCallerIdentityResult></R>",
			   NULL, FAKE_OK}}};
	_cleanup_sts_identity_ struct sts_identity i = {0};

	start(&x);
	REQUIRE_OK(sts_get_caller_identity(x.aws, NULL, &i, &x.err), &x.err);
	CHECK_STR(i.arn, "arn:1");
	CHECK(strstr(x.seen[0], "/eu-west-1/sts/aws4_request"));
	CHECK(strstr(x.seen[0], "\nAction=GetCallerIdentity&Version=2011-06-15"));
}

TEST(names_are_encoded_in_paths)
{
	_cleanup_fixture_ struct fixture x = {.steps = {{200, "answer", NULL, FAKE_OK}}};
	struct runtime_request q = {.endpoint = "a/b c",
				    .variant = "v",
				    .content_type = "text/csv",
				    .body = "1",
				    .n = 1};
	_cleanup_buf_ struct buf out;

	buf_init(&out, MIB(1));
	start(&x);
	REQUIRE_OK(runtime_invoke(x.aws, &q, &out, &x.err), &x.err);
	CHECK_MEM(out.data, out.len, "answer", (size_t)6);
	CHECK(str_starts(x.seen[0], "POST /base/endpoints/a%2Fb%20c/invocations\n"));
	CHECK(strstr(x.seen[0], "\nX-Amzn-SageMaker-Target-Variant: v\n"));
}

#define THROTTLED "{\"__type\":\"com.amazonaws.x#ThrottlingException\",\"message\":\"Rate\"}"

TEST(what_passes_is_tried_again)
{
	_cleanup_fixture_ struct fixture x = {.steps = {{400, THROTTLED, NULL, FAKE_OK},
							{503, "<html>", NULL, FAKE_OK},
							{200, NULL, NULL, FAKE_RESET},
							{200, ENDPOINT, NULL, FAKE_OK}}};

	start(&x);
	REQUIRE_OK(read_endpoint(&x, NULL), &x.err);
	CHECK_INT(fake_http_requests(x.server), 4);
}

TEST(throttling_that_lasts_is_told)
{
	_cleanup_fixture_ struct fixture x = {0};

	for (size_t i = 0; i < STEPS; i++)
		x.steps[i] = (struct step){400, THROTTLED, NULL, FAKE_OK};
	start(&x);
	CHECK_INT(read_endpoint(&x, NULL), E_SERVER);
	CHECK_STR(x.err.name, "ThrottlingException");
	CHECK_STR(x.err.text, "DescribeEndpoint: Rate (ThrottlingException)");
	CHECK_INT(fake_http_requests(x.server), 6);
}

TEST(retry_after_is_waited_for)
{
	_cleanup_fixture_ struct fixture x = {
		.steps = {{429, THROTTLED, "Retry-After: 1\r\n", FAKE_OK},
			  {200, ENDPOINT, NULL, FAKE_OK}}};
	int64_t before = clock_ms();

	start(&x);
	REQUIRE_OK(read_endpoint(&x, NULL), &x.err);
	CHECK(clock_ms() - before >= 1000);
}

/* It may have acted: only the caller can find out. */
TEST(lost_answer_of_an_act_is_not_asked_again)
{
	_cleanup_fixture_ struct fixture x = {.steps = {{200, NULL, NULL, FAKE_RESET}}};

	start(&x);
	CHECK_INT(sagemaker_delete_model(x.aws, "m", NULL, &x.err), E_CLOSED);
	CHECK_INT(fake_http_requests(x.server), 1);
}

TEST(server_that_is_not_there)
{
	_cleanup_fixture_ struct fixture x = {0};

	start(&x);
	fake_http_stop(TAKE(x.server));
	CHECK_INT(sagemaker_delete_model(x.aws, "m", NULL, &x.err), E_IO);
}

TEST(answers_without_what_they_must_have)
{
	static const char *const bodies[] = {"{}", "[]", "{\"EndpointName\":1}", "x"};

	for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
		_cleanup_fixture_ struct fixture x = {.steps = {{200, bodies[i], NULL, FAKE_OK}}};
		_cleanup_ecr_login_ struct ecr_login l = {0};

		start(&x);
		CHECK_INT(read_endpoint(&x, NULL), E_PROTO);
		CHECK_INT(ecr_get_login(x.aws, NULL, &l, &x.err), E_PROTO);
	}
}

TEST(login_tokens)
{
	static const struct {
		const char *token, *user, *password;
	} cases[] = {{"QVdTOmE6Yg==", "AWS", "a:b"},
		     {"QVdT", NULL, NULL},
		     {"", NULL, NULL},
		     {"QVdTOmE6Y", NULL, NULL},
		     {"****", NULL, NULL}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_free_ char *body =
			str_fmt("{\"authorizationData\":[{\"proxyEndpoint\":\"https://h\","
				"\"authorizationToken\":\"%s\"}]}",
				cases[i].token);
		_cleanup_fixture_ struct fixture x = {.steps = {{200, body, NULL, FAKE_OK}}};
		_cleanup_ecr_login_ struct ecr_login l = {0};

		start(&x);
		CHECK_INT(ecr_get_login(x.aws, NULL, &l, &x.err), cases[i].user ? 0 : E_PROTO);
		CHECK_STR(l.user, cases[i].user);
		CHECK_STR(l.password, cases[i].password);
	}
}

TEST(service_has_an_address_of_its_own)
{
	_cleanup_fixture_ struct fixture x = {.steps = {{200, ENDPOINT, NULL, FAKE_OK}}};

	start(&x);
	REQUIRE(setenv("AWS_ENDPOINT_URL_STS", "ftp://x", 1) == 0);
	CHECK_OK(read_endpoint(&x, NULL), &x.err);
	CHECK_INT(sts_get_caller_identity(x.aws, NULL, NULL, &x.err), E_INPUT);
	CHECK(strstr(x.err.hint, "AWS_ENDPOINT_URL_STS"));
	REQUIRE(unsetenv("AWS_ENDPOINT_URL_STS") == 0);
}

static void *fire(void *token)
{
	struct timespec t = {.tv_nsec = 50000000};

	nanosleep(&t, NULL);
	cancel_fire(token);
	return NULL;
}

TEST(waiting_is_cancelled)
{
	_cleanup_fixture_ struct fixture x = {
		.steps = {{429, THROTTLED, "Retry-After: 60\r\n", FAKE_OK}}};
	struct cancel c;
	pthread_t thread;
	int64_t before = clock_ms();

	start(&x);
	REQUIRE_OK(cancel_init(&c, &x.err), &x.err);
	REQUIRE(pthread_create(&thread, NULL, fire, &c) == 0);
	CHECK_INT(read_endpoint(&x, &c), E_CANCEL);
	pthread_join(thread, NULL);
	cancel_release(&c);
	CHECK(clock_ms() - before < 20000);
}

TEST_MAIN()
