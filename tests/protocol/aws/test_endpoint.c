/* protocol/aws/endpoint.c */
#include "protocol/aws/endpoint.h"

#include "tests/harness.h"

TEST(addresses_are_split)
{
	static const struct {
		const char *url, *origin, *prefix;
	} cases[] = {{"http://h", "http://h", ""},
		     {"HTTPS://H:443/a/b//", "https://H", "/a/b"},
		     {"http://h:80/", "http://h", ""},
		     {"http://h:8080", "http://h:8080", ""}};
	static const char *const bad[] = {"",           "h",          "ftp://h",
					  "http://",    "http:///x",  "http://u@h",
					  "http://h?x", "http://h#x", "http://h x"};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_free_ char *origin = NULL;
		_cleanup_free_ char *prefix = NULL;

		CHECK_OK(aws_endpoint_split("ECR", cases[i].url, &origin, &prefix, &err), &err);
		CHECK_STR(origin, cases[i].origin);
		CHECK_STR(prefix, cases[i].prefix);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char *origin = NULL, *prefix = NULL;

		CHECK_INT(aws_endpoint_split("ECR", bad[i], &origin, &prefix, &err), E_INPUT);
		CHECK(strstr(err.hint, "AWS_ENDPOINT_URL_ECR"));
	}
}

TEST(regions_and_partitions)
{
	struct err err = ERR_INIT;

	CHECK_INT(aws_region_check("eu-west-1", &err), 0);
	CHECK_INT(aws_region_check("", &err), E_INPUT);
	CHECK_INT(aws_region_check("x.evil.com/", &err), E_INPUT);
	CHECK_STR(aws_domain("cn-north-1"), "amazonaws.com.cn");
	CHECK_STR(aws_domain("us-east-1"), "amazonaws.com");
}

TEST_MAIN()
