/*
 * The client over libcurl's multi interface: one easy handle, one wait that
 * also watches the cancel token.  Errors of the transfer are put into words
 * here; what they mean for the request is the caller's business.
 */
#include "protocol/http/http-int.h"

#include "base/clock.h"
#include "base/limits.h"

#include <string.h>

enum {
	STALL_MS = 60000,
	POLL_MS = 1000, /* longest wait between two looks at the stall clock */
};

static void slist_freep(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

int http_client_new(const struct http_options *options, struct http_client **ret, struct err *err)
{
	_cleanup_(http_client_freep) struct http_client *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_nomem(err);
	r = str_replace(&c->ca_file, options ? options->ca_file : NULL, err);
	if (r == 0)
		r = str_replace(&c->client_cert, options ? options->client_cert : NULL, err);
	if (r < 0)
		return r;
	c->insecure = options && options->insecure;
	c->easy = curl_easy_init();
	c->multi = c->easy ? curl_multi_init() : NULL;
	if (!c->multi)
		return err_nomem(err);
	*ret = TAKE(c);
	return 0;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->easy);
	if (c->multi)
		(void)curl_multi_cleanup(c->multi);
	free(c->ca_file);
	free(c->client_cert);
	free(c);
}

void http_response_release(struct http_response *r)
{
	strv_release(&r->headers);
	buf_release(&r->body);
}

const char *http_response_header(const struct http_response *r, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < r->headers.len; i++) {
		const char *line = r->headers.items[i];

		if (!str_starts_ci(line, name) || line[n] != ':')
			continue;
		line += n + 1;
		return line + strspn(line, " \t");
	}
	return NULL;
}

void http_escape(struct buf *out, const char *s, size_t n, const char *keep)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (str_is_digit(s[i]) || str_is_alpha(s[i]) || (c && strchr("-._~", c)) ||
		    (c && strchr(keep, c)))
			buf_put_u8(out, c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

/* --- running it --- */

static int stalled(const struct transfer *t, int limit, struct err *err)
{
	int r = err_set(err, E_TIMEOUT, "%s has sent nothing for %d s", t->origin,
			(limit + 999) / 1000);

	err_set_hint(err, "look whether the server is overloaded or stopped, then try again");
	return r;
}

/* Until curl has a result for the transfer: 0 and *ret, or our own reason to stop. */
static int wait_done(struct http_client *c, struct transfer *t, CURLcode *ret, struct err *err)
{
	struct cancel *cancel = t->req->cancel;
	struct curl_waitfd extra = {.fd = cancel ? cancel->fd : -1, .events = CURL_WAIT_POLLIN};
	int limit = t->req->stall_ms ? t->req->stall_ms : STALL_MS;
	curl_off_t moved = 0;
	int64_t last = clock_ms();

	for (;;) {
		curl_off_t now = 0;
		int running = 0, left;
		CURLMcode m = curl_multi_perform(c->multi, &running);
		CURLMsg *msg = curl_multi_info_read(c->multi, &running);

		if (m != CURLM_OK)
			return err_set(err, E_NOMEM, "curl: %s", curl_multi_strerror(m));
		if (msg && msg->msg == CURLMSG_DONE) {
			*ret = msg->data.result;
			return 0;
		}
		if (cancel_fired(cancel))
			return cancel_check(cancel, err);
		(void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_UPLOAD_T, &now);
		now += (curl_off_t)t->received;
		if (now != moved)
			last = clock_ms();
		moved = now;
		left = limit - (int)(clock_ms() - last);
		if (left <= 0)
			return stalled(t, limit, err);
		(void)curl_multi_poll(c->multi, &extra, cancel ? 1 : 0,
				      left < POLL_MS ? left : POLL_MS, NULL);
	}
}

/* How curl's results are told; the rest is a connection that broke. */
static const struct failure {
	CURLcode curl;
	int code;
	const char *what;
	const char *hint;
} failures[] = {
	{CURLE_COULDNT_RESOLVE_HOST, E_IO, "the host name is not known",
	 "check the host name and the network"},
	{CURLE_COULDNT_RESOLVE_PROXY, E_IO, "the proxy's host name is not known",
	 "check http_proxy, https_proxy and NO_PROXY"},
	{CURLE_COULDNT_CONNECT, E_IO, "no connection",
	 "check that the server runs at this address and port"},
	{CURLE_PEER_FAILED_VERIFICATION, E_AUTH, "the certificate is not trusted",
	 "name the certificate authority's file, or fix the server's certificate"},
	{CURLE_SSL_CACERT_BADFILE, E_AUTH, "the certificate authority's file cannot be read",
	 "check its path and that it is PEM"},
	{CURLE_SSL_CERTPROBLEM, E_AUTH, "the client certificate cannot be used",
	 "check that the file is PEM and holds certificate and key"},
	{CURLE_SSL_CONNECT_ERROR, E_IO, "no TLS connection",
	 "check that the port speaks https and not http"},
	{CURLE_OPERATION_TIMEDOUT, E_TIMEOUT, "timed out",
	 "look whether the server is overloaded or stopped, then try again"},
	{CURLE_TOO_MANY_REDIRECTS, E_PROTO, "too many redirects", "check the address"},
	{CURLE_UNSUPPORTED_PROTOCOL, E_PROTO, "not HTTP", "check the address"},
	{CURLE_WEIRD_SERVER_REPLY, E_PROTO, "the answer is not HTTP", "check the port"},
	{CURLE_OUT_OF_MEMORY, E_NOMEM, "out of memory", ""},
	{CURLE_URL_MALFORMAT, E_INPUT, "the URL is not valid", "check the address"},
};

static int tell_failure(const struct transfer *t, CURLcode code, struct err *err)
{
	const char *detail = *t->detail ? t->detail : curl_easy_strerror(code);

	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		const struct failure *f = &failures[i];

		if (f->curl != code)
			continue;
		(void)err_set(err, f->code, "%s: %s (%s)", t->origin, f->what, detail);
		err_set_hint(err, "%s", f->hint);
		return f->code;
	}
	(void)err_set(err, E_CLOSED, "%s: the connection broke (%s)", t->origin, detail);
	err_set_hint(err, "look whether the server stopped, then try again");
	return E_CLOSED;
}

static int run(struct http_client *c, struct transfer *t, struct err *err)
{
	CURLcode code = CURLE_OK;
	CURLMcode m = curl_multi_add_handle(c->multi, c->easy);
	long status = 0;
	int r;

	if (m != CURLM_OK)
		return err_set(err, E_NOMEM, "curl: %s", curl_multi_strerror(m));
	r = wait_done(c, t, &code, err);
	(void)curl_multi_remove_handle(c->multi, c->easy);
	if (r < 0)
		return r;
	if (t->failed)
		return t->failed;
	if (code != CURLE_OK)
		return tell_failure(t, code, err);
	(void)curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
	t->res->status = (int)status;
	return 0;
}

int http_perform(struct http_client *c, const struct http_request *req, struct http_response *ret,
		 struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_(slist_freep) struct curl_slist *headers = NULL;
	struct transfer t = {.req = req, .res = &res, .easy = c->easy, .err = err};
	int r = cancel_check(req->cancel, err);

	buf_init(&res.body, req->max_body ? req->max_body : LIMIT_HTTP_JSON);
	if (r == 0)
		r = transfer_set_up(c, &t, &headers, err);
	if (r < 0)
		return r;
	r = run(c, &t, err);
	/* Nothing of this call may be reachable through the kept handle. */
	curl_easy_reset(c->easy);
	if (r < 0)
		return r;
	*ret = res;
	res = (struct http_response){0};
	return 0;
}
