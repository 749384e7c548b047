/* What a deployment replaced goes, and what an endpoint that ends leaves. */
#include "deploy/sagemaker-int.h"

#include "base/fs.h"
#include "base/str.h"
#include "protocol/aws/ecr.h"

/*
 * Forward only: what these credentials may not remove is said and left, as
 * another try would end the same.
 */
static int left_behind(struct step_context *c, int r, const char *what, const char *name,
		       bool *ret_left, struct err *err)
{
	*ret_left = r == E_AUTH || r == E_INPUT;
	if (!*ret_left)
		return r;
	step_say(c, "the %s %s is left: %s", what, name, err->text);
	err_clear(err);
	return 0;
}

static int remove_thing(struct step_context *c, const struct thing *thing, const char *name,
			bool *ret_left, struct err *err)
{
	struct aws_tag tag = {TAG_APP, target_of(c)->local.request->app};
	int r = thing_remove(c, thing, name, &tag, err);

	return left_behind(c, r, thing->word, name, ret_left, err);
}

static int remove_image(struct step_context *c, const char *repository, const char *tag,
			struct err *err)
{
	struct err why = ERR_INIT;
	bool left;
	int r = ecr_delete_tag(target_of(c)->aws, repository, tag, c->cancel, &why);

	if (r == 0 || r == E_NOTFOUND)
		return 0;
	return left_behind(c, err_copy(err, &why), "image", tag, &left, err);
}

/* A model that is left keeps its image. */
static int remove_model(struct step_context *c, const json_t *model, struct err *err)
{
	const char *repository = json_get_str(model, "repository", NULL);
	const char *tag = json_get_str(model, "tag", NULL);
	bool left = false;
	int r = remove_thing(c, &thing_model, json_get_str(model, "name", ""), &left, err);

	if (r < 0 || left || !repository || !tag)
		return r;
	return remove_image(c, repository, tag, err);
}

/* What `look` collected: the configuration, then the models that it names. */
static int remove_collected(struct step_context *c, const json_t *old, bool only_config,
			    struct err *err)
{
	const char *config = json_get_str(old, "config", NULL);
	const json_t *item;
	bool left = false;
	size_t i;
	int r = config ? remove_thing(c, &thing_config, config, &left, err) : 0;

	if (r < 0 || only_config)
		return r;
	json_array_foreach (json_object_get(old, "models"), i, item)
		if ((r = remove_model(c, item, err)) < 0)
			return r;
	return 0;
}

int tidy_run(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	const struct request *q = target_of(c)->local.request;
	const json_t *old = json_object_get(step_result(c, "look"), "old");
	const char *folder = json_get_str(step_plan(c, "package"), "folder", NULL);
	int r = folder ? fs_remove_tree(folder, err) : 0;

	(void)plan;
	(void)ret;
	if (r < 0 || q->archive || !old)
		return r;
	/* With `add`, the models before serve on. */
	return remove_collected(c, old, q->mode == MODE_ADD, err);
}

int remove_run(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	const char *name = target_of(c)->local.request->app;
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
