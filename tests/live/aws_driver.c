/*
 * protocol/aws as a program, for tests beside servers that verify signatures:
 * `aws_driver CALL ARGUMENT…`, see the table below.  Prints what the call told
 * as JSON.  An error is {"code", "name", "text", "hint"} on standard error,
 * and status 1.
 */
#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/str.h"
#include "protocol/aws/credentials.h"
#include "protocol/aws/ecr.h"
#include "protocol/aws/iam.h"
#include "protocol/aws/quotas.h"
#include "protocol/aws/runtime.h"
#include "protocol/aws/sagemaker.h"
#include "protocol/aws/sts.h"

#include <stdio.h>
#include <string.h>

static const struct aws_tag tags[] = {{"splice:app", "a b"}, {"splice:job", "7"}};

/* --- STS, IAM, quotas --- */

static int identity(struct aws *a, char **args, json_t **ret, struct err *err)
{
	_cleanup_sts_identity_ struct sts_identity i = {0};
	int r = sts_get_caller_identity(a, NULL, &i, err);

	(void)args;
	if (r == 0)
		*ret = json_pack("{s:s, s:s}", "account", i.account, "arn", i.arn);
	return r;
}

static int role(struct aws *a, char **args, json_t **ret, struct err *err)
{
	_cleanup_iam_role_ struct iam_role x = {0};
	bool trusts = false;
	int r = iam_get_role(a, args[0], NULL, &x, err);

	if (r == 0)
		r = iam_policy_trusts(x.trust, "sagemaker.amazonaws.com", &trusts, err);
	if (r == 0)
		*ret = json_pack("{s:s, s:b}", "arn", x.arn, "trusts", trusts);
	return r;
}

static int simulate(struct aws *a, char **args, json_t **ret, struct err *err)
{
	_cleanup_iam_denied_ struct iam_denied d = {0};
	size_t n = 0;
	int r;

	while (args[1 + n])
		n++;
	r = iam_simulate(a, args[0], (const char *const *)args + 1, n, "*", NULL, &d, err);
	if (r < 0)
		return r;
	*ret = json_array();
	for (size_t i = 0; i < d.len; i++)
		(void)!json_array_append_new(*ret, json_string(d.items[i]));
	return 0;
}

static int quota(struct aws *a, char **args, json_t **ret, struct err *err)
{
	double value = 0;
	int r = quotas_find(a, "sagemaker", args[0], NULL, &value, err);

	if (r == 0)
		*ret = json_real(value);
	return r;
}

/* --- ECR --- */

static json_t *repository_json(const struct ecr_repository *x)
{
	return json_pack("{s:s, s:s, s:s}", "name", x->name, "arn", x->arn, "uri", x->uri);
}

static int repository(struct aws *a, char **args, json_t **ret, struct err *err)
{
	_cleanup_ecr_repository_ struct ecr_repository x = {0};
	int r = ecr_describe_repository(a, args[0], NULL, &x, err);

	if (r == 0)
		*ret = repository_json(&x);
	return r;
}

static int create_repository(struct aws *a, char **args, json_t **ret, struct err *err)
{
	_cleanup_ecr_repository_ struct ecr_repository x = {0};
	int r = ecr_create_repository(a, args[0], tags, ARRAY_LEN(tags), NULL, &x, err);

	if (r == 0)
		*ret = repository_json(&x);
	return r;
}

static int delete_repository(struct aws *a, char **args, json_t **ret, struct err *err)
{
	(void)ret;
	return ecr_delete_repository(a, args[0], NULL, err);
}

static int login(struct aws *a, char **args, json_t **ret, struct err *err)
{
	_cleanup_ecr_login_ struct ecr_login l = {0};
	int r = ecr_get_login(a, NULL, &l, err);

	(void)args;
	if (r == 0)
		*ret = json_pack("{s:s, s:s, s:s}", "user", l.user, "password", l.password, "url",
				 l.url);
	return r;
}

static int image(struct aws *a, char **args, json_t **ret, struct err *err)
{
	_cleanup_free_ char *digest = NULL;
	int r = ecr_describe_image(a, args[0], args[1], NULL, &digest, err);

	if (r == 0)
		*ret = json_string(digest);
	return r;
}

static int untag(struct aws *a, char **args, json_t **ret, struct err *err)
{
	(void)ret;
	return ecr_delete_tag(a, args[0], args[1], NULL, err);
}

/* --- SageMaker --- */

static int tags_json(struct aws *a, const char *arn, json_t **ret, struct err *err)
{
	_cleanup_aws_tags_ struct aws_tags t = {0};
	int r = sagemaker_list_tags(a, arn, NULL, &t, err);

	if (r < 0)
		return r;
	*ret = json_object();
	for (size_t i = 0; i < t.len; i++)
		(void)!json_object_set_new(*ret, t.items[i].key, json_string(t.items[i].value));
	return 0;
}

static int create_model(struct aws *a, char **args, json_t **ret, struct err *err)
{
	struct sagemaker_model_new m = {.name = args[0],
					.image = args[1],
					.role = args[2],
					.tags = tags,
					.n_tags = ARRAY_LEN(tags)};

	(void)ret;
	return sagemaker_create_model(a, &m, NULL, err);
}

static int model(struct aws *a, char **args, json_t **ret, struct err *err)
{
	_cleanup_sagemaker_model_ struct sagemaker_model m = {0};
	json_t *told = NULL;
	int r = sagemaker_describe_model(a, args[0], NULL, &m, err);

	if (r == 0)
		r = tags_json(a, m.arn, &told, err);
	if (r == 0)
		*ret = json_pack("{s:s, s:s, s:o}", "name", m.name, "image", m.image, "tags", told);
	return r;
}

static int delete_model(struct aws *a, char **args, json_t **ret, struct err *err)
{
	(void)ret;
	return sagemaker_delete_model(a, args[0], NULL, err);
}

/* NAME MODEL TYPE COUNT [LIKE]: a new variant behind those of LIKE, whose settings are kept. */
static int create_config(struct aws *a, char **args, json_t **ret, struct err *err)
{
	_cleanup_sagemaker_config_ struct sagemaker_config like = {0};
	struct sagemaker_variant_new variants[10] = {{0}};
	struct sagemaker_config_new c = {.name = args[0],
					 .like = args[4] ? &like : NULL,
					 .variants = variants,
					 .tags = tags,
					 .n_tags = ARRAY_LEN(tags)};
	int64_t count = 1;
	int r = args[4] ? sagemaker_describe_config(a, args[4], NULL, &like, err) : 0;

	(void)ret;
	for (size_t i = 0; r == 0 && i < like.len && i < 9; i++)
		variants[c.n_variants++] = (struct sagemaker_variant_new){.of = &like,
									  .index = i,
									  .instances = 3,
									  .weight = 0.25};
	if (r == 0)
		r = str_parse_i64(args[3], &count, err);
	variants[c.n_variants++] = (struct sagemaker_variant_new){.name = args[0],
								  .model = args[1],
								  .instance_type = args[2],
								  .instances = (int)count,
								  .weight = 1};
	return r < 0 ? r : sagemaker_create_config(a, &c, NULL, err);
}

static int config(struct aws *a, char **args, json_t **ret, struct err *err)
{
	_cleanup_sagemaker_config_ struct sagemaker_config c = {0};
	json_t *told = NULL, *list;
	int r = sagemaker_describe_config(a, args[0], NULL, &c, err);

	if (r == 0)
		r = tags_json(a, c.arn, &told, err);
	if (r < 0)
		return r;
	list = json_array();
	for (size_t i = 0; i < c.len; i++)
		(void)!json_array_append_new(list, json_pack("[s, s, s, i, f]", c.variants[i].name,
							     c.variants[i].model,
							     c.variants[i].instance_type,
							     c.variants[i].instances,
							     c.variants[i].weight));
	*ret = json_pack("{s:o, s:o, s:O}", "variants", list, "tags", told, "raw", c.raw);
	return 0;
}

static int delete_config(struct aws *a, char **args, json_t **ret, struct err *err)
{
	(void)ret;
	return sagemaker_delete_config(a, args[0], NULL, err);
}

static int create_endpoint(struct aws *a, char **args, json_t **ret, struct err *err)
{
	(void)ret;
	return sagemaker_create_endpoint(a, args[0], args[1], tags, ARRAY_LEN(tags), NULL, err);
}

static int endpoint(struct aws *a, char **args, json_t **ret, struct err *err)
{
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
	json_t *list;
	int r = sagemaker_describe_endpoint(a, args[0], NULL, &e, err);

	if (r < 0)
		return r;
	list = json_array();
	for (size_t i = 0; i < e.len; i++)
		(void)!json_array_append_new(list, json_pack("[s, f, i]", e.variants[i].variant,
							     e.variants[i].weight,
							     e.variants[i].instances));
	*ret = json_pack("{s:s, s:s, s:s, s:o, s:s}", "status", sagemaker_status_name(e.status),
			 "config", e.config, "reason", e.reason, "variants", list, "arn", e.arn);
	return 0;
}

static int update_endpoint(struct aws *a, char **args, json_t **ret, struct err *err)
{
	(void)ret;
	return sagemaker_update_endpoint(a, args[0], args[1], NULL, err);
}

static int delete_endpoint(struct aws *a, char **args, json_t **ret, struct err *err)
{
	(void)ret;
	return sagemaker_delete_endpoint(a, args[0], NULL, err);
}

static int weights(struct aws *a, char **args, json_t **ret, struct err *err)
{
	struct sagemaker_weight w = {.variant = args[1]};
	int r = str_parse_f64(args[2], &w.weight, err);

	(void)ret;
	return r < 0 ? r : sagemaker_update_weights(a, args[0], &w, 1, NULL, err);
}

static int list_endpoints(struct aws *a, char **args, json_t **ret, struct err *err)
{
	_cleanup_sagemaker_names_ struct sagemaker_names n = {0};
	int r = sagemaker_list_endpoints(a, args[0], NULL, &n, err);

	if (r < 0)
		return r;
	*ret = json_array();
	for (size_t i = 0; i < n.len; i++)
		(void)!json_array_append_new(*ret, json_string(n.items[i]));
	return 0;
}

static int list_tags(struct aws *a, char **args, json_t **ret, struct err *err)
{
	return tags_json(a, args[0], ret, err);
}

static int add_tag(struct aws *a, char **args, json_t **ret, struct err *err)
{
	struct aws_tag t = {args[1], args[2]};

	(void)ret;
	return sagemaker_add_tags(a, args[0], &t, 1, NULL, err);
}

static int invoke(struct aws *a, char **args, json_t **ret, struct err *err)
{
	struct runtime_request q = {.endpoint = args[0],
				    .variant = args[1],
				    .content_type = "application/json",
				    .body = "{}",
				    .n = 2};
	_cleanup_buf_ struct buf out;
	int r;

	buf_init(&out, MIB(1));
	r = runtime_invoke(a, &q, &out, err);
	if (r == 0)
		*ret = json_stringn((char *)out.data, out.len);
	return r;
}

static const struct call {
	const char *name;
	int arguments; /* at least */
	int (*run)(struct aws *a, char **args, json_t **ret, struct err *err);
} calls[] = {
	{"identity", 0, identity},
	{"role", 1, role},
	{"simulate", 2, simulate},
	{"quota", 1, quota},
	{"repository", 1, repository},
	{"create-repository", 1, create_repository},
	{"delete-repository", 1, delete_repository},
	{"login", 0, login},
	{"image", 2, image},
	{"untag", 2, untag},
	{"create-model", 3, create_model},
	{"model", 1, model},
	{"delete-model", 1, delete_model},
	{"create-config", 4, create_config},
	{"config", 1, config},
	{"delete-config", 1, delete_config},
	{"create-endpoint", 2, create_endpoint},
	{"endpoint", 1, endpoint},
	{"update-endpoint", 2, update_endpoint},
	{"delete-endpoint", 1, delete_endpoint},
	{"weights", 3, weights},
	{"list-endpoints", 1, list_endpoints},
	{"list-tags", 1, list_tags},
	{"add-tag", 3, add_tag},
	{"invoke", 1, invoke},
};

static int connect_aws(struct aws **ret, struct err *err)
{
	_cleanup_credentials_ struct aws_credentials c = {0};
	_cleanup_free_ char *region = NULL;
	struct aws_options o = {.credentials = &c, .retry_ms = 10};
	int r = aws_credentials_find(0, NULL, &c, err);

	if (r == 0)
		r = aws_region(&region, err);
	o.region = region;
	return r < 0 ? r : aws_new(&o, ret, err);
}

static int run(int argc, char **argv, json_t **ret, struct err *err)
{
	_cleanup_(aws_freep) struct aws *a = NULL;
	int r = connect_aws(&a, err);

	for (size_t i = 0; r == 0 && argc > 1 && i < ARRAY_LEN(calls); i++)
		if (str_eq(argv[1], calls[i].name) && argc - 2 >= calls[i].arguments)
			return calls[i].run(a, argv + 2, ret, err);
	return r < 0 ? r : err_set(err, E_USAGE, "see the table in aws_driver.c");
}

int main(int argc, char **argv)
{
	json_auto_t *told = NULL;
	struct err err = ERR_INIT;
	int r = run(argc, argv, &told, &err);
	_cleanup_free_ char *text = NULL;

	if (r < 0)
		told = json_pack("{s:s, s:s, s:s, s:s}", "code", err_code_name(r), "name", err.name,
				 "text", err.text, "hint", err.hint);
	text = told ? json_text(told) : str_dup("null");
	fprintf(r < 0 ? stderr : stdout, "%s\n", text);
	return r < 0;
}
