/*
 * The socket, its links, their bytes.  Every socket is non-blocking and there are few of them, so
 * after a poll each is simply tried.
 */
#include "manager/server-int.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static int listen_at(const char *path, int *ret, struct err *err)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un addr = {.sun_family = AF_UNIX};

	if (fd < 0)
		return err_set_errno(err, E_IO, errno, "socket");
	memcpy(addr.sun_path, path, strlen(path) + 1);
	/* The caller holds the lock, so whatever is there is stale. */
	if (unlink(path) < 0 && errno != ENOENT)
		return err_set_errno(err, E_IO, errno, "%s", path);
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 || chmod(path, 0600) < 0 ||
	    listen(fd, SERVER_LINKS_MAX) < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	*ret = take_fd(&fd);
	return 0;
}

int server_new(const struct server_options *options, struct server **ret, struct err *err)
{
	_cleanup_(server_freep) struct server *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_nomem(err);
	*s = (struct server){.o = *options, .fd = -1, .since = clock_ms(), .last_use = clock_ms()};
	if (strlen(options->path) >= sizeof(s->path))
		return err_set(err, E_TOOBIG, "the socket path %s is too long", options->path);
	r = listen_at(options->path, &s->fd, err);
	if (r < 0)
		return r;
	memcpy(s->path, options->path, strlen(options->path) + 1);
	*ret = TAKE(s);
	return 0;
}

static void link_free(struct link *l)
{
	closep(&l->fd);
	buf_release(&l->in);
	buf_release(&l->out);
	free(l);
}

void server_close(struct server *s)
{
	if (s->fd < 0)
		return;
	(void)unlink(s->path);
	closep(&s->fd);
	s->fd = -1;
}

void server_free(struct server *s)
{
	if (!s)
		return;
	while (s->links) {
		struct link *l = s->links;

		s->links = l->next;
		link_free(l);
	}
	server_close(s);
	free(s);
}

static bool peer_is_us(int fd, pid_t *ret_pid)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != getuid())
		return false;
	*ret_pid = peer.pid;
	return true;
}

/* A kernel has several links; what one of them was told, all know. */
static void recall_restarts(const struct server *s, struct link *l)
{
	for (size_t i = 0; i < SERVICES_MAX; i++)
		l->restarts_told[i] = -1;
	for (const struct link *k = s->links; k; k = k->next)
		if (k->pid == l->pid)
			memcpy(l->restarts_told, k->restarts_told, sizeof(l->restarts_told));
}

static void add_link(struct server *s, int fd)
{
	struct link *l = calloc(1, sizeof(*l));

	if (!l || !peer_is_us(fd, &l->pid)) {
		log_line(s->o.log, LOG_WARNING, "server", "refused a client: %s",
			 l ? "not of this user" : "out of memory");
		free(l);
		(void)close(fd);
		return;
	}
	l->fd = fd;
	buf_init(&l->in, MANAGER_REQUEST_MAX);
	buf_init(&l->out, 4 * MANAGER_REPLY_MAX);
	recall_restarts(s, l);
	l->next = s->links;
	s->links = l;
	s->n_links++;
}

static void accept_links(struct server *s)
{
	while (s->fd >= 0 && s->n_links < SERVER_LINKS_MAX) {
		int fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		add_link(s, fd);
	}
}

static void take_lines(struct server *s, struct link *l)
{
	const char *start = (const char *)l->in.data;
	const char *end;
	size_t used = 0;

	while (used < l->in.len && (end = memchr(start + used, '\n', l->in.len - used))) {
		server_take_line(s, l, start + used, (size_t)(end - start) - used);
		used = (size_t)(end - start) + 1;
	}
	buf_consume(&l->in, used);
}

/* False once the link is over: hung up, too long a line, or it does not read. */
static bool receive(struct server *s, struct link *l)
{
	for (;;) {
		uint8_t chunk[2048];
		ssize_t n = recv(l->fd, chunk, sizeof(chunk), 0);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		buf_put(&l->in, chunk, (size_t)n);
		if (l->in.failed)
			return false;
		take_lines(s, l);
	}
}

static bool flush(struct link *l)
{
	ssize_t n;

	if (l->out.failed)
		return false;
	if (!l->out.len)
		return true;
	n = send(l->fd, l->out.data, l->out.len, MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	buf_consume(&l->out, (size_t)n);
	return true;
}

size_t server_poll(const struct server *s, struct pollfd *dst)
{
	size_t n = 0;

	if (s->fd >= 0 && s->n_links < SERVER_LINKS_MAX)
		dst[n++] = (struct pollfd){.fd = s->fd, .events = POLLIN};
	for (const struct link *l = s->links; l; l = l->next)
		dst[n++] = (struct pollfd){.fd = l->fd,
					   .events = (short)(POLLIN | (l->out.len ? POLLOUT : 0))};
	return n;
}

void server_step(struct server *s)
{
	accept_links(s);
	for (struct link **at = &s->links; *at;) {
		struct link *l = *at;
		bool alive = receive(s, l);

		server_settle(s, l);
		if (flush(l) && alive) {
			at = &l->next;
			continue;
		}
		if (l->kind != MANAGER_KIND_CLI)
			s->last_use = clock_ms();
		*at = l->next;
		s->n_links--;
		link_free(l);
	}
}

/* A wait for it can only be one that is answered already; it must not outlive it. */
static void forget_in_link(struct link *l, const struct service *service, size_t index)
{
	for (size_t i = 0; i < l->n_waits;) {
		if (l->waits[i].service == service)
			l->waits[i] = l->waits[--l->n_waits];
		else
			i++;
	}
	memmove(&l->restarts_told[index], &l->restarts_told[index + 1],
		(SERVICES_MAX - index - 1) * sizeof(l->restarts_told[0]));
	l->restarts_told[SERVICES_MAX - 1] = -1;
}

void server_forget(struct server *s, size_t index)
{
	for (struct link *l = s->links; l; l = l->next)
		forget_in_link(l, s->o.services->items[index], index);
}

bool server_stop_wanted(const struct server *s)
{
	return s->stop_wanted;
}

bool server_busy(const struct server *s)
{
	for (const struct link *l = s->links; l; l = l->next)
		if (l->kind != MANAGER_KIND_CLI || l->n_waits)
			return true;
	return false;
}

bool server_owes(const struct server *s)
{
	for (const struct link *l = s->links; l; l = l->next)
		if (l->n_waits || l->out.len)
			return true;
	return false;
}

int64_t server_last_use(const struct server *s)
{
	return s->last_use;
}
