/*
 * An HTTP client: one request at a time, over kept connections.  The only
 * folder that knows libcurl.
 *
 * No policy: nothing is retried, no status is an error, redirects are not
 * followed unless asked for.  Certificates are verified.  Proxies come from
 * the environment as curl reads it (http_proxy, HTTPS_PROXY, NO_PROXY …),
 * except that a loopback address is always reached directly.
 *
 * A client belongs to one thread at a time.  The program ignores SIGPIPE
 * (TLS may write to a closed socket).
 */
#ifndef PROTOCOL_HTTP_HTTP_H
#define PROTOCOL_HTTP_HTTP_H

#include "base/buf.h"
#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

struct http_client;

/* All members may be zero; texts are copied. */
struct http_options {
	const char *ca_file;     /* PEM bundle instead of the system's */
	const char *client_cert; /* PEM file with certificate and key */
	bool insecure;           /* accept any certificate */
};

int http_client_new(const struct http_options *options, struct http_client **ret,
		    struct err *err) _must_check_;
void http_client_free(struct http_client *c);
CLEANUP_DEFINE(struct http_client *, http_client_free)

struct http_header {
	const char *name;
	const char *value;
};

/*
 * A body that is read while it is sent.  `read` stores up to n bytes (n > 0)
 * and their number, 0 only after `size` bytes; `rewind` starts again from the
 * first byte and is called when a kept connection turns out to be closed.
 * Both return 0 or a negative error, which ends the request.
 */
struct http_source {
	int (*read)(void *userdata, void *dst, size_t n, size_t *ret, struct err *err);
	int (*rewind)(void *userdata, struct err *err); /* may be NULL */
	void *userdata;
	uint64_t size;
};

/* Takes the next n bytes of the body of a 2xx answer; a negative error ends the request. */
typedef int http_sink_fn(void *userdata, const void *p, size_t n, struct err *err);

struct http_request {
	const char *method; /* "GET", "HEAD", "POST", "PUT", … */
	const char *url;    /* http or https, percent-encoded; dot segments are sent as they are */
	const struct http_header *headers;
	size_t n_headers;
	const void *body; /* NULL: none, or `source` */
	size_t body_len;
	const struct http_source *source; /* instead of body */
	const char *user;                 /* basic authentication; NULL for none */
	const char *password;
	int connect_ms;     /* until connected, TLS included; 0: 10 s */
	int stall_ms;       /* longest time without a byte in either direction; 0: 60 s */
	int total_ms;       /* whole request; 0: no limit */
	int max_redirects;  /* 0: a 3xx is returned as it is */
	size_t max_body;    /* cap on a body in memory; 0: LIMIT_HTTP_JSON */
	bool once;          /* never send a second time by itself: takes a new connection */
	bool direct;        /* not through a proxy, whatever the environment says */
	http_sink_fn *sink; /* gets the body of a 2xx answer instead of response.body */
	void *sink_data;
	struct cancel *cancel; /* may be NULL; heard within 100 ms */
};

/* `{0}` is empty; http_perform initialises it. */
struct http_response {
	int status;
	struct strv headers; /* "Name: value", of the final answer */
	struct buf body;     /* also the body of an answer that is not 2xx when there is a sink */
};

void http_response_release(struct http_response *r);
/* The first header of this name in any case, or NULL; borrowed. */
const char *http_response_header(const struct http_response *r, const char *name);
#define _cleanup_http_response_ _cleanup_(http_response_release)

/*
 * Send one request and read its answer.  0 for any status.
 *   E_IO       not connected: nothing was sent, sending again is safe
 *   E_CLOSED   the connection broke: the server may have acted on the request
 *   E_TIMEOUT  connect, stall or total time passed: the same doubt
 *   E_TOOBIG   the answer is larger than max_body
 *   E_AUTH     the certificate is not trusted
 *   E_CANCEL, E_INPUT (the URL), E_PROTO (not HTTP), or a callback's own error
 * Texts name scheme, host and port, never path, query or credentials.
 */
int http_perform(struct http_client *c, const struct http_request *req, struct http_response *ret,
		 struct err *err) _must_check_;

/* Append n bytes percent-encoded: all but unreserved characters (RFC 3986 §2.3) and those in
 * `keep`. */
void http_escape(struct buf *out, const char *s, size_t n, const char *keep);

#endif
