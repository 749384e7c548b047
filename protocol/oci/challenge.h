/*
 * What a registry asks for with status 401: the challenges of one or more
 * WWW-Authenticate headers (RFC 9110 §11.6.1), of which Basic and Bearer are
 * known here.  Specification of the latter: Distribution's "Token
 * Authentication Specification".
 */
#ifndef PROTOCOL_OCI_CHALLENGE_H
#define PROTOCOL_OCI_CHALLENGE_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>

/* `{0}` is empty.  Texts are owned, NULL when absent. */
struct challenge {
	bool basic, bearer;
	char *realm; /* of Bearer: where a token is to be had */
	char *service;
	char *scope;
};
void challenge_release(struct challenge *c);
#define _cleanup_challenge_ _cleanup_(challenge_release)

/* Add the challenges of one header to *c.  E_PROTO for a text that is none, or longer than 8 KB. */
int challenge_parse(const char *text, struct challenge *c, struct err *err) _must_check_;

#endif
