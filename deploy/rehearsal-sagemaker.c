/*
 * Checks of the target SageMaker: who we are, what we may do, and whether
 * role, repository, endpoint, instance and quota are as the deployment needs
 * them.  Nothing is made; what may not be asked is said, not guessed.
 */
#include "deploy/rehearsal-int.h"

#include "base/buf.h"
#include "base/config.h"
#include "base/proc.h"
#include "base/str.h"
#include "deploy/catalog.h"
#include "protocol/aws/ecr.h"
#include "protocol/aws/iam.h"
#include "protocol/aws/quotas.h"
#include "protocol/aws/sagemaker.h"
#include "protocol/aws/sts.h"
#include "protocol/oci/elf.h"

#include <string.h>

/* What an action is done to; policies are often limited to these. */
enum resource { ANYTHING, ENDPOINT, CONFIG, MODEL, REPOSITORY, ROLE, RESOURCES };

/* What the caller does (docs/DEPLOY.md); IAM names actions like the API's operations. */
static const struct permission {
	enum resource resource;
	const char *action;
} permissions[] = {
	{ENDPOINT, "sagemaker:DescribeEndpoint"},
	{ENDPOINT, "sagemaker:CreateEndpoint"},
	{ENDPOINT, "sagemaker:UpdateEndpoint"},
	{ENDPOINT, "sagemaker:UpdateEndpointWeightsAndCapacities"},
	{ENDPOINT, "sagemaker:DeleteEndpoint"},
	{ENDPOINT, "sagemaker:ListTags"},
	{ENDPOINT, "sagemaker:AddTags"},
	{CONFIG, "sagemaker:DescribeEndpointConfig"},
	{CONFIG, "sagemaker:CreateEndpointConfig"},
	{CONFIG, "sagemaker:DeleteEndpointConfig"},
	{MODEL, "sagemaker:DescribeModel"},
	{MODEL, "sagemaker:CreateModel"},
	{MODEL, "sagemaker:DeleteModel"},
	{ROLE, "iam:PassRole"},
	{ANYTHING, "ecr:GetAuthorizationToken"},
	{REPOSITORY, "ecr:DescribeRepositories"},
	{REPOSITORY, "ecr:DescribeImages"},
	{REPOSITORY, "ecr:ListTagsForResource"},
	{REPOSITORY, "ecr:BatchCheckLayerAvailability"},
	{REPOSITORY, "ecr:BatchGetImage"},
	{REPOSITORY, "ecr:InitiateLayerUpload"},
	{REPOSITORY, "ecr:UploadLayerPart"},
	{REPOSITORY, "ecr:CompleteLayerUpload"},
	{REPOSITORY, "ecr:PutImage"},
	{REPOSITORY, "ecr:BatchDeleteImage"},
};

#define SERVICE "sagemaker.amazonaws.com"
#define CREATE_REPOSITORY "ecr:CreateRepository"

/* --- credentials: without them, nothing else can be looked at --- */

int rehearse_credentials(struct rehearsing *r, struct err *err)
{
	struct aws_options o = {.region = r->o->request->region};
	_cleanup_sts_identity_ struct sts_identity who = {0};
	struct err why = ERR_INIT;
	int result = aws_new(&o, &r->aws, &why);

	if (result == 0)
		result = sts_get_caller_identity(r->aws, r->o->cancel, &who, &why);
	if (result < 0) {
		aws_free(TAKE(r->aws));
		return found_error(r, FINDING_FAILED, &why, err);
	}
	r->identity = TAKE(who.arn);
	return found(r, FINDING_OK, "", err, "AWS knows these credentials as %s, account %s",
		     r->identity, who.account);
}

int rehearse_region(struct rehearsing *r, struct err *err)
{
	const char *name = r->o->request->region;
	const struct region *region = region_find(name), *near = region_nearest(name);

	if (region)
		return found(r, FINDING_OK, "", err, "the region is %s (%s)", name, region->place);
	return found(r, FINDING_WARNING, near ? near->name : "", err,
		     "the region %s is not one that is known here", name);
}

/* --- permissions --- */

static int load_settings(struct rehearsing *r, struct err *err)
{
	return r->config ? 0 : config_load(&r->config, err);
}

/* "arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION" is asked for as the role; the caller frees. */
static int find_principal(struct rehearsing *r, char **ret, struct err *err)
{
	const char *role = strstr(r->identity, ":assumed-role/");
	_cleanup_iam_role_ struct iam_role found_role = {0};
	_cleanup_free_ char *name = NULL;
	int result;

	if (!role)
		return str_replace(ret, r->identity, err);
	role += strlen(":assumed-role/");
	name = str_ndup(role, strcspn(role, "/"));
	if (!name)
		return err_nomem(err);
	result = iam_get_role(r->aws, name, r->o->cancel, &found_role, err);
	if (result == 0)
		*ret = TAKE(found_role.arn);
	return result;
}

/* "arn:aws:", and the account, of the caller's own ARN. */
static void split_identity(const char *arn, int *ret_partition, const char **ret_account)
{
	const char *p = strchr(arn, ':');

	p = p ? strchr(p + 1, ':') : NULL;
	*ret_partition = p ? (int)(p - arn) : 0;
	for (int i = 0; p && i < 2; i++)
		p = strchr(p + 1, ':');
	*ret_account = p ? p + 1 : "";
}

/* The ARN of what a deployment touches; the caller frees.  NULL when out of memory. */
static char *resource_arn(const struct rehearsing *r, enum resource resource)
{
	static const char *const kinds[RESOURCES] = {
		[ENDPOINT] = "endpoint", [CONFIG] = "endpoint-config", [MODEL] = "model"};
	const struct request *q = r->o->request;
	const char *role = config_get(r->config, "sagemaker.role");
	char variant[VARIANT_NAME_MAX + 1];
	const char *account;
	int partition;

	split_identity(r->identity, &partition, &account);
	request_variant_name(q, 1, 0, variant);
	switch (resource) {
	case REPOSITORY:
		return str_fmt("%.*s:ecr:%s:%.12s:repository/%s", partition, r->identity, q->region,
			       account, config_get(r->config, "sagemaker.repository"));
	case ROLE:
		if (!role || str_starts(role, "arn:"))
			return str_dup(role ? role : "*");
		return str_fmt("%.*s:iam::%.12s:role/%s", partition, r->identity, account, role);
	case ANYTHING:
	case RESOURCES:
		return str_dup("*");
	default:
		return str_fmt("%.*s:sagemaker:%s:%.12s:%s/%s", partition, r->identity, q->region,
			       account, kinds[resource], resource == ENDPOINT ? q->app : variant);
	}
}

/* Append what is denied of one kind of resource to list. */
static int simulate(struct rehearsing *r, const char *principal, enum resource resource,
		    struct buf *list, struct err *err)
{
	_cleanup_free_ char *arn = resource_arn(r, resource);
	_cleanup_iam_denied_ struct iam_denied denied = {0};
	const char *actions[ARRAY_LEN(permissions)];
	size_t n = 0;
	int result;

	for (size_t i = 0; i < ARRAY_LEN(permissions); i++)
		if (permissions[i].resource == resource)
			actions[n++] = permissions[i].action;
	if (!arn)
		return err_nomem(err);
	result = iam_simulate(r->aws, principal, actions, n, arn, r->o->cancel, &denied, err);
	for (size_t i = 0; i < denied.len; i++)
		buf_printf(list, "%s%s", list->len ? ", " : "", denied.items[i]);
	return result < 0 ? result : buf_check(list, "the list of permissions", err);
}

int rehearse_permissions(struct rehearsing *r, struct err *err)
{
	_cleanup_free_ char *principal = NULL;
	_cleanup_buf_ struct buf list;
	struct err why = ERR_INIT;
	int result = load_settings(r, &why);

	buf_init(&list, ERR_TEXT_MAX);
	if (!r->aws)
		return 0;
	if (result == 0)
		result = find_principal(r, &principal, &why);
	for (enum resource kind = 0; result == 0 && kind < RESOURCES; kind++)
		result = simulate(r, principal, kind, &list, &why);
	if (result == E_NOMEM || result == E_CANCEL)
		return found_error(r, FINDING_FAILED, &why, err);
	if (result < 0)
		return found(r, FINDING_WARNING,
			     "permit iam:SimulatePrincipalPolicy to have them checked", err,
			     "the permissions could not be checked: %s", why.text);
	if (list.len == 0)
		return found(r, FINDING_OK, "", err, "all %zu permissions are there",
			     ARRAY_LEN(permissions));
	return found(r, FINDING_FAILED,
		     "have them added to the user's or role's policies (docs/DEPLOY.md lists all)",
		     err, "not permitted: %.*s", (int)list.len, (const char *)list.data);
}

/* --- role --- */

static int check_trust(struct rehearsing *r, const struct iam_role *role, struct err *err)
{
	bool trusts = false;
	struct err why = ERR_INIT;

	if (iam_policy_trusts(role->trust, SERVICE, &trusts, &why) < 0)
		return found_error(r, FINDING_FAILED, &why, err);
	if (trusts)
		return found(r, FINDING_OK, "", err, "SageMaker may assume the role %s", role->arn);
	return found(r, FINDING_FAILED,
		     "add " SERVICE " with sts:AssumeRole to the role's trust relationships", err,
		     "the role %s does not trust SageMaker", role->arn);
}

/* The name at the end of "arn:aws:iam::ACCOUNT:role/PATH/NAME". */
static const char *role_name(const char *role)
{
	const char *slash = strrchr(role, '/');

	return slash ? slash + 1 : role;
}

int rehearse_role(struct rehearsing *r, struct err *err)
{
	_cleanup_iam_role_ struct iam_role role = {0};
	const char *set;
	struct err why = ERR_INIT;
	int result = load_settings(r, &why);

	if (result < 0)
		return found_error(r, FINDING_FAILED, &why, err);
	set = config_get(r->config, "sagemaker.role");
	if (!set)
		return found(r, FINDING_FAILED,
			     "set sagemaker.role (SPLICE_SAGEMAKER_ROLE) to the role that "
			     "endpoints are to run under",
			     err, "no execution role is set");
	if (!r->aws)
		return 0;
	result = iam_get_role(r->aws, role_name(set), r->o->cancel, &role, &why);
	if (result == 0)
		return check_trust(r, &role, err);
	if (result != E_AUTH)
		return found_error(r, FINDING_FAILED, &why, err);
	return found(r, str_starts(set, "arn:") ? FINDING_WARNING : FINDING_FAILED,
		     "permit iam:GetRole, or set sagemaker.role to the role's ARN", err,
		     "the role %s could not be checked: %s", set, why.text);
}

/* --- repository --- */

static int may_create(struct rehearsing *r, const char *name, struct err *err)
{
	static const char *const create[] = {CREATE_REPOSITORY};
	_cleanup_iam_denied_ struct iam_denied denied = {0};
	_cleanup_free_ char *principal = NULL;
	struct err why = ERR_INIT;
	int result = find_principal(r, &principal, &why);

	if (result == 0)
		result = iam_simulate(r->aws, principal, create, 1, "*", r->o->cancel, &denied,
				      &why);
	if (result < 0)
		return found(r, FINDING_WARNING, "make it beforehand to be sure", err,
			     "the repository %s will be made; whether that is permitted could not "
			     "be checked",
			     name);
	if (denied.len == 0)
		return found(r, FINDING_OK, "", err, "the repository %s will be made", name);
	return found(r, FINDING_FAILED, "have it made, or permit " CREATE_REPOSITORY, err,
		     "there is no repository %s, and it may not be made", name);
}

int rehearse_repository(struct rehearsing *r, struct err *err)
{
	_cleanup_ecr_repository_ struct ecr_repository repo = {0};
	const char *name;
	struct err why = ERR_INIT;
	int result = load_settings(r, &why);

	if (!r->aws)
		return 0;
	if (result < 0)
		return found_error(r, FINDING_FAILED, &why, err);
	name = config_get(r->config, "sagemaker.repository");
	result = ecr_describe_repository(r->aws, name, r->o->cancel, &repo, &why);
	if (result == 0)
		return found(r, FINDING_OK, "", err, "images go to %s", repo.uri);
	if (result == E_NOTFOUND)
		return may_create(r, name, err);
	return found_error(r, FINDING_FAILED, &why, err);
}

/* --- endpoint --- */

static int check_state(struct rehearsing *r, const struct sagemaker_endpoint *e, struct err *err)
{
	if (sagemaker_status_passes(e->status))
		return found(r, FINDING_WARNING, "wait, or deploy now: the job waits", err,
			     "the endpoint %s is %s", e->name, sagemaker_status_name(e->status));
	if (e->status != SAGEMAKER_IN_SERVICE)
		return found(r, FINDING_FAILED, "undeploy it, then deploy again", err,
			     "the endpoint %s is %s%s%s: it cannot be updated", e->name,
			     sagemaker_status_name(e->status), *e->reason ? ", " : "", e->reason);
	return found(r, FINDING_OK, "", err, "the endpoint %s serves %zu variant%s", e->name,
		     e->len, e->len == 1 ? "" : "s");
}

int rehearse_endpoint(struct rehearsing *r, struct err *err)
{
	const struct request *q = r->o->request;
	_cleanup_sagemaker_endpoint_ struct sagemaker_endpoint e = {0};
	struct err why = ERR_INIT;
	int result;

	if (!r->aws)
		return 0;
	result = sagemaker_describe_endpoint(r->aws, q->app, r->o->cancel, &e, &why);
	if (result == E_NOTFOUND)
		return found(r, FINDING_OK, "", err, "the endpoint %s will be created", q->app);
	if (result < 0)
		return found_error(r, FINDING_FAILED, &why, err);
	if (q->mode == MODE_CREATE)
		return found(r, FINDING_FAILED,
			     "deploy with the mode replace or add, or under another name", err,
			     "there is an endpoint named %s already", q->app);
	return check_state(r, &e, err);
}

/* --- instance --- */

static int check_cpu(struct rehearsing *r, const struct instance_type *type, struct err *err)
{
	_cleanup_free_ char *scorer = proc_sibling("splice-scorer");
	_cleanup_elf_program_ struct elf_program program = {0};
	struct err why = ERR_INIT;

	if (!scorer)
		return err_nomem(err);
	if (elf_read(scorer, &program, &why) < 0)
		return found_error(r, FINDING_FAILED, &why, err);
	if (str_eq(program.architecture, cpu_image_arch(type->cpu)))
		return found(r, FINDING_OK, "", err, "%s runs %s, as the scorer here", type->name,
			     program.architecture);
	return found(r, FINDING_FAILED, "choose an instance type of the scorer's architecture", err,
		     "%s runs %s, and the scorer here is built for %s", type->name,
		     cpu_image_arch(type->cpu), program.architecture);
}

int rehearse_instance(struct rehearsing *r, struct err *err)
{
	const char *name = r->o->request->instance_type;
	const struct instance_type *type = instance_type_find(name);
	const struct instance_type *near = instance_type_nearest(name);

	if (type)
		return check_cpu(r, type, err);
	return found(r, FINDING_WARNING, near ? near->name : "", err,
		     "the instance type %s is not one that is known here", name);
}

int rehearse_quota(struct rehearsing *r, struct err *err)
{
	const struct request *q = r->o->request;
	_cleanup_free_ char *name = str_fmt("%s for endpoint usage", q->instance_type);
	struct err why = ERR_INIT;
	double quota = 0;
	int result;

	if (!r->aws)
		return 0;
	if (!name)
		return err_nomem(err);
	result = quotas_find(r->aws, "sagemaker", name, r->o->cancel, &quota, &why);
	if (result == E_NOMEM || result == E_CANCEL)
		return found_error(r, FINDING_FAILED, &why, err);
	if (result < 0)
		return found(r, FINDING_WARNING, "permit servicequotas:ListServiceQuotas", err,
			     "the quota could not be checked: %s", why.text);
	if (quota >= q->instance_count)
		return found(r, FINDING_OK, "", err,
			     "up to %.0f of %s are allowed, those in use included", quota,
			     q->instance_type);
	return found(r, FINDING_FAILED,
		     "take another instance type, or ask for a higher limit in the Service Quotas "
		     "console",
		     err, "only %.0f of %s are allowed, and %d are asked for", quota,
		     q->instance_type, q->instance_count);
}
