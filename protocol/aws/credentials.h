/*
 * Whose requests these are: keys, region and endpoint, found the way AWS's
 * own tools find them.
 *
 * The chain, first hit wins:
 *   1. AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN
 *   2. the profile AWS_PROFILE ("default") of AWS_SHARED_CREDENTIALS_FILE
 *      (~/.aws/credentials), then of AWS_CONFIG_FILE (~/.aws/config)
 *   3. AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or _FULL_URI
 *   4. the instance metadata service (IMDSv2 alone), unless
 *      AWS_EC2_METADATA_DISABLED is true
 * What is there but cannot be used (half a key pair, a profile that does not
 * exist or asks for a role, a process or SSO) is an error and ends the
 * search: nobody's data goes to another place than the one they named.
 */
#ifndef PROTOCOL_AWS_CREDENTIALS_H
#define PROTOCOL_AWS_CREDENTIALS_H

#include "base/cancel.h"
#include "base/cleanup.h"

#include <stdbool.h>
#include <stdint.h>

/* `{0}` is empty.  Texts are owned and wiped on release. */
struct aws_credentials {
	char *access_key;
	char *secret_key;
	char *session_token; /* NULL for long-lived keys */
	const char *source;  /* "environment", "profile", "container", "instance"; static */
	int64_t expires;     /* seconds since 1970 UTC; 0: never */
};

void aws_credentials_release(struct aws_credentials *c);
#define _cleanup_credentials_ _cleanup_(aws_credentials_release)
int aws_credentials_copy(const struct aws_credentials *from, struct aws_credentials *ret,
			 struct err *err) _must_check_;

enum { AWS_FIND_NO_INSTANCE = 1u << 0 }; /* skip step 4, which may take a second */

/*
 * E_NOTFOUND when there are no credentials anywhere; E_INPUT or E_UNSUPPORTED,
 * with a hint, for ones that cannot be used.  Blocks for steps 3 and 4.
 */
int aws_credentials_find(unsigned flags, struct cancel *cancel, struct aws_credentials *ret,
			 struct err *err) _must_check_;

/* AWS_REGION, AWS_DEFAULT_REGION, the profile's, else us-east-1.  The caller frees. */
int aws_region(char **ret, struct err *err) _must_check_;

/*
 * AWS_ENDPOINT_URL_<SERVICE> (upper case), AWS_ENDPOINT_URL, the profile's endpoint_url; NULL:
 * AWS itself.  AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true ignores them all.  The caller frees.
 */
int aws_endpoint(const char *service, char **ret, struct err *err) _must_check_;

#endif
