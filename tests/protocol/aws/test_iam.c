/* protocol/aws/iam.c: trust policies; the calls are tried in tests/live/test_aws.py */
#include "protocol/aws/iam.h"

#include "base/str.h"

#include "tests/harness.h"

TEST(policies_that_trust_and_that_do_not)
{
	static const struct {
		const char *statement;
		bool trusts;
	} cases[] = {
		{"{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Principal\":{\"Service\":\"s\"}}",
		 true},
		{"[{\"Effect\":\"Allow\",\"Action\":[\"x\",\"sts:AssumeRole\"],\"Principal\":{\"Service\":["
		 "\"t\",\"s\"]}}]",
		 true},
		{"[{\"Effect\":\"Allow\",\"Action\":\"sts:*\",\"Principal\":{\"Service\":\"t\"}},"
		 "{\"Effect\":\"Allow\",\"Action\":\"sts:*\",\"Principal\":{\"Service\":\"s\"}}]",
		 true},
		{"{\"Effect\":\"Deny\",\"Action\":\"sts:AssumeRole\",\"Principal\":{\"Service\":\"s\"}}",
		 false},
		{"{\"Effect\":\"Allow\",\"Action\":\"sts:TagSession\",\"Principal\":{\"Service\":\"s\"}}",
		 false},
		{"{\"Effect\":\"Allow\",\"Action\":\"sts:AssumeRole\",\"Principal\":{\"AWS\":\"s\"}}",
		 false},
		{"[1,null,{},{\"Effect\":1,\"Action\":[[]],\"Principal\":\"*\"}]", false},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_free_ char *policy = str_fmt("{\"Statement\":%s}", cases[i].statement);
		struct err err = ERR_INIT;
		bool trusts = !cases[i].trusts;

		REQUIRE_OK(iam_policy_trusts(policy, "s", &trusts, &err), &err);
		CHECK_INT(trusts, cases[i].trusts);
	}
}

TEST(what_is_no_policy)
{
	struct err err = ERR_INIT;
	bool trusts;

	CHECK_INT(iam_policy_trusts("", "s", &trusts, &err), E_PROTO);
	CHECK_INT(iam_policy_trusts("{}", "s", &trusts, &err), E_PROTO);
}

TEST_MAIN()
