/* AWS Security Token Service, API version 2011-06-15: who these credentials are. */
#ifndef PROTOCOL_AWS_STS_H
#define PROTOCOL_AWS_STS_H

#include "protocol/aws/aws.h"

/* `{0}` is empty; texts are owned. */
struct sts_identity {
	char *account; /* "123456789012" */
	char *arn;     /* of a user, or "arn:aws:sts::…:assumed-role/ROLE/SESSION" */
};
void sts_identity_release(struct sts_identity *i);
#define _cleanup_sts_identity_ _cleanup_(sts_identity_release)

int sts_get_caller_identity(struct aws *a, struct cancel *cancel, struct sts_identity *ret,
			    struct err *err) _must_check_;

#endif
