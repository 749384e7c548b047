/* Clients that send too much, too slowly, or what is no request */
#include "base/buf.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "tests/harness.h"
#include "tests/servers/web_fixture.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BEARER "Authorization: Bearer " WEB_TOKEN "\r\n"

static const struct web_options quick = {.header_ms = 700, .body_ms = 700};

/* Send `text` at once, then one byte of `drip` each 50 ms: ms until the server ended it. */
static int64_t drip(const struct web_fixture *f, const char *text, const char *drop)
{
	_cleanup_close_ int fd = web_connect(f);
	int64_t start = clock_ms();

	CHECK(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
	while (clock_ms() - start < 20000) {
		struct pollfd p = {.fd = fd, .events = POLLRDHUP};

		if (poll(&p, 1, 50) > 0)
			return clock_ms() - start;
		(void)send(fd, drop, strlen(drop), MSG_NOSIGNAL);
	}
	return -1;
}

static void check_ended(const char *what, int64_t ms)
{
	if (ms < 500 || ms > 5000)
		test_fail(__FILE__, __LINE__, "%s: ended after %d ms", what, (int)ms);
}

TEST(slow_headers_are_not_waited_for)
{
	_web_fixture_ struct web_fixture f;
	_web_answer_ struct web_answer a = {0};

	web_fixture_start_with(&f, quick);
	check_ended("headers", drip(&f, "GET / HTTP/1.1\r\nHost: localhost\r\nX: ", "x"));
	check_ended("a line", drip(&f, "GET /", "x"));
	check_ended("nothing", drip(&f, "", ""));
	a = web_api(&f, "GET", "/api/jobs", NULL);
	CHECK_INT(a.status, 200);
}

TEST(slow_bodies_are_not_waited_for)
{
	_web_fixture_ struct web_fixture f;

	web_fixture_start_with(&f, quick);
	check_ended("a body", drip(&f,
				   "POST /api/jobs HTTP/1.1\r\nHost: localhost\r\n" BEARER
				   "Content-Length: 100000\r\n\r\n",
				   " "));
	check_ended("chunks", drip(&f,
				   "POST /api/jobs HTTP/1.1\r\nHost: localhost\r\n" BEARER
				   "Transfer-Encoding: chunked\r\n\r\n",
				   "1\r\nx\r\n"));
}

TEST(a_kept_connection_is_used_again)
{
	static const char one[] = "GET /api/jobs HTTP/1.1\r\nHost: localhost\r\n" BEARER "\r\n";
	_web_fixture_ struct web_fixture f;
	_cleanup_close_ int fd = -1;

	web_fixture_start_with(&f, quick);
	fd = web_connect(&f);
	for (int i = 0; i < 5; i++) {
		char in[8192];
		ssize_t n;

		CHECK(send(fd, one, strlen(one), MSG_NOSIGNAL) == (ssize_t)strlen(one));
		n = recv(fd, in, sizeof(in) - 1, 0);
		REQUIRE(n > 0);
		in[n] = '\0';
		CHECK(str_starts(in, "HTTP/1.1 200 OK\r\n"));
		(void)usleep(300000); /* each within the limit, all of them beyond it */
	}
}

TEST(large_bodies_are_refused)
{
	_web_fixture_ struct web_fixture f;
	_cleanup_buf_ struct buf b;
	_cleanup_free_ char *big = NULL;
	_web_answer_ struct web_answer a = {0};

	web_fixture_start(&f);
	buf_init(&b, MIB(8));
	buf_put_fill(&b, ' ', LIMIT_WEB_BODY + 1);
	big = buf_take_str(&b);
	a = web_ask(&f, "POST", "/api/jobs", BEARER "Expect: 100-continue\r\n", big);
	/* The answer, or the connection's end when the client sends on regardless. */
	CHECK(a.status == 413 || a.status == 0);
	if (a.status)
		CHECK_STR(web_member(&a, "error.code"), "too_large");
}

TEST(large_chunked_bodies_are_refused)
{
	_web_fixture_ struct web_fixture f;
	_cleanup_buf_ struct buf b;
	_web_answer_ struct web_answer a = {0};

	web_fixture_start(&f);
	buf_init(&b, MIB(8));
	buf_put_str(&b, "POST /api/jobs HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" BEARER
			"Transfer-Encoding: chunked\r\n\r\n");
	for (size_t sent = 0; sent <= LIMIT_WEB_BODY; sent += 65536) {
		buf_put_str(&b, "10000\r\n");
		buf_put_fill(&b, ' ', 65536);
		buf_put_str(&b, "\r\n");
	}
	buf_put_str(&b, "0\r\n\r\n");
	a = web_send(&f, (const char *)b.data, b.len);
	CHECK_INT(a.status, 413);
}

TEST(many_fields_and_headers_are_refused)
{
	_web_fixture_ struct web_fixture f;
	_cleanup_buf_ struct buf query, headers;
	_cleanup_free_ char *target = NULL, *lines = NULL;
	_web_answer_ struct web_answer a = {0}, b = {0};

	web_fixture_start(&f);
	buf_init(&query, MIB(1));
	buf_init(&headers, MIB(1));
	buf_put_str(&query, "/api/jobs?a=1");
	for (int i = 0; i < 100; i++)
		buf_printf(&query, "&a=%d", i);
	target = buf_take_str(&query);
	a = web_api(&f, "GET", target, NULL);
	CHECK_INT(a.status, 413);
	for (int i = 0; i < 4000; i++)
		buf_printf(&headers, "X-%d: aaaaaaaaaaaaaaaa\r\n", i);
	lines = buf_take_str(&headers);
	b = web_ask(&f, "GET", "/api/jobs", lines, NULL);
	CHECK_INT(b.status, 431);
}

TEST(what_is_no_http_gets_an_error_or_an_end)
{
	static const char *const junk[] = {
		"\r\n\r\n\r\n",
		"GET\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n",
		"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\n" BEARER
		"Content-Length: -1\r\nConnection: close\r\n\r\n{}",
		"POST /api/jobs HTTP/1.1\r\nHost: localhost\r\n" BEARER
		"Content-Length: 99999999999999999999\r\nConnection: close\r\n\r\n{}",
		"POST /deploy HTTP/1.1\r\nHost: localhost\r\n" BEARER
		"Content-Type: multipart/form-data\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab",
	};
	_web_fixture_ struct web_fixture f;

	web_fixture_start_with(&f, quick);
	for (size_t i = 0; i < sizeof(junk) / sizeof(*junk); i++) {
		_web_answer_ struct web_answer a = web_send(&f, junk[i], strlen(junk[i]));

		CHECK(a.status == 0 || a.status >= 400);
	}
}

static int count_ended(const int *fds, int n)
{
	int ended = 0;

	for (int i = 0; i < n; i++) {
		struct pollfd p = {.fd = fds[i], .events = POLLIN | POLLRDHUP};

		ended += poll(&p, 1, 0) > 0;
	}
	return ended;
}

TEST(one_address_does_not_take_all_connections)
{
	enum { TRIED = 90, ALLOWED = 64 };
	_web_fixture_ struct web_fixture f;
	int fds[TRIED], status = 0;
	int64_t start = clock_ms();

	web_fixture_start(&f);
	for (int i = 0; i < TRIED; i++)
		fds[i] = web_connect(&f);
	while (count_ended(fds, TRIED) < TRIED - ALLOWED && clock_ms() - start < 10000)
		(void)usleep(50000);
	(void)usleep(200000); /* for one too many to be ended, too */
	CHECK_INT(count_ended(fds, TRIED), TRIED - ALLOWED);
	for (int i = 0; i < TRIED; i++)
		(void)close(fds[i]);
	/* And all is well again. */
	for (start = clock_ms(); !status && clock_ms() - start < 10000;) {
		_web_answer_ struct web_answer a = web_api(&f, "GET", "/api/jobs", NULL);

		status = a.status;
	}
	CHECK_INT(status, 200);
}

/* A wait, an upload and an idle connection are all ended. */
TEST(stopping_waits_for_nobody)
{
	static const char wait[] =
		"GET /api/changes?since=1&wait=30 HTTP/1.1\r\nHost: localhost\r\n" BEARER "\r\n";
	static const char body[] = "POST /api/jobs HTTP/1.1\r\nHost: localhost\r\n" BEARER
				   "Content-Length: 10\r\n\r\n";
	_web_fixture_ struct web_fixture f;
	_cleanup_close_ int waiting = -1, sending = -1, idle = -1;
	int64_t start;

	web_fixture_start(&f);
	waiting = web_connect(&f);
	sending = web_connect(&f);
	idle = web_connect(&f);
	CHECK(send(waiting, wait, strlen(wait), MSG_NOSIGNAL) > 0);
	CHECK(send(sending, body, strlen(body), MSG_NOSIGNAL) > 0);
	(void)usleep(300000);
	start = clock_ms();
	web_stop(f.web);
	f.web = NULL;
	CHECK(clock_ms() - start < 3000);
}

TEST_MAIN()
