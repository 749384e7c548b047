/*
 * Amazon Elastic Container Registry, API version 2015-09-21: repositories,
 * tags, and the key to the registry itself, which speaks HTTP of its own
 * (protocol/oci).
 */
#ifndef PROTOCOL_AWS_ECR_H
#define PROTOCOL_AWS_ECR_H

#include "protocol/aws/aws.h"

/* `{0}` is empty; texts are owned. */
struct ecr_repository {
	char *name;
	char *arn;
	char *uri; /* "123456789012.dkr.ecr.us-east-1.amazonaws.com/NAME" */
};
void ecr_repository_release(struct ecr_repository *r);
#define _cleanup_ecr_repository_ _cleanup_(ecr_repository_release)

/* E_NOTFOUND. */
int ecr_describe_repository(struct aws *a, const char *name, struct cancel *cancel,
			    struct ecr_repository *ret, struct err *err) _must_check_;
/* E_EXISTS. */
int ecr_create_repository(struct aws *a, const char *name, const struct aws_tag *tags, size_t n,
			  struct cancel *cancel, struct ecr_repository *ret,
			  struct err *err) _must_check_;
/* Only an empty one: E_EXISTS when it has images.  E_NOTFOUND. */
int ecr_delete_repository(struct aws *a, const char *name, struct cancel *cancel,
			  struct err *err) _must_check_;
int ecr_list_tags(struct aws *a, const char *arn, struct cancel *cancel, struct aws_tags *ret,
		  struct err *err) _must_check_;

/* `{0}` is empty; texts are owned, the password wiped. */
struct ecr_login {
	char *user, *password;
	char *url; /* of the registry: "https://host" */
};
void ecr_login_release(struct ecr_login *l);
#define _cleanup_ecr_login_ _cleanup_(ecr_login_release)
int ecr_get_login(struct aws *a, struct cancel *cancel, struct ecr_login *ret,
		  struct err *err) _must_check_;

/* The digest of the image with this tag; E_NOTFOUND.  The caller frees. */
int ecr_describe_image(struct aws *a, const char *repository, const char *tag,
		       struct cancel *cancel, char **ret_digest, struct err *err) _must_check_;
/*
 * Take a tag off: the image goes with its last one.  E_NOTFOUND when there is no such tag or
 * repository.
 */
int ecr_delete_tag(struct aws *a, const char *repository, const char *tag, struct cancel *cancel,
		   struct err *err) _must_check_;

#endif
