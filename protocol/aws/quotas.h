/* Service Quotas, API version 2019-06-24: how much of something this account may have. */
#ifndef PROTOCOL_AWS_QUOTAS_H
#define PROTOCOL_AWS_QUOTAS_H

#include "protocol/aws/aws.h"

/*
 * The applied quota with this name ("ml.m5.large for endpoint usage") of a
 * service ("sagemaker"), read page by page: the codes of such quotas follow no
 * rule.  E_NOTFOUND; E_AUTH where asking is not allowed.
 */
int quotas_find(struct aws *a, const char *service, const char *name, struct cancel *cancel,
		double *ret, struct err *err) _must_check_;

#endif
