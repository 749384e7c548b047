/*
 * The client over libcurl's multi interface: one easy handle, one wait that
 * also watches the cancel token.  Errors of the transfer are put into words
 * here; what they mean for the request is the caller's business.
 */
#include "protocol/http/http.h"

#include "base/clock.h"
#include "base/limits.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

enum {
	CONNECT_MS = 10000,
	STALL_MS = 60000,
	POLL_MS = 1000,     /* longest wait between two looks at the stall clock */
	HEADERS_MAX = 1000, /* lines; servers send a few dozen */
	HEADER_LINE_MAX = 65536,
	ORIGIN_MAX = 300,
};

struct http_client {
	CURLM *multi; /* keeps the connections */
	CURL *easy;
	char *ca_file;
	char *client_cert;
	bool insecure;
};

/* One request under way. */
struct transfer {
	const struct http_request *req;
	struct http_response *res;
	CURL *easy;
	struct err *err;
	int failed;              /* error of a callback, 0 while none */
	uint64_t sent;           /* bytes read from the source */
	uint64_t received;       /* headers and body */
	char origin[ORIGIN_MAX]; /* "http://host:port" */
	char detail[CURL_ERROR_SIZE];
};

static void slist_freep(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static void url_freep(CURLU **u)
{
	curl_url_cleanup(*u);
}

static void curl_strp(char **s)
{
	curl_free(*s);
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
	bool loopback = false;
	int r = cancel_check(req->cancel, err);

	buf_init(&res.body, req->max_body ? req->max_body : LIMIT_HTTP_JSON);
	if (r == 0)
		r = read_origin(&t, &loopback, err);
	if (r == 0)
		r = make_headers(req, &headers, err);
	if (r < 0)
		return r;
	curl_easy_reset(c->easy);
	if (!set_transfer(c->easy, &t, loopback) || !set_body(c->easy, &t) ||
	    !set_security(c->easy, c, req) ||
	    curl_easy_setopt(c->easy, CURLOPT_HTTPHEADER, headers) != CURLE_OK)
		return err_set(err, E_NOMEM, "curl does not take the request's settings");
	r = run(c, &t, err);
	/* Nothing of this call may be reachable through the kept handle. */
	curl_easy_reset(c->easy);
	if (r < 0)
		return r;
	*ret = res;
	res = (struct http_response){0};
	return 0;
}
