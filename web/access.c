/* Whether a request is let in: guard.h and session.h applied to it. */
#include "web/web-int.h"

#include "base/clock.h"
#include "base/limits.h"
#include "web/guard.h"

#include <stdio.h>
#include <string.h>

static struct session_key key_of(const struct call *q)
{
	return (struct session_key){.token = q->web->token, .port = q->web->port};
}

bool call_is_safe(const struct call *q)
{
	return str_eq(q->method, "GET") || str_eq(q->method, "HEAD");
}

bool call_logged_in(const struct call *q)
{
	return q->bearer || q->cookie;
}

static int check_host(struct call *q, const char *host, struct err *err)
{
	int r;

	if (guard_host(host, (const char *const *)q->web->names.items))
		return 0;
	q->reply.status = MHD_HTTP_MISDIRECTED_REQUEST;
	r = err_set(err, E_AUTH, "this server does not answer to the name \"%.100s\"",
		    host ? host : "");
	err_set_hint(err, "use localhost or 127.0.0.1, or add the name to the setting jobs.names");
	return r;
}

static int check_origin(struct call *q, const struct guard_headers *h, struct err *err)
{
	int r;

	if (call_is_safe(q) || guard_origin(h))
		return 0;
	r = err_set(err, E_AUTH, "the request comes from a page of another server");
	err_set_hint(err, "open the Jobs Tracker itself and do it there");
	return r;
}

/* Clients of former trackers send name and password: the token as the password, any name. */
static bool has_basic(const struct call *q, const char *token)
{
	char *password = NULL;
	char *name = MHD_basic_auth_get_username_password(q->mhd, &password);
	bool ok = name && password && session_token_ok(token, password);

	MHD_free(name);
	MHD_free(password);
	return ok;
}

static void read_login(struct call *q)
{
	static const char scheme[] = "Bearer ";
	struct session_key key = key_of(q);
	char name[SESSION_COOKIE_NAME_SIZE];
	const char *authorization = call_header(q, MHD_HTTP_HEADER_AUTHORIZATION);
	const char *cookie;

	if (authorization && str_starts_ci(authorization, scheme))
		q->bearer = session_token_ok(key.token, authorization + strlen(scheme));
	else if (authorization && q->route->flags & ROUTE_OLD)
		q->bearer = has_basic(q, key.token);
	session_cookie_name(key.port, name);
	cookie = MHD_lookup_connection_value(q->mhd, MHD_COOKIE_KIND, name);
	if (cookie && session_check(&key, clock_wall_ms(), cookie))
		q->cookie = cookie;
}

int access_log_in(struct call *q, struct err *err)
{
	struct session_key key = key_of(q);
	char name[SESSION_COOKIE_NAME_SIZE], cookie[SESSION_SIZE];
	int r = session_make(&key, clock_wall_ms(), cookie, err);

	if (r < 0)
		return r;
	session_cookie_name(key.port, name);
	free(q->reply.cookie);
	q->reply.cookie =
		str_fmt("%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s", name, cookie,
			SESSION_DAYS * 24 * 3600, q->web->cert_text ? "; Secure" : "");
	return q->reply.cookie ? 0 : err_nomem(err);
}

/* The request's address again, without its token. */
static char *address_without_token(const struct call *q)
{
	_cleanup_buf_ struct buf b;
	char glue = '?';

	buf_init(&b, KIB(64));
	for (const char *p = q->path; *p; p++)
		http_escape(&b, p, 1, "/");
	for (size_t i = 0; i < q->query.len; i++) {
		const struct param *item = &q->query.items[i];

		if (str_eq(item->name, "token"))
			continue;
		buf_put_u8(&b, (unsigned char)glue);
		html_part(&b, item->name);
		buf_put_u8(&b, '=');
		html_part(&b, item->value);
		glue = '&';
	}
	return buf_take_str(&b);
}

/* A browser that follows a link from another site keeps strict cookies back, also after a
 * redirect; a page of ours that leads on has them sent. */
static bool is_from_elsewhere(const struct call *q)
{
	const char *site = call_header(q, "Sec-Fetch-Site");

	return site && str_eq_ci(site, "cross-site");
}

static int lead_on(struct call *q, const char *address, struct err *err)
{
	struct buf *b = &q->reply.body;

	if (!is_from_elsewhere(q))
		return reply_see_other(q, err, "%s", address);
	html(b,
	     "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"
	     "<meta http-equiv=\"refresh\" content=\"0; url=%s\"><title>Jobs Tracker</title></head>"
	     "<body><a href=\"%s\">Go on</a></body></html>",
	     address, address);
	return buf_check(b, "the page", err);
}

/* ?token=…, once: a cookie in its place, and the address without it.  1: answered. */
static int take_token(struct call *q, struct err *err)
{
	const char *token = params_get(&q->query, "token", NULL);
	_cleanup_free_ char *address = NULL;
	int r;

	if (!token || !call_is_safe(q) || !session_token_ok(q->web->token, token))
		return 0;
	address = address_without_token(q);
	if (!address)
		return err_nomem(err);
	r = access_log_in(q, err);
	if (r == 0)
		r = lead_on(q, address, err);
	return r < 0 ? r : 1;
}

static int ask_for_login(struct call *q, struct err *err)
{
	int r;

	/* Only a link from elsewhere that a session exists for is tried again, once, from here. */
	if (call_is_safe(q) && is_from_elsewhere(q) && !(q->route->flags & ROUTE_API)) {
		_cleanup_free_ char *address = address_without_token(q);

		r = address ? lead_on(q, address, err) : err_nomem(err);
		return r < 0 ? r : 1;
	}
	q->reply.status = MHD_HTTP_UNAUTHORIZED;
	if (!(q->route->flags & ROUTE_API) && !call_is_json(q)) {
		page_login(q, params_get(&q->query, "token", NULL) ? "That token is not the one of "
								     "this server."
								   : NULL);
		return 1;
	}
	r = err_set(err, E_AUTH, "the token is missing or wrong");
	err_set_hint(err, "send \"Authorization: Bearer TOKEN\"; splice-manager status shows the "
			  "address with its token");
	return r;
}

int access_check(struct call *q, struct err *err)
{
	const struct guard_headers h = {
		.host = call_header(q, MHD_HTTP_HEADER_HOST),
		.origin = call_header(q, "Origin"),
		.referer = call_header(q, MHD_HTTP_HEADER_REFERER),
		.fetch_site = call_header(q, "Sec-Fetch-Site"),
	};
	int r = check_host(q, h.host, err);

	if (r == 0)
		r = check_origin(q, &h, err);
	if (r == 0)
		r = route_find(web_routes, q->method, q->path, &q->route, &q->match, q->reply.allow,
			       sizeof(q->reply.allow), err);
	if (r < 0)
		return r;
	read_login(q);
	r = take_token(q, err);
	if (r == 0 && !(q->route->flags & ROUTE_OPEN) && !call_logged_in(q))
		r = ask_for_login(q, err);
	return r;
}

int access_check_form(struct call *q, struct err *err)
{
	struct session_key key = key_of(q);
	const char *csrf = call_header(q, "X-CSRF-Token");
	int r;

	if (call_is_safe(q) || q->bearer || q->route->flags & ROUTE_OPEN)
		return 0;
	if (!csrf)
		csrf = params_get(&q->form, "csrf", "");
	if (q->cookie && session_csrf_ok(&key, q->cookie, csrf))
		return 0;
	r = err_set(err, E_AUTH, "the form has expired");
	err_set_hint(err, "reload the page and send it again; programs send the page's value in "
			  "X-CSRF-Token, or the token as Authorization: Bearer");
	return r;
}
