/*
 * A client of AWS's services (S3 apart, which has its own): credentials, one
 * region, kept connections.  The calls are in a file for each service: sts.h,
 * iam.h, ecr.h, sagemaker.h, runtime.h, quotas.h.
 *
 * A request that met throttling or a broken server is sent again with
 * growing, random waits, or after the time that Retry-After names.  One whose
 * answer was lost is sent again only when it reads: whether a lost
 * CreateModel acted is the caller's to find out.
 *
 * AWS_ENDPOINT_URL_<SERVICE> and AWS_ENDPOINT_URL lead elsewhere, as for S3.
 *
 * Errors that a service reports carry its code as err->name and its text:
 *   E_NOTFOUND  what was named is not there
 *   E_EXISTS    what was to be made is there, or in use
 *   E_INPUT     it refuses the request's values (ValidationException, …)
 *   E_AUTH      not permitted; wrong or expired keys; a clock that is off
 *   E_CLOSED, E_TIMEOUT  the answer was lost: it may have acted
 *   E_SERVER    anything else: a quota, throttling that lasts, an inner error
 * A client belongs to one thread at a time.
 */
#ifndef PROTOCOL_AWS_AWS_H
#define PROTOCOL_AWS_AWS_H

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct aws;
struct aws_credentials;

struct aws_options {
	const char *region; /* required */
	/* NULL: the usual chain, asked with the first request and again before keys expire. */
	const struct aws_credentials *credentials;
	int retry_ms; /* first wait; 0: 200 ms */
	int stall_ms; /* longest silence; 0: 60 s */
};

/* Everything is copied. */
int aws_new(const struct aws_options *options, struct aws **ret, struct err *err) _must_check_;
void aws_free(struct aws *a);
CLEANUP_DEFINE(struct aws *, aws_free)
const char *aws_client_region(const struct aws *a);

/* What resources are labelled with. */
struct aws_tag {
	const char *key;
	const char *value;
};

/* Tags as a service tells them.  `{0}` is empty; texts are owned. */
struct aws_tags {
	struct {
		char *key, *value;
	} * items;
	size_t len;
};
void aws_tags_release(struct aws_tags *t);
#define _cleanup_aws_tags_ _cleanup_(aws_tags_release)
/* Borrowed; NULL when there is no such tag. */
const char *aws_tags_get(const struct aws_tags *t, const char *key);
bool aws_tags_has(const struct aws_tags *t, const char *key, const char *value);

#endif
