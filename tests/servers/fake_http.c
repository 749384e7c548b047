/* The faulty HTTP server: enough of RFC 9112 for our own client. */
#include "tests/servers/fake_http.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { CONNECTIONS_MAX = 256 };

struct connection {
	struct fake_http *server;
	int fd;
	pthread_t thread;
};

struct fake_http {
	fake_handler *handler;
	void *userdata;
	int listen_fd;
	int port;
	char url[64];
	pthread_t accepter;
	pthread_mutex_t lock;
	bool stopping;
	unsigned n_requests;
	unsigned n_connections;
	struct connection connections[CONNECTIONS_MAX];
};

/* One line less its \r\n into a new text; NULL at the end of the stream. */
static char *read_line(FILE *in)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n = getline(&line, &cap, in);

	if (n <= 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\r\n")] = '\0';
	return line;
}

static void request_release(struct fake_request *req)
{
	free(req->target);
	free(req->headers);
	buf_release(&req->body);
}

static bool read_headers(FILE *in, struct buf *raw, size_t *ret_length)
{
	for (;;) {
		_cleanup_free_ char *line = read_line(in);
		uint64_t length;

		if (!line)
			return false;
		if (!*line)
			return true;
		if (str_starts_ci(line, "Content-Length: ") &&
		    str_parse_u64(line + 16, &length, NULL) == 0)
			*ret_length = (size_t)length;
		buf_printf(raw, "%s\n", line);
	}
}

static bool read_request(FILE *in, struct fake_request *req)
{
	_cleanup_free_ char *line = read_line(in);
	_cleanup_buf_ struct buf raw;
	const char *sp = line ? strchr(line, ' ') : NULL;
	size_t length = 0;
	uint8_t *body;

	buf_init(&raw, MIB(1));
	if (!sp || !read_headers(in, &raw, &length))
		return false;
	snprintf(req->method, sizeof(req->method), "%.*s", (int)(sp - line), line);
	req->target = str_ndup(sp + 1, strcspn(sp + 1, " "));
	req->headers = buf_take_str(&raw);
	body = buf_reserve(&req->body, length);
	if (!body || fread(body, 1, length, in) != length)
		return false;
	buf_commit(&req->body, length);
	return req->target && req->headers;
}

/* Silence of ms milliseconds, or until the peer or fake_http_stop closes the connection. */
static void wait_closed(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};

	(void)poll(&p, 1, ms);
}

/* False when the connection is to be closed. */
static bool send_reply(int fd, const struct fake_request *req, const struct fake_reply *reply)
{
	_cleanup_buf_ struct buf out;
	struct linger reset = {.l_onoff = 1, .l_linger = 0};
	bool cut = reply->fault == FAKE_HALF || reply->fault == FAKE_STALL;
	size_t n = cut && reply->cut < reply->body.len ? reply->cut : reply->body.len;

	buf_init(&out, MIB(64));
	if (reply->delay_ms)
		wait_closed(fd, reply->delay_ms);
	if (reply->fault == FAKE_RESET)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (reply->fault == FAKE_RESET || reply->fault == FAKE_NOTHING)
		return false;
	if (reply->fault != FAKE_RAW)
		buf_printf(&out, "HTTP/1.1 %d Whatever\r\nContent-Length: %zu\r\n%s\r\n",
			   reply->status ? reply->status : 200, reply->body.len, reply->headers);
	if (!str_eq(req->method, "HEAD"))
		buf_put(&out, reply->body.data, n);
	if (send(fd, out.data, out.len, MSG_NOSIGNAL) != (ssize_t)out.len)
		return false;
	if (reply->fault == FAKE_STALL)
		wait_closed(fd, -1);
	return reply->fault == FAKE_OK;
}

static bool serve_one(struct connection *c, FILE *in)
{
	struct fake_request req = {0};
	struct fake_reply reply = {0};
	struct fake_http *f = c->server;
	bool go_on;

	buf_init(&req.body, MIB(64));
	buf_init(&reply.body, MIB(64));
	go_on = read_request(in, &req);
	if (go_on) {
		pthread_mutex_lock(&f->lock);
		req.index = f->n_requests++;
		f->handler(f->userdata, &req, &reply);
		pthread_mutex_unlock(&f->lock);
		go_on = send_reply(c->fd, &req, &reply);
	}
	request_release(&req);
	buf_release(&reply.body);
	return go_on;
}

static void *connection_main(void *arg)
{
	struct connection *c = arg;
	FILE *in = fdopen(c->fd, "r");

	while (in && serve_one(c, in))
		;
	pthread_mutex_lock(&c->server->lock);
	c->fd = -1;
	pthread_mutex_unlock(&c->server->lock);
	if (in)
		(void)fclose(in);
	return NULL;
}

static void *accept_main(void *arg)
{
	struct fake_http *f = arg;

	for (;;) {
		int fd = accept(f->listen_fd, NULL, NULL);
		struct connection *c;

		pthread_mutex_lock(&f->lock);
		if (fd < 0 || f->stopping || f->n_connections == CONNECTIONS_MAX) {
			pthread_mutex_unlock(&f->lock);
			closep(&fd);
			return NULL;
		}
		c = &f->connections[f->n_connections++];
		*c = (struct connection){.server = f, .fd = fd};
		if (pthread_create(&c->thread, NULL, connection_main, c) != 0)
			abort();
		pthread_mutex_unlock(&f->lock);
	}
}

struct fake_http *fake_http_start_at(int port, fake_handler *handler, void *userdata)
{
	struct fake_http *f = calloc(1, sizeof(*f));
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	socklen_t n = sizeof(at);
	int one = 1;

	if (!f)
		return NULL;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	f->handler = handler;
	f->userdata = userdata;
	f->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(f->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(f->listen_fd, (struct sockaddr *)&at, n) < 0 || listen(f->listen_fd, 64) < 0 ||
	    getsockname(f->listen_fd, (struct sockaddr *)&at, &n) < 0) {
		closep(&f->listen_fd);
		free(f);
		return NULL;
	}
	f->port = ntohs(at.sin_port);
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%d", f->port);
	pthread_mutex_init(&f->lock, NULL);
	if (pthread_create(&f->accepter, NULL, accept_main, f) != 0)
		abort();
	return f;
}

struct fake_http *fake_http_start(fake_handler *handler, void *userdata)
{
	return fake_http_start_at(0, handler, userdata);
}

int fake_http_port(const struct fake_http *f)
{
	return f->port;
}

const char *fake_http_url(const struct fake_http *f)
{
	return f->url;
}

void fake_http_sync(struct fake_http *f)
{
	pthread_mutex_lock(&f->lock);
	pthread_mutex_unlock(&f->lock);
}

unsigned fake_http_requests(struct fake_http *f)
{
	unsigned n;

	pthread_mutex_lock(&f->lock);
	n = f->n_requests;
	pthread_mutex_unlock(&f->lock);
	return n;
}

unsigned fake_http_connections(struct fake_http *f)
{
	unsigned n;

	pthread_mutex_lock(&f->lock);
	n = f->n_connections;
	pthread_mutex_unlock(&f->lock);
	return n;
}

void fake_http_wait_closed(struct fake_http *f)
{
	bool open = true;

	while (open) {
		open = false;
		pthread_mutex_lock(&f->lock);
		for (unsigned i = 0; i < f->n_connections; i++)
			open |= f->connections[i].fd >= 0;
		pthread_mutex_unlock(&f->lock);
		if (open)
			(void)poll(NULL, 0, 5);
	}
}

void fake_http_stop(struct fake_http *f)
{
	if (!f)
		return;
	pthread_mutex_lock(&f->lock);
	f->stopping = true;
	(void)shutdown(f->listen_fd, SHUT_RDWR);
	for (unsigned i = 0; i < f->n_connections; i++)
		if (f->connections[i].fd >= 0)
			(void)shutdown(f->connections[i].fd, SHUT_RDWR);
	pthread_mutex_unlock(&f->lock);
	pthread_join(f->accepter, NULL);
	for (unsigned i = 0; i < f->n_connections; i++)
		pthread_join(f->connections[i].thread, NULL);
	(void)close(f->listen_fd);
	pthread_mutex_destroy(&f->lock);
	free(f);
}
