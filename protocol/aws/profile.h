/*
 * One profile of AWS's shared `credentials` and `config` files.
 *
 * The ini library of base/config.c does not do here: as Debian builds it, it
 * cuts lines at 200 bytes, and session tokens are longer.
 */
#ifndef PROTOCOL_AWS_PROFILE_H
#define PROTOCOL_AWS_PROFILE_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum profile_key {
	PROFILE_ACCESS_KEY,
	PROFILE_SECRET_KEY,
	PROFILE_SESSION_TOKEN,
	PROFILE_REGION,
	PROFILE_ENDPOINT_URL,
	PROFILE_ROLE_ARN,
	PROFILE_CREDENTIAL_PROCESS,
	PROFILE_SSO_SESSION,
	PROFILE_SSO_START_URL,
	PROFILE_SSO_ACCOUNT_ID,
	PROFILE_CREDENTIAL_SOURCE,
	PROFILE_WEB_IDENTITY_TOKEN_FILE,
	PROFILE_LOGIN_SESSION,
	PROFILE_KEYS,
};

/* `{0}` is empty.  Values are owned, wiped on release, NULL when absent. */
struct profile {
	char *values[PROFILE_KEYS];
	bool found; /* a section of this name was there */
};

void profile_release(struct profile *p);
#define _cleanup_profile_ _cleanup_(profile_release)

/* Spelling in the files: "aws_access_key_id"; never NULL. */
const char *profile_key_name(enum profile_key key);

/*
 * Take the values of one section from a file's text.  A value that is there
 * already is kept, but a later duplicate in the same text wins, as in AWS's
 * tools.  With `is_config` the section is called "[profile NAME]" ("[default]"
 * for default).  Lines that are no setting are passed over: other tools' files
 * are not ours to refuse.
 */
int profile_parse(const char *text, size_t n, const char *name, bool is_config, struct profile *p,
		  struct err *err) _must_check_;

/* The profile AWS_PROFILE names, from both files; missing files are empty. */
int profile_load(struct profile *ret, struct err *err) _must_check_;
/* AWS_PROFILE, AWS_DEFAULT_PROFILE or "default"; borrowed. */
const char *profile_name(void);

#endif
