/* Amazon SageMaker Runtime, API version 2017-05-13: asking an endpoint. */
#ifndef PROTOCOL_AWS_RUNTIME_H
#define PROTOCOL_AWS_RUNTIME_H

#include "base/buf.h"
#include "protocol/aws/aws.h"

struct runtime_request {
	const char *endpoint;
	const char *variant;      /* NULL: by weight */
	const char *content_type; /* "application/json" */
	const void *body;
	size_t n;
	struct cancel *cancel;
};

/* The answer is appended to out.  E_SERVER named ModelError for an answer of the model that is an
 * error. */
int runtime_invoke(struct aws *a, const struct runtime_request *req, struct buf *out,
		   struct err *err) _must_check_;

#endif
