/* What AWS's error codes mean here. */
#include "protocol/aws/aws-error.h"

#include "base/cleanup.h"
#include "base/json.h"
#include "base/str.h"
#include "protocol/aws/xml.h"

#include <string.h>

enum { MESSAGE_MAX = 1500 };

#define CLOCK_HINT "set this machine's clock: the request's time is not AWS's"
#define EXPIRED_HINT "the credentials have expired: sign in again and set the new keys and token"

/*
 * By code and by how the message begins (SageMaker says "ValidationException"
 * for nearly all), the first that fits.
 */
static const struct meaning {
	const char *code;    /* NULL: any other */
	const char *message; /* contains this; NULL: any */
	int status;          /* 0: any */
	int result;
	bool passes;
	const char *name; /* err->name; NULL: the code */
	const char *hint;
} meanings[] = {
	{"ValidationException", "Could not find", 0, E_NOTFOUND, false, NULL,
	 "check the name and the region"},
	{"ValidationException", "already exist", 0, E_EXISTS, false, NULL, "choose another name"},
	{"ValidationException", "in-progress", 0, E_EXISTS, false, "EndpointInProgress",
	 "wait until the endpoint is InService again"},
	{"ValidationException", "in use", 0, E_EXISTS, false, NULL, ""},
	{"ValidationException", NULL, 0, E_INPUT, false, NULL, ""},
	{"ResourceNotFound", NULL, 0, E_NOTFOUND, false, NULL, "check the name and the region"},
	{"ResourceNotFoundException", NULL, 0, E_NOTFOUND, false, NULL, ""},
	{"RepositoryNotFoundException", NULL, 0, E_NOTFOUND, false, NULL,
	 "check the repository's name and the region"},
	{"ImageNotFoundException", NULL, 0, E_NOTFOUND, false, NULL, ""},
	{"NoSuchEntity", NULL, 0, E_NOTFOUND, false, NULL, "check the role's name and the account"},
	{"NoSuchResourceException", NULL, 0, E_NOTFOUND, false, NULL, ""},
	{"RepositoryAlreadyExistsException", NULL, 0, E_EXISTS, false, NULL, ""},
	{"RepositoryNotEmptyException", NULL, 0, E_EXISTS, false, NULL, ""},
	{"ResourceInUse", NULL, 0, E_EXISTS, false, NULL, ""},
	{"ConflictException", NULL, 0, E_EXISTS, false, NULL, ""},
	{"ResourceLimitExceeded", NULL, 0, E_SERVER, false, NULL,
	 "take another instance type, or ask for a higher limit in the Service Quotas console"},
	{"LimitExceededException", NULL, 0, E_SERVER, false, NULL,
	 "ask for a higher limit in the Service Quotas console"},
	{"ThrottlingException", NULL, 0, E_SERVER, true, NULL, "try again later"},
	{"Throttling", NULL, 0, E_SERVER, true, NULL, "try again later"},
	{"ThrottledException", NULL, 0, E_SERVER, true, NULL, "try again later"},
	{"TooManyRequestsException", NULL, 0, E_SERVER, true, NULL, "try again later"},
	{"RequestLimitExceeded", NULL, 0, E_SERVER, true, NULL, "try again later"},
	{"InternalFailure", NULL, 0, E_SERVER, true, NULL, "try again later"},
	{"ServiceUnavailable", NULL, 0, E_SERVER, true, NULL, "try again later"},
	{"ExpiredTokenException", NULL, 0, E_AUTH, false, NULL, EXPIRED_HINT},
	{"ExpiredToken", NULL, 0, E_AUTH, false, NULL, EXPIRED_HINT},
	{"RequestExpired", NULL, 0, E_AUTH, false, "RequestTimeTooSkewed", CLOCK_HINT},
	{"RequestTimeTooSkewed", NULL, 0, E_AUTH, false, NULL, CLOCK_HINT},
	{"InvalidSignatureException", "Signature expired", 0, E_AUTH, false, "RequestTimeTooSkewed",
	 CLOCK_HINT},
	{"InvalidSignatureException", "Signature not yet", 0, E_AUTH, false, "RequestTimeTooSkewed",
	 CLOCK_HINT},
	{"SignatureDoesNotMatch", "Signature expired", 0, E_AUTH, false, "RequestTimeTooSkewed",
	 CLOCK_HINT},
	{"SignatureDoesNotMatch", "Signature not yet", 0, E_AUTH, false, "RequestTimeTooSkewed",
	 CLOCK_HINT},
	{"InvalidSignatureException", NULL, 0, E_AUTH, false, NULL, "check AWS_SECRET_ACCESS_KEY"},
	{"SignatureDoesNotMatch", NULL, 0, E_AUTH, false, NULL, "check AWS_SECRET_ACCESS_KEY"},
	{"UnrecognizedClientException", NULL, 0, E_AUTH, false, NULL,
	 "check AWS_ACCESS_KEY_ID, the session token and whether the region is enabled"},
	{"InvalidClientTokenId", NULL, 0, E_AUTH, false, NULL,
	 "check AWS_ACCESS_KEY_ID and the session token"},
	{"OptInRequired", NULL, 0, E_AUTH, false, NULL, "enable the region for this account"},
	{"AccessDeniedException", NULL, 0, E_AUTH, false, NULL,
	 "ask the account's owner to permit it to these credentials"},
	{"AccessDenied", NULL, 0, E_AUTH, false, NULL,
	 "ask the account's owner to permit it to these credentials"},
	{NULL, NULL, 401, E_AUTH, false, NULL, "check the credentials"},
	{NULL, NULL, 403, E_AUTH, false, NULL, "check the credentials and what they permit"},
	{NULL, NULL, 404, E_NOTFOUND, false, NULL, "check the name and the region"},
	{NULL, NULL, 429, E_SERVER, true, NULL, "try again later"},
	{NULL, NULL, 500, E_SERVER, true, NULL, "try again later"},
	{NULL, NULL, 502, E_SERVER, true, NULL, "try again later"},
	{NULL, NULL, 503, E_SERVER, true, NULL, "try again later"},
	{NULL, NULL, 504, E_SERVER, true, NULL, "try again later"},
	{NULL, NULL, 0, E_SERVER, false, NULL, ""},
};

/* Owned texts; "" when the answer lacks them. */
struct told {
	char *code, *message;
};

static void told_release(struct told *t)
{
	free(t->code);
	free(t->message);
}

static const struct meaning *find_meaning(const struct told *t, int status)
{
	const struct meaning *m = meanings;

	for (;; m++) {
		if (m->code ? !str_eq(m->code, t->code) : m->status && m->status != status)
			continue;
		if (!m->message || str_find_ci(t->message, m->message))
			return m;
	}
}

/* "com.amazonaws.sagemaker#ResourceNotFound", "ResourceNotFound:http://…". */
static char *bare_code(const char *type)
{
	const char *hash = strrchr(type, '#');

	type = hash ? hash + 1 : type;
	return str_ndup(type, strcspn(type, ": \r\n"));
}

static void read_json(const void *body, size_t n, struct told *t)
{
	json_auto_t *j = NULL;

	if (json_parse(body, n, "error", &j, NULL) < 0)
		return;
	t->code = bare_code(json_get_str(j, "__type", json_get_str(j, "code", "")));
	t->message = str_dup(json_get_str(j, "message", json_get_str(j, "Message", "")));
}

static int on_element(void *userdata, const char *path, const char *text, struct err *err)
{
	struct told *t = userdata;

	if (str_ends_ci(path, "Error/Code"))
		return str_replace(&t->code, text, err);
	if (str_ends_ci(path, "Error/Message"))
		return str_replace(&t->message, text, err);
	return 0;
}

static void read_answer(const char *type, const void *body, size_t n, struct told *t)
{
	const char *p = body;

	if (n && *p == '{')
		read_json(body, n, t);
	else if (n && *p == '<')
		(void)!xml_walk(body, n, on_element, t, NULL); /* what was read until then counts */
	if (type && *type) {
		free(t->code);
		t->code = bare_code(type);
	}
}

int aws_error_tell(int status, const char *type, const void *body, size_t n, bool *ret_passes,
		   struct err *err)
{
	_cleanup_(told_release) struct told t = {0};
	const struct meaning *m;

	read_answer(type, body, n, &t);
	if (!t.code)
		t.code = str_dup("");
	if (!t.message)
		t.message = str_dup("");
	if (!t.code || !t.message)
		return err_nomem(err);
	m = find_meaning(&t, status);
	if (*t.code)
		(void)err_set(err, m->result, "%.*s (%.*s)", MESSAGE_MAX,
			      *t.message ? t.message : "AWS refuses", ERR_NAME_MAX - 1, t.code);
	else
		(void)err_set(err, m->result, "AWS answered with status %d", status);
	err_set_name(err, m->name ? m->name : t.code);
	err_set_hint(err, "%s", m->hint);
	*ret_passes = m->passes;
	return m->result;
}
