/* AWS Identity and Access Management, API version 2010-05-08: what a role trusts, what somebody may
 * do. */
#ifndef PROTOCOL_AWS_IAM_H
#define PROTOCOL_AWS_IAM_H

#include "protocol/aws/aws.h"

/* `{0}` is empty; texts are owned. */
struct iam_role {
	char *arn;
	char *trust; /* its trust policy, JSON */
};
void iam_role_release(struct iam_role *r);
#define _cleanup_iam_role_ _cleanup_(iam_role_release)

/* By name, without path.  E_NOTFOUND. */
int iam_get_role(struct aws *a, const char *name, struct cancel *cancel, struct iam_role *ret,
		 struct err *err) _must_check_;

/*
 * Whether a trust policy lets a service ("sagemaker.amazonaws.com") assume
 * the role.  Conditions are not weighed: a statement with one counts.
 * E_PROTO for a text that is no policy.
 */
int iam_policy_trusts(const char *policy, const char *service, bool *ret,
		      struct err *err) _must_check_;

/* Of the actions asked for, those that are not allowed, NULL-terminated; the items borrow. */
struct iam_denied {
	const char **items;
	size_t len;
};
void iam_denied_release(struct iam_denied *d);
#define _cleanup_iam_denied_ _cleanup_(iam_denied_release)

enum { IAM_ACTIONS_MAX = 64 };
/*
 * What the policies of a user or role say of actions ("sagemaker:CreateModel")
 * on a resource ("*").  Borrows actions.  E_AUTH where asking is not allowed.
 */
int iam_simulate(struct aws *a, const char *principal_arn, const char *const *actions, size_t n,
		 const char *resource, struct cancel *cancel, struct iam_denied *ret,
		 struct err *err) _must_check_;

#endif
