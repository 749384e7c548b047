/* The daemon, its connections and its end. */
#include "scorer/server-int.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum {
	BACKLOG = 1024,
	IDLE_SECONDS = 60,  /* a kept connection without a byte */
	CONNECTION_KB = 64, /* MHD's buffer: headers, and a piece of the body */
	QUIET_MS = 500,     /* without a request, a draining server has nothing to finish */
	DRAIN_STEP_MS = 10,
	DROPPED_MAX_FACTOR = 8, /* of the largest body: more is not read just to say no */
};

/* --- listening --- */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int parse_address(const char *host, int port, union address *ret, socklen_t *ret_n,
			 struct err *err)
{
	*ret = (union address){0};
	if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
		ret->v4.sin_family = AF_INET;
		ret->v4.sin_port = htons((uint16_t)port);
		*ret_n = sizeof(ret->v4);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1) {
		ret->v6.sin6_family = AF_INET6;
		ret->v6.sin6_port = htons((uint16_t)port);
		*ret_n = sizeof(ret->v6);
		return 0;
	}
	return err_set(err, E_USAGE, "\"%.60s\" is not an IP address", host);
}

static int listen_on(const char *host, int port, int *ret_port, struct err *err)
{
	_cleanup_close_ int fd = -1;
	union address a;
	socklen_t n = 0;
	int on = 1, r = parse_address(host, port, &a, &n, err);

	if (r < 0)
		return r;
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, &a.any, n) < 0 || listen(fd, BACKLOG) < 0 || getsockname(fd, &a.any, &n) < 0)
		return err_set_errno(err, E_IO, errno, "listening on %s port %d", host, port);
	*ret_port = ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
	return take_fd(&fd);
}

/* --- connections --- */

static void add_link(struct server *s, struct MHD_Connection *c, void **context)
{
	const union MHD_ConnectionInfo *fd =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct link *k = calloc(1, sizeof(*k));

	atomic_fetch_add(&s->options.metrics->connections, 1);
	if (!k || !fd) {
		free(k);
		return;
	}
	k->fd = fd->connect_fd;
	atomic_init(&k->since, clock_ms());
	(void)pthread_mutex_lock(&s->lock);
	k->next = s->links;
	k->prev = &s->links;
	if (k->next)
		k->next->prev = &k->next;
	s->links = k;
	(void)pthread_mutex_unlock(&s->lock);
	*context = k;
}

static void remove_link(struct server *s, void **context)
{
	struct link *k = *context;

	atomic_fetch_sub(&s->options.metrics->connections, 1);
	if (!k)
		return;
	(void)pthread_mutex_lock(&s->lock);
	*k->prev = k->next;
	if (k->next)
		k->next->prev = k->prev;
	(void)pthread_mutex_unlock(&s->lock);
	free(k);
	*context = NULL;
}

static void on_connection(void *userdata, struct MHD_Connection *c, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		add_link(userdata, c, context);
	else
		remove_link(userdata, context);
}

void server_sweep(struct server *s)
{
	int64_t oldest = clock_ms() - (int64_t)s->options.request_seconds * 1000;

	(void)pthread_mutex_lock(&s->lock);
	for (const struct link *k = s->links; k; k = k->next)
		if (atomic_load(&k->since) < oldest)
			(void)shutdown(k->fd, SHUT_RDWR);
	(void)pthread_mutex_unlock(&s->lock);
}

/* --- requests --- */

static void drop_body(struct request *q)
{
	atomic_fetch_sub(&q->server->body_bytes, q->counted);
	q->counted = 0;
	buf_release(&q->body);
}

static void request_free(struct request *q)
{
	drop_body(q);
	free(q);
}

static void on_completed(void *userdata, struct MHD_Connection *c, void **context,
			 enum MHD_RequestTerminationCode code)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct server *s = userdata;
	struct link *k = info ? info->socket_context : NULL;

	(void)code;
	if (!*context)
		return;
	request_free(*context);
	*context = NULL;
	if (k)
		atomic_store(&k->since, clock_ms());
	atomic_store(&s->last_request, clock_ms());
	atomic_fetch_sub(&s->active, 1);
}

static bool header_is(struct MHD_Connection *c, const char *name, const char *value)
{
	const char *v = MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);

	return v && str_eq_ci(v, value);
}

static enum MHD_Result begin(struct server *s, struct MHD_Connection *c, const char *path,
			     const char *method, void **context)
{
	struct request *q = calloc(1, sizeof(*q));

	if (!q)
		return MHD_NO;
	q->server = s;
	buf_init(&q->body, LIMIT_SCORER_BODY);
	atomic_fetch_add(&s->active, 1);
	*context = q;
	q->route = routes_find(path, method, &q->refused, &q->allow);
	if (q->route)
		q->refused = request_check_headers(q, c);
	/* A client that asks first hears it first; the others are heard out. */
	if (q->refused && header_is(c, MHD_HTTP_HEADER_EXPECT, "100-continue"))
		return respond_refuse(q, c, (unsigned)q->refused, respond_text(q->refused));
	return MHD_YES;
}

/* All bodies together must fit as well. */
static bool count_bytes(struct request *q, size_t n)
{
	size_t before = atomic_fetch_add(&q->server->body_bytes, n);

	q->counted += n;
	return before + n <= LIMIT_SCORER_BODIES;
}

static enum MHD_Result take_body(struct request *q, const char *p, size_t n)
{
	if (!q->refused && !count_bytes(q, n))
		q->refused = MHD_HTTP_SERVICE_UNAVAILABLE;
	if (!q->refused) {
		buf_put(&q->body, p, n);
		if (q->body.failed)
			q->refused = q->body.failed == E_TOOBIG ? MHD_HTTP_CONTENT_TOO_LARGE
								: MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	if (q->refused) {
		drop_body(q); /* others' bodies have its place while the rest is heard out */
		q->dropped += n;
	}
	return q->dropped > DROPPED_MAX_FACTOR * LIMIT_SCORER_BODY ? MHD_NO : MHD_YES;
}

static enum MHD_Result on_request(void *userdata, struct MHD_Connection *c, const char *path,
				  const char *method, const char *version, const char *data,
				  size_t *n, void **context)
{
	struct request *q = *context;
	enum MHD_Result r;

	(void)version;
	if (!q)
		return begin(userdata, c, path, method, context);
	if (*n) {
		r = take_body(q, data, *n);
		*n = 0;
		return r;
	}
	if (q->refused)
		return respond_refuse(q, c, (unsigned)q->refused, respond_text(q->refused));
	return q->route->handle(q, c);
}

static void on_log(void *userdata, const char *fmt, va_list ap) ERR_PRINTF(2, 0);

static void on_log(void *userdata, const char *fmt, va_list ap)
{
	const struct server *s = userdata;
	char text[512];

	(void)vsnprintf(text, sizeof(text), fmt, ap);
	log_line(s->options.log, LOG_DEBUG, "http", "%s", text);
}

/* --- life --- */

static int start(struct server *s, struct err *err)
{
	int fd = listen_on(s->options.host, s->options.port, &s->port, err);

	if (fd < 0)
		return fd;
	s->daemon =
		MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_USE_ERROR_LOG, 0,
				 NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_log, s,
				 MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_THREAD_POOL_SIZE,
				 s->options.threads, MHD_OPTION_CONNECTION_LIMIT,
				 s->options.connections, MHD_OPTION_CONNECTION_TIMEOUT,
				 (unsigned)IDLE_SECONDS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
				 (size_t)KIB(CONNECTION_KB), MHD_OPTION_NOTIFY_COMPLETED,
				 on_completed, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
				 MHD_OPTION_END);
	if (!s->daemon) {
		(void)close(fd);
		return err_set(err, E_IO, "the HTTP server does not start");
	}
	return 0;
}

int server_new(const struct server_options *options, struct server **ret, struct err *err)
{
	_cleanup_(server_freep) struct server *s = calloc(1, sizeof(*s));
	int r;

	if (!s) {
		endpoint_unref(options->endpoint);
		return err_nomem(err);
	}
	s->options = *options;
	s->endpoint = options->endpoint;
	(void)pthread_mutex_init(&s->lock, NULL);
	r = start(s, err);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

int server_port(const struct server *s)
{
	return s->port;
}

void server_swap(struct server *s, struct endpoint *e)
{
	struct endpoint *old;

	(void)pthread_mutex_lock(&s->lock);
	old = s->endpoint;
	s->endpoint = e;
	(void)pthread_mutex_unlock(&s->lock);
	endpoint_unref(old);
}

static void sleep_ms(int ms)
{
	struct timespec t = {.tv_nsec = (long)ms * 1000000};

	(void)nanosleep(&t, NULL);
}

/* Connections that are kept open hear with their next answer that they close. */
static bool is_drained(struct server *s, int64_t started)
{
	int64_t last = atomic_load(&s->last_request);
	int64_t quiet = clock_ms() - (last > started ? last : started);

	if (atomic_load(&s->options.metrics->connections) == 0)
		return true;
	return atomic_load(&s->active) == 0 && quiet > QUIET_MS;
}

/* Clients whose connection the kernel has made and nobody has taken yet would be reset. */
static void accept_waiting(struct server *s, int listening)
{
	for (;;) {
		union address a;
		socklen_t n = sizeof(a);
		int fd = accept4(listening, &a.any, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0 || MHD_add_connection(s->daemon, fd, &a.any, n) != MHD_YES)
			return; /* a connection that is refused is closed */
	}
}

void server_drain(struct server *s, int max_ms)
{
	int64_t started = clock_ms();
	int fd;

	atomic_store(&s->draining, true);
	fd = MHD_quiesce_daemon(s->daemon);
	if (fd >= 0) {
		accept_waiting(s, fd);
		(void)close(fd);
	}
	while (!is_drained(s, started) && clock_ms() - started < max_ms)
		sleep_ms(DRAIN_STEP_MS);
}

void server_free(struct server *s)
{
	if (!s)
		return;
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	endpoint_unref(s->endpoint);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}
