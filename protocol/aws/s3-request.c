/* One request to S3: its address, its signature, trying again, and what an error answer means. */
#include "protocol/aws/s3-int.h"

#include "base/backoff.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "protocol/aws/endpoint.h"
#include "protocol/aws/sigv4.h"

#include <string.h>

enum {
	TRIES = 5,
	TRIES_UNCONNECTED = 3,
	TRIES_SILENT = 2,
	RETRY_MAX_MS = 5000,
	RETRY_FIRST_MS = 100
};

#define EMPTY_PAYLOAD "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* --- errors --- */

/* S3's codes that have a meaning here ("Error responses", S3 API Reference). */
static const struct meaning {
	const char *code; /* NULL: any other code with this status */
	int status;       /* 0: any */
	int result;
	bool again; /* passes by itself */
	const char *hint;
} meanings[] = {
	{"NoSuchKey", 0, E_NOTFOUND, false, "check the path; upper and lower case differ"},
	{"NoSuchBucket", 0, E_NOTFOUND, false,
	 "check the bucket's name, or make it: aws s3 mb s3://NAME"},
	{"AccessDenied", 0, E_AUTH, false,
	 "ask the bucket's owner to permit it to these credentials"},
	{"SignatureDoesNotMatch", 0, E_AUTH, false, "check AWS_SECRET_ACCESS_KEY"},
	{"InvalidAccessKeyId", 0, E_AUTH, false, "check AWS_ACCESS_KEY_ID and the endpoint"},
	{"ExpiredToken", 0, E_AUTH, false, "sign in again and set the new keys and token"},
	{"InvalidToken", 0, E_AUTH, false, "AWS_SESSION_TOKEN must belong to the access key"},
	{"RequestTimeTooSkewed", 0, E_AUTH, false, "set this machine's clock"},
	{"InvalidBucketName", 0, E_INPUT, false,
	 "a bucket's name has 3 to 63 lower-case letters, digits, dots and hyphens"},
	{"BucketAlreadyExists", 0, E_EXISTS, false, "choose another name"},
	{"BucketAlreadyOwnedByYou", 0, E_EXISTS, false, ""},
	{"PreconditionFailed", 0, E_IO, false, "the object was replaced meanwhile; start again"},
	{"RequestTimeout", 0, E_SERVER, true, "try again"},
	{"SlowDown", 0, E_SERVER, true, "try again later"},
	{NULL, 404, E_NOTFOUND, false, "check bucket and path; upper and lower case differ"},
	{NULL, 401, E_AUTH, false, "check the credentials"},
	{NULL, 403, E_AUTH, false, "check the credentials and what they permit"},
	{NULL, 412, E_IO, false, "the object was replaced meanwhile; start again"},
	{NULL, 429, E_SERVER, true, "try again later"},
	{NULL, 500, E_SERVER, true, "try again later"},
	{NULL, 502, E_SERVER, true, "try again later"},
	{NULL, 503, E_SERVER, true, "try again later"},
	{NULL, 504, E_SERVER, true, "try again later"},
	{NULL, 0, E_SERVER, false, ""},
};

static const struct meaning *find_meaning(const char *code, int status)
{
	const struct meaning *m = meanings;

	while (!(m->code ? code && str_eq(code, m->code) : m->status == status || !m->status))
		m++;
	return m;
}

/* The answer's error.  An answer to HEAD, or of something that is not S3, has only a status. */
static int read_error(const struct http_response *res, struct s3_error *e, struct err *err)
{
	int r = s3_xml_error(res->body.data, res->body.len, e, err);

	if (r == E_NOMEM)
		return r;
	if (r < 0)
		err_clear(err);
	return 0;
}

static int tell_error(const struct http_response *res, const struct s3_error *e,
		      const struct meaning *m, struct err *err)
{
	if (e->code)
		(void)err_set(err, m->result, "%s (%s)", e->message ? e->message : "S3 refuses",
			      e->code);
	else if (res->status == 404)
		(void)err_set(err, m->result, "there is no such object");
	else
		(void)err_set(err, m->result, "S3 answered with status %d", res->status);
	if (e->code)
		err_set_name(err, e->code);
	else if (res->status == 412)
		err_set_name(err, "PreconditionFailed");
	err_set_hint(err, "%s", m->hint);
	return m->result;
}

/* --- address --- */

/* Names that can be part of a host's name under S3's certificate. */
static bool fits_host(const char *bucket)
{
	size_t n = strlen(bucket);

	return n >= 3 && n <= 63 && strspn(bucket, "abcdefghijklmnopqrstuvwxyz0123456789-") == n &&
	       bucket[0] != '-' && bucket[n - 1] != '-';
}

/* Into *ret_origin the URL as far as the host, into path what follows. */
static int make_address(const struct s3 *s3, const struct s3_call *call, char **ret_origin,
			struct buf *path, struct err *err)
{
	bool in_host = !s3->endpoint && fits_host(call->bucket);
	const char *domain = aws_domain(s3->region);

	if (s3->endpoint)
		*ret_origin = str_dup(s3->endpoint);
	else
		*ret_origin = str_fmt("https://%s%ss3.%s.%s", in_host ? call->bucket : "",
				      in_host ? "." : "", s3->region, domain);
	buf_put_str(path, s3->endpoint ? s3->prefix : "");
	if (!in_host) {
		buf_put_u8(path, '/');
		http_escape(path, call->bucket, strlen(call->bucket), "");
	}
	if (call->key || in_host)
		buf_put_u8(path, '/');
	if (call->key)
		http_escape(path, call->key, strlen(call->key), "/");
	buf_put_u8(path, 0);
	return *ret_origin ? buf_check(path, "the object's path", err) : err_nomem(err);
}

/* --- one try --- */

struct attempt {
	char *origin;
	struct buf path; /* NUL-terminated */
	char range[64];
	struct http_header headers[2 + SIGV4_HEADERS];
	size_t n_headers;
};

static void attempt_release(struct attempt *a)
{
	free(a->origin);
	buf_release(&a->path);
}

static void add_header(struct attempt *a, const char *name, const char *value)
{
	a->headers[a->n_headers++] = (struct http_header){.name = name, .value = value};
}

static void add_range(struct attempt *a, struct s3_range *range)
{
	range->asked = range->offset + (range->out->len - range->start);
	snprintf(a->range, sizeof(a->range), "bytes=%llu-%llu", (unsigned long long)range->asked,
		 (unsigned long long)(range->offset + range->n - 1));
	add_header(a, "Range", a->range);
	if (range->etag)
		add_header(a, "If-Match", range->etag);
}

static int take_bytes(void *userdata, const void *p, size_t n, struct err *err)
{
	struct s3_range *range = userdata;

	if (n > range->n - (range->out->len - range->start))
		return err_set(err, E_UNSUPPORTED,
			       "the server sends more than the range asked for");
	buf_put(range->out, p, n);
	return buf_check(range->out, "the part of the object", err);
}

static int send_signed(struct s3 *s3, const struct s3_call *call, struct attempt *a,
		       const struct sigv4_signed *sig, struct http_response *ret, struct err *err)
{
	_cleanup_free_ char *url = str_fmt("%s%s%s%s", a->origin, (char *)a->path.data,
					   call->query ? "?" : "", call->query ? call->query : "");
	struct http_request req = {
		.method = call->method,
		.url = url,
		.headers = a->headers,
		.body = call->body,
		.body_len = call->body_len,
		.source = call->source,
		.sink = call->range ? take_bytes : NULL,
		.sink_data = call->range,
		.cancel = call->cancel,
	};

	if (!url)
		return err_nomem(err);
	for (size_t i = 0; i < sig->n_headers; i++)
		add_header(a, sig->headers[i].name, sig->headers[i].value);
	req.n_headers = a->n_headers;
	return http_perform(s3->http, &req, ret, err);
}

static int attempt(struct s3 *s3, const struct s3_call *call, struct http_response *ret,
		   struct err *err)
{
	_cleanup_(attempt_release) struct attempt a = {0};
	_cleanup_sigv4_ struct sigv4_signed sig = {0};
	struct sigv4_request req = {
		.method = call->method,
		.query = call->query,
		.payload = call->payload ? call->payload : EMPTY_PAYLOAD,
		.region = s3->region,
		.service = "s3",
		.time = clock_wall_ms() / 1000,
		.s3 = true,
	};
	int r;

	buf_init(&a.path, LIMIT_SMALL_FILE);
	r = make_address(s3, call, &a.origin, &a.path, err);
	if (r == 0 && call->source)
		r = call->source->rewind(call->source->userdata, err);
	if (r < 0)
		return r;
	if (call->range)
		add_range(&a, call->range);
	req.host = strstr(a.origin, "://") + 3;
	req.path = (const char *)a.path.data;
	req.headers = a.headers;
	req.n_headers = a.n_headers;
	r = sigv4_sign(&req, &s3->credentials, &sig, err);
	return r < 0 ? r : send_signed(s3, call, &a, &sig, ret, err);
}

/* --- trying again --- */

static int back_off(const struct s3 *s3, int tries, struct cancel *cancel, struct err *err)
{
	return backoff_wait(s3->retry_ms ? s3->retry_ms : RETRY_FIRST_MS, RETRY_MAX_MS, tries,
			    cancel, err);
}

/* S3 names a bucket's true region in the answer that refuses the wrong one. */
static int follow_region(struct s3 *s3, const struct http_response *res, const struct s3_error *e,
			 bool *ret_moved, struct err *err)
{
	const char *region = http_response_header(res, "x-amz-bucket-region");

	*ret_moved = false;
	if (res->status != 301 && res->status != 307 && res->status != 400)
		return 0;
	if (!region)
		region = e->region;
	if (!region || !*region || str_eq(region, s3->region))
		return 0;
	*ret_moved = true;
	return str_replace(&s3->region, region, err);
}

/* Bytes of an unknown version of the object cannot be gone on with. */
static void forget_part(const struct s3_call *call)
{
	if (call->range && !call->range->etag)
		call->range->out->len = call->range->start;
}

/* How often to try in all when a request fails so; a silent server has cost a minute already. */
static int tries_after(int r)
{
	switch (r) {
	case E_IO:
		return TRIES_UNCONNECTED;
	case E_TIMEOUT:
		return TRIES_SILENT;
	case E_CLOSED:
		return TRIES;
	default:
		return 0;
	}
}

enum { SEND_AGAIN = 1, WAIT_AND_SEND_AGAIN = 2 };

/* What an answer that is no success asks for: one of the two above, or the error. */
static int judge(struct s3 *s3, const struct http_response *res, bool may_move, struct err *err)
{
	_cleanup_s3_error_ struct s3_error e = {0};
	const struct meaning *m;
	bool moved = false;
	int r = read_error(res, &e, err);

	if (r == 0 && may_move)
		r = follow_region(s3, res, &e, &moved, err);
	if (r < 0)
		return r;
	if (moved)
		return SEND_AGAIN;
	m = find_meaning(e.code, res->status);
	r = tell_error(res, &e, m, err);
	return m->again ? WAIT_AND_SEND_AGAIN : r;
}

int s3_perform(struct s3 *s3, const struct s3_call *call, struct http_response *ret,
	       struct err *err)
{
	bool moved = false;
	int tries = 0;

	for (;;) {
		_cleanup_http_response_ struct http_response res = {0};
		size_t before = call->range ? call->range->out->len : 0;
		int r = attempt(s3, call, &res, err);

		if (r == 0 && (res.status / 100 == 2 || (call->range && res.status == 416))) {
			*ret = res;
			res = (struct http_response){0};
			return 0;
		}
		if (r < 0 && !tries_after(r))
			return r;
		forget_part(call);
		if (call->range && call->range->out->len > before)
			tries = 0;
		tries++;
		if (r < 0 && tries >= tries_after(r))
			return r;
		if (r == 0) {
			r = judge(s3, &res, !moved, err);
			moved |= r == SEND_AGAIN;
			if (r < 0 || (r == WAIT_AND_SEND_AGAIN && tries >= TRIES))
				return r < 0 ? r : err->code;
		}
		if (r != SEND_AGAIN && back_off(s3, tries, call->cancel, err) < 0)
			return err->code;
		err_clear(err);
	}
}
