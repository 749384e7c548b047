/* The image: built here, pushed to ECR under the variant's name, used by its digest. */
#include "deploy/sagemaker-int.h"

#include "base/clock.h"
#include "base/proc.h"
#include "base/str.h"
#include "deploy/catalog.h"
#include "deploy/image.h"
#include "deploy/sagemaker-mlflow.h"
#include "protocol/aws/ecr.h"
#include "protocol/oci/elf.h"
#include "protocol/oci/registry.h"

#include <string.h>

enum { SAY_MS = 5000, MIB_BYTES = 1 << 20 };

int image_plan(struct step_context *c, json_t **ret, struct err *err)
{
	const char *repository = target_of(c)->o.repository;
	_cleanup_free_ char *tag = target_name(c, "");
	_cleanup_free_ char *digest = NULL;
	struct err why = ERR_INIT;
	int r = tag ? ecr_describe_image(target_of(c)->aws, repository, tag, c->cancel, &digest,
					 &why)
		    : err_nomem(&why);

	if (r < 0 && r != E_NOTFOUND)
		return err_copy(err, &why);
	/* Whose it is does not matter: it is not taken over, and not taken off. */
	*ret = json_pack("{s:s, s:s, s:s?}", "repository", repository, "tag", tag, "before",
			 digest);
	return *ret ? 0 : err_nomem(err);
}

/* --- the repository --- */

static int create_repository(struct step_context *c, const char *name, struct ecr_repository *ret,
			     struct err *err)
{
	struct own_tags tags;
	struct err why = ERR_INIT;
	int r;

	target_tags(c, &tags);
	step_say(c, "making the repository %s", name);
	r = ecr_create_repository(target_of(c)->aws, name, tags.items, tags.len, c->cancel, ret,
				  &why);
	/* Somebody was quicker, or our own answer was lost. */
	if (r == E_EXISTS || r == E_CLOSED || r == E_TIMEOUT) {
		struct err looked = ERR_INIT;

		if (ecr_describe_repository(target_of(c)->aws, name, c->cancel, ret, &looked) == 0)
			return 0;
	}
	return r < 0 ? err_copy(err, &why) : r;
}

static int find_repository(struct step_context *c, const char *name, struct ecr_repository *ret,
			   struct err *err)
{
	struct err why = ERR_INIT;
	int r = ecr_describe_repository(target_of(c)->aws, name, c->cancel, ret, &why);

	if (r == E_NOTFOUND)
		return create_repository(c, name, ret, err);
	return r < 0 ? err_copy(err, &why) : r;
}

/* --- the push --- */

struct progress {
	struct step_context *c;
	int64_t said;
};

static void on_progress(void *userdata, uint64_t done, uint64_t total)
{
	struct progress *p = userdata;

	if (done < total && clock_ms() - p->said < SAY_MS)
		return;
	if (p->said == 0 && done == total)
		return; /* all of it was there */
	p->said = clock_ms();
	step_say(p->c, "pushed %.1f of %.1f MiB", (double)done / MIB_BYTES,
		 (double)total / MIB_BYTES);
}

static int push(struct step_context *c, const struct oci_image *image, const char *repository,
		const char *tag, struct err *err)
{
	_cleanup_ecr_login_ struct ecr_login login = {0};
	_cleanup_(registry_freep) struct registry *registry = NULL;
	struct registry_options o = {.ca_file = getenv("AWS_CA_BUNDLE"),
				     .retry_ms = target_of(c)->o.retry_ms};
	struct progress progress = {.c = c};
	struct registry_push p = {.repository = repository,
				  .tag = tag,
				  .progress = on_progress,
				  .userdata = &progress,
				  .cancel = c->cancel};
	int r = ecr_get_login(target_of(c)->aws, c->cancel, &login, err);

	if (r < 0)
		return r;
	o.url = login.url;
	o.user = login.user;
	o.password = login.password;
	r = registry_new(&o, &registry, err);
	if (r == 0)
		r = registry_push(registry, image, &p, err);
	return r < 0 ? err_prefix(err, "pushing the image") : 0;
}

/*
 * A tag that has this digest already needs no push: of an immutable one, none is possible.
 * NULL: any, if it was not there when the plan was made.
 */
static int is_pushed(struct step_context *c, const char *wanted, const json_t *plan, bool *ret,
		     struct err *err)
{
	const char *repository = json_get_str(plan, "repository", "");
	const char *tag = json_get_str(plan, "tag", "");
	_cleanup_free_ char *digest = NULL;
	struct err why = ERR_INIT;
	int r = ecr_describe_image(target_of(c)->aws, repository, tag, c->cancel, &digest, &why);

	*ret = r == 0 && (wanted ? str_eq(digest, wanted) : !json_get_str(plan, "before", NULL));
	if (r == E_NOTFOUND || *ret)
		return 0;
	if (r < 0)
		return err_copy(err, &why);
	r = err_set(err, E_EXISTS, "the repository %s has another image tagged %s already",
		    repository, tag);
	err_set_hint(err, "remove that tag, or choose another name for the app");
	return r;
}

/* --- the step --- */

/* What goes into the image and where it is built.  Owned. */
struct places {
	char *scorer, *model, *layout;
};

static void places_release(struct places *p)
{
	free(p->scorer);
	free(p->model);
	free(p->layout);
}

static int find_places(struct step_context *c, struct places *p, struct err *err)
{
	const struct sagemaker_options *o = &target_of(c)->o;
	const char *folder = json_get_str(step_plan(c, "package"), "folder", "");

	p->scorer = o->scorer ? str_dup(o->scorer) : proc_sibling("splice-scorer");
	p->model = o->model ? str_dup(o->model) : str_fmt("%s/model.json", folder);
	p->layout = str_fmt("%s/image", o->work ? o->work : folder);
	return p->scorer && p->model && p->layout ? 0 : err_nomem(err);
}

/* The image's architecture is the scorer's, so the instance has to have it. */
static int check_architecture(const char *instance_type, const char *scorer, struct err *err)
{
	const struct instance_type *type = instance_type_find(instance_type);
	_cleanup_elf_program_ struct elf_program program = {0};
	int r = elf_read(scorer, &program, err);

	if (r < 0 || !type || str_eq(cpu_image_arch(type->cpu), program.architecture))
		return r;
	r = err_set(err, E_INPUT, "%s runs %s, and this machine's scorer is built for %s",
		    type->name, cpu_image_arch(type->cpu), program.architecture);
	err_set_hint(err, "choose an instance type for %s, such as %s", program.architecture,
		     str_eq(program.architecture, "arm64") ? "ml.c7g.large" : "ml.m5.large");
	return r;
}

static int build(struct step_context *c, const char *tag, struct oci_image *ret, struct err *err)
{
	const struct request *request = target_of(c)->local.request;
	_cleanup_(places_release) struct places p = {0};
	int r = find_places(c, &p, err);
	struct image_request q = {.scorer = p.scorer,
				  .model = p.model,
				  .run_id = request->run_id,
				  .experiment_id = target_experiment(c),
				  .tag = tag,
				  .cancel = c->cancel};

	return r < 0 ? r : image_build(&q, p.layout, ret, err);
}

static int make_native(struct step_context *c, const json_t *plan,
		       const struct ecr_repository *repo, char **ret_digest, struct err *err)
{
	const char *tag = json_get_str(plan, "tag", "");
	_cleanup_oci_image_ struct oci_image image = {0};
	bool pushed = false;
	int r = build(c, tag, &image, err);

	if (r == 0)
		r = is_pushed(c, image.digest, plan, &pushed, err);
	if (r == 0 && !pushed)
		r = push(c, &image, repo->name, tag, err);
	return r < 0 ? r : str_replace(ret_digest, image.digest, err);
}

static int engine_pushes(struct step_context *c, const struct ecr_repository *repo, const char *tag,
			 struct err *err)
{
	_cleanup_ecr_login_ struct ecr_login login = {0};
	_cleanup_free_ char *as = str_fmt("%s:%s", repo->uri, tag);
	int r = as ? ecr_get_login(target_of(c)->aws, c->cancel, &login, err) : err_nomem(err);

	return r < 0 ? r : mlflow_push(c, as, &login, err);
}

/* Two builds of it differ, so what has the tag since the plan was made is ours. */
static int make_mlflow(struct step_context *c, const json_t *plan,
		       const struct ecr_repository *repo, char **ret_digest, struct err *err)
{
	const char *tag = json_get_str(plan, "tag", "");
	bool pushed = false;
	int r = is_pushed(c, /* digest= */ NULL, plan, &pushed, err);

	if (r == 0 && !pushed)
		r = engine_pushes(c, repo, tag, err);
	if (r == 0)
		r = ecr_describe_image(target_of(c)->aws, repo->name, tag, c->cancel, ret_digest,
				       err);
	return r < 0 ? r : mlflow_undo(c, err); /* it is needed there, not here */
}

int image_run(struct step_context *c, const json_t *plan, json_t **ret, struct err *err)
{
	const struct request *request = target_of(c)->local.request;
	bool mlflow = mlflow_is_used(c);
	_cleanup_(places_release) struct places p = {0};
	_cleanup_ecr_repository_ struct ecr_repository repo = {0};
	_cleanup_free_ char *uri = NULL;
	_cleanup_free_ char *digest = NULL;
	int r = find_places(c, &p, err);

	if (r == 0)
		r = check_architecture(request->instance_type, p.scorer, err);
	if (r == 0)
		r = find_repository(c, json_get_str(plan, "repository", ""), &repo, err);
	if (r == 0)
		r = mlflow ? make_mlflow(c, plan, &repo, &digest, err)
			   : make_native(c, plan, &repo, &digest, err);
	if (r < 0)
		return r;
	uri = str_fmt("%s@%s", repo.uri, digest);
	*ret = uri ? json_pack("{s:s, s:s}", "uri", uri, "variant", json_get_str(plan, "tag", ""))
		   : NULL;
	return *ret ? 0 : err_nomem(err);
}

/* The repository goes too when this deployment made it and nobody else has used it. */
static int undo_repository(struct step_context *c, const char *name, struct err *err)
{
	struct aws *a = target_of(c)->aws;
	_cleanup_ecr_repository_ struct ecr_repository repo = {0};
	_cleanup_aws_tags_ struct aws_tags tags = {0};
	struct err why = ERR_INIT;
	int r = ecr_describe_repository(a, name, c->cancel, &repo, &why);

	if (r == 0)
		r = ecr_list_tags(a, repo.arn, c->cancel, &tags, &why);
	if (r == 0 && aws_tags_has(&tags, TAG_DEPLOYMENT, target_token(c)))
		r = ecr_delete_repository(a, name, c->cancel, &why);
	if (r == 0 || r == E_NOTFOUND || r == E_EXISTS)
		return 0;
	return err_copy(err, &why);
}

int image_undo(struct step_context *c, const json_t *plan, const json_t *result, struct err *err)
{
	const char *repository = json_get_str(plan, "repository", "");
	struct err why = ERR_INIT;
	int r = 0;

	(void)result;
	if (!json_is_string(json_object_get(plan, "before")))
		r = ecr_delete_tag(target_of(c)->aws, repository, json_get_str(plan, "tag", ""),
				   c->cancel, &why);
	if (r == 0 || r == E_NOTFOUND)
		return undo_repository(c, repository, err);
	return err_copy(err, &why);
}
