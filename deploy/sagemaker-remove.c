/* What a deployment replaced goes, and what an endpoint that ends leaves. */
#include "deploy/sagemaker-int.h"

#include "base/str.h"
#include "protocol/aws/ecr.h"

/*
 * Forward only: what these credentials may not remove is said and left, as it
 * costs nothing and another try would end the same.
 */
static int left_behind(struct step_context *c, int r, const char *what, const char *name,
		       struct err *err)
{
	if (r != E_AUTH && r != E_INPUT)
		return r;
	step_say(c, "the %s %s is left: %s", what, name, err->text);
	err_clear(err);
	return 0;
}

static int remove_thing(struct step_context *c, const struct thing *thing, const char *name,
			struct err *err)
{
	struct aws_tag tag = {TAG_APP, target_of(c)->o.request->app};

	return left_behind(c, thing_remove(c, thing, name, &tag, err), thing->word, name, err);
}

static int remove_image(struct step_context *c, const json_t *image, struct err *err)
{
	const char *tag = json_get_str(image, "tag", "");
	struct err why = ERR_INIT;
	int r = ecr_delete_tag(target_of(c)->aws, json_get_str(image, "repository", ""), tag,
			       c->cancel, &why);

	if (r == 0 || r == E_NOTFOUND)
		return 0;
	return left_behind(c, err_copy(err, &why), "image", tag, err);
}

/* What `look` collected: configuration, models, images, in this order. */
static int remove_collected(struct step_context *c, const json_t *old, bool only_config,
			    struct err *err)
{
	const char *config = json_get_str(old, "config", NULL);
	const json_t *item;
	size_t i;
	int r = config ? remove_thing(c, &thing_config, config, err) : 0;

	if (r < 0 || only_config)
		return r;
	json_array_foreach (json_object_get(old, "models"), i, item)
		if ((r = remove_thing(c, &thing_model, json_string_value(item), err)) < 0)
			return r;
	json_array_foreach (json_object_get(old, "images"), i, item)
		if ((r = remove_image(c, item, err)) < 0)
			return r;
	return 0;
}

int tidy_run(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	const struct request *q = target_of(c)->o.request;
	const json_t *old = json_object_get(step_result(c, "look"), "old");

	(void)plan;
	(void)ret;
	if (q->archive || !old)
		return 0;
	/* With `add`, the models before serve on. */
	return remove_collected(c, old, q->mode == MODE_ADD, err);
}

int remove_run(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	const char *name = target_of(c)->o.request->app;
	struct aws_tag tag = {TAG_APP, name};
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
	struct err why = ERR_INIT;
	int r = endpoint_settle(c, &e, NULL, &why);

	(void)plan;
	(void)ret;
	if (r == 0)
		r = thing_remove(c, &thing_endpoint, name, &tag, &why);
	if (r == 0)
		r = endpoint_gone(c, &why);
	if (r < 0 && r != E_NOTFOUND)
		return err_copy(err, &why);
	return remove_collected(c, step_result(c, "look"), /* only_config= */ false, err);
}
