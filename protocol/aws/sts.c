/* STS by the Query protocol. */
#include "protocol/aws/sts.h"

#include "base/str.h"
#include "protocol/aws/aws-int.h"

void sts_identity_release(struct sts_identity *i)
{
	free(i->account);
	free(i->arn);
	*i = (struct sts_identity){0};
}

static int on_element(void *userdata, const char *path, const char *text, struct err *err)
{
	struct sts_identity *i = userdata;

	if (str_ends_ci(path, "GetCallerIdentityResult/Account"))
		return str_replace(&i->account, text, err);
	if (str_ends_ci(path, "GetCallerIdentityResult/Arn"))
		return str_replace(&i->arn, text, err);
	return 0;
}

int sts_get_caller_identity(struct aws *a, struct cancel *cancel, struct sts_identity *ret,
			    struct err *err)
{
	_cleanup_sts_identity_ struct sts_identity i = {0};
	int r = aws_query(a, AWS_STS, "GetCallerIdentity", NULL, 0, cancel, on_element, &i, err);

	if (r < 0)
		return r;
	if (!i.account || !i.arn)
		return err_set(err, E_PROTO, "GetCallerIdentity answered without an identity");
	*ret = i;
	i = (struct sts_identity){0};
	return 0;
}
