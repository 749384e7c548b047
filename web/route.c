/* Patterns of paths, and looking through a table of them. */
#include "web/route.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

static bool take_number(const char *part, size_t n, struct route_match *m)
{
	char digits[20];

	if (n == 0 || n >= sizeof(digits) || strspn(part, "0123456789") < n)
		return false;
	memcpy(digits, part, n);
	digits[n] = '\0';
	return str_parse_i64(digits, &m->id, NULL) == 0;
}

static bool take_text(const char *part, size_t n, struct route_match *m, size_t *n_args)
{
	if (n == 0 || n >= ROUTE_ARG_SIZE || *n_args == ROUTE_ARGS)
		return false;
	memcpy(m->args[*n_args], part, n);
	m->args[(*n_args)++][n] = '\0';
	return true;
}

bool route_fits(const char *pattern, const char *path, struct route_match *ret)
{
	struct route_match m = {0};
	size_t n_args = 0;

	while (*pattern == '/' && *path == '/') {
		const char *want = ++pattern, *part = ++path;
		size_t n_want = strcspn(want, "/"), n = strcspn(part, "/");
		bool fits;

		if (n_want == 1 && *want == ':')
			fits = take_text(part, n, &m, &n_args);
		else if (n_want == 1 && *want == '#')
			fits = take_number(part, n, &m);
		else
			fits = n == n_want && memcmp(want, part, n) == 0;
		if (!fits)
			return false;
		pattern += n_want;
		path += n;
	}
	if (*pattern || *path)
		return false;
	*ret = m;
	return true;
}

static bool method_fits(const char *want, const char *method)
{
	return str_eq(want, method) || (str_eq(want, "GET") && str_eq(method, "HEAD"));
}

int route_find(const struct route *table, const char *method, const char *path,
	       const struct route **ret, struct route_match *ret_match, char *allow,
	       size_t allow_size, struct err *err)
{
	size_t n = 0;

	*allow = '\0';
	for (const struct route *r = table; r->method; r++) {
		if (!route_fits(r->pattern, path, ret_match))
			continue;
		if (method_fits(r->method, method)) {
			*ret = r;
			*allow = '\0';
			return 0;
		}
		n += (size_t)snprintf(allow + n, allow_size - n, "%s%s", n ? ", " : "", r->method);
		if (n >= allow_size)
			n = allow_size - 1;
	}
	if (n)
		return err_set(err, E_UNSUPPORTED, "this address takes %s only", allow);
	return err_set(err, E_NOTFOUND, "there is nothing at this address");
}
