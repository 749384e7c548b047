/* Sockets and answers. */
#include "tests/servers/raw_http.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

enum { ANSWER_MS = 20000 };

void raw_http_open(struct raw_http *c, int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	buf_init(&c->in, MIB(64));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(c->fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return;
	(void)close(c->fd);
	c->fd = -1;
}

void raw_http_close(struct raw_http *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
	buf_release(&c->in);
}

void raw_answer_release(struct raw_answer *a)
{
	free(a->headers);
	free(a->body);
	*a = (struct raw_answer){0};
}

bool raw_http_send(struct raw_http *c, const void *p, size_t n)
{
	const char *at = p;

	while (n) {
		ssize_t sent = send(c->fd, at, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		at += sent;
		n -= (size_t)sent;
	}
	return true;
}

/* More bytes into c->in; false at the end or when the time is over. */
static bool receive_some(struct raw_http *c, int64_t deadline)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};
	int64_t left = deadline - clock_ms();
	char chunk[16384];
	ssize_t n;

	if (left <= 0 || poll(&p, 1, (int)left) != 1)
		return false;
	n = recv(c->fd, chunk, sizeof(chunk), 0);
	if (n <= 0)
		return false;
	buf_put(&c->in, chunk, (size_t)n);
	return !c->in.failed;
}

static size_t body_length(const char *headers)
{
	const char *line = str_find_ci(headers, "\r\ncontent-length:");

	return line ? strtoul(line + strlen("\r\ncontent-length:"), NULL, 10) : 0;
}

bool raw_http_receive(struct raw_http *c, struct raw_answer *ret)
{
	int64_t deadline = clock_ms() + ANSWER_MS;
	const char *end;
	size_t head, body;

	raw_answer_release(ret);
	while (!c->in.len || !(end = memmem(c->in.data, c->in.len, "\r\n\r\n", 4)))
		if (!receive_some(c, deadline))
			return false;
	head = (size_t)(end - (const char *)c->in.data) + 4;
	ret->headers = str_ndup((const char *)c->in.data, head - 2);
	ret->status = strncmp(ret->headers, "HTTP/1.", 7) == 0
			      ? (int)strtoul(ret->headers + 9, NULL, 10)
			      : 0;
	body = body_length(ret->headers);
	while (c->in.len < head + body)
		if (!receive_some(c, deadline))
			return false;
	ret->body = str_ndup((const char *)c->in.data + head, body);
	buf_consume(&c->in, head + body);
	return true;
}

bool raw_http_ends(struct raw_http *c, int ms)
{
	int64_t deadline = clock_ms() + ms;

	while (receive_some(c, deadline))
		;
	return clock_ms() < deadline;
}

bool raw_http_call(struct raw_http *c, const char *method, const char *target, const char *headers,
		   const char *body, struct raw_answer *ret)
{
	_cleanup_free_ char *text = NULL;

	if (body)
		text = str_fmt(
			"%s %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %zu\r\n\r\n%s",
			method, target, headers, strlen(body), body);
	else
		text = str_fmt("%s %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", method, target,
			       headers);
	return raw_http_send(c, text, strlen(text)) && raw_http_receive(c, ret);
}

bool raw_answer_has(const struct raw_answer *a, const char *line)
{
	size_t n = strlen(line);

	for (const char *p = a->headers; p && *p; p = strstr(p, "\r\n"), p = p ? p + 2 : NULL)
		if (str_starts_ci(p, line) && p[n] == '\r')
			return true;
	return false;
}
