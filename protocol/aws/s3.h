/*
 * An S3 client: objects by ranges, uploads, listings, buckets.
 *
 * Requests are signed; an endpoint that is not AWS is addressed path style.
 * A bucket in another region is found by S3's own answer, once a request.
 * Requests that met a full or broken server (500, 502, 503, 504, SlowDown, a
 * lost connection) are sent again with growing, random waits; all requests
 * here may be.
 *
 * Errors that S3 reports carry its code as err->name and S3's text:
 *   E_NOTFOUND  NoSuchKey, NoSuchBucket (404 where an answer has no body)
 *   E_AUTH      AccessDenied, wrong or expired keys, a clock that is off
 *   E_SERVER    anything else S3 reports
 * A client belongs to one thread at a time.
 */
#ifndef PROTOCOL_AWS_S3_H
#define PROTOCOL_AWS_S3_H

#include "base/buf.h"
#include "base/cancel.h"
#include "base/cleanup.h"
#include "protocol/aws/s3-xml.h"

#include <stdint.h>

struct aws_credentials;
struct s3;

struct s3_options {
	const char *endpoint;                      /* "http://host:port"; NULL is AWS */
	const char *region;                        /* where to start; required */
	const struct aws_credentials *credentials; /* required */
	int retry_ms;                              /* first wait; 0: 100 ms */
};

/* The largest single upload (S3 API Reference, PutObject). */
#define S3_PUT_MAX (UINT64_C(5) << 30)

/* Everything is copied.  E_INPUT for an endpoint that is no http(s) URL. */
int s3_new(const struct s3_options *options, struct s3 **ret, struct err *err) _must_check_;
void s3_free(struct s3 *s3);
CLEANUP_DEFINE(struct s3 *, s3_free)

/* `{0}` is empty. */
struct s3_object {
	uint64_t size;
	char *etag; /* with its quotes; NULL when the server sent none */
};

void s3_object_release(struct s3_object *o);
#define _cleanup_s3_object_ _cleanup_(s3_object_release)

/* An answer without body: on failure err->name is empty unless S3 told it by header. */
int s3_head(struct s3 *s3, const char *bucket, const char *key, struct cancel *cancel,
	    struct s3_object *ret, struct err *err) _must_check_;

/*
 * Append up to n bytes (n > 0) from `offset` to out, less only at the object's
 * end; *ret tells the whole object.  A connection that breaks is taken up
 * where it broke.  With etag (may be NULL), E_IO named PreconditionFailed
 * when the object is no longer the one of that tag.
 */
int s3_get(struct s3 *s3, const char *bucket, const char *key, uint64_t offset, size_t n,
	   const char *etag, struct cancel *cancel, struct buf *out, struct s3_object *ret,
	   struct err *err) _must_check_;

int s3_put(struct s3 *s3, const char *bucket, const char *key, const void *p, size_t n,
	   struct cancel *cancel, struct err *err) _must_check_;
/* The whole file that fd is open on, from its start; E_TOOBIG beyond S3_PUT_MAX. */
int s3_put_file(struct s3 *s3, const char *bucket, const char *key, int fd, struct cancel *cancel,
		struct err *err) _must_check_;

/*
 * One page (up to 1,000 entries) of the keys that start with prefix.  With a
 * delimiter, keys that go on behind the next one are one prefix entry.
 * after: NULL for the first page, then the page's `next`.
 */
int s3_list(struct s3 *s3, const char *bucket, const char *prefix, const char *delimiter,
	    const char *after, struct cancel *cancel, struct s3_page *ret,
	    struct err *err) _must_check_;

int s3_head_bucket(struct s3 *s3, const char *bucket, struct cancel *cancel,
		   struct err *err) _must_check_;
/* One that is ours already is fine; E_EXISTS when somebody else has the name. */
int s3_create_bucket(struct s3 *s3, const char *bucket, struct cancel *cancel,
		     struct err *err) _must_check_;

#endif
