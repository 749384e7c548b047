/* Values that the answers of several services share. */
#include "protocol/aws/aws-int.h"

#include "base/str.h"

void aws_tags_release(struct aws_tags *t)
{
	for (size_t i = 0; i < t->len; i++) {
		free(t->items[i].key);
		free(t->items[i].value);
	}
	free(t->items);
	*t = (struct aws_tags){0};
}

const char *aws_tags_get(const struct aws_tags *t, const char *key)
{
	for (size_t i = 0; i < t->len; i++)
		if (str_eq(t->items[i].key, key))
			return t->items[i].value;
	return NULL;
}

bool aws_tags_has(const struct aws_tags *t, const char *key, const char *value)
{
	const char *found = aws_tags_get(t, key);

	return found && str_eq(found, value);
}

json_t *aws_tags_json(const struct aws_tag *tags, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		if (json_array_append_new(list, json_pack("{s:s, s:s}", "Key", tags[i].key, "Value",
							  tags[i].value)) < 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

int aws_tags_take(struct aws_tags *t, const json_t *list, struct err *err)
{
	const json_t *tag;
	size_t i;

	json_array_foreach (list, i, tag) {
		void *items = reallocarray(t->items, t->len + 1, sizeof(*t->items));

		if (!items)
			return err_nomem(err);
		t->items = items;
		t->items[t->len].key = str_dup(json_get_str(tag, "Key", ""));
		t->items[t->len].value = str_dup(json_get_str(tag, "Value", ""));
		t->len++;
		if (!t->items[t->len - 1].key || !t->items[t->len - 1].value)
			return err_nomem(err);
	}
	return 0;
}

int aws_take_str(const json_t *j, const char *key, char **dst, struct err *err)
{
	const char *value = json_get_str(j, key, NULL);

	if (!value)
		return err_set(err, E_PROTO, "AWS's answer has no %s", key);
	return str_replace(dst, value, err);
}

int aws_take_str_opt(const json_t *j, const char *key, char **dst, struct err *err)
{
	return str_replace(dst, json_get_str(j, key, ""), err);
}
