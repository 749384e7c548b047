/* Addresses of services. */
#include "protocol/aws/endpoint.h"

#include "base/str.h"

#include <string.h>

int aws_region_check(const char *region, struct err *err)
{
	size_t n = strlen(region);

	if (n && n <= 63 && strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == n)
		return 0;
	(void)err_set(err, E_INPUT, "the AWS region is not a name such as eu-west-1");
	err_set_hint(err, "check AWS_REGION and the profile");
	return E_INPUT;
}

const char *aws_domain(const char *region)
{
	return str_starts(region, "cn-") ? "amazonaws.com.cn" : "amazonaws.com";
}

int aws_endpoint_split(const char *service, const char *url, char **ret_origin, char **ret_prefix,
		       struct err *err)
{
	static const char *const schemes[][2] = {{"http://", ":80"}, {"https://", ":443"}};

	for (size_t i = 0; i < ARRAY_LEN(schemes); i++) {
		size_t scheme = strlen(schemes[i][0]), port = strlen(schemes[i][1]);
		const char *host = url + scheme;
		size_t n, path;

		if (!str_starts_ci(url, schemes[i][0]))
			continue;
		n = strcspn(host, "/");
		path = strlen(host + n);
		while (path && host[n + path - 1] == '/')
			path--;
		if (n == 0 || strcspn(url, "?#@ ") != strlen(url))
			break;
		*ret_prefix = str_ndup(host + n, path);
		if (n > port && memcmp(host + n - port, schemes[i][1], port) == 0)
			n -= port;
		*ret_origin = str_fmt("%s%.*s", schemes[i][0], (int)n, host);
		return *ret_origin && *ret_prefix ? 0 : err_nomem(err);
	}
	(void)err_set(err, E_INPUT, "the %s endpoint is not a URL such as http://host:9000",
		      service);
	err_set_hint(err, "check AWS_ENDPOINT_URL_%s and AWS_ENDPOINT_URL", service);
	return E_INPUT;
}
