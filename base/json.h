/*
 * Small additions to jansson: parse with our error type, dump into text the
 * caller owns, and strings from data that may not be UTF-8.  References are
 * called new (caller owns), borrowed and stolen, in jansson's sense.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include "base/cleanup.h"
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

/* Parse one JSON object or array; duplicate keys are refused.  *ret is new. */
int json_parse(const char *text, size_t n, const char *what, json_t **ret,
	       struct err *err) _must_check_;

/* Compact text with sorted keys; the caller frees.  NULL when out of memory. */
char *json_text(const json_t *j);

/* A new string; bytes that are no UTF-8, and NUL, become U+FFFD. */
json_t *json_str(const char *s, size_t n);
/* The same for a NUL-terminated text; JSON null for NULL. */
json_t *json_strz(const char *s);

/*
 * Members of an object, for replies whose shape varies; required shapes are
 * unpacked with json_unpack_ex where they arrive.  Borrowed; the fallback
 * when the member is absent or of another type.
 */
const char *json_get_str(const json_t *obj, const char *key, const char *fallback);
json_int_t json_get_int(const json_t *obj, const char *key, json_int_t fallback);
bool json_get_bool(const json_t *obj, const char *key, bool fallback);

#endif
