/* The operations of S3 that this program uses. */
#include "protocol/aws/s3.h"

#include "base/limits.h"
#include "base/str.h"
#include "protocol/aws/endpoint.h"
#include "protocol/aws/s3-int.h"
#include "protocol/aws/sigv4.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/stat.h>

void s3_object_release(struct s3_object *o)
{
	free(o->etag);
	*o = (struct s3_object){0};
}

void s3_free(struct s3 *s3)
{
	if (!s3)
		return;
	http_client_free(s3->http);
	aws_credentials_release(&s3->credentials);
	free(s3->endpoint);
	free(s3->prefix);
	free(s3->region);
	free(s3);
}

int s3_new(const struct s3_options *options, struct s3 **ret, struct err *err)
{
	struct http_options http = {.ca_file = getenv("AWS_CA_BUNDLE")};
	_cleanup_(s3_freep) struct s3 *s3 = calloc(1, sizeof(*s3));
	int r;

	if (!s3)
		return err_nomem(err);
	s3->retry_ms = options->retry_ms;
	r = aws_region_check(options->region, err);
	if (r == 0)
		r = str_replace(&s3->region, options->region, err);
	if (r == 0)
		r = aws_credentials_copy(options->credentials, &s3->credentials, err);
	if (r == 0 && options->endpoint)
		r = aws_endpoint_split("S3", options->endpoint, &s3->endpoint, &s3->prefix, err);
	if (r == 0)
		r = http_client_new(&http, &s3->http, err);
	if (r < 0)
		return r;
	*ret = TAKE(s3);
	return 0;
}

/* --- objects --- */

static int take_etag(const struct http_response *res, struct s3_object *o, struct err *err)
{
	return str_replace(&o->etag, http_response_header(res, "ETag"), err);
}

int s3_head(struct s3 *s3, const char *bucket, const char *key, struct cancel *cancel,
	    struct s3_object *ret, struct err *err)
{
	struct s3_call call = {.method = "HEAD", .bucket = bucket, .key = key, .cancel = cancel};
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_s3_object_ struct s3_object o = {0};
	const char *length;
	int r = s3_perform(s3, &call, &res, err);

	if (r < 0)
		return r;
	length = http_response_header(&res, "Content-Length");
	if (!length || str_parse_u64(length, &o.size, NULL) < 0)
		return err_set(err, E_PROTO, "S3 did not say how large the object is");
	r = take_etag(&res, &o, err);
	if (r < 0)
		return r;
	*ret = o;
	o = (struct s3_object){0};
	return 0;
}

/* "bytes FIRST-LAST/SIZE", or "bytes * /SIZE" (without the space) when nothing is there. */
static bool parse_content_range(const char *text, uint64_t *ret_first, uint64_t *ret_size)
{
	const char *slash = text ? strchr(text, '/') : NULL;
	_cleanup_free_ char *first = NULL;

	if (!slash || !str_starts_ci(text, "bytes ") ||
	    str_parse_u64(slash + 1, ret_size, NULL) < 0)
		return false;
	text += strlen("bytes ");
	first = str_ndup(text, strcspn(text, "-/"));
	if (!first)
		return false;
	return str_eq(first, "*") || str_parse_u64(first, ret_first, NULL) == 0;
}

static int check_part(const struct http_response *res, const struct s3_range *range,
		      uint64_t *ret_size, struct err *err)
{
	uint64_t got = range->out->len - range->start, first = range->asked;
	const char *text = http_response_header(res, "Content-Range");

	/* Without a Content-Range the whole object came; one that fits is as good. */
	if (res->status == 200 && range->asked == 0) {
		*ret_size = got;
		return 0;
	}
	/* Servers differ in whether 416 tells the size; an empty object has no first byte. */
	if (res->status == 416 && !text) {
		*ret_size = range->offset;
		return 0;
	}
	if (res->status == 200 || !parse_content_range(text, &first, ret_size) ||
	    first != range->asked)
		return err_set(err, E_UNSUPPORTED, "the server does not keep to ranges");
	if (range->offset + got > *ret_size)
		return err_set(err, E_PROTO, "the server sent more than the object holds");
	return 0;
}

int s3_get(struct s3 *s3, const char *bucket, const char *key, uint64_t offset, size_t n,
	   const char *etag, struct cancel *cancel, struct buf *out, struct s3_object *ret,
	   struct err *err)
{
	struct s3_range range = {
		.offset = offset, .n = n, .out = out, .start = out->len, .etag = etag};
	struct s3_call call = {
		.method = "GET", .bucket = bucket, .key = key, .range = &range, .cancel = cancel};
	_cleanup_s3_object_ struct s3_object o = {0};

	for (;;) {
		_cleanup_http_response_ struct http_response res = {0};
		size_t before = out->len - range.start, got;
		int r = s3_perform(s3, &call, &res, err);

		if (r == 0)
			r = check_part(&res, &range, &o.size, err);
		if (r == 0)
			r = take_etag(&res, &o, err);
		if (r < 0)
			return r;
		range.etag = o.etag;
		got = out->len - range.start;
		if (got == n || offset + got >= o.size)
			break;
		if (got == before)
			return err_set(err, E_PROTO, "the server sent an empty part");
	}
	*ret = o;
	o = (struct s3_object){0};
	return 0;
}

int s3_put(struct s3 *s3, const char *bucket, const char *key, const void *p, size_t n,
	   struct cancel *cancel, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	char hash[SIGV4_HASH_SIZE];
	struct s3_call call = {.method = "PUT",
			       .bucket = bucket,
			       .key = key,
			       .payload = hash,
			       .body = n ? p : "",
			       .body_len = n,
			       .cancel = cancel};
	int r = sigv4_hash(p, n, hash, err);

	return r < 0 ? r : s3_perform(s3, &call, &res, err);
}

struct upload {
	int fd;
	off_t offset;
};

static int upload_read(void *userdata, void *dst, size_t n, size_t *ret, struct err *err)
{
	struct upload *u = userdata;
	ssize_t got;

	do
		got = pread(u->fd, dst, n, u->offset);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_set_errno(err, E_IO, errno, "reading what is to be sent");
	u->offset += got;
	*ret = (size_t)got;
	return 0;
}

static int upload_rewind(void *userdata, struct err *err)
{
	struct upload *u = userdata;

	(void)err;
	u->offset = 0;
	return 0;
}

/* S3 compares what it received with this hash, so a file that changes under way is refused. */
static int hash_file(struct upload *u, char dst[SIGV4_HASH_SIZE], struct err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char md[EVP_MAX_MD_SIZE];
	uint8_t chunk[65536];
	size_t n = 1;
	int r = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) ? 0 : err_nomem(err);

	while (r == 0 && n > 0) {
		r = upload_read(u, chunk, sizeof(chunk), &n, err);
		if (r == 0 && !EVP_DigestUpdate(ctx, chunk, n))
			r = err_nomem(err);
	}
	if (r == 0 && !EVP_DigestFinal_ex(ctx, md, NULL))
		r = err_nomem(err);
	if (r == 0)
		str_hex(dst, md, (SIGV4_HASH_SIZE - 1) / 2);
	EVP_MD_CTX_free(ctx);
	return r;
}

int s3_put_file(struct s3 *s3, const char *bucket, const char *key, int fd, struct cancel *cancel,
		struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	struct upload u = {.fd = fd};
	struct http_source source = {.read = upload_read, .rewind = upload_rewind, .userdata = &u};
	char hash[SIGV4_HASH_SIZE];
	struct s3_call call = {.method = "PUT",
			       .bucket = bucket,
			       .key = key,
			       .payload = hash,
			       .source = &source,
			       .cancel = cancel};
	struct stat st;
	int r;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, E_IO, errno, "the file to be sent");
	source.size = (uint64_t)st.st_size;
	if (source.size > S3_PUT_MAX)
		return err_set(err, E_TOOBIG, "S3 takes 5 GB in one upload; this file is larger");
	if (source.size == 0)
		return s3_put(s3, bucket, key, "", 0, cancel, err);
	r = hash_file(&u, hash, err);
	return r < 0 ? r : s3_perform(s3, &call, &res, err);
}

/* --- listings and buckets --- */

static void add_query(struct buf *b, const char *name, const char *value)
{
	if (!value)
		return;
	buf_printf(b, "&%s=", name);
	http_escape(b, value, strlen(value), "");
}

int s3_list(struct s3 *s3, const char *bucket, const char *prefix, const char *delimiter,
	    const char *after, struct cancel *cancel, struct s3_page *ret, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_free_ char *query = NULL;
	struct s3_call call = {.method = "GET", .bucket = bucket, .cancel = cancel};
	_cleanup_buf_ struct buf b;
	int r;

	buf_init(&b, LIMIT_SMALL_FILE);
	/* Encoded, since keys may hold characters that XML 1.0 cannot carry. */
	buf_put_str(&b, "list-type=2&encoding-type=url");
	add_query(&b, "prefix", prefix);
	add_query(&b, "delimiter", delimiter);
	add_query(&b, "continuation-token", after);
	query = buf_take_str(&b);
	if (!query)
		return err_nomem(err);
	call.query = query;
	r = s3_perform(s3, &call, &res, err);
	return r < 0 ? r : s3_xml_page(res.body.data, res.body.len, ret, err);
}

int s3_head_bucket(struct s3 *s3, const char *bucket, struct cancel *cancel, struct err *err)
{
	struct s3_call call = {.method = "HEAD", .bucket = bucket, .cancel = cancel};
	_cleanup_http_response_ struct http_response res = {0};

	return s3_perform(s3, &call, &res, err);
}

int s3_create_bucket(struct s3 *s3, const char *bucket, struct cancel *cancel, struct err *err)
{
	static const char form[] =
		"<CreateBucketConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
		"<LocationConstraint>%s</LocationConstraint></CreateBucketConfiguration>";
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_free_ char *body = NULL;
	char hash[SIGV4_HASH_SIZE];
	struct s3_call call = {.method = "PUT", .bucket = bucket, .cancel = cancel};
	int r;

	/* us-east-1 is the one region that S3 does not take by name here. */
	body = str_eq(s3->region, "us-east-1") ? str_dup("") : str_fmt(form, s3->region);
	if (!body)
		return err_nomem(err);
	r = sigv4_hash(body, strlen(body), hash, err);
	if (r < 0)
		return r;
	call.payload = hash;
	call.body = body;
	call.body_len = strlen(body);
	r = s3_perform(s3, &call, &res, err);
	if (r == E_EXISTS && str_eq(err->name, "BucketAlreadyOwnedByYou")) {
		err_clear(err);
		return 0;
	}
	return r;
}
