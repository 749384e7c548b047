/* manager/probe.c */
#include "manager/probe.h"

#include "tests/harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

/* Step as poll says until it is over or two seconds have passed. */
static enum probe_result finish(struct probe *p)
{
	enum probe_result result = PROBE_PENDING;

	while (result == PROBE_PENDING) {
		struct pollfd fd = {.fd = p->fd, .events = probe_events(p)};

		if (poll(&fd, 1, 2000) == 0)
			break;
		result = probe_step(p);
	}
	return result;
}

static int serve(int *ret_port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, size) < 0 || listen(fd, 4) < 0 ||
	    getsockname(fd, (struct sockaddr *)&addr, &size) < 0)
		return -1;
	*ret_port = ntohs(addr.sin_port);
	return fd;
}

TEST(question_and_answer)
{
	struct probe p;
	char got[8] = "";
	int port = 0, c, fd = serve(&port);

	REQUIRE(fd >= 0);
	probe_init(&p);
	CHECK_INT(probe_step(&p), PROBE_IDLE);
	buf_put_str(&p.ask, "ping");
	CHECK_INT(probe_start(&p, port), PROBE_PENDING);
	c = accept(fd, NULL, NULL);
	CHECK_INT(probe_step(&p), PROBE_PENDING);
	CHECK_INT(read(c, got, sizeof(got)), 4);
	CHECK_STR(got, "ping");
	CHECK_INT(probe_step(&p), PROBE_PENDING);
	CHECK_INT(write(c, "pong", 4), 4);
	CHECK_INT(finish(&p), PROBE_DONE);
	CHECK_MEM(p.reply.data, p.reply.len, "pong", (size_t)4);
	CHECK_INT(p.fd, -1);
	(void)close(c);
	(void)close(fd);
	probe_release(&p);
}

TEST(nobody_hang_up_and_flood)
{
	struct probe p;
	char flood[5000] = {0};
	int port = 0, c, fd = serve(&port);

	REQUIRE(fd >= 0);
	probe_init(&p);
	buf_put_str(&p.ask, "ping");
	(void)probe_start(&p, port);
	c = accept(fd, NULL, NULL);
	(void)close(c);
	CHECK_INT(finish(&p), PROBE_FAILED);
	(void)probe_start(&p, port);
	c = accept(fd, NULL, NULL);
	CHECK_INT(write(c, flood, sizeof(flood)), (ssize_t)sizeof(flood));
	CHECK_INT(finish(&p), PROBE_DONE);
	CHECK(p.reply.len <= 1024); /* the beginning is enough */
	(void)close(c);
	(void)close(fd);
	if (probe_start(&p, port) == PROBE_PENDING)
		CHECK_INT(finish(&p), PROBE_FAILED);
	probe_release(&p);
}

TEST_MAIN()
