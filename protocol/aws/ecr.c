/* ECR by JSON 1.1. */
#include "protocol/aws/ecr.h"

#include "base/str.h"
#include "protocol/aws/aws-int.h"

#include <openssl/evp.h>
#include <string.h>

/* --- repositories --- */

void ecr_repository_release(struct ecr_repository *r)
{
	free(r->name);
	free(r->arn);
	free(r->uri);
	*r = (struct ecr_repository){0};
}

static int take_repository(const json_t *j, struct ecr_repository *ret, struct err *err)
{
	_cleanup_ecr_repository_ struct ecr_repository repo = {0};
	int r = aws_take_str(j, "repositoryName", &repo.name, err);

	if (r == 0)
		r = aws_take_str(j, "repositoryArn", &repo.arn, err);
	if (r == 0)
		r = aws_take_str(j, "repositoryUri", &repo.uri, err);
	if (r < 0)
		return r;
	*ret = repo;
	repo = (struct ecr_repository){0};
	return 0;
}

int ecr_describe_repository(struct aws *a, const char *name, struct cancel *cancel,
			    struct ecr_repository *ret, struct err *err)
{
	json_auto_t *j = NULL;
	int r = aws_json(a, AWS_ECR, "DescribeRepositories", AWS_READS,
			 json_pack("{s:[s]}", "repositoryNames", name), cancel, &j, err);

	return r < 0 ? r
		     : take_repository(json_array_get(json_object_get(j, "repositories"), 0), ret,
				       err);
}

int ecr_create_repository(struct aws *a, const char *name, const struct aws_tag *tags, size_t n,
			  struct cancel *cancel, struct ecr_repository *ret, struct err *err)
{
	json_auto_t *j = NULL;
	int r = aws_json(a, AWS_ECR, "CreateRepository", AWS_ACTS,
			 json_pack("{s:s, s:o}", "repositoryName", name, "tags",
				   aws_tags_json(tags, n)),
			 cancel, &j, err);

	return r < 0 ? r : take_repository(json_object_get(j, "repository"), ret, err);
}

int ecr_delete_repository(struct aws *a, const char *name, struct cancel *cancel, struct err *err)
{
	json_auto_t *j = NULL;

	return aws_json(a, AWS_ECR, "DeleteRepository", AWS_ACTS,
			json_pack("{s:s}", "repositoryName", name), cancel, &j, err);
}

int ecr_list_tags(struct aws *a, const char *arn, struct cancel *cancel, struct aws_tags *ret,
		  struct err *err)
{
	_cleanup_aws_tags_ struct aws_tags tags = {0};
	json_auto_t *j = NULL;
	int r = aws_json(a, AWS_ECR, "ListTagsForResource", AWS_READS,
			 json_pack("{s:s}", "resourceArn", arn), cancel, &j, err);

	if (r == 0)
		r = aws_tags_take(&tags, json_object_get(j, "tags"), err);
	if (r < 0)
		return r;
	*ret = tags;
	tags = (struct aws_tags){0};
	return 0;
}

/* --- login --- */

void ecr_login_release(struct ecr_login *l)
{
	str_wipe(&l->user);
	str_wipe(&l->password);
	free(l->url);
	*l = (struct ecr_login){0};
}

/* base64 of "USER:PASSWORD". */
static int split_token(const char *token, struct ecr_login *l, struct err *err)
{
	size_t n = strlen(token);
	_cleanup_secret_ char *text = calloc(n + 1, 1);
	char *colon;

	if (!text)
		return err_nomem(err);
	if (n == 0 || n % 4 ||
	    EVP_DecodeBlock((unsigned char *)text, (const unsigned char *)token, (int)n) < 0)
		return err_set(err, E_PROTO, "ECR's authorization token cannot be read");
	colon = strchr(text, ':');
	if (!colon)
		return err_set(err, E_PROTO, "ECR's authorization token cannot be read");
	l->user = str_ndup(text, (size_t)(colon - text));
	return l->user ? str_replace(&l->password, colon + 1, err) : err_nomem(err);
}

int ecr_get_login(struct aws *a, struct cancel *cancel, struct ecr_login *ret, struct err *err)
{
	_cleanup_ecr_login_ struct ecr_login login = {0};
	json_auto_t *j = NULL;
	const json_t *data;
	int r = aws_json(a, AWS_ECR, "GetAuthorizationToken", AWS_READS, json_object(), cancel, &j,
			 err);

	if (r < 0)
		return r;
	data = json_array_get(json_object_get(j, "authorizationData"), 0);
	r = aws_take_str(data, "proxyEndpoint", &login.url, err);
	if (r == 0)
		r = split_token(json_get_str(data, "authorizationToken", ""), &login, err);
	if (r < 0)
		return r;
	*ret = login;
	login = (struct ecr_login){0};
	return 0;
}

/* --- images --- */

static json_t *image_request(const char *repository, const char *tag)
{
	return json_pack("{s:s, s:[{s:s}]}", "repositoryName", repository, "imageIds", "imageTag",
			 tag);
}

int ecr_describe_image(struct aws *a, const char *repository, const char *tag,
		       struct cancel *cancel, char **ret_digest, struct err *err)
{
	json_auto_t *j = NULL;
	int r = aws_json(a, AWS_ECR, "DescribeImages", AWS_READS, image_request(repository, tag),
			 cancel, &j, err);

	return r < 0 ? r
		     : aws_take_str(json_array_get(json_object_get(j, "imageDetails"), 0),
				    "imageDigest", ret_digest, err);
}

int ecr_delete_tag(struct aws *a, const char *repository, const char *tag, struct cancel *cancel,
		   struct err *err)
{
	json_auto_t *j = NULL;
	const json_t *failure;
	const char *code;
	int r = aws_json(a, AWS_ECR, "BatchDeleteImage", AWS_ACTS, image_request(repository, tag),
			 cancel, &j, err);

	if (r < 0)
		return r;
	/* Failures of a batch come with status 200. */
	failure = json_array_get(json_object_get(j, "failures"), 0);
	if (!failure)
		return 0;
	code = json_get_str(failure, "failureCode", "");
	r = err_set(err, str_eq(code, "ImageNotFound") ? E_NOTFOUND : E_SERVER,
		    "BatchDeleteImage: %.300s (%.60s)", json_get_str(failure, "failureReason", ""),
		    code);
	err_set_name(err, code);
	return r;
}
