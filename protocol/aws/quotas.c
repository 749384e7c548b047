/* Service Quotas by JSON 1.1. */
#include "protocol/aws/quotas.h"

#include "base/str.h"
#include "protocol/aws/aws-int.h"

enum { PAGES_MAX = 100, PAGE = 100 };

static const json_t *find_in_page(const json_t *page, const char *name)
{
	const json_t *quota;
	size_t i;

	json_array_foreach (json_object_get(page, "Quotas"), i, quota)
		if (str_eq_ci(json_get_str(quota, "QuotaName", ""), name))
			return quota;
	return NULL;
}

int quotas_find(struct aws *a, const char *service, const char *name, struct cancel *cancel,
		double *ret, struct err *err)
{
	_cleanup_free_ char *next = NULL;

	for (int page = 0; page < PAGES_MAX; page++) {
		json_auto_t *j = NULL;
		const json_t *quota;
		int r = aws_json(a, AWS_QUOTAS, "ListServiceQuotas", AWS_READS,
				 json_pack("{s:s, s:i, s:s*}", "ServiceCode", service, "MaxResults",
					   PAGE, "NextToken", next),
				 cancel, &j, err);

		if (r < 0)
			return r;
		quota = find_in_page(j, name);
		if (quota) {
			*ret = json_number_value(json_object_get(quota, "Value"));
			return 0;
		}
		r = str_replace(&next, json_get_str(j, "NextToken", NULL), err);
		if (r < 0)
			return r;
		if (!next)
			break;
	}
	return err_set(err, E_NOTFOUND, "there is no quota named \"%s\"", name);
}
