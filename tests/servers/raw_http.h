/*
 * A raw HTTP/1.1 client for tests of our own servers: bytes as the test wants
 * them out, whole answers in.
 */
#ifndef TESTS_SERVERS_RAW_HTTP_H
#define TESTS_SERVERS_RAW_HTTP_H

#include "base/buf.h"

struct raw_http {
	int fd;        /* -1 when there is no connection */
	struct buf in; /* received and not yet handed on */
};

struct raw_answer {
	int status;
	char *headers; /* owned: the lines, the first one among them */
	char *body;    /* owned, NUL-terminated */
};

/* To a port on loopback; fd is -1 when nobody listens. */
void raw_http_open(struct raw_http *c, int port);
void raw_http_close(struct raw_http *c);
#define _cleanup_raw_http_ _cleanup_(raw_http_close)

void raw_answer_release(struct raw_answer *a);
#define _cleanup_raw_answer_ _cleanup_(raw_answer_release)

/* False when the other side has closed. */
bool raw_http_send(struct raw_http *c, const void *p, size_t n);
/* The next answer, waited for 20 s; false when none comes. */
bool raw_http_receive(struct raw_http *c, struct raw_answer *ret);
/* No byte comes any more, and the connection ends within ms. */
bool raw_http_ends(struct raw_http *c, int ms);
/* A request with its headers ("A: b\r\n"…) and body, and its answer; replaces *ret. */
bool raw_http_call(struct raw_http *c, const char *method, const char *target, const char *headers,
		   const char *body, struct raw_answer *ret);
/* "Name: value" among the headers, whatever the case of the name. */
bool raw_answer_has(const struct raw_answer *a, const char *line);

#endif
