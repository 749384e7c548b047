/* The credentials chain: one function per source, asked in order. */
#include "protocol/aws/credentials.h"

#include "base/str.h"
#include "protocol/aws/credentials-int.h"
#include "protocol/aws/profile.h"

#include <string.h>

#define EXPORT_HINT                                                                                \
	"put keys into the environment with: eval \"$(aws configure export-credentials "           \
	"--format env)\""

void aws_credentials_release(struct aws_credentials *c)
{
	str_wipe(&c->access_key);
	str_wipe(&c->secret_key);
	str_wipe(&c->session_token);
	c->source = NULL;
	c->expires = 0;
}

int aws_credentials_copy(const struct aws_credentials *from, struct aws_credentials *ret,
			 struct err *err)
{
	_cleanup_credentials_ struct aws_credentials c = {.source = from->source,
							  .expires = from->expires};
	int r = str_replace(&c.access_key, from->access_key, err);

	if (r == 0)
		r = str_replace(&c.secret_key, from->secret_key, err);
	if (r == 0)
		r = str_replace(&c.session_token, from->session_token, err);
	if (r < 0)
		return r;
	*ret = c;
	c = (struct aws_credentials){0};
	return 0;
}

const char *credentials_env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

int credentials_none(struct err *err)
{
	int r = err_set(err, E_NOTFOUND, "no AWS credentials were found");

	err_set_hint(err,
		     "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws configure`");
	return r;
}

/* Signing puts these into headers; nothing in them may end one. */
static int check_text(const char *what, const char *value, struct err *err)
{
	for (const char *p = value; p && *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f)
			return err_set(err, E_INPUT, "%s holds a space or a control character",
				       what);
	return 0;
}

int credentials_fill(const char *access_key, const char *secret_key, const char *token,
		     const char *source, struct aws_credentials *ret, struct err *err)
{
	struct aws_credentials c = {.access_key = (char *)access_key,
				    .secret_key = (char *)secret_key,
				    .session_token = (char *)token,
				    .source = source};
	int r = check_text("the AWS access key", access_key, err);

	if (r == 0)
		r = check_text("the AWS secret key", secret_key, err);
	if (r == 0)
		r = check_text("the AWS session token", token, err);
	return r < 0 ? r : aws_credentials_copy(&c, ret, err);
}

/* --- 1: environment --- */

static int from_environment(struct cancel *cancel, struct aws_credentials *ret, struct err *err)
{
	const char *access_key = credentials_env("AWS_ACCESS_KEY_ID");
	const char *secret_key = credentials_env("AWS_SECRET_ACCESS_KEY");

	(void)cancel;
	if (!access_key && !secret_key)
		return credentials_none(err);
	if (!access_key || !secret_key) {
		(void)err_set(err, E_INPUT, "%s is set but %s is not",
			      access_key ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
			      access_key ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
		err_set_hint(err, "set both, or neither");
		return E_INPUT;
	}
	return credentials_fill(access_key, secret_key, credentials_env("AWS_SESSION_TOKEN"),
				"environment", ret, err);
}

/* --- 2: the shared files --- */

static int unsupported(const char *what, struct err *err)
{
	int r = err_set(err, E_UNSUPPORTED, "AWS credentials by %s are not read here", what);

	err_set_hint(err, EXPORT_HINT);
	return r;
}

/* Other ways to credentials that a profile may ask for. */
static int check_indirect(const struct profile *p, struct err *err)
{
	static const enum profile_key keys[] = {
		PROFILE_CREDENTIAL_PROCESS, PROFILE_SSO_SESSION,
		PROFILE_SSO_START_URL,      PROFILE_SSO_ACCOUNT_ID,
		PROFILE_CREDENTIAL_SOURCE,  PROFILE_WEB_IDENTITY_TOKEN_FILE,
		PROFILE_LOGIN_SESSION,
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (p->values[keys[i]])
			return unsupported(profile_key_name(keys[i]), err);
	return credentials_none(err);
}

static int from_profile(struct cancel *cancel, struct aws_credentials *ret, struct err *err)
{
	_cleanup_profile_ struct profile p = {0};
	const char *access_key, *secret_key;
	int r = profile_load(&p, err);

	(void)cancel;
	if (r < 0)
		return r;
	if (!p.found &&
	    (credentials_env("AWS_PROFILE") || credentials_env("AWS_DEFAULT_PROFILE"))) {
		(void)err_set(err, E_INPUT, "there is no AWS profile named %s", profile_name());
		err_set_hint(err, "`aws configure list-profiles` shows the names; AWS_PROFILE "
				  "chooses one");
		return E_INPUT;
	}
	access_key = p.values[PROFILE_ACCESS_KEY];
	secret_key = p.values[PROFILE_SECRET_KEY];
	if (p.values[PROFILE_ROLE_ARN])
		return unsupported("role_arn", err);
	if (!access_key && !secret_key)
		return check_indirect(&p, err);
	if (!access_key || !secret_key)
		return err_set(err, E_INPUT, "the AWS profile %s has no %s", profile_name(),
			       profile_key_name(access_key ? PROFILE_SECRET_KEY
							   : PROFILE_ACCESS_KEY));
	return credentials_fill(access_key, secret_key, p.values[PROFILE_SESSION_TOKEN], "profile",
				ret, err);
}

static int from_web_identity(struct cancel *cancel, struct aws_credentials *ret, struct err *err)
{
	(void)cancel;
	(void)ret;
	return credentials_env("AWS_WEB_IDENTITY_TOKEN_FILE") ? unsupported("web identity", err)
							      : credentials_none(err);
}

typedef int source_fn(struct cancel *cancel, struct aws_credentials *ret, struct err *err);

int aws_credentials_find(unsigned flags, struct cancel *cancel, struct aws_credentials *ret,
			 struct err *err)
{
	static source_fn *const sources[] = {from_environment, from_web_identity, from_profile,
					     credentials_from_container, credentials_from_instance};

	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		int r;

		if ((flags & AWS_FIND_NO_INSTANCE) && sources[i] == credentials_from_instance)
			continue;
		r = sources[i](cancel, ret, err);
		if (r != E_NOTFOUND)
			return r;
		err_clear(err);
	}
	return credentials_none(err);
}

/* --- region and endpoint --- */

static int from_profile_key(enum profile_key key, char **ret, struct err *err)
{
	_cleanup_profile_ struct profile p = {0};
	int r = profile_load(&p, err);

	if (r == 0)
		*ret = TAKE(p.values[key]);
	return r;
}

static int copy(const char *value, char **ret, struct err *err)
{
	*ret = str_dup(value);
	return *ret ? 0 : err_nomem(err);
}

int aws_region(char **ret, struct err *err)
{
	const char *set = credentials_env("AWS_REGION");
	_cleanup_free_ char *region = NULL;
	int r;

	if (!set)
		set = credentials_env("AWS_DEFAULT_REGION");
	if (set)
		return copy(set, ret, err);
	r = from_profile_key(PROFILE_REGION, &region, err);
	if (r < 0)
		return r;
	return region ? (*ret = TAKE(region), 0) : copy("us-east-1", ret, err);
}

int aws_endpoint(const char *service, char **ret, struct err *err)
{
	_cleanup_free_ char *variable = str_fmt("AWS_ENDPOINT_URL_%s", service);
	const char *ignore = credentials_env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
	const char *set;

	if (!variable)
		return err_nomem(err);
	*ret = NULL;
	if (ignore && str_eq_ci(ignore, "true"))
		return 0;
	set = credentials_env(variable);
	if (!set)
		set = credentials_env("AWS_ENDPOINT_URL");
	return set ? copy(set, ret, err) : from_profile_key(PROFILE_ENDPOINT_URL, ret, err);
}
