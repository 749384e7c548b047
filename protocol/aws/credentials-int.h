/* Between the credentials chain and the sources that have a file of their own. */
#ifndef PROTOCOL_AWS_CREDENTIALS_INT_H
#define PROTOCOL_AWS_CREDENTIALS_INT_H

#include "protocol/aws/credentials.h"

/* A variable's value; NULL when it is not set or empty. */
const char *credentials_env(const char *name);
/* E_NOTFOUND, with what to do. */
int credentials_none(struct err *err);
/* Copies of the texts, checked; token may be NULL.  source is static. */
int credentials_fill(const char *access_key, const char *secret_key, const char *token,
		     const char *source, struct aws_credentials *ret, struct err *err) _must_check_;

int credentials_from_container(struct cancel *cancel, struct aws_credentials *ret,
			       struct err *err) _must_check_;
int credentials_from_instance(struct cancel *cancel, struct aws_credentials *ret,
			      struct err *err) _must_check_;

#endif
