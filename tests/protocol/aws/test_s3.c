/* protocol/aws/s3.c and s3-request.c against a scripted server with faults */
#include "protocol/aws/s3.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include "protocol/aws/credentials.h"
#include "protocol/aws/sigv4.h"

#include "tests/harness.h"
#include "tests/servers/fake_http.h"

#include <fcntl.h>
#include <pthread.h>

enum { OBJECT = 1000, STEPS = 12 };

/* What the server does with request number i; the last step stays. */
struct step {
	enum fake_fault fault;
	int status;       /* 0: serve the object, by its range */
	const char *body; /* of another status */
	const char *headers;
	size_t cut;
	const char *etag; /* NULL: "one" */
	bool whole;       /* ignore the range */
};

struct fixture {
	struct step steps[STEPS];
	char seen[STEPS][600]; /* method, target, headers */
	struct buf got;        /* body received last */
	struct fake_http *server;
	struct s3 *s3;
	struct err err;
	struct buf out;
};

static char object[OBJECT];

static void serve_range(const struct step *st, const struct fake_request *req,
			struct fake_reply *reply)
{
	const char *range = str_find_ci(req->headers, "Range: bytes=");
	const char *match = str_find_ci(req->headers, "If-Match: ");
	const char *etag = st->etag ? st->etag : "\"one\"";
	unsigned long first = 0, last = OBJECT - 1;

	if (match && !str_starts(match + strlen("If-Match: "), etag)) {
		reply->status = 412;
		return;
	}
	if (range && !st->whole) {
		if (sscanf(range, "Range: bytes=%lu-%lu", &first, &last) != 2)
			abort();
		if (last >= OBJECT)
			last = OBJECT - 1;
		reply->status = 206;
	}
	snprintf(reply->headers, sizeof(reply->headers),
		 "ETag: %s\r\nContent-Range: bytes %lu-%lu/%d\r\n", etag, first, last, OBJECT);
	buf_put(&reply->body, object + first, last - first + 1);
}

static void serve(void *userdata, const struct fake_request *req, struct fake_reply *reply)
{
	struct fixture *x = userdata;
	const struct step *st = &x->steps[req->index < STEPS ? req->index : STEPS - 1];

	if (req->index < STEPS)
		snprintf(x->seen[req->index], sizeof(x->seen[0]), "%s %s\n%s", req->method,
			 req->target, req->headers);
	buf_clear(&x->got);
	buf_put(&x->got, req->body.data, req->body.len);
	reply->fault = st->fault;
	reply->cut = st->cut;
	reply->status = st->status;
	snprintf(reply->headers, sizeof(reply->headers), "%s", st->headers ? st->headers : "");
	if (st->status)
		buf_put_str(&reply->body, st->body ? st->body : "");
	else
		serve_range(st, req, reply);
}

static void start(struct fixture *x)
{
	struct aws_credentials keys = {.access_key = (char *)"AK", .secret_key = (char *)"SK"};
	struct s3_options o = {.region = "us-east-1", .credentials = &keys, .retry_ms = 1};

	for (size_t i = 0; i < OBJECT; i++)
		object[i] = (char)('a' + i % 23);
	buf_init(&x->out, MIB(1));
	buf_init(&x->got, MIB(1));
	x->server = fake_http_start(serve, x);
	if (!x->server)
		abort();
	o.endpoint = fake_http_url(x->server);
	if (s3_new(&o, &x->s3, &x->err) < 0)
		abort();
}

static void stop(struct fixture *x)
{
	s3_free(x->s3);
	fake_http_stop(x->server);
	buf_release(&x->out);
	buf_release(&x->got);
}

#define _cleanup_fixture_ _cleanup_(stop)

static int get(struct fixture *x, uint64_t offset, size_t n, const char *etag)
{
	_cleanup_s3_object_ struct s3_object o = {0};
	int r = s3_get(x->s3, "b", "k", offset, n, etag, NULL, &x->out, &o, &x->err);

	if (r == 0)
		CHECK_INT(o.size, OBJECT);
	return r;
}

TEST(parts_of_an_object)
{
	_cleanup_fixture_ struct fixture x = {0};

	start(&x);
	CHECK_OK(get(&x, 0, 300, NULL), &x.err);
	CHECK_OK(get(&x, 300, 300, "\"one\""), &x.err);
	CHECK_OK(get(&x, 600, 4000, "\"one\""), &x.err);
	CHECK_MEM(x.out.data, x.out.len, object, sizeof(object));
	CHECK(str_starts(x.seen[0], "GET /b/k\n"));
	CHECK(str_find_ci(x.seen[1], "\nRange: bytes=300-599\n"));
	CHECK(str_find_ci(x.seen[1], "\nIf-Match: \"one\"\n"));
	CHECK(str_find_ci(x.seen[1],
			  "SignedHeaders=host;if-match;range;x-amz-content-sha256;x-amz-date"));
}

TEST(broken_connection_is_taken_up_where_it_broke)
{
	_cleanup_fixture_ struct fixture x = {.steps = {{.fault = FAKE_HALF, .cut = 100},
							{.fault = FAKE_HALF, .cut = 50},
							{.fault = FAKE_RESET},
							{0}}};

	start(&x);
	CHECK_OK(get(&x, 200, 500, "\"one\""), &x.err);
	CHECK_MEM(x.out.data, x.out.len, object + 200, (size_t)500);
	CHECK(str_find_ci(x.seen[1], "\nRange: bytes=300-699\n"));
	CHECK(str_find_ci(x.seen[2], "\nRange: bytes=350-699\n"));
	CHECK(str_find_ci(x.seen[3], "\nRange: bytes=350-699\n"));
}

TEST(first_part_without_a_tag_starts_over)
{
	_cleanup_fixture_ struct fixture x = {
		.steps = {{.fault = FAKE_HALF, .cut = 100, .etag = "\"zero\""}, {0}}};

	start(&x);
	CHECK_OK(get(&x, 0, 500, NULL), &x.err);
	CHECK_MEM(x.out.data, x.out.len, object, (size_t)500);
	CHECK(str_find_ci(x.seen[1], "\nRange: bytes=0-499\n"));
}

TEST(replaced_object_is_noticed)
{
	_cleanup_fixture_ struct fixture x = {
		.steps = {{.fault = FAKE_HALF, .cut = 100}, {.etag = "\"two\""}}};

	start(&x);
	CHECK_INT(get(&x, 0, 500, "\"one\""), E_IO);
	CHECK_STR(x.err.name, "PreconditionFailed");
	CHECK_INT(fake_http_requests(x.server), 2);
}

TEST(server_that_ignores_ranges_is_refused)
{
	static const struct {
		uint64_t offset;
		size_t n;
		int code;
	} cases[] = {{0, 100, E_UNSUPPORTED}, {100, 5000, E_UNSUPPORTED}, {0, 5000, 0}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_fixture_ struct fixture x = {0};

		for (size_t s = 0; s < STEPS; s++)
			x.steps[s].whole = true;
		start(&x);
		CHECK_INT(get(&x, cases[i].offset, cases[i].n, NULL), cases[i].code);
	}
}

#define XML_ERROR(code) "<Error><Code>" code "</Code><Message>m &amp; m</Message></Error>"

TEST(full_server_is_asked_again_and_then_told)
{
	_cleanup_fixture_ struct fixture x = {
		.steps = {{.status = 503, .body = XML_ERROR("SlowDown")},
			  {.status = 500, .body = "<html>"},
			  {.status = 400, .body = XML_ERROR("RequestTimeout")},
			  {.fault = FAKE_NOTHING},
			  {0}}};
	_cleanup_fixture_ struct fixture y = {0};

	start(&x);
	CHECK_OK(get(&x, 0, 10, NULL), &x.err);
	CHECK_INT(fake_http_requests(x.server), 5);
	for (size_t i = 0; i < STEPS; i++)
		y.steps[i] = x.steps[0];
	start(&y);
	CHECK_INT(get(&y, 0, 10, NULL), E_SERVER);
	CHECK_STR(y.err.name, "SlowDown");
	CHECK_STR(y.err.text, "m & m (SlowDown)");
	CHECK_INT(fake_http_requests(y.server), 5);
}

TEST(region_is_followed_once)
{
	static const struct step moved = {.status = 301,
					  .body = XML_ERROR("PermanentRedirect"),
					  .headers = "x-amz-bucket-region: eu-west-1\r\n"};
	static const struct step named = {.status = 400,
					  .body = "<Error><Code>AuthorizationHeaderMalformed</Code>"
						  "<Region>eu-west-1</Region></Error>"};
	_cleanup_fixture_ struct fixture x = {.steps = {moved, {0}}};
	_cleanup_fixture_ struct fixture y = {.steps = {named, {0}}};
	_cleanup_fixture_ struct fixture z = {
		.steps = {moved,
			  {.status = 301,
			   .body = XML_ERROR("PermanentRedirect"),
			   .headers = "x-amz-bucket-region: eu-west-2\r\n"}}};

	start(&x);
	CHECK_OK(get(&x, 0, 10, NULL), &x.err);
	CHECK(str_find_ci(x.seen[0], "/us-east-1/s3/aws4_request"));
	CHECK(str_find_ci(x.seen[1], "/eu-west-1/s3/aws4_request"));
	start(&y);
	CHECK_OK(get(&y, 0, 10, NULL), &y.err);
	CHECK(str_find_ci(y.seen[1], "/eu-west-1/s3/aws4_request"));
	start(&z);
	CHECK_INT(get(&z, 0, 10, NULL), E_SERVER);
	CHECK_STR(z.err.name, "PermanentRedirect");
	CHECK_INT(fake_http_requests(z.server), 2);
}

TEST(errors_say_what_to_do)
{
	static const struct {
		int status;
		const char *code;
		int result;
		const char *hint;
	} cases[] = {
		{404, "NoSuchKey", E_NOTFOUND, "path"},
		{404, "NoSuchBucket", E_NOTFOUND, "bucket's name"},
		{403, "AccessDenied", E_AUTH, "owner"},
		{403, "SignatureDoesNotMatch", E_AUTH, "AWS_SECRET_ACCESS_KEY"},
		{403, "InvalidAccessKeyId", E_AUTH, "AWS_ACCESS_KEY_ID"},
		{400, "ExpiredToken", E_AUTH, "sign in again"},
		{403, "RequestTimeTooSkewed", E_AUTH, "clock"},
		{400, "InvalidBucketName", E_INPUT, "63"},
		{405, "MethodNotAllowed", E_SERVER, ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_free_ char *body =
			str_fmt("<Error><Code>%s</Code><Message>why</Message></Error>",
				cases[i].code);
		_cleanup_free_ char *text = str_fmt("why (%s)", cases[i].code);
		_cleanup_fixture_ struct fixture x = {
			.steps = {{.status = cases[i].status, .body = body}}};

		start(&x);
		CHECK_INT(get(&x, 0, 10, NULL), cases[i].result);
		CHECK_STR(x.err.name, cases[i].code);
		CHECK_STR(x.err.text, text);
		CHECK(strstr(x.err.hint, cases[i].hint));
		CHECK_INT(fake_http_requests(x.server), 1);
	}
}

TEST(head_has_only_a_status)
{
	_cleanup_fixture_ struct fixture x = {
		.steps = {{0}, {.status = 404}, {.status = 403, .body = "x"}}};
	_cleanup_s3_object_ struct s3_object o = {0};

	start(&x);
	REQUIRE_OK(s3_head(x.s3, "b", "k", NULL, &o, &x.err), &x.err);
	CHECK_INT(o.size, OBJECT);
	CHECK_STR(o.etag, "\"one\"");
	CHECK_INT(s3_head(x.s3, "b", "k", NULL, &o, &x.err), E_NOTFOUND);
	CHECK_INT(s3_head(x.s3, "b", "k", NULL, &o, &x.err), E_AUTH);
}

TEST(empty_object_has_no_range)
{
	_cleanup_fixture_ struct fixture x = {
		.steps = {{.status = 416, .headers = "Content-Range: bytes */0\r\n"},
			  {.status = 416}}};

	start(&x);
	for (int i = 0; i < 2; i++) {
		_cleanup_s3_object_ struct s3_object o = {.size = 99};

		REQUIRE_OK(s3_get(x.s3, "b", "k", 0, 10, NULL, NULL, &x.out, &o, &x.err), &x.err);
		CHECK_INT(o.size, 0);
		CHECK_INT(x.out.len, 0);
	}
}

TEST(keys_are_encoded_once)
{
	_cleanup_fixture_ struct fixture x = {.steps = {{.status = 200}}};

	start(&x);
	CHECK_OK(s3_put(x.s3, "b", "a b+c/../\xc3\xa9//?#&=%", "hi", 2, NULL, &x.err), &x.err);
	CHECK(str_starts(x.seen[0], "PUT /b/a%20b%2Bc/../%C3%A9//%3F%23%26%3D%25\n"));
	CHECK(str_find_ci(x.seen[0], "x-amz-content-sha256: 8f434346648f6b96df89dda901c5176b10a6d8"
				     "3961dd3c1ac88b59b2dc327aa4\n"));
	CHECK_MEM(x.got.data, x.got.len, "hi", (size_t)2);
}

TEST(upload_of_a_file_starts_over)
{
	_cleanup_fixture_ struct fixture x = {.steps = {{.status = 503},
							{.fault = FAKE_RESET},
							{.status = 200},
							{.status = 200}}};
	_cleanup_close_ int fd = open(test_dir(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);

	REQUIRE(fd >= 0);
	start(&x);
	REQUIRE_OK(fs_write_all(fd, object, OBJECT, &x.err), &x.err);
	CHECK_OK(s3_put_file(x.s3, "b", "k", fd, NULL, &x.err), &x.err);
	CHECK_INT(fake_http_requests(x.server), 3);
	CHECK_MEM(x.got.data, x.got.len, object, sizeof(object));
	/* Takes the server's lock: what was read here is read before the next request writes it. */
	CHECK_INT(fake_http_requests(x.server), 3);
	REQUIRE(ftruncate(fd, 0) == 0);
	CHECK_OK(s3_put_file(x.s3, "b", "k", fd, NULL, &x.err), &x.err);
	CHECK(str_find_ci(x.seen[3], "Content-Length: 0\n"));
}

TEST(listing_asks_for_what_it_needs)
{
	static const char page[] = "<ListBucketResult><IsTruncated>true</IsTruncated><Contents>"
				   "<Key>k</Key><Size>1</Size></Contents><NextContinuationToken>"
				   "n/=+</NextContinuationToken></ListBucketResult>";
	_cleanup_fixture_ struct fixture x = {
		.steps = {{.status = 200, .body = page}, {.status = 200, .body = page}}};
	_cleanup_s3_page_ struct s3_page p = {0}, q = {0};

	start(&x);
	REQUIRE_OK(s3_list(x.s3, "b", "a b/", "/", NULL, NULL, &p, &x.err), &x.err);
	CHECK(str_starts(x.seen[0], "GET /b?list-type=2&encoding-type=url&prefix=a%20b%2F&"
				    "delimiter=%2F\n"));
	CHECK_OK(s3_list(x.s3, "b", NULL, NULL, p.next, NULL, &q, &x.err), &x.err);
	CHECK(str_starts(x.seen[1], "GET /b?list-type=2&encoding-type=url&"
				    "continuation-token=n%2F%3D%2B\n"));
}

TEST(bucket_of_ours_may_be_made_again)
{
	_cleanup_fixture_ struct fixture x = {
		.steps = {{.status = 409, .body = XML_ERROR("BucketAlreadyOwnedByYou")},
			  {.status = 409, .body = XML_ERROR("BucketAlreadyExists")},
			  {.status = 200},
			  {.status = 404}}};

	start(&x);
	CHECK_OK(s3_create_bucket(x.s3, "b", NULL, &x.err), &x.err);
	CHECK_STR(x.err.text, "");
	CHECK_INT(s3_create_bucket(x.s3, "b", NULL, &x.err), E_EXISTS);
	CHECK_OK(s3_head_bucket(x.s3, "b", NULL, &x.err), &x.err);
	CHECK_INT(s3_head_bucket(x.s3, "b", NULL, &x.err), E_NOTFOUND);
}

static int try_endpoint(const char *endpoint, const char *region)
{
	struct aws_credentials keys = {.access_key = (char *)"AK", .secret_key = (char *)"SK"};
	struct s3_options o = {.endpoint = endpoint, .region = region, .credentials = &keys};
	_cleanup_(s3_freep) struct s3 *s3 = NULL;
	struct err err = ERR_INIT;

	return s3_new(&o, &s3, &err);
}

TEST(endpoints_and_regions_are_checked)
{
	CHECK_INT(try_endpoint(NULL, "eu-west-1"), 0);
	CHECK_INT(try_endpoint("HTTPS://h:443/base/", "x"), 0);
	CHECK_INT(try_endpoint("h:9000", "x"), E_INPUT);
	CHECK_INT(try_endpoint("http://", "x"), E_INPUT);
	CHECK_INT(try_endpoint("http://user@h", "x"), E_INPUT);
	CHECK_INT(try_endpoint("http://h?x", "x"), E_INPUT);
	CHECK_INT(try_endpoint(NULL, ""), E_INPUT);
	CHECK_INT(try_endpoint(NULL, "x.evil.com/"), E_INPUT);
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
	_cleanup_fixture_ struct fixture x = {.steps = {{.fault = FAKE_STALL, .cut = 10}}};
	_cleanup_s3_object_ struct s3_object o = {0};
	struct cancel c;
	pthread_t thread;
	int64_t before = clock_ms();

	start(&x);
	REQUIRE_OK(cancel_init(&c, &x.err), &x.err);
	REQUIRE(pthread_create(&thread, NULL, fire, &c) == 0);
	CHECK_INT(s3_get(x.s3, "b", "k", 0, 500, NULL, &c, &x.out, &o, &x.err), E_CANCEL);
	CHECK(clock_ms() - before < 20000);
	pthread_join(thread, NULL);
	cancel_release(&c);
}

TEST_MAIN()
