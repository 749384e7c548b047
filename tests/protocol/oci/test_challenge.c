/* protocol/oci/challenge.c */
#include "protocol/oci/challenge.h"

#include "tests/harness.h"

TEST(basic_and_bearer_are_read)
{
	static const struct {
		const char *text;
		bool basic, bearer;
		const char *realm, *service, *scope;
	} cases[] = {
		{"Basic realm=\"x\"", true, false, NULL, NULL, NULL},
		{"Bearer realm=\"https://a/token\",service=\"reg\",scope=\"repository:a/b:pull,push\"",
		 false, true, "https://a/token", "reg", "repository:a/b:pull,push"},
		{"bearer  Realm = \"a\\\"b\" , service=plain", false, true, "a\"b", "plain", NULL},
		{"Basic realm=\"x, y=z\", Bearer realm=\"t\"", true, true, "t", NULL, NULL},
		{"Bearer realm=t, Basic realm=b", true, true, "t", NULL, NULL},
		{"Negotiate, Basic realm=\"x\", charset=\"UTF-8\"", true, false, NULL, NULL, NULL},
		{"Negotiate", false, false, NULL, NULL, NULL},
		{"Bearer realm=\"1\", realm=\"2\"", false, true, "2", NULL, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_challenge_ struct challenge c = {0};
		struct err err = ERR_INIT;

		CHECK_OK(challenge_parse(cases[i].text, &c, &err), &err);
		CHECK_INT(c.basic, cases[i].basic);
		CHECK_INT(c.bearer, cases[i].bearer);
		CHECK_STR(c.realm, cases[i].realm);
		CHECK_STR(c.service, cases[i].service);
		CHECK_STR(c.scope, cases[i].scope);
	}
}

TEST(what_is_no_challenge_is_refused)
{
	static const char *const bad[] = {
		"", "   ", ",", "realm=\"x\"", "Basic realm=\"x", "Basic (", "\"", "Basic a=\"b\\"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		_cleanup_challenge_ struct challenge c = {0};
		struct err err = ERR_INIT;

		CHECK_INT(challenge_parse(bad[i], &c, &err), E_PROTO);
	}
}

TEST_MAIN()
