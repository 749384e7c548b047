/*
 * A small HTTP/1.1 server for tests, with faults: a free loopback port, one
 * thread per connection, keep-alive.  The handler is called under a lock, one
 * request at a time, in order of arrival.
 */
#ifndef TESTS_SERVERS_FAKE_HTTP_H
#define TESTS_SERVERS_FAKE_HTTP_H

#include "base/buf.h"

enum fake_fault {
	FAKE_OK,
	FAKE_RESET,   /* reset the connection, no answer */
	FAKE_NOTHING, /* close it, no answer */
	FAKE_HALF,    /* announce the whole body, send `cut` bytes of it, close */
	FAKE_STALL,   /* the headers and `cut` bytes, then silence */
	FAKE_RAW,     /* the body as it is, in place of an HTTP answer, then close */
	FAKE_HANGUP,  /* a whole answer, then close without having said so */
};

struct fake_request {
	unsigned index; /* counted from 0 */
	char method[16];
	char *target;  /* path and query */
	char *headers; /* raw lines */
	struct buf body;
};

struct fake_reply {
	int status;        /* 200 unless set */
	char headers[512]; /* further lines, each ending in \r\n */
	struct buf body;
	enum fake_fault fault;
	size_t cut;
	int delay_ms; /* before the answer */
};

typedef void fake_handler(void *userdata, const struct fake_request *req, struct fake_reply *reply);

struct fake_http;
/* NULL when no socket is to be had. */
struct fake_http *fake_http_start(fake_handler *handler, void *userdata);
/* The same on a given port: a server that comes back. */
struct fake_http *fake_http_start_at(int port, fake_handler *handler, void *userdata);
int fake_http_port(const struct fake_http *f);
const char *fake_http_url(const struct fake_http *f); /* "http://127.0.0.1:PORT" */
unsigned fake_http_requests(struct fake_http *f);
unsigned fake_http_connections(struct fake_http *f);
/*
 * What the handler left is seen here from now on, and what was set here, by
 * the handler's next call: the thread sanitizer does not see that a request
 * orders both.
 */
void fake_http_sync(struct fake_http *f);
/* Wait until every client has closed its connections, and what they still sent is handled. */
void fake_http_wait_closed(struct fake_http *f);
/* Closes every connection and waits for the threads. */
void fake_http_stop(struct fake_http *f);

#endif
