/* IAM by the Query protocol. */
#include "protocol/aws/iam.h"

#include "base/json.h"
#include "base/str.h"
#include "protocol/aws/aws-int.h"

#include <assert.h>
#include <string.h>

/* --- roles --- */

void iam_role_release(struct iam_role *r)
{
	free(r->arn);
	free(r->trust);
	*r = (struct iam_role){0};
}

static int on_role(void *userdata, const char *path, const char *text, struct err *err)
{
	struct iam_role *r = userdata;

	if (str_ends_ci(path, "GetRoleResult/Role/Arn"))
		return str_replace(&r->arn, text, err);
	if (str_ends_ci(path, "GetRoleResult/Role/AssumeRolePolicyDocument"))
		return str_replace(&r->trust, text, err);
	return 0;
}

int iam_get_role(struct aws *a, const char *name, struct cancel *cancel, struct iam_role *ret,
		 struct err *err)
{
	_cleanup_iam_role_ struct iam_role role = {0};
	struct aws_param param = {"RoleName", name};
	int r = aws_query(a, AWS_IAM, "GetRole", &param, 1, cancel, on_role, &role, err);

	if (r < 0)
		return r;
	if (!role.arn || !role.trust)
		return err_set(err, E_PROTO, "GetRole answered without the role");
	xml_url_decode(role.trust, /* plus= */ false);
	*ret = role;
	role = (struct iam_role){0};
	return 0;
}

/* --- policies: where one text may stand, a list may --- */

static bool holds(const json_t *value, const char *const *wanted)
{
	const json_t *item;
	size_t i;

	for (; json_is_string(value) && *wanted; wanted++)
		if (str_eq_ci(json_string_value(value), *wanted))
			return true;
	json_array_foreach (value, i, item)
		if (json_is_string(item) && holds(item, wanted))
			return true;
	return false;
}

static bool statement_trusts(const json_t *s, const char *service)
{
	static const char *const actions[] = {"sts:AssumeRole", "sts:*", "*", NULL};
	const char *const services[] = {service, NULL};

	return str_eq(json_get_str(s, "Effect", ""), "Allow") &&
	       holds(json_object_get(s, "Action"), actions) &&
	       holds(json_object_get(json_object_get(s, "Principal"), "Service"), services);
}

int iam_policy_trusts(const char *policy, const char *service, bool *ret, struct err *err)
{
	json_auto_t *j = NULL;
	const json_t *statements, *s;
	size_t i;
	int r = json_parse(policy, strlen(policy), "the role's trust policy", &j, err);

	if (r < 0)
		return r;
	statements = json_object_get(j, "Statement");
	if (!statements)
		return err_set(err, E_PROTO, "the role's trust policy has no statement");
	*ret = json_is_object(statements) && statement_trusts(statements, service);
	json_array_foreach (statements, i, s)
		*ret |= statement_trusts(s, service);
	return 0;
}

/* --- simulation --- */

void iam_denied_release(struct iam_denied *d)
{
	free(d->items);
	*d = (struct iam_denied){0};
}

struct simulation {
	const char *const *actions;
	bool allowed[IAM_ACTIONS_MAX];
	size_t n;
	char *name, *decision, *marker; /* being read */
	bool truncated;
};

static void simulation_release(struct simulation *s)
{
	free(s->name);
	free(s->decision);
	free(s->marker);
}

static void close_result(struct simulation *s)
{
	for (size_t i = 0; i < s->n && s->name && s->decision; i++)
		if (str_eq_ci(s->actions[i], s->name))
			s->allowed[i] = str_eq(s->decision, "allowed");
}

static int on_result(void *userdata, const char *path, const char *text, struct err *err)
{
	static const char root[] = "SimulatePrincipalPolicyResponse/SimulatePrincipalPolicyResult";
	struct simulation *s = userdata;

	if (!str_starts(path, root))
		return 0;
	path += sizeof(root) - 1;
	if (str_eq(path, "/EvaluationResults/member/EvalActionName"))
		return str_replace(&s->name, text, err);
	if (str_eq(path, "/EvaluationResults/member/EvalDecision"))
		return str_replace(&s->decision, text, err);
	if (str_eq(path, "/Marker"))
		return str_replace(&s->marker, text, err);
	if (str_eq(path, "/IsTruncated"))
		s->truncated = str_eq(text, "true");
	if (str_eq(path, "/EvaluationResults/member"))
		close_result(s);
	return 0;
}

/* One page of results; s->marker says where it begins. */
static int simulate_page(struct aws *a, struct simulation *s, const char *principal_arn,
			 const char *resource, struct cancel *cancel, struct err *err)
{
	struct aws_param params[IAM_ACTIONS_MAX + 3] = {{"PolicySourceArn", principal_arn},
							{"ResourceArns.member.1", resource}};
	char names[IAM_ACTIONS_MAX][40];
	_cleanup_free_ char *marker = TAKE(s->marker);
	size_t n = 2;

	for (size_t i = 0; i < s->n; i++) {
		snprintf(names[i], sizeof(names[i]), "ActionNames.member.%zu", i + 1);
		params[n++] = (struct aws_param){names[i], s->actions[i]};
	}
	if (marker)
		params[n++] = (struct aws_param){"Marker", marker};
	s->truncated = false;
	return aws_query(a, AWS_IAM, "SimulatePrincipalPolicy", params, n, cancel, on_result, s,
			 err);
}

int iam_simulate(struct aws *a, const char *principal_arn, const char *const *actions, size_t n,
		 const char *resource, struct cancel *cancel, struct iam_denied *ret,
		 struct err *err)
{
	_cleanup_(simulation_release) struct simulation s = {.actions = actions, .n = n};
	struct iam_denied d = {0};
	int r;

	assert(n <= IAM_ACTIONS_MAX);
	do
		r = simulate_page(a, &s, principal_arn, resource, cancel, err);
	while (r == 0 && s.truncated && s.marker);
	if (r < 0)
		return r;
	d.items = calloc(n + 1, sizeof(*d.items));
	if (!d.items)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++)
		if (!s.allowed[i])
			d.items[d.len++] = actions[i];
	*ret = d;
	return 0;
}
