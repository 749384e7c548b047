/* Replies: their forms, and the headers that all of them have. */
#include "web/web-int.h"

#include "base/limits.h"

#include <stdio.h>
#include <string.h>

void reply_release(struct reply *r)
{
	buf_release(&r->body);
	free(r->location);
	free(r->cookie);
}

static int finish_body(struct call *q, int status, const char *type, struct err *err)
{
	q->reply.status = status;
	q->reply.type = type;
	return buf_check(&q->reply.body, "the answer", err);
}

static int put_bytes(const char *p, size_t n, void *userdata)
{
	buf_put(userdata, p, n);
	return 0;
}

int reply_json(struct call *q, int status, json_t *j, struct err *err)
{
	int r = j ? json_dump_callback(j, put_bytes, &q->reply.body, JSON_COMPACT | JSON_SORT_KEYS)
		  : -1;

	json_decref(j);
	if (r < 0)
		return err_nomem(err);
	buf_put_u8(&q->reply.body, '\n');
	return finish_body(q, status, "application/json", err);
}

int reply_text(struct call *q, int status, const char *text, struct err *err)
{
	buf_put_str(&q->reply.body, text);
	return finish_body(q, status, "text/plain; charset=utf-8", err);
}

int reply_see_other(struct call *q, struct err *err, const char *fmt, ...)
{
	char *location = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&location, fmt, ap);
	va_end(ap);
	if (n < 0)
		return err_nomem(err);
	free(q->reply.location);
	q->reply.location = location;
	q->reply.status = MHD_HTTP_SEE_OTHER;
	return 0;
}

/* --- errors --- */

static const struct {
	int code;
	int status;
	const char *name; /* for programs */
} kinds[] = {
	{E_INPUT, MHD_HTTP_BAD_REQUEST, "invalid"},
	{E_USAGE, MHD_HTTP_BAD_REQUEST, "invalid"},
	{E_AUTH, MHD_HTTP_FORBIDDEN, "forbidden"},
	{E_NOTFOUND, MHD_HTTP_NOT_FOUND, "not_found"},
	{E_EXISTS, MHD_HTTP_CONFLICT, "conflict"},
	{E_TOOBIG, MHD_HTTP_CONTENT_TOO_LARGE, "too_large"},
	{E_UNSUPPORTED, MHD_HTTP_NOT_IMPLEMENTED, "unsupported"},
	{E_TIMEOUT, MHD_HTTP_GATEWAY_TIMEOUT, "upstream_timeout"},
	{E_SERVER, MHD_HTTP_BAD_GATEWAY, "upstream"},
	{E_CLOSED, MHD_HTTP_BAD_GATEWAY, "upstream"},
	{E_PROTO, MHD_HTTP_BAD_GATEWAY, "upstream"},
	{E_CANCEL, MHD_HTTP_SERVICE_UNAVAILABLE, "ending"},
};

static size_t kind_of(const struct err *e)
{
	size_t i = 0;

	while (i < ARRAY_LEN(kinds) && kinds[i].code != e->code)
		i++;
	return i;
}

int error_status(const struct call *q, const struct err *e)
{
	size_t i = kind_of(e);

	if (*q->reply.allow)
		return MHD_HTTP_METHOD_NOT_ALLOWED;
	if (q->reply.status >= MHD_HTTP_BAD_REQUEST)
		return q->reply.status;
	if (q->upstream && (e->code == E_IO || e->code == E_AUTH))
		return MHD_HTTP_BAD_GATEWAY;
	return i < ARRAY_LEN(kinds) ? kinds[i].status : MHD_HTTP_INTERNAL_SERVER_ERROR;
}

static const char *error_name(const struct call *q, const struct err *e)
{
	size_t i = kind_of(e);
	int status = error_status(q, e);

	if (status == MHD_HTTP_UNAUTHORIZED)
		return "login";
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		return "method";
	if (status == MHD_HTTP_BAD_GATEWAY)
		return "upstream";
	return i < ARRAY_LEN(kinds) ? kinds[i].name : "internal";
}

json_t *error_json(const struct call *q, const struct err *e)
{
	return json_pack("{s:{s:s, s:o, s:o*, s:s*}}", "error", "code", error_name(q, e), "message",
			 json_strz(e->text), "hint", *e->hint ? json_strz(e->hint) : NULL, "field",
			 q->field);
}

/* With what clients of the trackers before this one look at. */
static json_t *old_error_json(const struct call *q, const struct err *e)
{
	json_auto_t *j = error_json(q, e);

	if (json_object_set_new(j, "status", json_string("failed")) < 0 ||
	    json_object_set_new(j, "msg", json_strz(e->text)) < 0)
		return NULL;
	return json_incref(j);
}

static void reply_old_error(struct call *q, int status, const struct err *e)
{
	/* Those clients know one status for whatever was wrong with the request. */
	bool wrong = status == MHD_HTTP_BAD_REQUEST || status == MHD_HTTP_CONFLICT;

	(void)!reply_json(q, wrong ? MHD_HTTP_NOT_FOUND : status, old_error_json(q, e), NULL);
}

void reply_error(struct call *q, const struct err *e)
{
	unsigned flags = q->route ? q->route->flags : 0;
	bool api = flags & ROUTE_API || str_starts(q->path, "/api/") || call_is_json(q);
	int status = error_status(q, e);

	buf_clear(&q->reply.body);
	q->reply.asset = NULL;
	if (api && flags & ROUTE_OLD) {
		reply_old_error(q, status, e);
		return;
	}
	if (api)
		(void)!reply_json(q, status, error_json(q, e), NULL);
	else
		page_error(q, e);
	q->reply.status = status;
}

/* --- sending --- */

/*
 * No script and no style but our own files, no frame around us.  The referrer
 * policy is not `no-referrer`, with which browsers send "Origin: null" with
 * our own forms.
 */
static const struct {
	const char *name, *value;
} headers[] = {
	{"Content-Security-Policy",
	 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
	 "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
};

static void add_headers(const struct call *q, struct MHD_Response *m)
{
	const struct reply *r = &q->reply;

	for (size_t i = 0; i < ARRAY_LEN(headers); i++)
		(void)MHD_add_response_header(m, headers[i].name, headers[i].value);
	(void)MHD_add_response_header(m, MHD_HTTP_HEADER_CACHE_CONTROL,
				      r->asset ? "no-cache" : "no-store");
	(void)MHD_add_response_header(m, MHD_HTTP_HEADER_CONTENT_TYPE,
				      r->type ? r->type : "text/html; charset=utf-8");
	if (r->location)
		(void)MHD_add_response_header(m, MHD_HTTP_HEADER_LOCATION, r->location);
	if (r->cookie)
		(void)MHD_add_response_header(m, MHD_HTTP_HEADER_SET_COOKIE, r->cookie);
	if (*r->allow)
		(void)MHD_add_response_header(m, MHD_HTTP_HEADER_ALLOW, r->allow);
	if (r->status == MHD_HTTP_UNAUTHORIZED)
		(void)MHD_add_response_header(m, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
					      "Bearer realm=\"splice-kernel jobs\"");
}

enum MHD_Result reply_send(struct call *q)
{
	struct reply *r = &q->reply;
	struct MHD_Response *m;
	enum MHD_Result sent;

	/* The library neither writes into the body nor keeps it beyond the request's end. */
	if (r->asset)
		m = MHD_create_response_from_buffer(r->asset_len, (void *)(uintptr_t)r->asset,
						    MHD_RESPMEM_PERSISTENT);
	else
		m = MHD_create_response_from_buffer(r->body.len, r->body.data,
						    MHD_RESPMEM_PERSISTENT);
	if (!m)
		return MHD_NO;
	add_headers(q, m);
	sent = MHD_queue_response(q->mhd, (unsigned)(r->status ? r->status : MHD_HTTP_OK), m);
	MHD_destroy_response(m);
	return sent;
}
