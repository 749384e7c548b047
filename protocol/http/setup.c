/*
 * A request as options of a curl handle, and the callbacks that move its bytes.
 */
#include "protocol/http/http-int.h"

#include <stdio.h>
#include <string.h>

enum {
	CONNECT_MS = 10000,
	HEADERS_MAX = 1000, /* lines; servers send a few dozen */
	HEADER_LINE_MAX = 65536,
};

static void url_freep(CURLU **u)
{
	curl_url_cleanup(*u);
}

static void curl_strp(char **s)
{
	curl_free(*s);
}

/* --- callbacks: each keeps its failure in the transfer and stops curl --- */

static size_t on_header(char *p, size_t size, size_t n, void *userdata)
{
	struct transfer *t = userdata;
	size_t len = size * n;
	char *line;

	t->received += len;
	/* A new status line: the headers so far were a redirect's or "100 Continue". */
	if (len > 5 && memcmp(p, "HTTP/", 5) == 0) {
		strv_release(&t->res->headers);
		return len;
	}
	while (len && str_is_space(p[len - 1]))
		len--;
	if (len == 0)
		return size * n;
	if (len > HEADER_LINE_MAX || t->res->headers.len >= HEADERS_MAX) {
		t->failed =
			err_set(t->err, E_PROTO, "%s sent too many or too long headers", t->origin);
		return 0;
	}
	line = utf8_repair(p, len);
	t->failed = strv_take(&t->res->headers, line, t->err);
	return t->failed ? 0 : size * n;
}

static size_t on_body(char *p, size_t size, size_t n, void *userdata)
{
	struct transfer *t = userdata;
	size_t len = size * n;
	long status = 0;

	t->received += len;
	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (t->req->sink && status >= 200 && status < 300) {
		t->failed = t->req->sink(t->req->sink_data, p, len, t->err);
		return t->failed ? 0 : len;
	}
	buf_put(&t->res->body, p, len);
	t->failed = buf_check(&t->res->body, "the answer", t->err);
	if (t->failed)
		(void)err_prefix(t->err, "%s", t->origin);
	return t->failed ? 0 : len;
}

static size_t on_read(char *dst, size_t size, size_t n, void *userdata)
{
	struct transfer *t = userdata;
	const struct http_source *src = t->req->source;
	uint64_t left = src->size - t->sent;
	size_t want = size * n < left ? size * n : (size_t)left;
	size_t got = 0;

	if (want == 0)
		return 0;
	t->failed = src->read(src->userdata, dst, want, &got, t->err);
	if (t->failed == 0 && got == 0)
		t->failed = err_set(t->err, E_INPUT,
				    "what is being sent ended after %llu of %llu bytes",
				    (unsigned long long)t->sent, (unsigned long long)src->size);
	if (t->failed)
		return CURL_READFUNC_ABORT;
	t->sent += got;
	return got;
}

static int on_seek(void *userdata, curl_off_t offset, int whence)
{
	struct transfer *t = userdata;
	const struct http_source *src = t->req->source;

	if (offset != 0 || whence != SEEK_SET || !src->rewind)
		return CURL_SEEKFUNC_CANTSEEK;
	t->failed = src->rewind(src->userdata, t->err);
	if (t->failed)
		return CURL_SEEKFUNC_FAIL;
	t->sent = 0;
	return CURL_SEEKFUNC_OK;
}

/* --- setting a request up --- */

/* Keep what may be shown of the URL; tell whether the host is this machine. */
static int read_origin(struct transfer *t, bool *ret_loopback, struct err *err)
{
	_cleanup_(url_freep) CURLU *u = curl_url();
	_cleanup_(curl_strp) char *scheme = NULL;
	_cleanup_(curl_strp) char *host = NULL;
	_cleanup_(curl_strp) char *port = NULL;

	if (!u)
		return err_nomem(err);
	if (curl_url_set(u, CURLUPART_URL, t->req->url, 0) ||
	    curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) ||
	    curl_url_get(u, CURLUPART_HOST, &host, 0) ||
	    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT))
		return err_set(err, E_INPUT, "the URL is not a valid http:// or https:// address");
	if (!str_eq(scheme, "http") && !str_eq(scheme, "https"))
		return err_set(err, E_INPUT,
			       "%s:// addresses are not supported, only http:// and "
			       "https://",
			       scheme);
	snprintf(t->origin, sizeof(t->origin), "%s://%s:%s", scheme, host, port);
	*ret_loopback =
		str_eq_ci(host, "localhost") || str_starts(host, "127.") || str_eq(host, "[::1]");
	return 0;
}

static int add_header(struct curl_slist **list, const char *name, const char *value,
		      struct err *err)
{
	/* curl's forms: "Name: value", "Name;" for an empty value, "Name:" to leave it out. */
	_cleanup_free_ char *line = !value   ? str_fmt("%s:", name)
				    : *value ? str_fmt("%s: %s", name, value)
					     : str_fmt("%s;", name);
	struct curl_slist *longer;

	if (value && strpbrk(value, "\r\n"))
		return err_set(err, E_INPUT, "the value of header %s has a line break", name);
	longer = line ? curl_slist_append(*list, line) : NULL;
	if (!longer)
		return err_nomem(err);
	*list = longer;
	return 0;
}

static int make_headers(const struct http_request *req, struct curl_slist **list, struct err *err)
{
	bool typed = false;
	int r = add_header(list, "Expect", NULL, err);

	for (size_t i = 0; r == 0 && i < req->n_headers; i++) {
		typed |= str_eq_ci(req->headers[i].name, "Content-Type");
		r = add_header(list, req->headers[i].name, req->headers[i].value, err);
	}
	/* curl would call any body a form. */
	if (r == 0 && !typed)
		r = add_header(list, "Content-Type", NULL, err);
	return r;
}

/* Options whose failure means memory or a curl built without them. */
#define SET(easy, option, value) (failed |= curl_easy_setopt(easy, option, value) != CURLE_OK)

static bool set_body(CURL *e, struct transfer *t)
{
	const struct http_request *req = t->req;
	bool failed = false;

	if (req->source) {
		SET(e, CURLOPT_UPLOAD, 1L);
		SET(e, CURLOPT_INFILESIZE_LARGE, (curl_off_t)req->source->size);
		SET(e, CURLOPT_READFUNCTION, on_read);
		SET(e, CURLOPT_READDATA, t);
		SET(e, CURLOPT_SEEKFUNCTION, on_seek);
		SET(e, CURLOPT_SEEKDATA, t);
	} else if (req->body || str_eq(req->method, "POST") || str_eq(req->method, "PUT")) {
		SET(e, CURLOPT_POST, 1L);
		SET(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body_len);
		SET(e, CURLOPT_POSTFIELDS, req->body ? req->body : "");
	} else if (str_eq(req->method, "HEAD")) {
		SET(e, CURLOPT_NOBODY, 1L);
	}
	SET(e, CURLOPT_CUSTOMREQUEST, req->method);
	return !failed;
}

static bool set_security(CURL *e, const struct http_client *c, const struct http_request *req)
{
	bool failed = false;

	SET(e, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	SET(e, CURLOPT_SSL_VERIFYPEER, c->insecure ? 0L : 1L);
	SET(e, CURLOPT_SSL_VERIFYHOST, c->insecure ? 0L : 2L);
	if (c->ca_file)
		SET(e, CURLOPT_CAINFO, c->ca_file);
	if (c->client_cert)
		SET(e, CURLOPT_SSLCERT, c->client_cert);
	if (req->user) {
		SET(e, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		SET(e, CURLOPT_USERNAME, req->user);
		SET(e, CURLOPT_PASSWORD, req->password ? req->password : "");
	}
	return !failed;
}

static bool set_transfer(CURL *e, struct transfer *t, bool loopback)
{
	const struct http_request *req = t->req;
	bool failed = false;

	SET(e, CURLOPT_URL, req->url);
	SET(e, CURLOPT_PATH_AS_IS, 1L);
	SET(e, CURLOPT_NOSIGNAL, 1L);
	/* A lookup that hangs must not hold up an interrupted request. */
	SET(e, CURLOPT_QUICK_EXIT, 1L);
	SET(e, CURLOPT_ERRORBUFFER, t->detail);
	SET(e, CURLOPT_USERAGENT, "splice-kernel/" SPLICE_VERSION);
	SET(e, CURLOPT_HEADERFUNCTION, on_header);
	SET(e, CURLOPT_HEADERDATA, t);
	SET(e, CURLOPT_WRITEFUNCTION, on_body);
	SET(e, CURLOPT_WRITEDATA, t);
	SET(e, CURLOPT_CONNECTTIMEOUT_MS, (long)(req->connect_ms ? req->connect_ms : CONNECT_MS));
	SET(e, CURLOPT_TIMEOUT_MS, (long)req->total_ms);
	SET(e, CURLOPT_TCP_KEEPALIVE, 1L);
	if (req->max_redirects > 0) {
		SET(e, CURLOPT_FOLLOWLOCATION, 1L);
		SET(e, CURLOPT_MAXREDIRS, (long)req->max_redirects);
	}
	/* curl sends again by itself when a kept connection proves dead, POST included. */
	if (req->once)
		SET(e, CURLOPT_FRESH_CONNECT, 1L);
	if (loopback || req->direct)
		SET(e, CURLOPT_PROXY, "");
	return !failed;
}

int transfer_set_up(struct http_client *c, struct transfer *t, struct curl_slist **ret_headers,
		    struct err *err)
{
	bool loopback = false, failed = false;
	int r = read_origin(t, &loopback, err);

	if (r == 0)
		r = make_headers(t->req, ret_headers, err);
	if (r < 0)
		return r;
	curl_easy_reset(c->easy);
	failed = !set_transfer(c->easy, t, loopback) || !set_body(c->easy, t) ||
		 !set_security(c->easy, c, t->req);
	SET(c->easy, CURLOPT_HTTPHEADER, *ret_headers);
	return failed ? err_set(err, E_NOMEM, "curl does not take the request's settings") : 0;
}
