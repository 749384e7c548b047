/* Between s3.c, which knows the operations, and s3-request.c, which sends them. */
#ifndef PROTOCOL_AWS_S3_INT_H
#define PROTOCOL_AWS_S3_INT_H

#include "protocol/aws/credentials.h"
#include "protocol/aws/s3.h"
#include "protocol/http/http.h"

struct s3 {
	struct http_client *http;
	struct aws_credentials credentials;
	char *endpoint; /* scheme, host and port, no slash at the end; NULL is AWS */
	char *prefix;   /* path of the endpoint, without a slash at the end */
	char *region;   /* follows what S3 says of the bucket asked last */
	int retry_ms;
};

/* Part of an object on its way into memory, over as many requests as it takes. */
struct s3_range {
	uint64_t offset; /* of the first byte wanted */
	size_t n;
	struct buf *out;
	size_t start;     /* out's length at first */
	uint64_t asked;   /* offset of the first byte of the request sent last */
	const char *etag; /* NULL: whatever is there */
};

struct s3_call {
	const char *method;
	const char *bucket;
	const char *key;                  /* NULL for the bucket itself */
	const char *query;                /* percent-encoded; may be NULL */
	const char *payload;              /* hash of the body; NULL: there is none */
	const void *body;                 /* or */
	const struct http_source *source; /* has rewind */
	size_t body_len;
	struct s3_range *range; /* NULL: the answer is small and goes to response.body */
	struct cancel *cancel;
};

/*
 * Send, again if need be.  0 for 2xx, and for 416 with a range; else the
 * error that S3 reports.
 */
int s3_perform(struct s3 *s3, const struct s3_call *call, struct http_response *ret,
	       struct err *err) _must_check_;

#endif
