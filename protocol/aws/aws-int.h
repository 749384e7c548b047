/*
 * Between the services' files and aws.c, which signs, sends, tries again and
 * tells errors.
 */
#ifndef PROTOCOL_AWS_AWS_INT_H
#define PROTOCOL_AWS_AWS_INT_H

#include "base/json.h"
#include "protocol/aws/aws.h"
#include "protocol/aws/xml.h"
#include "protocol/http/http.h"

enum aws_service {
	AWS_ECR,
	AWS_IAM,
	AWS_QUOTAS,
	AWS_RUNTIME,
	AWS_SAGEMAKER,
	AWS_STS,
	AWS_SERVICES,
};

enum aws_effect {
	AWS_READS, /* may be sent again when the answer was lost */
	AWS_ACTS,
};

/* AWS JSON 1.1: POST / with X-Amz-Target.  Takes body (NULL: out of memory).  *ret is new. */
int aws_json(struct aws *a, enum aws_service service, const char *operation, enum aws_effect effect,
	     json_t *body, struct cancel *cancel, json_t **ret, struct err *err) _must_check_;

struct aws_param {
	const char *name, *value;
};
/* AWS Query: a form of Action, Version and the parameters; fn gets the answer's elements. */
int aws_query(struct aws *a, enum aws_service service, const char *action,
	      const struct aws_param *params, size_t n, struct cancel *cancel, xml_element_fn *fn,
	      void *userdata, struct err *err) _must_check_;

struct aws_call {
	enum aws_service service;
	enum aws_effect effect;
	const char *path;                  /* percent-encoded, from the first slash */
	const struct http_header *headers; /* all are signed */
	size_t n_headers;
	const void *body;
	size_t n;
	struct cancel *cancel;
};
int aws_perform(struct aws *a, const struct aws_call *call, struct http_response *ret,
		struct err *err) _must_check_;

/* [{Key, Value}], new; NULL when out of memory. */
json_t *aws_tags_json(const struct aws_tag *tags, size_t n);
/* Append what such a list holds. */
int aws_tags_take(struct aws_tags *t, const json_t *list, struct err *err) _must_check_;

/* Copy a member that must be a text into *dst; E_PROTO when it is not there. */
int aws_take_str(const json_t *j, const char *key, char **dst, struct err *err) _must_check_;
/* The same for one that may be absent: *dst is "" then. */
int aws_take_str_opt(const json_t *j, const char *key, char **dst, struct err *err) _must_check_;

#endif
