/*
 * Connection URLs.  The texts of errors name the part that is wrong and never
 * quote the URL, which may hold a password.
 */
#include "notebook/db.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/str.h"

#include <string.h>

enum { DEFAULT_PORT = 1527, PORT_MAX = 65535 };

static const char example[] = "splice://user@host:1527/splicedb or derby://host:1527/db";

static void wipe_free(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void db_url_release(struct db_url *url)
{
	free(url->scheme);
	free(url->host);
	wipe_free(url->database); /* its attributes may be secret too */
	free(url->user);
	wipe_free(url->password);
	*url = (struct db_url){0};
}

static int refuse(const char *what, struct err *err)
{
	int code = err_set(err, E_INPUT, "the connection URL %s", what);

	err_set_hint(err, "write it like %s", example);
	return code;
}

static int hex_digit(char c)
{
	if (str_is_digit(c))
		return c - '0';
	if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
		return (c & ~0x20) - 'A' + 10;
	return -1;
}

/* A copy of n bytes with %XX decoded (RFC 3986, 2.1); replaces *ret. */
static int decode(const char *s, size_t n, char **ret, struct err *err)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, LIMIT_SMALL_FILE);
	for (size_t i = 0; i < n; i++) {
		char c = s[i];

		if (c == '%') {
			int hi = i + 2 < n ? hex_digit(s[i + 1]) : -1;
			int lo = i + 2 < n ? hex_digit(s[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return refuse("has a % that no two hexadecimal digits follow", err);
			c = (char)(hi << 4 | lo);
			i += 2;
		}
		if (c == '\0')
			return refuse("holds a NUL", err);
		buf_put_u8(&b, (unsigned char)c);
	}
	if (!utf8_valid((const char *)b.data, b.len))
		return refuse("is no UTF-8", err);
	wipe_free(*ret);
	*ret = buf_take_str(&b);
	return *ret ? 0 : err_nomem(err);
}

/* What is being parsed: ours is percent-encoded, JDBC's is literal. */
struct source {
	const char *at, *end;
	bool jdbc;
};

static int take_text(const struct source *s, const char *p, size_t n, char **ret, struct err *err)
{
	char *copy;

	if (!s->jdbc)
		return decode(p, n, ret, err);
	copy = str_ndup(p, n);
	if (!copy)
		return err_nomem(err);
	wipe_free(*ret);
	*ret = copy;
	return 0;
}

/* "jdbc:" and "NAME://". */
static int parse_scheme(struct source *s, struct db_url *url, struct err *err)
{
	static const char *const known[] = {"splice", "derby", "odbc"};
	const char *colon;

	s->jdbc = str_starts_ci(s->at, "jdbc:");
	if (s->jdbc)
		s->at += strlen("jdbc:");
	colon = strchr(s->at, ':');
	if (!colon || colon == s->at)
		return refuse("has no scheme", err);
	url->scheme = str_ndup(s->at, (size_t)(colon - s->at));
	if (!url->scheme)
		return err_nomem(err);
	for (char *c = url->scheme; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (!str_eq(known[i], url->scheme))
			continue;
		if (!str_starts(colon, "://"))
			return refuse("names no server: // and a host must follow the scheme", err);
		s->at = colon + strlen("://");
		return 0;
	}
	return refuse("has a scheme that is none of splice, derby, odbc", err);
}

static int parse_user(struct source *s, const char *end, struct db_url *url, struct err *err)
{
	const char *at = memrchr(s->at, '@', (size_t)(end - s->at));
	const char *colon;
	int code;

	if (!at)
		return 0;
	colon = memchr(s->at, ':', (size_t)(at - s->at));
	code = take_text(s, s->at, (size_t)((colon ? colon : at) - s->at), &url->user, err);
	if (code == 0 && colon)
		code = take_text(s, colon + 1, (size_t)(at - colon - 1), &url->password, err);
	if (code == 0 && !*url->user)
		code = refuse("has no user before the @", err);
	s->at = at + 1;
	return code;
}

static int parse_port(const char *p, size_t n, struct db_url *url, struct err *err)
{
	int port = 0;

	for (size_t i = 0; i < n && port <= PORT_MAX; i++) {
		if (!str_is_digit(p[i]))
			return refuse("has a port that is no number", err);
		port = port * 10 + (p[i] - '0');
	}
	if (n == 0 || port == 0 || port > PORT_MAX)
		return refuse("has a port that is not between 1 and 65535", err);
	url->port = port;
	return 0;
}

/* host, host:port, [IPv6] or [IPv6]:port. */
static int parse_host(struct source *s, const char *end, struct db_url *url, struct err *err)
{
	const char *host = s->at, *host_end = end, *colon;
	int code;

	if (host < end && *host == '[') {
		host_end = memchr(host, ']', (size_t)(end - host));
		if (!host_end)
			return refuse("has a [ without a ]", err);
		host++;
		colon = host_end + 1 < end ? host_end + 1 : NULL;
		if (colon && *colon != ':')
			return refuse("has something else than a port behind the ]", err);
	} else {
		colon = memchr(host, ':', (size_t)(end - host));
		host_end = colon ? colon : end;
	}
	url->port = DEFAULT_PORT;
	if (host_end == host)
		return refuse("names no host", err);
	code = take_text(s, host, (size_t)(host_end - host), &url->host, err);
	if (code == 0 && colon)
		code = parse_port(colon + 1, (size_t)(end - colon - 1), url, err);
	return code;
}

/* The attribute's value when it is `name=value`; NULL otherwise. */
static const char *attribute(const char *p, size_t n, const char *name)
{
	size_t len = strlen(name);

	return n > len && str_starts_ci(p, name) && p[len] == '=' ? p + len + 1 : NULL;
}

/* ";name=value": user and password are taken out, the others stay with the database's name. */
static int parse_attribute(struct source *s, const char *p, size_t n, struct db_url *url,
			   struct buf *kept, struct err *err)
{
	const char *user = attribute(p, n, "user"), *password = attribute(p, n, "password");
	const char *value = user ? user : password;

	if (value)
		return take_text(s, value, (size_t)(p + n - value),
				 user ? &url->user : &url->password, err);
	if (n) {
		buf_put_u8(kept, ';');
		buf_put(kept, p, n);
	}
	return 0;
}

static int parse_database(struct source *s, struct db_url *url, struct err *err)
{
	size_t n = strcspn(s->at, ";");
	_cleanup_buf_ struct buf kept;
	const char *p = s->at;
	int code = 0;

	buf_init(&kept, LIMIT_SMALL_FILE);
	if (n == 0 && !str_eq(url->scheme, "odbc"))
		return refuse("names no database", err);
	buf_put(&kept, p, n);
	for (p += n; *p && code == 0; p += n) {
		p++;
		n = strcspn(p, ";");
		code = parse_attribute(s, p, n, url, &kept, err);
	}
	if (code == 0)
		code = buf_check(&kept, "the connection URL", err);
	if (code < 0)
		return code;
	return take_text(s, (const char *)kept.data, kept.len, &url->database, err);
}

static int parse(struct source *s, struct db_url *url, struct err *err)
{
	const char *slash;
	int code = parse_scheme(s, url, err);

	if (code < 0)
		return code;
	slash = strchr(s->at, '/');
	if (!slash)
		slash = s->end;
	code = parse_user(s, slash, url, err);
	if (code == 0)
		code = parse_host(s, slash, url, err);
	if (code < 0)
		return code;
	s->at = slash < s->end ? slash + 1 : s->end;
	return parse_database(s, url, err);
}

int db_url_parse(const char *text, struct db_url *ret, struct err *err)
{
	_cleanup_(db_url_release) struct db_url url = {0};
	struct source s = {.at = text, .end = text + strlen(text)};
	int code = parse(&s, &url, err);

	if (code < 0)
		return code;
	*ret = url;
	url = (struct db_url){0};
	return 0;
}

/* Percent-encode what would end the part it stands in. */
static void put_encoded(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (strchr("%/@:;?#[]", *s) || (unsigned char)*s <= ' ')
			buf_printf(b, "%%%02X", (unsigned char)*s);
		else
			buf_put_u8(b, (unsigned char)*s);
	}
}

/* The database's name and its attributes, but for those that are passwords themselves. */
static void put_database(struct buf *b, const char *s)
{
	size_t n = strcspn(s, ";");

	buf_put(b, s, n);
	for (s += n; *s; s += n) {
		n = 1 + strcspn(s + 1, ";");
		_cleanup_free_ char *one = str_ndup(s, n);

		if (one && !str_find_ci(one, "password") && !str_find_ci(one, "key"))
			buf_put_str(b, one);
	}
}

char *db_url_text(const struct db_url *url)
{
	bool v6 = strchr(url->host, ':');
	_cleanup_buf_ struct buf b;

	buf_init(&b, LIMIT_SMALL_FILE);
	buf_printf(&b, "%s://", url->scheme);
	if (url->user) {
		put_encoded(&b, url->user);
		buf_put_u8(&b, '@');
	}
	buf_printf(&b, v6 ? "[%s]:%d/" : "%s:%d/", url->host, url->port);
	put_database(&b, url->database);
	return buf_take_str(&b);
}
