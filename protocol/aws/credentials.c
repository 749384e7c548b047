/* The credentials chain: one function per source, asked in order. */
#include "protocol/aws/credentials.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/str.h"
#include "protocol/aws/profile.h"
#include "protocol/http/http.h"

#include <string.h>
#include <time.h>

#define CONTAINER_HOST "http://169.254.170.2"
#define INSTANCE_HOST "http://169.254.169.254"
#define INSTANCE_ROLES "latest/meta-data/iam/security-credentials/"
#define EXPORT_HINT                                                                                \
	"put keys into the environment with: eval \"$(aws configure export-credentials "           \
	"--format env)\""

enum { INSTANCE_MS = 1000, CONTAINER_MS = 5000 };

static void wipe(char **s)
{
	if (*s)
		explicit_bzero(*s, strlen(*s));
	free(TAKE(*s));
}

#define _cleanup_secret_ _cleanup_(wipe)

void aws_credentials_release(struct aws_credentials *c)
{
	wipe(&c->access_key);
	wipe(&c->secret_key);
	wipe(&c->session_token);
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

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static int none(struct err *err)
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

static int fill(const char *access_key, const char *secret_key, const char *token,
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
	const char *access_key = env("AWS_ACCESS_KEY_ID");
	const char *secret_key = env("AWS_SECRET_ACCESS_KEY");

	(void)cancel;
	if (!access_key && !secret_key)
		return none(err);
	if (!access_key || !secret_key) {
		(void)err_set(err, E_INPUT, "%s is set but %s is not",
			      access_key ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY",
			      access_key ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID");
		err_set_hint(err, "set both, or neither");
		return E_INPUT;
	}
	return fill(access_key, secret_key, env("AWS_SESSION_TOKEN"), "environment", ret, err);
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
	return none(err);
}

static int from_profile(struct cancel *cancel, struct aws_credentials *ret, struct err *err)
{
	_cleanup_profile_ struct profile p = {0};
	const char *access_key, *secret_key;
	int r = profile_load(&p, err);

	(void)cancel;
	if (r < 0)
		return r;
	if (!p.found && (env("AWS_PROFILE") || env("AWS_DEFAULT_PROFILE"))) {
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
	return fill(access_key, secret_key, p.values[PROFILE_SESSION_TOKEN], "profile", ret, err);
}

static int from_web_identity(struct cancel *cancel, struct aws_credentials *ret, struct err *err)
{
	(void)cancel;
	(void)ret;
	return env("AWS_WEB_IDENTITY_TOKEN_FILE") ? unsupported("web identity", err) : none(err);
}

/* --- 3 and 4: endpoints that hand out short-lived keys as JSON --- */

static int parse_expiry(const char *text, int64_t *ret, struct err *err)
{
	struct tm tm = {0};
	const char *end = *text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

	if (*text && !end)
		return err_set(err, E_PROTO, "the credentials' expiry is not a time");
	*ret = *text ? (int64_t)timegm(&tm) : 0;
	return 0;
}

static int parse_answer(const struct http_response *res, const char *source,
			struct aws_credentials *ret, struct err *err)
{
	json_auto_t *j = NULL;
	const char *access_key, *secret_key, *token;
	_cleanup_credentials_ struct aws_credentials c = {0};
	int r = json_parse((const char *)res->body.data, res->body.len, "the credentials' answer",
			   &j, err);

	if (r < 0)
		return r;
	access_key = json_get_str(j, "AccessKeyId", NULL);
	secret_key = json_get_str(j, "SecretAccessKey", NULL);
	token = json_get_str(j, "Token", NULL);
	if (!access_key || !secret_key)
		return err_set(err, E_PROTO, "the %s's credentials answer has no keys", source);
	r = fill(access_key, secret_key, token, source, &c, err);
	if (r == 0)
		r = parse_expiry(json_get_str(j, "Expiration", ""), &c.expires, err);
	if (r < 0)
		return r;
	*ret = c;
	c = (struct aws_credentials){0};
	return 0;
}

/* One small request to a link-local service; any status but 200 is E_SERVER. */
static int ask(const char *method, const char *url, const char *header, const char *value, int ms,
	       struct cancel *cancel, struct http_response *ret, struct err *err)
{
	_cleanup_(http_client_freep) struct http_client *client = NULL;
	struct http_header headers[] = {{header, value}};
	struct http_request req = {
		.method = method,
		.url = url,
		.headers = headers,
		.n_headers = value ? 1 : 0,
		.connect_ms = ms,
		.total_ms = ms,
		.max_body = LIMIT_SMALL_FILE,
		.direct = true,
		.cancel = cancel,
	};
	int r = http_client_new(NULL, &client, err);

	if (r == 0)
		r = http_perform(client, &req, ret, err);
	if (r < 0)
		return r;
	if (ret->status != 200)
		return err_set(err, E_SERVER, "the credentials endpoint answered status %d",
			       ret->status);
	return 0;
}

/* Text up to the first line break; the caller frees (wiping). */
static char *first_line(const struct buf *b)
{
	const char *text = b->len ? (const char *)b->data : "";
	size_t n = 0;

	while (n < b->len && (unsigned char)text[n] >= ' ')
		n++;
	return str_ndup(text, n);
}

/* Keys in clear text go to this machine or AWS's own link-local addresses alone. */
static int check_container_url(const char *url, struct err *err)
{
	static const char *const hosts[] = {"localhost",     "127.0.0.1",      "[::1]",
					    "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};

	if (str_starts_ci(url, "https://"))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(hosts) && str_starts_ci(url, "http://"); i++) {
		size_t n = strlen(hosts[i]);

		if (str_starts_ci(url + 7, hosts[i]) && strchr(":/", url[7 + n]))
			return 0;
	}
	return err_set(
		err, E_INPUT,
		"AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https:// nor a local address");
}

static int container_token(char **ret, struct err *err)
{
	const char *file = env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	_cleanup_buf_ struct buf b;
	int r;

	if (!file)
		return str_replace(ret, env("AWS_CONTAINER_AUTHORIZATION_TOKEN"), err);
	buf_init(&b, LIMIT_SMALL_FILE);
	r = fs_read(file, &b, err);
	if (r < 0)
		return err_prefix(err, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") ? E_INPUT : r;
	*ret = first_line(&b);
	return *ret ? 0 : err_nomem(err);
}

static int from_container(struct cancel *cancel, struct aws_credentials *ret, struct err *err)
{
	const char *relative = env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_free_ char *url = NULL;
	_cleanup_secret_ char *token = NULL;
	int r = 0;

	if (!relative && !full)
		return none(err);
	url = relative ? str_fmt("%s%s", CONTAINER_HOST, relative) : str_dup(full);
	if (!url)
		return err_nomem(err);
	if (!relative)
		r = check_container_url(url, err);
	if (r == 0)
		r = container_token(&token, err);
	if (r == 0)
		r = ask("GET", url, "Authorization", token, CONTAINER_MS, cancel, &res, err);
	if (r == 0)
		r = parse_answer(&res, "container", ret, err);
	if (r < 0)
		return err_prefix(err, "AWS container credentials");
	return 0;
}

static int instance_get(const char *method, const char *path, const char *header, const char *value,
			struct cancel *cancel, struct http_response *ret, struct err *err)
{
	const char *base = env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	_cleanup_free_ char *url = NULL;
	size_t n;

	if (!base)
		base = INSTANCE_HOST;
	n = strlen(base);
	while (n && base[n - 1] == '/')
		n--;
	url = str_fmt("%.*s/%s", (int)n, base, path);
	if (!url)
		return err_nomem(err);
	return ask(method, url, header, value, INSTANCE_MS, cancel, ret, err);
}

/* IMDSv2: a session token, the role's name, the role's keys. */
static int from_instance_session(struct cancel *cancel, struct aws_credentials *ret,
				 struct err *err)
{
	_cleanup_http_response_ struct http_response session = {0}, role = {0}, keys = {0};
	_cleanup_secret_ char *token = NULL;
	_cleanup_free_ char *name = NULL;
	_cleanup_free_ char *path = NULL;
	int r = instance_get("PUT", "latest/api/token", "X-aws-ec2-metadata-token-ttl-seconds",
			     "21600", cancel, &session, err);

	if (r < 0)
		return r;
	token = first_line(&session.body);
	if (!token)
		return err_nomem(err);
	r = instance_get("GET", INSTANCE_ROLES, "X-aws-ec2-metadata-token", token, cancel, &role,
			 err);
	if (r < 0)
		return r;
	name = first_line(&role.body);
	path = name ? str_fmt(INSTANCE_ROLES "%s", name) : NULL;
	if (!path)
		return err_nomem(err);
	r = instance_get("GET", path, "X-aws-ec2-metadata-token", token, cancel, &keys, err);
	return r < 0 ? r : parse_answer(&keys, "instance", ret, err);
}

static int from_instance(struct cancel *cancel, struct aws_credentials *ret, struct err *err)
{
	const char *disabled = env("AWS_EC2_METADATA_DISABLED");
	int r;

	if (disabled && str_eq_ci(disabled, "true"))
		return none(err);
	r = from_instance_session(cancel, ret, err);
	if (r == 0 || r == E_CANCEL || r == E_NOMEM)
		return r;
	/* Nothing answers there on any machine that is not an instance with a role. */
	err_clear(err);
	return none(err);
}

typedef int source_fn(struct cancel *cancel, struct aws_credentials *ret, struct err *err);

int aws_credentials_find(unsigned flags, struct cancel *cancel, struct aws_credentials *ret,
			 struct err *err)
{
	static source_fn *const sources[] = {from_environment, from_web_identity, from_profile,
					     from_container, from_instance};

	for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
		int r;

		if ((flags & AWS_FIND_NO_INSTANCE) && sources[i] == from_instance)
			continue;
		r = sources[i](cancel, ret, err);
		if (r != E_NOTFOUND)
			return r;
		err_clear(err);
	}
	return none(err);
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
	const char *set = env("AWS_REGION");
	_cleanup_free_ char *region = NULL;
	int r;

	if (!set)
		set = env("AWS_DEFAULT_REGION");
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
	const char *ignore = env("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
	const char *set;

	if (!variable)
		return err_nomem(err);
	*ret = NULL;
	if (ignore && str_eq_ci(ignore, "true"))
		return 0;
	set = env(variable);
	if (!set)
		set = env("AWS_ENDPOINT_URL");
	return set ? copy(set, ret, err) : from_profile_key(PROFILE_ENDPOINT_URL, ret, err);
}
