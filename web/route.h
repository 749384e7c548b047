/*
 * Which function answers which request: one table (web/routes.c), looked
 * through from its first line.  Patterns are paths whose parts are literal
 * or `:` (any text, kept as an argument) or `#` (a whole number, kept too).
 */
#ifndef WEB_ROUTE_H
#define WEB_ROUTE_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ROUTE_ARGS = 2, ROUTE_ARG_SIZE = 256 };

struct call;

enum {
	ROUTE_OPEN = 1u << 0, /* without having logged in */
	ROUTE_API = 1u << 1,  /* for programs: JSON, and 401 where a page would ask for the token */
	ROUTE_OLD = 1u << 2,  /* of former trackers: failures as {"status": "failed", "msg"} */
};

/* Fills q's reply.  A negative error becomes the answer. */
typedef int route_fn(struct call *q, struct err *err);

struct route {
	const char *method; /* GET answers HEAD too */
	const char *pattern;
	unsigned flags;
	route_fn *run;
};

extern const struct route web_routes[]; /* ends with a NULL method */

struct route_match {
	char args[ROUTE_ARGS][ROUTE_ARG_SIZE];
	int64_t id; /* of `#` */
};

/* Whether the decoded path has this form. */
bool route_fits(const char *pattern, const char *path, struct route_match *ret);
/*
 * The route of a request.  E_NOTFOUND; E_UNSUPPORTED when the path is there
 * with other methods only, which are put into `allow` ("GET, POST").
 */
int route_find(const struct route *table, const char *method, const char *path,
	       const struct route **ret, struct route_match *ret_match, char *allow,
	       size_t allow_size, struct err *err) _must_check_;

#endif
