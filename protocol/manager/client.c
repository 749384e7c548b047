/*
 * The client side of the link.  The socket is non-blocking, so that every
 * wait is a poll that also looks at the cancel token.
 */
#include "protocol/manager/client.h"

#include "base/limits.h"
#include "base/str.h"
#include "protocol/manager/paths.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

/* A manager at work speaks every few seconds; one that is silent this long hangs. */
enum { SILENCE_MS = 60000 };

struct manager_client {
	int fd;
	struct buf in; /* received, not yet used */
	json_int_t last_id;
};

static int connect_path(const char *path, int *ret, struct err *err)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (fd < 0)
		return err_set_errno(err, E_IO, errno, "socket");
	if (strlen(path) >= sizeof(addr.sun_path))
		return err_set(err, E_TOOBIG, "the socket path %s is too long", path);
	memcpy(addr.sun_path, path, strlen(path) + 1);
	/* A local connect never waits but for a full backlog, which reads EAGAIN. */
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return err_set_errno(err,
				     errno == ENOENT || errno == ECONNREFUSED ? E_NOTFOUND : E_IO,
				     errno, "no manager answers at %s", path);
	*ret = take_fd(&fd);
	return 0;
}

/* The manager of this data folder may have been started with another XDG_RUNTIME_DIR. */
static int connect_lock_owner(int *ret, struct err *err)
{
	_cleanup_(manager_owner_release) struct manager_owner owner = {0};
	_cleanup_free_ char *lock = NULL;
	int r = manager_lock_path(&lock, err);

	if (r == 0)
		r = manager_owner_read(lock, &owner, err);
	return r < 0 ? r : connect_path(owner.socket, ret, err);
}

static int connect_any(int *ret, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	int r = manager_socket_path(&path, err);

	if (r == 0)
		r = connect_path(path, ret, err);
	if (r == E_NOTFOUND && connect_lock_owner(ret, NULL) == 0) {
		err_clear(err);
		return 0;
	}
	return r;
}

static int check_peer(int fd, struct err *err)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return err_set_errno(err, E_IO, errno, "SO_PEERCRED");
	if (peer.uid != getuid())
		return err_set(err, E_AUTH, "the manager's socket belongs to user %lu",
			       (unsigned long)peer.uid);
	return 0;
}

int manager_client_open(enum manager_kind kind, struct cancel *cancel, struct manager_client **ret,
			struct err *err)
{
	_cleanup_(manager_client_freep) struct manager_client *c = calloc(1, sizeof(*c));
	struct manager_request hello = {.op = MANAGER_HELLO,
					.version = MANAGER_VERSION,
					.kind = kind};
	int r;

	if (!c)
		return err_nomem(err);
	c->fd = -1;
	buf_init(&c->in, MANAGER_REPLY_MAX);
	r = connect_any(&c->fd, err);
	if (r == 0)
		r = check_peer(c->fd, err);
	if (r == 0)
		r = manager_client_call(c, &hello, cancel, /* notice= */ NULL, NULL, NULL, err);
	if (r < 0)
		return r;
	*ret = TAKE(c);
	return 0;
}

void manager_client_free(struct manager_client *c)
{
	if (!c)
		return;
	closep(&c->fd);
	buf_release(&c->in);
	free(c);
}

static int closed(struct err *err)
{
	return err_set(err, E_CLOSED, "splice-manager ended; its log may say why");
}

static int send_request(struct manager_client *c, const struct manager_request *q,
			struct cancel *cancel, struct err *err)
{
	_cleanup_buf_ struct buf b;
	size_t sent = 0;
	int r;

	buf_init(&b, MANAGER_REQUEST_MAX);
	manager_request_write(&b, q);
	r = buf_check(&b, "request", err);
	while (r == 0 && sent < b.len) {
		ssize_t n;

		r = cancel_wait_fd(cancel, c->fd, POLLOUT, SILENCE_MS, err);
		if (r < 0)
			break;
		n = send(c->fd, b.data + sent, b.len - sent, MSG_NOSIGNAL);
		if (n > 0)
			sent += (size_t)n;
		else if (n < 0 && errno != EINTR && errno != EAGAIN)
			r = closed(err);
	}
	return r;
}

/* Take the next whole line out of c->in: 1 and the reply, 0 when there is none yet. */
static int next_reply(struct manager_client *c, struct manager_reply *ret, struct err *err)
{
	const char *start = (const char *)c->in.data;
	const char *end = c->in.len ? memchr(start, '\n', c->in.len) : NULL;
	int r;

	if (!end)
		return 0;
	r = manager_reply_parse(start, (size_t)(end - start), ret, err);
	buf_consume(&c->in, (size_t)(end - start) + 1);
	return r < 0 ? r : 1;
}

static int receive(struct manager_client *c, struct cancel *cancel, struct err *err)
{
	uint8_t chunk[4096];
	ssize_t n;
	int r = cancel_wait_fd(cancel, c->fd, POLLIN, SILENCE_MS, err);

	if (r == E_TIMEOUT)
		return err_set(err, E_TIMEOUT, "splice-manager does not answer");
	if (r < 0)
		return r;
	n = recv(c->fd, chunk, sizeof(chunk), 0);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0)
		return closed(err);
	buf_put(&c->in, chunk, (size_t)n);
	return buf_check(&c->in, "the manager's answer", err);
}

int manager_client_call(struct manager_client *c, struct manager_request *q, struct cancel *cancel,
			manager_notice_fn *notice, void *userdata, json_t **ret, struct err *err)
{
	int r;

	q->id = ++c->last_id;
	r = send_request(c, q, cancel, err);
	while (r == 0) {
		_cleanup_(manager_reply_release) struct manager_reply reply = {0};

		r = next_reply(c, &reply, err);
		if (r < 0)
			return r;
		if (r == 0) {
			r = receive(c, cancel, err);
			continue;
		}
		r = 0;
		if (reply.id != q->id)
			continue; /* meant for a request that was given up */
		if (reply.notice) {
			if (notice)
				notice(userdata, reply.notice);
			continue;
		}
		r = manager_reply_result(&reply, err);
		if (r == 0 && ret)
			*ret = json_incref(reply.body);
		return r;
	}
	return r;
}

bool manager_client_alive(const struct manager_client *c)
{
	char byte;
	ssize_t n = recv(c->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

int manager_client_wait_end(struct manager_client *c, int timeout_ms, struct err *err)
{
	return cancel_wait_fd(/* cancel= */ NULL, c->fd, POLLIN, timeout_ms, err);
}
