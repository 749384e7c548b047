/* jansson helpers. */
#include "base/json.h"

#include "base/str.h"

#include <string.h>

int json_parse(const char *text, size_t n, const char *what, json_t **ret, struct err *err)
{
	json_error_t at;
	json_t *j = json_loadb(text, n, JSON_REJECT_DUPLICATES, &at);

	if (!j)
		return err_set(err, E_PROTO, "%s is not valid JSON: %s (line %d, column %d)", what,
			       at.text, at.line, at.column);
	*ret = j;
	return 0;
}

char *json_text(const json_t *j)
{
	return json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
}

json_t *json_str(const char *s, size_t n)
{
	_cleanup_free_ char *repaired = NULL;

	if (utf8_valid(s, n) && !memchr(s, 0, n))
		return json_stringn_nocheck(s, n);
	repaired = utf8_repair(s, n);
	return repaired ? json_string_nocheck(repaired) : NULL;
}

json_t *json_strz(const char *s)
{
	return s ? json_str(s, strlen(s)) : json_null();
}

const char *json_get_str(const json_t *obj, const char *key, const char *fallback)
{
	const char *s = json_string_value(json_object_get(obj, key));

	return s ? s : fallback;
}

json_int_t json_get_int(const json_t *obj, const char *key, json_int_t fallback)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_integer(v) ? json_integer_value(v) : fallback;
}

bool json_get_bool(const json_t *obj, const char *key, bool fallback)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_boolean(v) ? json_is_true(v) : fallback;
}
