/* Endpoints that hand out short-lived keys as JSON: a container's, and an instance's metadata. */
#include "protocol/aws/credentials-int.h"

#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/str.h"
#include "protocol/http/http.h"

#include <string.h>
#include <time.h>

#define CONTAINER_HOST "http://169.254.170.2"
#define INSTANCE_HOST "http://169.254.169.254"
#define INSTANCE_ROLES "latest/meta-data/iam/security-credentials/"

enum { INSTANCE_MS = 1000, CONTAINER_MS = 5000 };

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
	r = credentials_fill(access_key, secret_key, token, source, &c, err);
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
	const char *file = credentials_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	_cleanup_buf_ struct buf b;
	int r;

	buf_init(&b, LIMIT_SMALL_FILE);
	if (!file)
		return str_replace(ret, credentials_env("AWS_CONTAINER_AUTHORIZATION_TOKEN"), err);
	r = fs_read(file, &b, err);
	if (r == E_NOTFOUND)
		return err_set(err, E_INPUT,
			       "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names no file");
	if (r < 0)
		return r;
	*ret = first_line(&b);
	return *ret ? 0 : err_nomem(err);
}

int credentials_from_container(struct cancel *cancel, struct aws_credentials *ret, struct err *err)
{
	const char *relative = credentials_env("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
	const char *full = credentials_env("AWS_CONTAINER_CREDENTIALS_FULL_URI");
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_free_ char *url = NULL;
	_cleanup_secret_ char *token = NULL;
	int r = 0;

	if (!relative && !full)
		return credentials_none(err);
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
	const char *base = credentials_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
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

int credentials_from_instance(struct cancel *cancel, struct aws_credentials *ret, struct err *err)
{
	const char *disabled = credentials_env("AWS_EC2_METADATA_DISABLED");
	int r;

	if (disabled && str_eq_ci(disabled, "true"))
		return credentials_none(err);
	r = from_instance_session(cancel, ret, err);
	if (r == 0 || r == E_CANCEL || r == E_NOMEM)
		return r;
	/* Nothing answers there on any machine that is not an instance with a role. */
	err_clear(err);
	return credentials_none(err);
}
