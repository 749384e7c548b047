/* Names and values of queries and forms. */
#include "web/params.h"

#include "base/str.h"

#include <inttypes.h>

void params_release(struct params *p)
{
	for (size_t i = 0; i < p->len; i++) {
		free(p->items[i].name);
		free(p->items[i].value);
	}
	p->len = 0;
}

int params_add(struct params *p, const char *name, const char *value, size_t n, struct err *err)
{
	struct param item;

	if (p->len == PARAMS_MAX)
		return err_set(err, E_TOOBIG, "more than %d fields", PARAMS_MAX);
	item.name = utf8_repair(name, strlen(name));
	item.value = utf8_repair(value, n);
	if (!item.name || !item.value) {
		free(item.name);
		free(item.value);
		return err_nomem(err);
	}
	p->items[p->len++] = item;
	return 0;
}

int params_append(struct params *p, const char *value, size_t n, struct err *err)
{
	_cleanup_free_ char *piece = utf8_repair(value, n);
	char **at, *whole;

	if (!p->len)
		return 0;
	at = &p->items[p->len - 1].value;
	whole = piece ? str_fmt("%s%s", *at, piece) : NULL;
	if (!whole)
		return err_nomem(err);
	free(*at);
	*at = whole;
	return 0;
}

const char *params_get(const struct params *p, const char *name, const char *fallback)
{
	for (size_t i = 0; i < p->len; i++)
		if (str_eq(p->items[i].name, name))
			return p->items[i].value;
	return fallback;
}

int params_get_i64(const struct params *p, const char *name, int64_t fallback, int64_t min,
		   int64_t max, int64_t *ret, struct err *err)
{
	const char *text = params_get(p, name, "");
	int64_t value = fallback;

	if (*text && (str_parse_i64(text, &value, NULL) < 0 || value < min || value > max))
		return err_set(err, E_INPUT,
			       "%s is not a whole number between %" PRId64 " and %" PRId64, name,
			       min, max);
	*ret = value;
	return 0;
}

json_t *params_json(const struct params *p)
{
	json_auto_t *obj = json_object();

	for (size_t i = 0; obj && i < p->len; i++)
		if (json_object_set_new_nocheck(obj, p->items[i].name,
						json_strz(p->items[i].value)) < 0)
			return NULL;
	return json_incref(obj);
}
