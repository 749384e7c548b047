/*
 * Links and waits.  Every socket is non-blocking and there are few of them, so
 * after a poll each is simply tried.
 */
#include "manager/server.h"

#include "base/clock.h"
#include "manager/status.h"
#include "protocol/manager/wire.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { WAITS_MAX = 16 }; /* requests of one link that are under way */

/* A request that is answered later. */
struct wait {
	json_int_t id;
	enum manager_op op;      /* ensure or stop */
	struct service *service; /* NULL: all, for stop */
};

struct link {
	int fd;
	pid_t pid; /* of the peer */
	bool greeted;
	bool kernel;
	struct buf in, out;
	struct wait waits[WAITS_MAX];
	size_t n_waits;
	int restarts_told[SERVICES_MAX]; /* per service; -1 before the process's first ensure */
	struct link *next;
};

struct server {
	struct server_options o;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd; /* -1 once closed */
	struct link *links;
	size_t n_links;
	bool stop_wanted;
	int64_t last_use;
	int64_t since;
};

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

static void refuse(struct link *l, json_int_t id, const struct err *err)
{
	manager_error_write(&l->out, id, err);
}

/* The service's index; n_services when there is none of this name. */
static size_t find_service(const struct server *s, const char *name)
{
	size_t i = 0;

	while (i < s->o.n_services && !str_eq(service_def(s->o.services[i])->name, name))
		i++;
	return i;
}

static void do_hello(struct server *s, struct link *l, const struct manager_request *q)
{
	l->greeted = true;
	l->kernel = q->kind == MANAGER_KIND_KERNEL;
	log_line(s->o.log, LOG_DEBUG, "server", "hello from process %ld", (long)l->pid);
	manager_ok_write(&l->out, q->id,
			 json_pack("{s:i s:s s:i}", "version", MANAGER_VERSION, "manager",
				   SPLICE_VERSION, "pid", (int)getpid()));
}

/* A kernel whose connections broke hears why, once. */
static void tell_restarts(struct server *s, struct link *l, size_t i, json_int_t id)
{
	const struct service *service = s->o.services[i];
	struct service_info info;
	char text[256];

	service_info(service, &info);
	if (l->restarts_told[i] >= 0 && info.restarts > l->restarts_told[i]) {
		snprintf(text, sizeof(text), "%.*s and was started again",
			 (int)strcspn(service_reason(service)->text, "\n."),
			 service_reason(service)->text);
		manager_notice_write(&l->out, id, text);
	}
	for (struct link *k = s->links; k; k = k->next)
		if (k->pid == l->pid)
			k->restarts_told[i] = info.restarts;
}

static int add_wait(struct link *l, const struct manager_request *q, struct service *service,
		    struct err *err)
{
	if (l->n_waits == WAITS_MAX)
		return err_set(err, E_TOOBIG, "more than %d requests at a time", WAITS_MAX);
	l->waits[l->n_waits++] = (struct wait){.id = q->id, .op = q->op, .service = service};
	return 0;
}

/* Who comes while the service starts has missed the first notice. */
static void tell_joined(struct link *l, const struct service *service, json_int_t id)
{
	char text[120];

	snprintf(text, sizeof(text), "starting %s …", service_def(service)->title);
	manager_notice_write(&l->out, id, text);
}

static int do_ensure(struct server *s, struct link *l, const struct manager_request *q,
		     struct err *err)
{
	size_t i = find_service(s, q->service);
	int r;

	if (i == s->o.n_services)
		return err_set(err, E_NOTFOUND, "there is no service \"%s\"", q->service);
	if (s->fd < 0)
		return err_set(err, E_CLOSED, "splice-manager is ending");
	r = add_wait(l, q, s->o.services[i], err);
	if (r < 0)
		return r;
	s->last_use = clock_ms();
	tell_restarts(s, l, i, q->id);
	if (service_state(s->o.services[i]) == SERVICE_STARTING)
		tell_joined(l, s->o.services[i], q->id);
	service_ensure(s->o.services[i]);
	return 0;
}

static int do_stop(struct server *s, struct link *l, const struct manager_request *q,
		   struct err *err)
{
	size_t i = find_service(s, q->service);
	bool all = !*q->service;
	int r;

	if (!all && i == s->o.n_services)
		return err_set(err, E_NOTFOUND, "there is no service \"%s\"", q->service);
	r = add_wait(l, q, all ? NULL : s->o.services[i], err);
	if (r < 0)
		return r;
	log_line(s->o.log, LOG_INFO, "server", "process %ld asks to stop %s", (long)l->pid,
		 all ? "everything" : q->service);
	if (all)
		s->stop_wanted = true;
	else
		service_stop(s->o.services[i]);
	return 0;
}

static int do_status(struct server *s, struct link *l, const struct manager_request *q)
{
	struct status_manager m = {.uptime = clock_ms() - s->since,
				   .log = s->o.log_path,
				   .version = SPLICE_VERSION};

	for (const struct link *k = s->links; k; k = k->next)
		m.kernels += k->kernel;
	manager_ok_write(&l->out, q->id, status_json(&m, s->o.services, s->o.n_services));
	return 0;
}

static void take_line(struct server *s, struct link *l, const char *line, size_t n)
{
	struct manager_request q;
	struct err err = ERR_INIT;
	int r = manager_request_parse(line, n, &q, &err);

	if (r == 0 && !l->greeted && q.op != MANAGER_HELLO)
		r = err_set(&err, E_PROTO, "say hello first");
	if (r == 0) {
		switch (q.op) {
		case MANAGER_HELLO:
			do_hello(s, l, &q);
			break;
		case MANAGER_ENSURE:
			r = do_ensure(s, l, &q, &err);
			break;
		case MANAGER_STATUS:
			r = do_status(s, l, &q);
			break;
		case MANAGER_STOP:
			r = do_stop(s, l, &q, &err);
			break;
		}
	}
	if (r < 0)
		refuse(l, q.id, &err);
}

static void take_lines(struct server *s, struct link *l)
{
	const char *start = (const char *)l->in.data;
	const char *end;
	size_t used = 0;

	while (used < l->in.len && (end = memchr(start + used, '\n', l->in.len - used))) {
		take_line(s, l, start + used, (size_t)(end - start) - used);
		used = (size_t)(end - start) + 1;
	}
	buf_consume(&l->in, used);
}

/* Whether the wait is over; then its answer is in l->out. */
static bool settle_ensure(struct link *l, const struct wait *w)
{
	struct err err = ERR_INIT;
	char *url;

	switch (service_state(w->service)) {
	case SERVICE_READY:
		url = service_url(w->service);
		manager_ok_write(&l->out, w->id, url ? json_pack("{s:s}", "url", url) : NULL);
		if (url)
			explicit_bzero(url, strlen(url));
		free(url);
		return true;
	case SERVICE_FAILED:
		refuse(l, w->id, service_reason(w->service));
		return true;
	case SERVICE_STOPPED:
		err_set(&err, E_CANCEL, "%s was stopped", service_def(w->service)->title);
		refuse(l, w->id, &err);
		return true;
	default:
		return false;
	}
}

static bool is_stopping(const struct service *s)
{
	enum service_state state = service_state(s);

	return state == SERVICE_STOPPING || state == SERVICE_TERMINATING ||
	       state == SERVICE_KILLING;
}

static bool settle_stop(const struct server *s, struct link *l, const struct wait *w)
{
	for (size_t i = 0; i < s->o.n_services; i++)
		if ((!w->service || w->service == s->o.services[i]) &&
		    is_stopping(s->o.services[i]))
			return false;
	if (!w->service && s->fd >= 0)
		return false; /* the daemon has yet to hear of it */
	manager_ok_write(&l->out, w->id, json_object());
	return true;
}

static void settle(const struct server *s, struct link *l)
{
	for (size_t i = 0; i < l->n_waits;) {
		const struct wait *w = &l->waits[i];

		if (w->op == MANAGER_STOP ? settle_stop(s, l, w) : settle_ensure(l, w))
			l->waits[i] = l->waits[--l->n_waits];
		else
			i++;
	}
}

void server_notice(struct server *s, const struct service *service, const char *text)
{
	for (struct link *l = s->links; l; l = l->next)
		for (size_t i = 0; i < l->n_waits; i++)
			if (l->waits[i].service == service && l->waits[i].op == MANAGER_ENSURE)
				manager_notice_write(&l->out, l->waits[i].id, text);
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

		settle(s, l);
		if (flush(l) && alive) {
			at = &l->next;
			continue;
		}
		if (l->kernel)
			s->last_use = clock_ms();
		*at = l->next;
		s->n_links--;
		link_free(l);
	}
}

bool server_stop_wanted(const struct server *s)
{
	return s->stop_wanted;
}

bool server_busy(const struct server *s)
{
	for (const struct link *l = s->links; l; l = l->next)
		if (l->kernel || l->n_waits)
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
