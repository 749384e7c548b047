/*
 * The members of a query or a form: names and values as UTF-8 texts, in the
 * order in which they came, their number and total size capped.
 */
#ifndef WEB_PARAMS_H
#define WEB_PARAMS_H

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"

#include <stdint.h>

enum { PARAMS_MAX = 64 };

struct param {
	char *name;
	char *value;
};

struct params {
	struct param items[PARAMS_MAX];
	size_t len;
};

void params_release(struct params *p);
#define _cleanup_params_ _cleanup_(params_release)

/* Bytes that are no UTF-8, and NUL, become U+FFFD.  E_TOOBIG beyond PARAMS_MAX. */
int params_add(struct params *p, const char *name, const char *value, size_t n,
	       struct err *err) _must_check_;
/* Lengthen the last value: what a form's parser delivers in pieces. */
int params_append(struct params *p, const char *value, size_t n, struct err *err) _must_check_;

/* The first value of this name, or the fallback; borrowed. */
const char *params_get(const struct params *p, const char *name, const char *fallback);
/* A whole number between min and max; the fallback when it is absent or empty. */
int params_get_i64(const struct params *p, const char *name, int64_t fallback, int64_t min,
		   int64_t max, int64_t *ret, struct err *err) _must_check_;
/* All members as an object of texts, new. */
json_t *params_json(const struct params *p);

#endif
