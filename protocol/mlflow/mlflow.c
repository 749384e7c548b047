/*
 * The client: address, credentials, one call and the mapping of its errors.
 * The calls themselves are in experiments.c, runs.c and artifacts.c.
 */
#include "protocol/mlflow/mlflow-int.h"

#include "base/limits.h"
#include "base/str.h"

#include <string.h>

enum {
	TIMEOUT_S = 120, /* MLFLOW_HTTP_REQUEST_TIMEOUT's default */
	TIMEOUT_MAX_S = 86400,
	RETRY_AFTER_MAX_S = 600,
	MESSAGE_MAX =
		1000, /* bytes of the server's message shown; it may hold whole SQL statements */
};

struct mlflow {
	struct http_client *http;
	char *uri;
	char *user; /* or NULL */
	char *password;
	char *bearer; /* "Bearer …", or NULL */
	int timeout_ms;
	int retry_after_ms;
};

static const char *env(const char *name)
{
	const char *v = getenv(name);

	return v && *v ? v : NULL;
}

static int read_credentials(struct mlflow *m, struct err *err)
{
	const char *token = env("MLFLOW_TRACKING_TOKEN");
	int r = str_replace(&m->user, env("MLFLOW_TRACKING_USERNAME"), err);

	if (r == 0)
		r = str_replace(&m->password, env("MLFLOW_TRACKING_PASSWORD"), err);
	/* As in MLflow's client, name and password win over a token. */
	if (r == 0 && !m->user && token) {
		m->bearer = str_fmt("Bearer %s", token);
		r = m->bearer ? 0 : err_nomem(err);
	}
	return r;
}

static int make_http(struct mlflow *m, struct err *err)
{
	struct http_options options = {
		.ca_file = env("MLFLOW_TRACKING_SERVER_CERT_PATH"),
		.client_cert = env("MLFLOW_TRACKING_CLIENT_CERT_PATH"),
	};
	const char *insecure = env("MLFLOW_TRACKING_INSECURE_TLS");

	if (insecure && str_parse_bool(insecure, &options.insecure, err) < 0)
		return err_prefix(err, "MLFLOW_TRACKING_INSECURE_TLS");
	return http_client_new(&options, &m->http, err);
}

static int read_timeout(struct mlflow *m, struct err *err)
{
	const char *text = env("MLFLOW_HTTP_REQUEST_TIMEOUT");
	int64_t s = TIMEOUT_S;

	if (text && str_parse_i64(text, &s, err) < 0)
		return err_prefix(err, "MLFLOW_HTTP_REQUEST_TIMEOUT");
	if (s < 1 || s > TIMEOUT_MAX_S)
		return err_set(err, E_INPUT,
			       "MLFLOW_HTTP_REQUEST_TIMEOUT is not between 1 and %d seconds",
			       TIMEOUT_MAX_S);
	m->timeout_ms = (int)s * 1000;
	return 0;
}

static int check_scheme(const char *uri, struct err *err)
{
	int r;

	if (str_starts_ci(uri, "http://") || str_starts_ci(uri, "https://"))
		return 0;
	r = err_set(err, E_UNSUPPORTED, "the tracking address \"%s\" is not http:// or https://",
		    uri);
	err_set_hint(err, "set MLFLOW_TRACKING_URI to a server's address (mlflow server serves a "
			  "folder or a database), or unset it for the local server");
	return r;
}

static int hex_digit(char c)
{
	return str_is_digit(c)        ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* n bytes with %XX decoded; NULL when out of memory. */
static char *percent_decode(const char *s, size_t n)
{
	char *copy = str_ndup(s, n);
	char *to = copy;

	for (const char *p = copy; p && *p; p++) {
		if (*p == '%' && hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
			*to++ = (char)(hex_digit(p[1]) << 4 | hex_digit(p[2]));
			p += 2;
		} else {
			*to++ = *p;
		}
	}
	if (to)
		*to = '\0';
	return copy;
}

/* Split "scheme://user:password@host/…": the address is shown, the rest is not. */
static int read_address(struct mlflow *m, const char *uri, struct err *err)
{
	const char *host = strstr(uri, "://") + 3;
	const char *at = memchr(host, '@', strcspn(host, "/?#"));
	size_t n;

	if (at) {
		const char *colon = memchr(host, ':', (size_t)(at - host));
		const char *end = colon ? colon : at;

		m->user = percent_decode(host, (size_t)(end - host));
		m->password = colon ? percent_decode(colon + 1, (size_t)(at - colon - 1)) : NULL;
		if (!m->user || (colon && !m->password))
			return err_nomem(err);
	}
	m->uri = at ? str_fmt("%.*s%s", (int)(host - uri), uri, at + 1) : str_dup(uri);
	n = m->uri ? strlen(m->uri) : 0;
	while (n && m->uri[n - 1] == '/')
		m->uri[--n] = '\0';
	return m->uri ? 0 : err_nomem(err);
}

int mlflow_new(const char *uri, struct mlflow **ret, struct err *err)
{
	_cleanup_(mlflow_freep) struct mlflow *m = NULL;
	int r = check_scheme(uri, err);

	if (r < 0)
		return r;
	m = calloc(1, sizeof(*m));
	if (!m)
		return err_nomem(err);
	r = read_address(m, uri, err);
	if (r == 0 && !m->user)
		r = read_credentials(m, err);
	if (r == 0)
		r = read_timeout(m, err);
	if (r == 0)
		r = make_http(m, err);
	if (r < 0)
		return r;
	*ret = TAKE(m);
	return 0;
}

static void free_secret(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void mlflow_free(struct mlflow *m)
{
	if (!m)
		return;
	http_client_free(m->http);
	free(m->uri);
	free(m->user);
	free_secret(m->password);
	free_secret(m->bearer);
	free(m);
}

const char *mlflow_uri(const struct mlflow *m)
{
	return m->uri;
}

int mlflow_retry_after_ms(const struct mlflow *m)
{
	return m->retry_after_ms;
}

/* Delta seconds only; the date form of RFC 9110 §10.2.3 is not worth a calendar here. */
static int retry_after(const struct http_response *res)
{
	const char *text = http_response_header(res, "Retry-After");
	uint64_t s;

	if (!text || str_parse_u64(text, &s, NULL) < 0)
		return 0;
	return (int)(s < RETRY_AFTER_MAX_S ? s : RETRY_AFTER_MAX_S) * 1000;
}

/* E_* of a status; `known` tells that the body is MLflow's own error. */
static int status_code(int status, const char *error_code, bool known)
{
	if (status == 401 || status == 403)
		return E_AUTH;
	if (status == 413)
		return E_TOOBIG;
	if (status >= 500 || status == 408 || status == 429)
		return E_SERVER;
	/* A proxy's or another server's page must not pass for MLflow's verdict. */
	if (!known)
		return E_PROTO;
	if (str_eq(error_code, "RESOURCE_ALREADY_EXISTS"))
		return E_EXISTS;
	return status == 404 ? E_NOTFOUND : E_INPUT;
}

static void add_hint(const struct mlflow *m, int code, int status, struct err *err)
{
	if (code == E_AUTH)
		err_set_hint(err, "check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD or "
				  "MLFLOW_TRACKING_TOKEN, and the server's --allowed-hosts");
	else if (code == E_PROTO)
		err_set_hint(err, "check that %s is an MLflow tracking server", m->uri);
	else if (code == E_TOOBIG)
		err_set_hint(err, "raise the limit on request bodies of the proxy before MLflow");
	else if (code == E_SERVER)
		err_set_hint(err, "%s",
			     status == 429 ? "the server asks for fewer requests"
					   : "the server's log tells more");
}

static int tell_status(const struct mlflow *m, const struct http_response *res, struct err *err)
{
	json_auto_t *j = json_loadb((const char *)res->body.data, res->body.len, 0, NULL);
	const char *error_code = json_get_str(j, "error_code", "");
	const char *message = json_get_str(j, "message", "");
	size_t n = strcspn(message, "\n");
	int code = status_code(res->status, error_code, *error_code != '\0');

	if (n > MESSAGE_MAX)
		for (n = MESSAGE_MAX; n && ((unsigned char)message[n] & 0xC0) == 0x80;)
			n--;
	if (*message)
		(void)err_set(err, code, "MLflow: %.*s", (int)n, message);
	else
		(void)err_set(err, code, "%s answered with status %d", m->uri, res->status);
	if (*error_code)
		err_set_name(err, error_code);
	add_hint(m, code, res->status, err);
	return code;
}

int mlflow_perform(struct mlflow *m, struct http_request *req, struct http_response *ret,
		   struct err *err)
{
	struct http_header headers[2] = {{"Content-Type", "application/json"}};
	int r;

	if (m->bearer)
		headers[1] = (struct http_header){"Authorization", m->bearer};
	req->headers = req->body ? headers : headers + 1;
	req->n_headers = (size_t)(req->body ? 1 : 0) + (m->bearer ? 1 : 0);
	req->user = m->user;
	req->password = m->password;
	req->stall_ms = m->timeout_ms;
	m->retry_after_ms = 0;
	r = http_perform(m->http, req, ret, err);
	/* The array above ends with this call. */
	req->headers = NULL;
	req->n_headers = 0;
	if (r < 0)
		return r;
	m->retry_after_ms = retry_after(ret);
	if (ret->status < 200 || ret->status > 299)
		return tell_status(m, ret, err);
	return 0;
}

int mlflow_bad_answer(const char *what, const json_error_t *at, struct err *err)
{
	return err_set(err, E_PROTO, "MLflow's answer to %s is not as expected: %s", what,
		       at->text);
}

static int perform_json(struct mlflow *m, struct http_request *req, const char *endpoint,
			json_t **ret, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	json_t *j = NULL;
	int r = mlflow_perform(m, req, &res, err);

	if (r < 0)
		return r;
	r = json_parse((const char *)res.body.data, res.body.len, "MLflow's answer", &j, err);
	if (r == 0 && !json_is_object(j)) {
		json_decref(j);
		r = err_set(err, E_PROTO, "MLflow's answer to %s is not an object", endpoint);
	}
	if (r < 0) {
		err_set_hint(err, "check that %s is an MLflow tracking server", m->uri);
		return r;
	}
	if (ret)
		*ret = j;
	else
		json_decref(j);
	return 0;
}

static int post(struct mlflow *m, const char *endpoint, json_t *body, bool once,
		struct cancel *cancel, json_t **ret, struct err *err)
{
	_cleanup_free_ char *url = str_fmt("%s" API "%s", m->uri, endpoint);
	_cleanup_free_ char *text = body ? json_text(body) : NULL;
	struct http_request req = {.method = "POST", .cancel = cancel, .once = once};

	json_decref(body);
	if (!url || !text)
		return err_nomem(err);
	req.url = url;
	req.body = text;
	req.body_len = strlen(text);
	return perform_json(m, &req, endpoint, ret, err);
}

int mlflow_post(struct mlflow *m, const char *endpoint, json_t *body, struct cancel *cancel,
		json_t **ret, struct err *err)
{
	return post(m, endpoint, body, /* once= */ false, cancel, ret, err);
}

int mlflow_post_once(struct mlflow *m, const char *endpoint, json_t *body, struct cancel *cancel,
		     json_t **ret, struct err *err)
{
	return post(m, endpoint, body, /* once= */ true, cancel, ret, err);
}

int mlflow_get(struct mlflow *m, const char *endpoint, const char *name, const char *value,
	       struct cancel *cancel, json_t **ret, struct err *err)
{
	_cleanup_buf_ struct buf b = {0};
	_cleanup_free_ char *url = NULL;
	struct http_request req = {.method = "GET", .cancel = cancel};

	buf_init(&b, KIB(64));
	buf_printf(&b, "%s" API "%s%c%s=", m->uri, endpoint, strchr(endpoint, '?') ? '&' : '?',
		   name);
	http_escape(&b, value, strlen(value), "");
	url = buf_take_str(&b);
	if (!url)
		return buf_check(&b, "the address", err);
	req.url = url;
	return perform_json(m, &req, endpoint, ret, err);
}
