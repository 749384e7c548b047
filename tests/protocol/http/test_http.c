/* protocol/http/http.c against a faulty server */
#include "protocol/http/http.h"

#include "base/clock.h"
#include "base/limits.h"

#include "tests/harness.h"
#include "tests/servers/fake_http.h"

#include <poll.h>
#include <pthread.h>

/* What the server does with the next requests, and what it saw of the last one. */
struct script {
	struct fake_reply first; /* request 0; its body is not used */
	const char *body;
	struct fake_reply then; /* all others */
	char method[16];
	char target[256];
	char headers[1024];
	struct buf got;
};

static void answer(void *userdata, const struct fake_request *req, struct fake_reply *reply)
{
	struct script *s = userdata;
	const struct fake_reply *plan = req->index == 0 ? &s->first : &s->then;
	struct buf body = reply->body;

	*reply = *plan;
	reply->body = body;
	buf_put_str(&reply->body, s->body ? s->body : "hello");
	snprintf(s->method, sizeof(s->method), "%s", req->method);
	snprintf(s->target, sizeof(s->target), "%s", req->target);
	snprintf(s->headers, sizeof(s->headers), "%s", req->headers);
	buf_clear(&s->got);
	buf_put(&s->got, req->body.data, req->body.len);
}

struct fixture {
	struct script script;
	struct fake_http *server;
	struct http_client *client;
	struct http_response res;
	struct err err;
	char url[128];
};

static void fixture_start(struct fixture *x)
{
	buf_init(&x->script.got, MIB(64));
	x->server = fake_http_start(answer, &x->script);
	if (!x->server || http_client_new(NULL, &x->client, &x->err) < 0)
		abort();
	snprintf(x->url, sizeof(x->url), "%s/a?b=c", fake_http_url(x->server));
}

static void fixture_stop(struct fixture *x)
{
	http_client_free(x->client);
	fake_http_stop(x->server);
	http_response_release(&x->res);
	buf_release(&x->script.got);
}

#define _fixture_ _cleanup_(fixture_stop)

static int get(struct fixture *x, struct http_request req)
{
	int r;

	http_response_release(&x->res);
	req.method = req.method ? req.method : "GET";
	req.url = req.url ? req.url : x->url;
	/* Its lock puts our writes before the handler's reads, and the other way round. */
	(void)fake_http_requests(x->server);
	r = http_perform(x->client, &req, &x->res, &x->err);
	(void)fake_http_requests(x->server);
	return r;
}

TEST(get_and_headers)
{
	_fixture_ struct fixture x = {.script.first.headers = "X-One: 1\r\nETag:  \"e\"\r\n"};
	const struct http_header headers[] = {{"X-Mine", "yes"}, {"X-Empty", ""}};

	fixture_start(&x);
	REQUIRE_OK(get(&x, (struct http_request){.headers = headers, .n_headers = 2}), &x.err);
	CHECK_INT(x.res.status, 200);
	CHECK_MEM(x.res.body.data, x.res.body.len, "hello", (size_t)5);
	CHECK_STR(http_response_header(&x.res, "etag"), "\"e\"");
	CHECK_STR(http_response_header(&x.res, "x-on"), NULL);
	CHECK_STR(x.script.target, "/a?b=c");
	CHECK(strstr(x.script.headers, "X-Mine: yes\n"));
	CHECK(strstr(x.script.headers, "X-Empty:\n"));
}

TEST(connections_are_kept_unless_once)
{
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	for (int i = 0; i < 3; i++)
		REQUIRE_OK(get(&x, (struct http_request){0}), &x.err);
	CHECK_INT(fake_http_connections(x.server), 1);
	REQUIRE_OK(get(&x, (struct http_request){.method = "POST", .once = true}), &x.err);
	CHECK_INT(fake_http_connections(x.server), 2);
}

TEST(statuses_are_no_errors_and_redirects_stay)
{
	_fixture_ struct fixture x = {.script.first = {.status = 302}, .script.then.status = 404};

	fixture_start(&x);
	snprintf(x.script.first.headers, sizeof(x.script.first.headers), "Location: %s\r\n", x.url);
	REQUIRE_OK(get(&x, (struct http_request){0}), &x.err);
	CHECK_INT(x.res.status, 302);
	REQUIRE_OK(get(&x, (struct http_request){0}), &x.err);
	CHECK_INT(x.res.status, 404);
}

TEST(redirects_are_followed_up_to_the_limit)
{
	_fixture_ struct fixture x = {.script.first = {.status = 302}, .script.then.status = 302};

	fixture_start(&x);
	snprintf(x.script.first.headers, sizeof(x.script.first.headers), "Location: /b\r\n");
	snprintf(x.script.then.headers, sizeof(x.script.then.headers), "Location: /b\r\n");
	CHECK_INT(get(&x, (struct http_request){.max_redirects = 3}), E_PROTO);
	CHECK_STR(x.script.target, "/b");
	x.script.then = (struct fake_reply){.headers = "X-Last: 1\r\n"};
	REQUIRE_OK(get(&x, (struct http_request){.max_redirects = 3}), &x.err);
	CHECK_INT(x.res.status, 200);
	CHECK_STR(http_response_header(&x.res, "Location"), NULL);
}

TEST(bytes_are_posted_without_an_invented_type)
{
	_fixture_ struct fixture x = {0};
	const struct http_header json = {"Content-Type", "application/json"};

	fixture_start(&x);
	REQUIRE_OK(get(&x, (struct http_request){.method = "PUT", .body = "a\0b", .body_len = 3}),
		   &x.err);
	CHECK_STR(x.script.method, "PUT");
	CHECK_MEM(x.script.got.data, x.script.got.len, "a\0b", (size_t)3);
	CHECK(!str_find_ci(x.script.headers, "content-type"));
	CHECK(!str_find_ci(x.script.headers, "expect"));
	REQUIRE_OK(get(&x, (struct http_request){.method = "POST",
						 .headers = &json,
						 .n_headers = 1,
						 .user = "u",
						 .password = "p"}),
		   &x.err);
	CHECK(strstr(x.script.headers, "Content-Length: 0\n"));
	CHECK(strstr(x.script.headers, "Content-Type: application/json\n"));
	CHECK(strstr(x.script.headers, "Authorization: Basic dTpw\n"));
	REQUIRE_OK(get(&x, (struct http_request){.method = "HEAD"}), &x.err);
	CHECK_INT(x.res.body.len, 0);
}

struct pattern {
	uint64_t at;
	uint64_t end; /* fails here */
	int rewound;
};

static int pattern_read(void *userdata, void *dst, size_t n, size_t *ret, struct err *err)
{
	struct pattern *p = userdata;

	if (p->at >= p->end)
		return err_set(err, E_INPUT, "the file shrank");
	n = n < p->end - p->at ? n : (size_t)(p->end - p->at);
	memset(dst, 'x', n);
	p->at += n;
	*ret = n;
	return 0;
}

static int pattern_rewind(void *userdata, struct err *err)
{
	struct pattern *p = userdata;

	(void)err;
	p->at = 0;
	p->rewound++;
	return 0;
}

TEST(sources_stream_and_rewind)
{
	_fixture_ struct fixture x = {.script.first.fault = FAKE_HANGUP};
	struct pattern p = {.end = MIB(3)};
	struct http_source src = {pattern_read, pattern_rewind, &p, MIB(3)};
	struct http_request put = {.method = "PUT", .source = &src};

	fixture_start(&x);
	REQUIRE_OK(get(&x, (struct http_request){0}), &x.err);
	/* The server's hang-up has to be here first: bytes sent into it would be lost, as they
	 * should be, since a PUT that broke is for the caller to send again. */
	(void)poll(NULL, 0, 200);
	REQUIRE_OK(get(&x, put), &x.err); /* over a kept connection that the server closed */
	CHECK_INT(x.script.got.len, MIB(3));
	p = (struct pattern){.end = MIB(1)};
	CHECK_INT(get(&x, put), E_INPUT);
	CHECK_STR(x.err.text, "the file shrank");
	p = (struct pattern){.end = MIB(3)};
	CHECK_OK(get(&x, put), &x.err); /* the client is as good as new */
}

static int take(void *userdata, const void *p, size_t n, struct err *err)
{
	struct buf *b = userdata;

	buf_put(b, p, n);
	return buf_check(b, "download", err);
}

TEST(sinks_get_good_bodies_only)
{
	_fixture_ struct fixture x = {.script.first.status = 500, .script.body = "text"};
	_cleanup_buf_ struct buf b;
	struct http_request req = {.sink = take, .sink_data = &b};

	buf_init(&b, 4);
	fixture_start(&x);
	REQUIRE_OK(get(&x, req), &x.err);
	CHECK_INT(b.len, 0);
	CHECK_MEM(x.res.body.data, x.res.body.len, "text", (size_t)4);
	REQUIRE_OK(get(&x, req), &x.err);
	CHECK_MEM(b.data, b.len, "text", (size_t)4);
	CHECK_INT(get(&x, req), E_TOOBIG); /* the sink's own error */
}

TEST(faults_have_their_codes)
{
	static const struct {
		enum fake_fault fault;
		const char *body;
		int code;
	} cases[] = {
		{FAKE_RESET, "hello", E_CLOSED},
		{FAKE_NOTHING, "hello", E_CLOSED},
		{FAKE_HALF, "hello", E_CLOSED},
		{FAKE_STALL, "hello", E_TIMEOUT},
		{FAKE_RAW, "SSH-2.0-OpenSSH\r\n\r\n", E_PROTO},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_fixture_ struct fixture x = {.script.first = {.fault = cases[i].fault, .cut = 2},
					      .script.body = cases[i].body};

		fixture_start(&x);
		CHECK_INT(get(&x, (struct http_request){.stall_ms = 150, .once = true}),
			  cases[i].code);
		CHECK(strstr(x.err.text, fake_http_url(x.server)));
		CHECK(!strstr(x.err.text, "b=c"));
		CHECK(x.err.code == E_PROTO || *x.err.hint);
		CHECK_OK(get(&x, (struct http_request){0}), &x.err);
	}
}

TEST(answers_are_capped)
{
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	CHECK_INT(get(&x, (struct http_request){.max_body = 4}), E_TOOBIG);
	CHECK_OK(get(&x, (struct http_request){.max_body = 5}), &x.err);
}

TEST(total_time_is_kept)
{
	_fixture_ struct fixture x = {.script.first.delay_ms = 5000};
	int64_t start = clock_ms();

	fixture_start(&x);
	CHECK_INT(get(&x, (struct http_request){.total_ms = 100}), E_TIMEOUT);
	CHECK(clock_ms() - start < 20000);
}

static void *fire_soon(void *cancel)
{
	(void)poll(NULL, 0, 80);
	cancel_fire(cancel);
	return NULL;
}

TEST(cancel_is_heard_while_waiting)
{
	_fixture_ struct fixture x = {.script.first.fault = FAKE_STALL};
	struct cancel cancel;
	pthread_t thread;
	int64_t start;

	REQUIRE_OK(cancel_init(&cancel, &x.err), &x.err);
	fixture_start(&x);
	start = clock_ms();
	REQUIRE(pthread_create(&thread, NULL, fire_soon, &cancel) == 0);
	CHECK_INT(get(&x, (struct http_request){.cancel = &cancel}), E_CANCEL);
	CHECK(clock_ms() - start < 20000);
	pthread_join(thread, NULL);
	CHECK_INT(get(&x, (struct http_request){.cancel = &cancel}), E_CANCEL);
	cancel_reset(&cancel);
	CHECK_OK(get(&x, (struct http_request){.cancel = &cancel}), &x.err);
	cancel_release(&cancel);
}

TEST(nobody_there_and_bad_urls)
{
	_fixture_ struct fixture x = {0};
	struct http_header evil = {"X-A", "b\r\nX-Evil: 1"};
	struct fake_http *gone;
	char url[64];

	fixture_start(&x);
	gone = fake_http_start(answer, &x.script);
	snprintf(url, sizeof(url), "%s/x", fake_http_url(gone));
	fake_http_stop(gone);
	CHECK_INT(get(&x, (struct http_request){.url = url}), E_IO);
	CHECK(strstr(x.err.hint, "server runs"));
	CHECK_INT(get(&x, (struct http_request){.url = "ftp://127.0.0.1/"}), E_INPUT);
	CHECK_INT(get(&x, (struct http_request){.url = "http://"}), E_INPUT);
	CHECK_INT(get(&x, (struct http_request){.url = "http://nowhere.invalid/"}), E_IO);
	CHECK_INT(get(&x, (struct http_request){.headers = &evil, .n_headers = 1}), E_INPUT);
	CHECK_INT(fake_http_requests(x.server), 0);
}

TEST(loopback_needs_no_proxy)
{
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	setenv("http_proxy", "http://127.0.0.1:9", 1);
	CHECK_OK(get(&x, (struct http_request){0}), &x.err);
	unsetenv("http_proxy");
}

TEST(plain_http_is_not_tls)
{
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	snprintf(x.url, sizeof(x.url), "https://127.0.0.1:%d/", fake_http_port(x.server));
	CHECK(get(&x, (struct http_request){.total_ms = 2000}) < 0);
	CHECK(strstr(x.err.text, "https://127.0.0.1:"));
}

TEST(escape_keeps_the_unreserved)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, 100);
	http_escape(&b, "a-Z_0.~/ü %&\0", 13, "/");
	CHECK_MEM(b.data, b.len, "a-Z_0.~/%C3%BC%20%25%26", (size_t)23);
}

TEST_MAIN()
