/*
 * Signature Version 4: the Authorization header of an AWS request.  Pure but
 * for the digests: no clock, no I/O.
 *
 * Specification: "Create a signed AWS API request" (IAM User Guide) and
 * "Signature Calculations for the Authorization Header" (S3 API Reference).
 */
#ifndef PROTOCOL_AWS_SIGV4_H
#define PROTOCOL_AWS_SIGV4_H

#include "base/buf.h"
#include "protocol/http/http.h"

#include <stdbool.h>
#include <stdint.h>

struct aws_credentials;

enum { SIGV4_HASH_SIZE = 65, SIGV4_DATE_SIZE = 17, SIGV4_HEADERS = 4 };

/* Stands for the hash of a body that is not read twice; TLS then has to protect it. */
#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"

/* Everything borrowed. */
struct sigv4_request {
	const char *method;
	const char *host;  /* as in the Host header: with a port that is not the scheme's */
	const char *path;  /* as on the request line, percent-encoded, from the first slash */
	const char *query; /* as on the request line, without `?`; any order; may be NULL */
	const struct http_header *headers; /* to be signed besides host and what signing adds */
	size_t n_headers;
	const char *payload; /* sigv4_hash of the body, or SIGV4_UNSIGNED */
	const char *region;
	const char *service;
	int64_t time; /* seconds since 1970 UTC */
	bool s3;      /* the path is signed as it stands, and x-amz-content-sha256 is sent */
};

/* Headers to send with the request.  They point into the struct: do not copy it. */
struct sigv4_signed {
	struct http_header headers[SIGV4_HEADERS];
	size_t n_headers;
	char date[SIGV4_DATE_SIZE]; /* "20150830T123600Z" */
	char payload[SIGV4_HASH_SIZE];
	char *token;         /* owned; NULL without a session token */
	char *authorization; /* owned */
};

int sigv4_sign(const struct sigv4_request *req, const struct aws_credentials *credentials,
	       struct sigv4_signed *ret, struct err *err) _must_check_;
void sigv4_signed_release(struct sigv4_signed *s);
#define _cleanup_sigv4_ _cleanup_(sigv4_signed_release)

/* The canonical request as it is hashed; for tests and for reading it beside a server's. */
int sigv4_canonical(const struct sigv4_request *req, const struct aws_credentials *credentials,
		    struct buf *out, struct err *err) _must_check_;

/* SHA-256 as 64 lower-case hex digits. */
int sigv4_hash(const void *p, size_t n, char dst[SIGV4_HASH_SIZE], struct err *err) _must_check_;

#endif
