/*
 * Signature Version 4.  Query and headers are brought into the order and
 * encoding that the service will compute from the request line it receives,
 * so that callers may send them in any order.
 */
#include "protocol/aws/sigv4.h"

#include "base/limits.h"
#include "base/str.h"
#include "protocol/aws/credentials.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <time.h>

enum { DIGEST = 32, DAY = 8 };

/* A query parameter or a header in canonical form. */
struct pair {
	char *name;
	char *value;
	size_t order; /* as given: repeated headers keep it */
};

struct pairs {
	struct pair *items;
	size_t len;
};

static void pairs_release(struct pairs *p)
{
	for (size_t i = 0; i < p->len; i++) {
		free(p->items[i].name);
		free(p->items[i].value);
	}
	free(p->items);
	*p = (struct pairs){0};
}

#define _cleanup_pairs_ _cleanup_(pairs_release)

/* Takes name and value, also when it fails; either may be NULL (out of memory). */
static int pairs_add(struct pairs *p, char *name, char *value, struct err *err)
{
	struct pair *items = NULL;

	if (name && value)
		items = reallocarray(p->items, p->len + 1, sizeof(*items));
	if (!items) {
		free(name);
		free(value);
		return err_nomem(err);
	}
	items[p->len] = (struct pair){.name = name, .value = value, .order = p->len};
	p->items = items;
	p->len++;
	return 0;
}

static int by_name_and_value(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : strcmp(x->value, y->value);
}

static int by_name_and_order(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

/* --- query --- */

/* Bring n bytes of a query into the one encoding that is signed: `+` is a plus, not a space. */
static char *reencode(const char *s, size_t n)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, LIMIT_SMALL_FILE);
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '%' && n - i > 2 && str_hex_digit(s[i + 1]) >= 0 &&
		    str_hex_digit(s[i + 2]) >= 0) {
			c = (char)(str_hex_digit(s[i + 1]) << 4 | str_hex_digit(s[i + 2]));
			i += 2;
		}
		http_escape(&b, &c, 1, "");
	}
	return buf_take_str(&b);
}

static int put_query(struct buf *out, const char *query, struct err *err)
{
	_cleanup_pairs_ struct pairs p = {0};

	while (query && *query) {
		size_t n = strcspn(query, "&");
		const char *eq = memchr(query, '=', n);
		size_t name = eq ? (size_t)(eq - query) : n;
		size_t value = eq ? name + 1 : n; /* `?acl` is signed as `acl=` */
		int r = n ? pairs_add(&p, reencode(query, name), reencode(query + value, n - value),
				      err)
			  : 0;

		if (r < 0)
			return r;
		query += n + (query[n] == '&');
	}
	if (p.len)
		qsort(p.items, p.len, sizeof(*p.items), by_name_and_value);
	for (size_t i = 0; i < p.len; i++)
		buf_printf(out, "%s%s=%s", i ? "&" : "", p.items[i].name, p.items[i].value);
	buf_put_u8(out, '\n');
	return 0;
}

/* --- path --- */

/* RFC 3986 §5.2.4, and empty segments dropped; then each segment encoded once more. */
static int put_normal_path(struct buf *out, const char *path, struct err *err)
{
	_cleanup_strv_ struct strv segments = {0};
	bool slash = true; /* the path ends with one */

	for (const char *p = path; *p;) {
		size_t n;

		p += strspn(p, "/");
		n = strcspn(p, "/");
		slash = n == 0 || p[n] == '/';
		if (n == 2 && strncmp(p, "..", 2) == 0) {
			slash = true;
			if (segments.len) {
				segments.len--;
				free(TAKE(segments.items[segments.len]));
			}
		} else if (n == 1 && *p == '.') {
			slash = true;
		} else if (n && strv_take(&segments, str_ndup(p, n), err) < 0) {
			return E_NOMEM;
		}
		p += n;
	}
	for (size_t i = 0; i < segments.len; i++) {
		buf_put_u8(out, '/');
		http_escape(out, segments.items[i], strlen(segments.items[i]), "");
	}
	if (slash || segments.len == 0)
		buf_put_u8(out, '/');
	return 0;
}

static int put_path(struct buf *out, const struct sigv4_request *req, struct err *err)
{
	int r = 0;

	if (!req->s3)
		r = put_normal_path(out, req->path, err);
	else
		buf_put_str(out, *req->path ? req->path : "/");
	buf_put_u8(out, '\n');
	return r;
}

/* --- headers --- */

/* Outer white space cut, inner runs of it made one space. */
static char *header_value(const char *s)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, LIMIT_SMALL_FILE);
	while (*s) {
		size_t space = strspn(s, " \t"), word;

		s += space;
		word = strcspn(s, " \t");
		if (space && word && b.len)
			buf_put_u8(&b, ' ');
		buf_put(&b, s, word);
		s += word;
	}
	return buf_take_str(&b);
}

static int add_header(struct pairs *p, const char *name, const char *value, struct err *err)
{
	char *lower = str_dup(name);

	for (char *c = lower; c && *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c |= 0x20;
	return pairs_add(p, lower, header_value(value), err);
}

static int collect_headers(const struct sigv4_request *req, const char *date, const char *token,
			   struct pairs *p, struct err *err)
{
	int r = add_header(p, "host", req->host, err);

	if (r == 0)
		r = add_header(p, "x-amz-date", date, err);
	if (r == 0 && req->s3)
		r = add_header(p, "x-amz-content-sha256", req->payload, err);
	if (r == 0 && token)
		r = add_header(p, "x-amz-security-token", token, err);
	for (size_t i = 0; r == 0 && i < req->n_headers; i++)
		r = add_header(p, req->headers[i].name, req->headers[i].value, err);
	if (r == 0)
		qsort(p->items, p->len, sizeof(*p->items), by_name_and_order);
	return r;
}

static void put_headers(struct buf *out, const struct pairs *p)
{
	for (size_t i = 0; i < p->len; i++) {
		bool again = i && str_eq(p->items[i].name, p->items[i - 1].name);

		if (again)
			buf_printf(out, ",%s", p->items[i].value);
		else
			buf_printf(out, "%s%s:%s", i ? "\n" : "", p->items[i].name,
				   p->items[i].value);
	}
	buf_put_str(out, "\n\n");
}

static void put_signed_headers(struct buf *out, const struct pairs *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (i == 0 || !str_eq(p->items[i].name, p->items[i - 1].name))
			buf_printf(out, "%s%s", i ? ";" : "", p->items[i].name);
}

/* --- signature --- */

static int digest_failed(struct err *err)
{
	return err_set(err, E_UNSUPPORTED, "OpenSSL does not compute SHA-256");
}

int sigv4_hash(const void *p, size_t n, char dst[SIGV4_HASH_SIZE], struct err *err)
{
	unsigned char md[DIGEST];

	if (EVP_Digest(n ? p : "", n, md, NULL, EVP_sha256(), NULL) != 1)
		return digest_failed(err);
	str_hex(dst, md, sizeof(md));
	return 0;
}

static bool hmac(const void *key, size_t n_key, const char *text, size_t n, unsigned char *dst)
{
	return HMAC(EVP_sha256(), key, (int)n_key, (const unsigned char *)text, n, dst, NULL);
}

static int signing_key(const char *secret, const struct sigv4_request *req, const char *date,
		       unsigned char key[DIGEST], struct err *err)
{
	_cleanup_buf_ struct buf first;
	bool ok;

	buf_init(&first, LIMIT_SMALL_FILE);
	buf_printf(&first, "AWS4%s", secret);
	if (buf_check(&first, "the secret key", err) < 0)
		return err->code;
	ok = hmac(first.data, first.len, date, DAY, key) &&
	     hmac(key, DIGEST, req->region, strlen(req->region), key) &&
	     hmac(key, DIGEST, req->service, strlen(req->service), key) &&
	     hmac(key, DIGEST, "aws4_request", strlen("aws4_request"), key);
	return ok ? 0 : digest_failed(err);
}

static int format_date(int64_t when, char dst[SIGV4_DATE_SIZE], struct err *err)
{
	time_t t = (time_t)when;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(dst, SIGV4_DATE_SIZE, "%Y%m%dT%H%M%SZ", &tm) == 0)
		return err_set(err, E_INPUT, "the clock's time cannot be written as a date");
	return 0;
}

/* The canonical request into `out`, the names of its headers into `names`. */
static int canonical(const struct sigv4_request *req, const char *date, const char *token,
		     struct buf *out, struct buf *names, struct err *err)
{
	_cleanup_pairs_ struct pairs headers = {0};
	int r = collect_headers(req, date, token, &headers, err);

	buf_printf(out, "%s\n", req->method);
	if (r == 0)
		r = put_path(out, req, err);
	if (r == 0)
		r = put_query(out, req->query, err);
	if (r < 0)
		return r;
	put_headers(out, &headers);
	put_signed_headers(names, &headers);
	buf_put(out, names->data, names->len);
	buf_printf(out, "\n%s", req->payload);
	r = buf_check(names, "the request's headers", err);
	return r < 0 ? r : buf_check(out, "the request to be signed", err);
}

int sigv4_canonical(const struct sigv4_request *req, const struct aws_credentials *credentials,
		    struct buf *out, struct err *err)
{
	_cleanup_buf_ struct buf names;
	char date[SIGV4_DATE_SIZE];
	int r = format_date(req->time, date, err);

	buf_init(&names, LIMIT_SMALL_FILE);
	if (r < 0)
		return r;
	return canonical(req, date, credentials->session_token, out, &names, err);
}

/* "20150830/us-east-1/s3/aws4_request"; the caller frees. */
static char *make_scope(const struct sigv4_request *req, const char *date)
{
	return str_fmt("%.*s/%s/%s/aws4_request", DAY, date, req->region, req->service);
}

static int make_authorization(const struct sigv4_request *req, const struct aws_credentials *c,
			      const char *date, char **ret, struct err *err)
{
	_cleanup_buf_ struct buf request, names, text;
	_cleanup_free_ char *scope = make_scope(req, date);
	char hash[SIGV4_HASH_SIZE], signature[SIGV4_HASH_SIZE];
	unsigned char key[DIGEST], mac[DIGEST];
	int r;

	buf_init(&request, LIMIT_SMALL_FILE);
	buf_init(&names, LIMIT_SMALL_FILE);
	buf_init(&text, LIMIT_SMALL_FILE);
	r = canonical(req, date, c->session_token, &request, &names, err);
	if (r == 0)
		r = sigv4_hash(request.data, request.len, hash, err);
	if (r < 0)
		return r;
	if (!scope)
		return err_nomem(err);
	buf_printf(&text, "AWS4-HMAC-SHA256\n%s\n%s\n%s", date, scope, hash);
	r = buf_check(&text, "the text to be signed", err);
	if (r == 0)
		r = signing_key(c->secret_key, req, date, key, err);
	if (r == 0 && !hmac(key, sizeof(key), (const char *)text.data, text.len, mac))
		r = digest_failed(err);
	explicit_bzero(key, sizeof(key));
	if (r < 0)
		return r;
	str_hex(signature, mac, sizeof(mac));
	*ret = str_fmt("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%.*s, Signature=%s",
		       c->access_key, scope, (int)names.len, (const char *)names.data, signature);
	return *ret ? 0 : err_nomem(err);
}

static void add_signed(struct sigv4_signed *s, const char *name, const char *value)
{
	s->headers[s->n_headers++] = (struct http_header){.name = name, .value = value};
}

int sigv4_sign(const struct sigv4_request *req, const struct aws_credentials *credentials,
	       struct sigv4_signed *ret, struct err *err)
{
	int r;

	*ret = (struct sigv4_signed){0};
	r = format_date(req->time, ret->date, err);
	if (r == 0)
		r = str_replace(&ret->token, credentials->session_token, err);
	if (r == 0)
		r = make_authorization(req, credentials, ret->date, &ret->authorization, err);
	if (r < 0) {
		sigv4_signed_release(ret);
		return r;
	}
	snprintf(ret->payload, sizeof(ret->payload), "%s", req->payload);
	add_signed(ret, "x-amz-date", ret->date);
	if (req->s3)
		add_signed(ret, "x-amz-content-sha256", ret->payload);
	if (ret->token)
		add_signed(ret, "x-amz-security-token", ret->token);
	add_signed(ret, "Authorization", ret->authorization);
	return 0;
}

void sigv4_signed_release(struct sigv4_signed *s)
{
	free(s->token);
	free(s->authorization);
	*s = (struct sigv4_signed){0};
}
