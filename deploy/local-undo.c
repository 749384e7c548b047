/* Taking back what a step changed in endpoint.json, whatever has happened to it since. */
#include "deploy/local-int.h"

#include "base/str.h"

/* Without the variant; JSON null when it was the last. */
static int without(const json_t *now, const char *variant, json_t **ret, struct err *err)
{
	_cleanup_endpoint_file_ struct endpoint_file e = {0};
	double left = 0;
	int r = endpoint_parse(now, &e, err);

	if (r < 0)
		return r;
	endpoint_drop_variant(&e, endpoint_find_variant(&e, variant));
	for (size_t i = 0; i < e.n_variants; i++)
		left += e.variants[i].weight;
	if (e.n_variants && left <= 0)
		endpoint_shift(&e, endpoint_newest_variant(&e), 100);
	*ret = e.n_variants ? endpoint_json(&e) : json_null();
	return *ret ? 0 : err_nomem(err);
}

static bool has_variant(const json_t *now, const char *variant)
{
	json_t *v;
	size_t i;

	json_array_foreach (json_object_get(now, "variants"), i, v)
		if (str_eq(json_get_str(v, "name", ""), variant))
			return true;
	return false;
}

static bool same_names(const json_t *a, const json_t *b)
{
	const json_t *list = json_object_get(a, "variants");
	json_t *v;
	size_t i;

	if (json_array_size(list) != json_array_size(json_object_get(b, "variants")))
		return false;
	json_array_foreach (list, i, v)
		if (!has_variant(b, json_get_str(v, "name", "")))
			return false;
	return true;
}

/* A variant was added: it goes, and what others have changed beside it stays. */
static int before_join(const json_t *now, const json_t *plan, json_t **ret, struct err *err)
{
	const char *variant = json_get_str(plan, "variant", "");
	json_t *before = json_object_get(plan, "before");
	json_auto_t *rest = NULL;
	int r;

	if (!has_variant(now, variant))
		return 0;
	r = without(now, variant, &rest, err);
	if (r == 0)
		*ret = json_incref(same_names(rest, before) ? before : rest);
	return r;
}

int local_before(const json_t *now, const json_t *plan, json_t **ret, struct err *err)
{
	json_t *before = json_object_get(plan, "before");
	const json_t *after = json_object_get(plan, "after");

	*ret = NULL;
	/* It may have been written and not been taken yet. */
	if (json_equal(now, before)) {
		*ret = json_incref(before);
		return 0;
	}
	if (json_object_get(plan, "variant"))
		return before_join(now, plan, ret, err);
	/* No "after": the step took the endpoint away. */
	if (after ? json_equal(now, after) : json_is_null(now))
		*ret = json_incref(before);
	return 0;
}
