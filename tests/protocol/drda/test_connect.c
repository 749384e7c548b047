/*
 * protocol/drda/connect.c and link.c: what answers at an address when it is
 * no DRDA server.  (The handshake itself is in test_session.c and
 * test_splice.c.)
 */
#include "base/clock.h"
#include "base/str.h"
#include "protocol/drda/drda.h"
#include "tests/harness.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

/* Takes one client, says `answer` once the client has spoken, and leaves or stays silent. */
struct stranger {
	pthread_t thread;
	int listener, port;
	const char *answer;
	size_t n;
	bool stays;
};

static void *serve(void *userdata)
{
	struct stranger *s = userdata;
	char request[1000];
	int fd = accept(s->listener, NULL, NULL);

	if (fd < 0)
		return NULL;
	if (recv(fd, request, sizeof(request), 0) > 0 && s->n)
		(void)!send(fd, s->answer, s->n, MSG_NOSIGNAL);
	if (!s->stays)
		(void)shutdown(fd, SHUT_WR);
	while (recv(fd, request, sizeof(request), 0) > 0)
		;
	(void)close(fd);
	return NULL;
}

static bool start(struct stranger *s)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t size = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(s->listener, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(s->listener, 1) < 0 ||
	    getsockname(s->listener, (struct sockaddr *)&a, &size) < 0)
		return false;
	s->port = ntohs(a.sin_port);
	return pthread_create(&s->thread, NULL, serve, s) == 0;
}

static int dial(const char *host, int port, int timeout_ms, struct cancel *cancel, struct err *err)
{
	const struct drda_options options = {.host = host,
					     .port = port,
					     .database = "db",
					     .password = "hush",
					     .timeout_ms = timeout_ms,
					     .trace_fd = -1};
	_cleanup_(drda_freep) struct drda *c = NULL;

	return drda_connect(&options, cancel, &c, err);
}

static void check_stranger(const char *answer, size_t n, bool stays, int code, const char *says)
{
	struct stranger s = {.answer = answer, .n = n, .stays = stays};
	_cleanup_free_ char *want = NULL;
	struct err err = ERR_INIT;

	REQUIRE(start(&s));
	want = str_fmt("127.0.0.1:%d %s", s.port, says);
	CHECK_INT(dial("127.0.0.1", s.port, 300, NULL, &err), code);
	CHECK_STR(err.text, want);
	CHECK_STR(err.name, "08001");
	CHECK(err.hint[0]);
	CHECK(!strstr(err.text, "hush") && !strstr(err.hint, "hush"));
	(void)shutdown(s.listener, SHUT_RDWR);
	pthread_join(s.thread, NULL);
	(void)close(s.listener);
}

TEST(strangers_are_named)
{
	check_stranger("HTTP/1.1 400 Bad Request\r\n\r\n", 28, false, E_PROTO,
		       "is no DRDA server but a web server");
	check_stranger("SSH-2.0-OpenSSH_9.2\r\n", 21, false, E_PROTO, "is no DRDA server");
	check_stranger("\x15\x03\x03\x00\x02\x02\x28", 7, false, E_UNSUPPORTED,
		       "wants TLS, which is not supported yet");
	check_stranger("\x15\x03\x03", 3, false, E_UNSUPPORTED,
		       "wants TLS, which is not supported yet");
	check_stranger("", 0, false, E_CLOSED, "closed the connection without an answer");
	check_stranger("", 0, true, E_TIMEOUT, "is silent: no DRDA server?");
	check_stranger("\0", 1, true, E_TIMEOUT, "is silent: no DRDA server?");
}

TEST(nothing_listens)
{
	struct stranger s = {.n = 0};
	struct err err = ERR_INIT;

	REQUIRE(start(&s)); /* for a port that is free once it has ended */
	(void)shutdown(s.listener, SHUT_RDWR);
	pthread_join(s.thread, NULL);
	(void)close(s.listener);
	CHECK_INT(dial("127.0.0.1", s.port, 1000, NULL, &err), E_CLOSED);
	CHECK(strstr(err.text, "Connection refused"));
	CHECK_STR(err.hint, "nothing listens there: is the server running, is the port right?");
}

TEST(unknown_host)
{
	struct err err = ERR_INIT;

	CHECK_INT(dial("no..host", 1527, 1000, NULL, &err), E_NOTFOUND);
	CHECK(str_starts(err.text, "cannot find the host \"no..host\": "));
	CHECK_STR(err.name, "08001");
}

static void *fire_soon(void *userdata)
{
	(void)!cancel_wait_fd(NULL, -1, 0, 30, NULL);
	cancel_fire(userdata);
	return NULL;
}

TEST(connecting_can_be_interrupted)
{
	struct stranger s = {.stays = true};
	struct cancel cancel;
	struct err err = ERR_INIT;
	int64_t begin = clock_ms();
	pthread_t thread;

	REQUIRE(start(&s));
	REQUIRE_OK(cancel_init(&cancel, &err), &err);
	REQUIRE(pthread_create(&thread, NULL, fire_soon, &cancel) == 0);
	CHECK_INT(dial("127.0.0.1", s.port, 20000, &cancel, &err), E_CANCEL);
	CHECK_STR(err.name, "KeyboardInterrupt");
	CHECK(clock_ms() - begin < 5000);
	pthread_join(thread, NULL);
	(void)shutdown(s.listener, SHUT_RDWR);
	pthread_join(s.thread, NULL);
	(void)close(s.listener);
	cancel_release(&cancel);
}

TEST_MAIN()
