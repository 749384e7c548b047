/*
 * scorer/server.c, scorer/routes.c and scorer/endpoint.c: a whole server in
 * this process, asked over real sockets.
 */
#include "scorer/server.h"

#include "base/clock.h"
#include "base/limits.h"
#include "tests/scorer/sample.h"
#include "tests/servers/raw_http.h"

#include <poll.h>

#define JSON "Content-Type: application/json\r\n"
#define CSV "Content-Type: text/csv; charset=utf-8\r\n"
#define ONE_ROW "{\"instances\":[[1,\"a\"]]}"

struct fixture {
	struct metrics metrics;
	struct server *server;
	struct raw_http client;
	const char *folder; /* of its model */
};

static void setup_endpoint(struct fixture *f, struct endpoint *e, unsigned request_seconds)
{
	struct server_options o = {.host = "127.0.0.1",
				   .threads = 2,
				   .connections = 256,
				   .request_seconds = request_seconds,
				   .metrics = &f->metrics,
				   .endpoint = e};
	struct err err = ERR_INIT;

	CHECK_OK(server_new(&o, &f->server, &err), &err);
	if (f->server)
		raw_http_open(&f->client, server_port(f->server));
}

static struct endpoint *load_model(struct fixture *f, const char *intercept)
{
	_cleanup_free_ char *path = NULL;
	struct endpoint *e = NULL;
	struct err err = ERR_INIT;

	f->folder = f->folder ? f->folder : test_dir();
	path = sample_model(f->folder, "model.json", intercept);
	CHECK_OK(endpoint_of_model(path, &f->metrics, &e, &err), &err);
	return e;
}

static void setup(struct fixture *f)
{
	*f = (struct fixture){.client.fd = -1};
	metrics_init(&f->metrics);
	setup_endpoint(f, load_model(f, "0.1"), 30);
}

static void teardown(struct fixture *f)
{
	raw_http_close(&f->client);
	server_free(f->server);
	metrics_release(&f->metrics);
}

#define _fixture_ _cleanup_(teardown) struct fixture

/* --- addresses --- */

TEST(the_small_addresses_answer)
{
	static const struct {
		const char *method, *target;
		int status;
		const char *part; /* of the body */
	} cases[] = {
		{"GET", "/ping", 200, ""},
		{"HEAD", "/ping", 200, ""},
		{"GET", "/health", 200, ""},
		{"GET", "/version", 200, SPLICE_VERSION},
		{"GET", "/metrics", 200, "splice_scorer_requests_total{variant=\"default\"} 0"},
		{"GET", "/", 404, "\"error_code\":\"NOT_FOUND\""},
		{"GET", "/invocations", 405, "METHOD_NOT_ALLOWED"},
		{"DELETE", "/ping", 405, "METHOD_NOT_ALLOWED"},
	};
	_fixture_ f = {0};

	setup(&f);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_raw_answer_ struct raw_answer a = {0};

		REQUIRE(raw_http_call(&f.client, cases[i].method, cases[i].target, "", NULL, &a));
		CHECK_INT(a.status, cases[i].status);
		if (!strstr(a.body, cases[i].part))
			test_fail(__FILE__, __LINE__, "%s: %s", cases[i].target, a.body);
		if (!*cases[i].part)
			CHECK_STR(a.body, "");
	}
}

TEST(a_wrong_method_hears_the_right_one)
{
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_fixture_ f = {0};

	setup(&f);
	REQUIRE(raw_http_call(&f.client, "GET", "/invocations", "", NULL, &a));
	CHECK(raw_answer_has(&a, "Allow: POST"));
}

/* --- invocations --- */

TEST(every_shape_of_request_is_answered)
{
	static const struct {
		const char *target, *headers, *body, *answer;
	} cases[] = {
		{"/invocations", JSON, ONE_ROW, "{\"predictions\": [1.0]}"},
		{"/invocations", JSON, "{\"instances\":[{\"t\":\"b\",\"V1\":-3,\"extra\":[{}]}]}",
		 "{\"predictions\": [0.0]}"},
		{"/invocations", JSON,
		 "{\"dataframe_split\":{\"data\":[[\"a\",1,7],[\"b\",-3.5,8]],\"index\":[0,1],"
		 "\"columns\":[\"T\",\"v1\",\"more\"]}}",
		 "{\"predictions\": [1.0, 0.0]}"},
		{"/invocations", JSON, "{\"dataframe_records\":[{\"V1\":1,\"t\":\"\\u0061\"}]}",
		 "{\"predictions\": [1.0]}"},
		{"/invocations", JSON,
		 "{\"dataframe_split\":{\"columns\":[\"V1\",\"t\"],\"data\":[]}}",
		 "{\"predictions\": []}"},
		{"/invocations", JSON, "{\"dataframe_records\":[]}", "{\"predictions\": []}"},
		{"/invocations", JSON, "{\"instances\":[[null,\"a\"],[NaN,\"a\"],[1,\"a\"]]}",
		 "{\"predictions\": [null, null, 1.0]}"},
		{"/invocations", CSV, "t,V1\r\na,1\r\n\"b\",-3\r\n",
		 "{\"predictions\": [1.0, 0.0]}"},
		{"/invocations", CSV, "V1,t,\"a \"\"quoted\"\" name\"\n1,a,\"x,\ny\"\n\n,a,\n",
		 "{\"predictions\": [1.0, null]}"},
		{"/invocations?output=all", JSON, "{\"instances\":[[-0.2,\"a\"]]}",
		 "{\"predictions\": [{\"prediction\": 0.0, \"probability\": [0.5, 0.5], "
		 "\"rawPrediction\": [-0.0, 0.0]}]}"},
		{"/invocations", JSON,
		 "{\"instances\":[[-0.2,\"a\"]],\"params\":{\"output\":\"all\",\"x\":[1]}}",
		 "{\"predictions\": [{\"prediction\": 0.0, \"probability\": [0.5, 0.5], "
		 "\"rawPrediction\": [-0.0, 0.0]}]}"},
		{"/invocations", CSV "Accept: text/csv\r\n", "V1,t\n1,a\n,a\n",
		 "prediction\n1.0\n\"\"\n"},
		{"/invocations?output=all", JSON "Accept: text/csv, */*\r\n",
		 "{\"instances\":[[-0.2,\"a\"]]}",
		 "prediction,probability,rawPrediction\n0.0,\"[0.5, 0.5]\",\"[-0.0, 0.0]\"\n"},
	};
	_fixture_ f = {0};

	setup(&f);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_raw_answer_ struct raw_answer a = {0};

		REQUIRE(raw_http_call(&f.client, "POST", cases[i].target, cases[i].headers,
				      cases[i].body, &a));
		CHECK_STR(a.body, cases[i].answer);
		CHECK_INT(a.status, 200);
		CHECK(raw_answer_has(&a, "x-splice-variant: default"));
		CHECK(raw_answer_has(&a,
				     strstr(cases[i].headers, "Accept")
					     ? "Content-Type: text/csv; charset=utf-8"
					     : "Content-Type: application/json; charset=utf-8"));
	}
}

TEST(what_is_wrong_is_named)
{
	static const struct {
		const char *headers, *body;
		int status;
		const char *part;
	} cases[] = {
		{JSON, "{\"instances\":[[1,\"a\"],[2,\"c\"]]}", 400,
		 "row 2, column \\\"t\\\": \\\"c\\\" is a label that was not seen"},
		{JSON, "{\"instances\":[[\"1\",\"a\"]]}", 400,
		 "row 1, column \\\"V1\\\": a number belongs here, not the text \\\"1\\\""},
		{JSON, "{\"instances\":[[1,2]]}", 400,
		 "row 1, column \\\"t\\\": a text belongs here, not a number"},
		{JSON, "{\"instances\":[[true,\"a\"]]}", 400, "a number belongs here, not true"},
		{JSON, "{\"instances\":[[1]]}", 400, "row 1 has 1 values, the model takes 2"},
		{JSON, "{\"dataframe_split\":{\"columns\":[\"x\"],\"data\":[[1]]}}", 400,
		 "columns are missing: \\\"V1\\\", \\\"t\\\""},
		{JSON, "{\"dataframe_split\":{\"columns\":[\"t\",\"V1\"],\"data\":[[1]]}}", 400,
		 "row 1, column \\\"t\\\""},
		{JSON, "{\"dataframe_split\":{\"columns\":[\"t\",\"T\",\"V1\"],\"data\":[]}}", 400,
		 "the column \\\"t\\\" is there twice"},
		{JSON, "{\"dataframe_split\":{\"data\":[]}}", 400, "holds no \\\"columns\\\""},
		{JSON, "{\"dataframe_records\":[{\"V1\":1}]}", 400,
		 "a column is missing: \\\"t\\\""},
		{JSON, "{}", 400, "the body holds none of"},
		{JSON, "{\"instances\":[],\"dataframe_records\":[]}", 400, "holds two tables"},
		{JSON, "", 400, "an object belongs here"},
		{JSON, "[1", 400, "an object belongs here"},
		{JSON, "{\"instances\":[[1,\"a\"]", 400, "not valid JSON at byte 21"},
		{JSON, "{\"instances\":[[1,\"a\"],]}", 400, "not valid JSON"},
		{JSON, "{\"instances\":[[01,\"a\"]]}", 400, "not valid JSON"},
		{JSON, "{\"instances\":[[1,\"\xff\"]]}", 400, "the body is not UTF-8"},
		{JSON, ONE_ROW "x", 400, "something follows the end"},
		{JSON, "{\"instances\":[[1,\"a\"]],\"params\":{\"output\":\"some\"}}", 400,
		 "is \\\"all\\\" or \\\"prediction\\\""},
		{CSV, "V1,t\n1,a\nx,b\n", 400,
		 "row 2, column \\\"V1\\\": a number belongs here, not the text \\\"x\\\""},
		{CSV, "V1,t\n1\n", 400, "row 1 has 1 cells for 2 columns"},
		{CSV, "V1,t\n1,\"a\n", 400, "a quote is opened and not closed"},
		{CSV, "V1,t\n1,\"a\"b\n", 400, "something follows a closing quote"},
		{CSV, "\n\n", 400, "no header line"},
		{CSV, "t\na\n", 400, "a column is missing: \\\"V1\\\""},
		{"", ONE_ROW, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"Content-Type: application/jsonx\r\n", ONE_ROW, 415, "UNSUPPORTED_MEDIA_TYPE"},
		{"Content-Type: text/csv; charset=latin-1\r\n", "V1,t\n", 415, "UTF-8"},
		{JSON "x-splice-target-variant: other\r\n", ONE_ROW, 400, "names no variant"},
	};
	_fixture_ f = {0};

	setup(&f);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_raw_answer_ struct raw_answer a = {0};

		REQUIRE(raw_http_call(&f.client, "POST", "/invocations", cases[i].headers,
				      cases[i].body, &a));
		CHECK_INT(a.status, cases[i].status);
		if (!strstr(a.body, cases[i].part))
			test_fail(__FILE__, __LINE__, "%s%s: %s", cases[i].headers, cases[i].body,
				  a.body);
	}
}

TEST(a_row_over_several_batches_has_its_number)
{
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_cleanup_buf_ struct buf body;
	_cleanup_free_ char *text = NULL;
	_fixture_ f = {0};

	setup(&f);
	buf_init(&body, MIB(1));
	buf_put_str(&body, "V1,t\n");
	for (int i = 1; i < 1234; i++)
		buf_put_str(&body, "1,a\n");
	buf_put_str(&body, "1,zz\n");
	text = buf_take_str(&body);
	REQUIRE(raw_http_call(&f.client, "POST", "/invocations", CSV, text, &a));
	CHECK(strstr(a.body, "row 1234, column \\\"t\\\": \\\"zz\\\""));
}

TEST(a_column_missing_throughout_is_named_however_many_records)
{
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_cleanup_buf_ struct buf body;
	_cleanup_free_ char *text = NULL;
	_fixture_ f = {0};

	setup(&f);
	buf_init(&body, MIB(1));
	buf_put_str(&body, "{\"dataframe_records\":[");
	for (int i = 0; i < 1000; i++)
		buf_put_str(&body, "{\"V1\":1},");
	buf_put_str(&body, "{\"V1\":1}]}");
	text = buf_take_str(&body);
	REQUIRE(raw_http_call(&f.client, "POST", "/invocations", JSON, text, &a));
	CHECK(strstr(a.body, "a column is missing: \\\"t\\\""));
}

/* --- the wire --- */

TEST(requests_in_one_packet_are_answered_in_order)
{
	static const char packet[] =
		"POST /invocations HTTP/1.1\r\nHost: x\r\n" JSON "Content-Length: 5\r\n\r\n{bad}"
		"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n"
		"POST /invocations HTTP/1.1\r\nHost: x\r\n" JSON
		"Content-Length: 23\r\n\r\n" ONE_ROW "GET /version HTTP/1.1\r\nHost: x\r\n\r\n";
	static const int statuses[] = {400, 404, 200, 200};
	_fixture_ f = {0};

	setup(&f);
	REQUIRE(raw_http_send(&f.client, packet, strlen(packet)));
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		_cleanup_raw_answer_ struct raw_answer a = {0};

		REQUIRE(raw_http_receive(&f.client, &a));
		CHECK_INT(a.status, statuses[i]);
	}
}

TEST(garbage_ends_its_connection_alone)
{
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_cleanup_raw_http_ struct raw_http bad = {.fd = -1};
	_fixture_ f = {0};

	setup(&f);
	raw_http_open(&bad, server_port(f.server));
	REQUIRE(raw_http_send(&bad, "\x16\x03\x01 what is this\r\n\r\n", 21));
	CHECK(raw_http_ends(&bad, 5000));
	REQUIRE(raw_http_call(&f.client, "GET", "/ping", "", NULL, &a));
	CHECK_INT(a.status, 200);
}

TEST(a_body_that_breaks_off_costs_nothing)
{
	static const char head[] = "POST /invocations HTTP/1.1\r\nHost: x\r\n" JSON
				   "Content-Length: 1000\r\n\r\n{\"instances\":[";
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_fixture_ f = {0};

	setup(&f);
	for (int i = 0; i < 50; i++) {
		_cleanup_raw_http_ struct raw_http half = {.fd = -1};

		raw_http_open(&half, server_port(f.server));
		REQUIRE(raw_http_send(&half, head, strlen(head)));
	}
	REQUIRE(raw_http_call(&f.client, "POST", "/invocations", JSON, ONE_ROW, &a));
	CHECK_INT(a.status, 200);
}

TEST(a_body_in_chunks_is_read)
{
	static const char head[] = "POST /invocations HTTP/1.1\r\nHost: x\r\n" JSON
				   "Transfer-Encoding: chunked\r\n\r\n"
				   "e\r\n{\"instances\":[\r\n9\r\n[1,\"a\"]]}\r\n0\r\n\r\n";
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_fixture_ f = {0};

	setup(&f);
	REQUIRE(raw_http_send(&f.client, head, strlen(head)));
	REQUIRE(raw_http_receive(&f.client, &a));
	CHECK_STR(a.body, "{\"predictions\": [1.0]}");
}

static const char empty_megabyte[1 << 20];

TEST(a_body_of_100_megabytes_is_refused_and_heard_out)
{
	static const char head[] = "POST /invocations HTTP/1.1\r\nHost: x\r\n" JSON
				   "Content-Length: 104857600\r\n\r\n";
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_fixture_ f = {0};

	setup(&f);
	REQUIRE(raw_http_send(&f.client, head, strlen(head)));
	for (int i = 0; i < 100; i++)
		REQUIRE(raw_http_send(&f.client, empty_megabyte, sizeof(empty_megabyte)));
	REQUIRE(raw_http_receive(&f.client, &a));
	CHECK_INT(a.status, 413);
	CHECK(strstr(a.body, "larger than 32 MB"));
}

/* More than is held altogether, refused and not yet at their end. */
TEST(refused_bodies_leave_their_place_to_others)
{
	enum { CLIENTS = LIMIT_SCORER_BODIES / LIMIT_SCORER_BODY + 1 };
	static const char head[] = "POST /invocations HTTP/1.1\r\nHost: x\r\n" JSON
				   "Transfer-Encoding: chunked\r\n\r\n";
	_cleanup_raw_answer_ struct raw_answer a = {0};
	struct raw_http clients[CLIENTS];
	_fixture_ f = {0};

	setup(&f);
	for (size_t i = 0; i < CLIENTS; i++) {
		clients[i] = (struct raw_http){.fd = -1};
		raw_http_open(&clients[i], server_port(f.server));
		REQUIRE(raw_http_send(&clients[i], head, strlen(head)));
		for (size_t sent = 0; sent <= LIMIT_SCORER_BODY; sent += sizeof(empty_megabyte))
			REQUIRE(raw_http_send(&clients[i], "100000\r\n", 8) &&
				raw_http_send(&clients[i], empty_megabyte,
					      sizeof(empty_megabyte)) &&
				raw_http_send(&clients[i], "\r\n", 2));
	}
	REQUIRE(raw_http_call(&f.client, "POST", "/invocations", JSON, ONE_ROW, &a));
	CHECK_INT(a.status, 200);
	for (size_t i = 0; i < CLIENTS; i++)
		raw_http_close(&clients[i]);
}

TEST(who_asks_before_sending_too_much_hears_it_at_once)
{
	static const char head[] = "POST /invocations HTTP/1.1\r\nHost: x\r\n" JSON
				   "Content-Length: 104857600\r\nExpect: 100-continue\r\n\r\n";
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_fixture_ f = {0};

	setup(&f);
	REQUIRE(raw_http_send(&f.client, head, strlen(head)));
	REQUIRE(raw_http_receive(&f.client, &a));
	CHECK_INT(a.status, 413);
}

TEST(chunks_without_end_are_cut_off)
{
	static const char head[] = "POST /invocations HTTP/1.1\r\nHost: x\r\n" JSON
				   "Transfer-Encoding: chunked\r\n\r\n";
	_fixture_ f = {0};
	bool sent = true;

	setup(&f);
	REQUIRE(raw_http_send(&f.client, head, strlen(head)));
	for (int i = 0; sent && i < 400; i++)
		sent = raw_http_send(&f.client, "100000\r\n", 8) &&
		       raw_http_send(&f.client, empty_megabyte, sizeof(empty_megabyte)) &&
		       raw_http_send(&f.client, "\r\n", 2);
	CHECK(!sent);
}

TEST(a_post_without_length_is_told)
{
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_fixture_ f = {0};

	setup(&f);
	REQUIRE(raw_http_call(&f.client, "POST", "/invocations", JSON, NULL, &a));
	CHECK_INT(a.status, 411);
}

TEST(slow_clients_are_cut_and_others_are_not)
{
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_cleanup_raw_http_ struct raw_http slow = {.fd = -1};
	int64_t started = clock_ms();
	bool open = true;
	_cleanup_(teardown) struct fixture f = {.client.fd = -1};

	metrics_init(&f.metrics);
	setup_endpoint(&f, load_model(&f, "0.1"), /* request_seconds= */ 1);
	raw_http_open(&slow, server_port(f.server));
	REQUIRE(raw_http_send(&slow, "GET /ping HTTP/1.1\r\n", 20));
	while (open && clock_ms() - started < 10000) {
		struct pollfd p = {.fd = slow.fd, .events = POLLIN};

		open = raw_http_send(&slow, "x", 1);
		server_sweep(f.server);
		CHECK(raw_http_call(&f.client, "GET", "/ping", "", NULL, &a));
		open = open && poll(&p, 1, 100) == 0;
	}
	CHECK(!open);
	CHECK(clock_ms() - started >= 1000);
}

TEST(beyond_the_most_connections_a_client_waits_for_its_turn)
{
	_cleanup_(teardown) struct fixture f = {.client.fd = -1};
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_cleanup_raw_http_ struct raw_http first = {.fd = -1}, second = {.fd = -1};
	static const char ping[] = "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n";
	struct server_options o = {.host = "127.0.0.1",
				   .threads = 1,
				   .connections = 2,
				   .request_seconds = 30,
				   .metrics = &f.metrics};
	struct err err = ERR_INIT;

	metrics_init(&f.metrics);
	o.endpoint = load_model(&f, "0.1");
	REQUIRE_OK(server_new(&o, &f.server, &err), &err);
	raw_http_open(&first, server_port(f.server));
	REQUIRE(raw_http_call(&first, "GET", "/ping", "", NULL, &a));
	raw_http_open(&second, server_port(f.server));
	REQUIRE(raw_http_call(&second, "GET", "/ping", "", NULL, &a));
	raw_http_open(&f.client, server_port(f.server));
	REQUIRE(raw_http_send(&f.client, ping, strlen(ping)));
	CHECK_INT(poll(&(struct pollfd){.fd = f.client.fd, .events = POLLIN}, 1, 300), 0);
	raw_http_close(&first);
	REQUIRE(raw_http_receive(&f.client, &a));
	CHECK_INT(a.status, 200);
}

/* --- many clients --- */

struct load {
	int port;
	atomic_bool stop;
	atomic_ulong connected, answered, failed, closed;
};

/* Ask again and again over one connection, until told to stop or told that it closes. */
static void *ask(void *userdata)
{
	struct load *l = userdata;
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_cleanup_raw_http_ struct raw_http c = {.fd = -1};

	raw_http_open(&c, l->port);
	atomic_fetch_add(&l->connected, c.fd >= 0);
	while (c.fd >= 0 && !atomic_load(&l->stop)) {
		bool fine = raw_http_call(&c, "POST", "/invocations", JSON, ONE_ROW, &a) &&
			    a.status == 200 && strstr(a.body, "{\"predictions\": [");

		atomic_fetch_add(fine ? &l->answered : &l->failed, 1);
		if (!fine)
			break;
		if (raw_answer_has(&a, "Connection: close")) {
			atomic_fetch_add(&l->closed, 1);
			break;
		}
	}
	return NULL;
}

enum { CLIENTS = 64 };

static void start_load(struct load *l, pthread_t *threads, int n, int port)
{
	*l = (struct load){.port = port};
	for (int i = 0; i < n; i++)
		CHECK_INT(pthread_create(&threads[i], NULL, ask, l), 0);
	while (atomic_load(&l->connected) < (unsigned long)n)
		(void)poll(NULL, 0, 1);
}

static void end_load(struct load *l, pthread_t *threads, int n)
{
	atomic_store(&l->stop, true);
	for (int i = 0; i < n; i++)
		CHECK_INT(pthread_join(threads[i], NULL), 0);
}

TEST(a_reload_under_load_fails_no_request)
{
	pthread_t threads[CLIENTS];
	struct load l;
	_fixture_ f = {0};

	setup(&f);
	start_load(&l, threads, CLIENTS, server_port(f.server));
	for (int i = 0; i < test_count(100, 2000); i++) {
		server_swap(f.server, load_model(&f, i % 2 ? "0.1" : "-9"));
		(void)poll(NULL, 0, 1);
	}
	end_load(&l, threads, CLIENTS);
	CHECK_INT(l.failed, 0);
	CHECK(l.answered > CLIENTS);
	CHECK_INT(f.metrics.variants->requests, l.answered);
	CHECK_INT(f.metrics.variants->rows, l.answered);
}

TEST(an_end_under_load_fails_no_request)
{
	pthread_t threads[CLIENTS];
	_cleanup_raw_http_ struct raw_http late = {.fd = -1};
	struct load l;
	_fixture_ f = {0};

	setup(&f);
	raw_http_close(&f.client);
	start_load(&l, threads, CLIENTS, server_port(f.server));
	server_drain(f.server, 20000);
	raw_http_open(&late, server_port(f.server));
	CHECK_INT(late.fd, -1);
	end_load(&l, threads, CLIENTS);
	CHECK_INT(l.failed, 0);
	CHECK_INT(l.closed, CLIENTS);
}

TEST(an_ending_server_is_not_healthy_and_idle_links_do_not_hold_it)
{
	_cleanup_raw_answer_ struct raw_answer a = {0};
	int64_t started = clock_ms();
	_fixture_ f = {0};

	setup(&f);
	REQUIRE(raw_http_call(&f.client, "GET", "/ping", "", NULL, &a));
	server_drain(f.server, 20000);
	CHECK(clock_ms() - started < 5000);
	REQUIRE(raw_http_call(&f.client, "GET", "/ping", "", NULL, &a));
	CHECK_INT(a.status, 503);
	CHECK(raw_answer_has(&a, "Connection: close"));
}

/* --- variants --- */

static struct endpoint *load_folder(struct fixture *f, const char *variants)
{
	const char *folder = test_dir();
	_cleanup_free_ char *text =
		str_fmt("{\"app\":\"x\",\"port\":0,\"variants\":[%s]}", variants);
	struct endpoint *e = NULL;
	struct err err = ERR_INIT;

	sample_put_model(folder, "a.json", "0.1");
	sample_put_model(folder, "b.json", "-9");
	sample_put(folder, "endpoint.json", text);
	CHECK_OK(endpoint_of_folder(folder, &f->metrics, &e, &err), &err);
	return e;
}

#define VARIANT(name, weight, file)                                                                \
	"{\"name\":\"" name "\",\"weight\":" weight ",\"model\":\"" file "\"}"

TEST(weights_divide_the_requests)
{
	unsigned counts[3] = {0};
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_cleanup_(teardown) struct fixture f = {.client.fd = -1};

	metrics_init(&f.metrics);
	setup_endpoint(&f,
		       load_folder(&f, VARIANT("one", "3", "a.json") "," VARIANT(
					       "two", "1.0", "b.json") "," VARIANT("none", "0",
										   "b.json")),
		       30);
	for (int i = 0; i < 400; i++) {
		REQUIRE(raw_http_call(&f.client, "POST", "/invocations", JSON, ONE_ROW, &a));
		counts[0] += raw_answer_has(&a, "x-splice-variant: one") && strstr(a.body, "[1.0]");
		counts[1] += raw_answer_has(&a, "x-splice-variant: two") && strstr(a.body, "[0.0]");
		counts[2] += raw_answer_has(&a, "x-splice-variant: none");
	}
	CHECK(counts[0] >= 298 && counts[0] <= 302);
	CHECK_INT(counts[0] + counts[1], 400);
	CHECK_INT(counts[2], 0);
	REQUIRE(raw_http_call(&f.client, "POST", "/invocations",
			      JSON "X-Splice-Target-Variant: none\r\n", ONE_ROW, &a));
	CHECK(raw_answer_has(&a, "x-splice-variant: none"));
}

TEST(an_endpoint_without_weight_answers_only_by_name)
{
	_cleanup_raw_answer_ struct raw_answer a = {0};
	_cleanup_(teardown) struct fixture f = {.client.fd = -1};

	metrics_init(&f.metrics);
	setup_endpoint(&f, load_folder(&f, VARIANT("one", "0", "a.json")), 30);
	REQUIRE(raw_http_call(&f.client, "POST", "/invocations", JSON, ONE_ROW, &a));
	CHECK_INT(a.status, 503);
	REQUIRE(raw_http_call(&f.client, "POST", "/invocations",
			      JSON "x-splice-target-variant: one\r\n", ONE_ROW, &a));
	CHECK_INT(a.status, 200);
}

TEST(a_wrong_endpoint_is_refused)
{
	static const struct {
		const char *text, *part;
	} cases[] = {
		{"{\"variants\":[]}", "\"variants\" is no list of 1 to 64 variants"},
		{"{}", "\"variants\" is no list"},
		{"{\"variants\":[1]}", "variant 1: "},
		{"{\"variants\":[{\"name\":\"a\",\"weight\":1}]}", "model"},
		{"{\"variants\":[" VARIANT("-a", "1", "a.json") "]}", "no name of a variant"},
		{"{\"variants\":[" VARIANT("a", "-1", "a.json") "]}", "weight"},
		{"{\"variants\":[" VARIANT("a", "1", "no.json") "]}", "no.json"},
		{"{\"variants\":[" VARIANT("a", "1", "a.json") "," VARIANT("a", "1", "a.json") "]}",
		 "two variants \"a\""},
		{"{\"port\":70000,\"variants\":[" VARIANT("a", "1", "a.json") "]}", "port"},
		{"nothing", "not valid JSON"},
	};
	const char *folder = test_dir();
	struct metrics metrics;

	sample_put_model(folder, "a.json", "0.1");
	metrics_init(&metrics);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct endpoint *e = NULL;
		struct err err = ERR_INIT;

		sample_put(folder, "endpoint.json", cases[i].text);
		CHECK(endpoint_of_folder(folder, &metrics, &e, &err) < 0);
		if (!strstr(err.text, cases[i].part))
			test_fail(__FILE__, __LINE__, "%s: %s", cases[i].text, err.text);
	}
	metrics_release(&metrics);
}

TEST_MAIN()
