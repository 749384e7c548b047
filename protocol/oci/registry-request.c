/*
 * One request to a registry: credentials by the scheme it asks for, trying
 * again, and what an error answer says.
 */
#include "protocol/oci/registry-int.h"

#include "base/backoff.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/str.h"
#include "protocol/oci/challenge.h"
#include "protocol/oci/registry-error.h"

#include <string.h>

enum { RETRY_AFTER_MAX_S = 120, HTTP_UNAUTHORIZED = 401, HTTP_RANGE = 416 };

char *registry_path(const char *repository, const char *what)
{
	return str_fmt("/v2/%s/%s", repository, what);
}

/* --- one try --- */

/* Whether an absolute URL lies on the registry itself. */
static bool is_ours(const struct registry *r, const char *url)
{
	size_t n = strlen(r->origin);

	return str_starts_ci(url, r->origin) && strchr("/?", url[n]) && url[n];
}

/* An upload may lead elsewhere (a store of its own); credentials do not go along. */
static int check_url(const struct registry *r, const char *url, struct err *err)
{
	if (is_ours(r, url) || str_starts_ci(url, "https://") ||
	    (str_starts_ci(url, "http://") && str_starts_ci(r->origin, "http://")))
		return 0;
	return err_set(err, E_PROTO, "the registry leads to an address that is not https");
}

static int attempt(struct registry *r, const struct registry_call *call, struct http_response *ret,
		   struct err *err)
{
	_cleanup_free_ char *url = str_fmt("%s%s", *call->url == '/' ? r->origin : "", call->url);
	struct http_header headers[REGISTRY_HEADERS + 1];
	struct http_request req = {
		.method = call->method,
		.url = url,
		.headers = headers,
		.n_headers = call->n_headers,
		.body = call->body,
		.body_len = call->body_len,
		.stall_ms = r->stall_ms,
		.cancel = call->cancel,
		.once = call->one_try,
	};

	if (!url)
		return err_nomem(err);
	if (check_url(r, url, err) < 0)
		return err->code;
	for (size_t i = 0; i < call->n_headers; i++)
		headers[i] = call->headers[i];
	if (is_ours(r, url) && r->authorization)
		headers[req.n_headers++] = (struct http_header){"Authorization", r->authorization};
	else if (is_ours(r, url) && r->basic) {
		req.user = r->user;
		req.password = r->password;
	}
	return http_perform(r->http, &req, ret, err);
}

/* --- credentials --- */

/* The realm gets the password: never in clear text when the registry itself is not so. */
static int check_realm(const struct registry *r, const char *realm, struct err *err)
{
	if (str_starts_ci(realm, "https://") ||
	    (str_starts_ci(realm, "http://") && str_starts_ci(r->origin, "http://")))
		return 0;
	return err_set(err, E_PROTO, "the registry's token server has no https address");
}

static char *token_url(const struct challenge *c, const char *scope)
{
	struct {
		const char *name, *value;
	} query[] = {{"service", c->service}, {"scope", c->scope ? c->scope : scope}};
	_cleanup_buf_ struct buf b;
	char sep = strchr(c->realm, '?') ? '&' : '?';

	buf_init(&b, LIMIT_SMALL_FILE);
	buf_put_str(&b, c->realm);
	for (size_t i = 0; i < ARRAY_LEN(query); i++) {
		if (!query[i].value)
			continue;
		buf_printf(&b, "%c%s=", sep, query[i].name);
		http_escape(&b, query[i].value, strlen(query[i].value), "");
		sep = '&';
	}
	return buf_take_str(&b);
}

static int take_token(struct registry *r, const struct http_response *res, struct err *err)
{
	json_auto_t *j = NULL;
	const char *token;
	int e = json_parse((const char *)res->body.data, res->body.len, "the token's answer", &j,
			   err);

	if (e < 0)
		return e;
	token = json_get_str(j, "token", json_get_str(j, "access_token", NULL));
	if (!token || strpbrk(token, " \r\n"))
		return err_set(err, E_PROTO, "the registry's token server sent no token");
	str_wipe(&r->authorization);
	r->authorization = str_fmt("Bearer %s", token);
	return r->authorization ? 0 : err_nomem(err);
}

static int fetch_token(struct registry *r, const struct challenge *c, const char *repository,
		       struct cancel *cancel, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_free_ char *scope =
		repository ? str_fmt("repository:%s:pull,push", repository) : NULL;
	_cleanup_free_ char *url = NULL;
	struct http_request req = {.method = "GET",
				   .user = r->user,
				   .password = r->password,
				   .stall_ms = r->stall_ms,
				   .cancel = cancel};
	int e = check_realm(r, c->realm, err);

	if (e < 0)
		return e;
	if (repository && !scope)
		return err_nomem(err);
	url = token_url(c, scope);
	if (!url)
		return err_nomem(err);
	req.url = url;
	e = http_perform(r->http, &req, &res, err);
	if (e == 0 && res.status != 200)
		e = registry_error_tell(res.status, res.body.data, res.body.len, err);
	if (e == 0)
		e = take_token(r, &res, err);
	return e < 0 ? err_prefix(err, "signing in to the registry") : 0;
}

static int read_challenges(const struct http_response *res, struct challenge *c, struct err *err)
{
	static const char name[] = "WWW-Authenticate:";
	int r = 0;

	for (size_t i = 0; r == 0 && i < res->headers.len; i++)
		if (str_starts_ci(res->headers.items[i], name))
			r = challenge_parse(res->headers.items[i] + strlen(name), c, err);
	return r;
}

/* Credentials as the answer asks for them; *ret tells whether sending again makes sense. */
static int authenticate(struct registry *r, const struct registry_call *call,
			const struct http_response *res, bool *ret, struct err *err)
{
	_cleanup_challenge_ struct challenge c = {0};
	int e = read_challenges(res, &c, err);

	*ret = false;
	if (e < 0)
		return e;
	if (c.bearer && c.realm) {
		*ret = true;
		return fetch_token(r, &c, call->repository, call->cancel, err);
	}
	*ret = c.basic && r->user && !r->basic;
	r->basic |= *ret;
	return 0;
}

/* --- trying again --- */

bool registry_passes(const struct err *err)
{
	return err->code == E_IO || err->code == E_CLOSED || err->code == E_TIMEOUT ||
	       str_eq(err->name, "TOOMANYREQUESTS") || str_eq(err->name, "UNAVAILABLE");
}

static bool status_passes(int status)
{
	return status == 408 || status == 429 || status >= 500;
}

/* Answers that pass by themselves are known by their name afterwards. */
static int tell_error(struct registry *r, const struct http_response *res, struct err *err)
{
	const char *after = http_response_header(res, "Retry-After");
	uint64_t s;
	int e = registry_error_tell(res->status, res->body.data, res->body.len, err);

	if (status_passes(res->status))
		err_set_name(err, res->status == 429 ? "TOOMANYREQUESTS" : "UNAVAILABLE");
	else if (res->status == HTTP_RANGE)
		err_set_name(err, "RANGE_INVALID");
	/* Delta seconds only: the date form of RFC 9110 §10.2.3 is not worth a calendar. */
	if (after && str_parse_u64(after, &s, NULL) == 0)
		r->retry_after_s = s < RETRY_AFTER_MAX_S ? (int)s : RETRY_AFTER_MAX_S;
	return e;
}

int registry_wait(struct registry *r, int tries, struct cancel *cancel, struct err *err)
{
	int first = r->retry_ms ? r->retry_ms : REGISTRY_RETRY_MS;
	int asked = r->retry_after_s;

	r->retry_after_s = 0;
	if (asked)
		return backoff_sleep(asked * 1000, cancel, err);
	return backoff_wait(first, REGISTRY_RETRY_MAX_MS, tries, cancel, err);
}

/* A redirected HEAD says that the blob is there; where its bytes are is of no interest. */
static bool is_success(const struct registry_call *call, int status)
{
	return status / 100 == 2 || (status / 100 == 3 && str_eq(call->method, "HEAD"));
}

/* One request, and the same once more with the credentials that it turned out to need. */
static int authorized(struct registry *r, const struct registry_call *call,
		      struct http_response *ret, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	bool again = false;
	int e = attempt(r, call, &res, err);

	if (e == 0 && res.status == HTTP_UNAUTHORIZED)
		e = authenticate(r, call, &res, &again, err);
	if (e == 0 && again) {
		http_response_release(&res);
		res = (struct http_response){0};
		e = attempt(r, call, &res, err);
	}
	if (e == 0 && !is_success(call, res.status))
		e = tell_error(r, &res, err);
	if (e < 0)
		return e;
	*ret = res;
	res = (struct http_response){0};
	return 0;
}

int registry_perform(struct registry *r, const struct registry_call *call,
		     struct http_response *ret, struct err *err)
{
	for (int tries = 1;; tries++) {
		int e = authorized(r, call, ret, err);

		if (e == 0 || call->one_try || tries == REGISTRY_TRIES || !registry_passes(err))
			return e;
		if (registry_wait(r, tries, call->cancel, err) < 0)
			return err->code;
		err_clear(err);
	}
}
