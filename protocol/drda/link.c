/* TCP. */
#include "protocol/drda/link.h"

#include "base/clock.h"
#include "base/limits.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

enum { KEEPALIVE_IDLE_S = 60, KEEPALIVE_INTERVAL_S = 15, KEEPALIVE_COUNT = 4 };

enum { CHUNK_MIN = 8 << 10, CHUNK_MAX = 256 << 10 };

static void set_options(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
		{IPPROTO_TCP, TCP_NODELAY, 1},
		{SOL_SOCKET, SO_KEEPALIVE, 1},
		{IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S},
		{IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S},
		{IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_COUNT},
	};

	/* Each of them is an improvement only: a socket without them works. */
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		(void)setsockopt(fd, options[i].level, options[i].name, &options[i].value,
				 sizeof(int));
}

static int refused(int errnum, const char *host, int port, struct err *err)
{
	int code = err_set_errno(err, errnum == ETIMEDOUT ? E_TIMEOUT : E_CLOSED, errnum,
				 "cannot connect to %s:%d", host, port);

	err_set_name(err, "08001");
	if (errnum == ECONNREFUSED)
		err_set_hint(err,
			     "nothing listens there: is the server running, is the port right?");
	return code;
}

/* Connect to one address before `deadline`; *ret is the socket. */
static int connect_one(const struct addrinfo *a, const char *host, int port, int64_t deadline,
		       struct cancel *cancel, int *ret, struct err *err)
{
	_cleanup_close_ int fd =
		socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int64_t left = deadline - clock_ms();
	int error = 0, code;
	socklen_t size = sizeof(error);

	if (fd < 0)
		return refused(errno, host, port, err);
	set_options(fd);
	if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
		if (errno != EINPROGRESS)
			return refused(errno, host, port, err);
		code = cancel_wait_fd(cancel, fd, POLLOUT, left > 0 ? (int)left : 0, err);
		if (code == E_TIMEOUT)
			return refused(ETIMEDOUT, host, port, err);
		if (code < 0)
			return code;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
			error = errno;
	}
	if (error)
		return refused(error, host, port, err);
	*ret = take_fd(&fd);
	return 0;
}

static int resolve(const char *host, int port, struct addrinfo **ret, struct err *err)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	char service[16];
	int r, code;

	snprintf(service, sizeof(service), "%d", port);
	r = getaddrinfo(host, service, &hints, ret);
	if (r == 0)
		return 0;
	code = err_set(err, E_NOTFOUND, "cannot find the host \"%s\": %s", host, gai_strerror(r));
	err_set_name(err, "08001");
	err_set_hint(err, "check the host's name in the connection URL");
	return code;
}

int drda_link_open(struct drda_link *l, const char *host, int port, int timeout_ms,
		   struct cancel *cancel, struct err *err)
{
	int64_t deadline = clock_ms() + timeout_ms;
	struct addrinfo *list = NULL;
	int code = resolve(host, port, &list, err);

	if (code < 0)
		return code;
	for (struct addrinfo *a = list; a; a = a->ai_next) {
		code = connect_one(a, host, port, deadline, cancel, &l->fd, err);
		if (code == 0 || code == E_CANCEL)
			break;
	}
	freeaddrinfo(list);
	return code;
}

void drda_link_close(struct drda_link *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	l->fd = -1;
}

void drda_link_hurry(struct drda_link *l)
{
	int on = 1;

	(void)setsockopt(l->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
}

static int broke(int errnum, struct err *err)
{
	int code;

	if (errnum)
		code = err_set_errno(err, E_CLOSED, errnum, "the connection to the server broke");
	else
		code = err_set(err, E_CLOSED, "the server closed the connection");
	err_set_name(err, "08006");
	return code;
}

ssize_t drda_link_send(struct drda_link *l, const void *p, size_t n, struct err *err)
{
	ssize_t sent = send(l->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent >= 0)
		return sent;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return 0;
	return broke(errno, err);
}

ssize_t drda_link_recv(struct drda_link *l, struct buf *in, struct err *err)
{
	size_t want = l->chunk ? l->chunk : CHUNK_MIN;
	uint8_t *dst;
	ssize_t got;

	if (want > in->max - in->len)
		want = in->max - in->len;
	dst = want ? buf_reserve(in, want) : NULL;
	if (!dst)
		return in->failed ? buf_check(in, "the server's answer", err)
				  : err_set(err, E_TOOBIG,
					    "the server sends more than %zu bytes "
					    "that nobody asked for",
					    in->max);
	got = recv(l->fd, dst, want, MSG_DONTWAIT);
	if (got > 0) {
		buf_commit(in, (size_t)got);
		if ((size_t)got == want && want < CHUNK_MAX)
			l->chunk = want * 2;
		return got;
	}
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return 0;
	return broke(got < 0 ? errno : 0, err);
}
