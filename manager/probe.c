/* The question fits into an empty socket buffer and is sent in one piece. */
#include "manager/probe.h"

#include "base/limits.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

void probe_init(struct probe *p)
{
	*p = (struct probe){.fd = -1};
	buf_init(&p->ask, KIB(4));
	buf_init(&p->reply, KIB(4));
}

static enum probe_result hang_up(struct probe *p, enum probe_result result)
{
	closep(&p->fd);
	p->fd = -1;
	return result;
}

void probe_release(struct probe *p)
{
	(void)hang_up(p, PROBE_IDLE);
	buf_release(&p->ask);
	buf_release(&p->reply);
}

enum probe_result probe_start(struct probe *p, int port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	(void)hang_up(p, PROBE_IDLE);
	p->sent = false;
	buf_clear(&p->reply);
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (p->fd < 0)
		return PROBE_FAILED;
	if (connect(p->fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 &&
	    errno != EINPROGRESS)
		return hang_up(p, PROBE_FAILED);
	return PROBE_PENDING;
}

static enum probe_result ask(struct probe *p)
{
	ssize_t n = send(p->fd, p->ask.data, p->ask.len, MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOTCONN))
		return PROBE_PENDING; /* still connecting */
	if (n != (ssize_t)p->ask.len)
		return hang_up(p, PROBE_FAILED);
	p->sent = true;
	return PROBE_PENDING;
}

enum probe_result probe_step(struct probe *p)
{
	uint8_t chunk[1024];
	ssize_t n;

	if (p->fd < 0)
		return PROBE_IDLE;
	if (!p->sent)
		return ask(p);
	n = recv(p->fd, chunk, sizeof(chunk), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return PROBE_PENDING;
	if (n <= 0)
		return hang_up(p, PROBE_FAILED);
	buf_put(&p->reply, chunk, (size_t)n);
	return hang_up(p, p->reply.failed ? PROBE_FAILED : PROBE_DONE);
}

short probe_events(const struct probe *p)
{
	return p->sent ? POLLIN : POLLOUT;
}

bool probe_is_http(const uint8_t *reply, size_t n, int status)
{
	char head[16];
	size_t len =
		(size_t)snprintf(head, sizeof(head), status ? "HTTP/1.1 %d" : "HTTP/1.1 ", status);

	return n >= len && memcmp(reply, head, len) == 0;
}
