/* MIME bundles: two JSON objects and the rule that text in them is valid UTF-8. */
#include "display/bundle.h"

int bundle_init(struct bundle *b, struct err *err)
{
	*b = (struct bundle){.data = json_object(), .metadata = json_object()};
	if (b->data && b->metadata)
		return 0;
	bundle_release(b);
	return err_nomem(err);
}

void bundle_release(struct bundle *b)
{
	json_decref(b->data);
	json_decref(b->metadata);
	*b = (struct bundle){0};
}

int bundle_set_text(struct bundle *b, const char *mime, const char *text, size_t n, struct err *err)
{
	return bundle_set_json(b, mime, json_str(text, n), err);
}

int bundle_set_json(struct bundle *b, const char *mime, json_t *value, struct err *err)
{
	if (json_object_set_new(b->data, mime, value) < 0)
		return err_nomem(err);
	return 0;
}
