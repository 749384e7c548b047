/* protocol/aws/aws-error.c */
#include "protocol/aws/aws-error.h"

#include "base/cleanup.h"

#include "tests/harness.h"

TEST(codes_get_a_meaning)
{
	static const struct {
		int status;
		const char *type, *body;
		int code;
		bool passes;
		const char *name, *text, *hint;
	} cases[] = {
		{400, NULL,
		 "{\"__type\":\"ValidationException\",\"message\":\"Could not find model "
		 "\\\"x\\\".\"}",
		 E_NOTFOUND, false, "ValidationException",
		 "Could not find model \"x\". (ValidationException)", "region"},
		{400, NULL,
		 "{\"__type\":\"a.b#ValidationException\",\"Message\":\"Cannot create already existing "
		 "endpoint\"}",
		 E_EXISTS, false, "ValidationException",
		 "Cannot create already existing endpoint (ValidationException)", "another"},
		{400, NULL,
		 "{\"__type\":\"ValidationException\",\"message\":\"Cannot update in-progress e\"}",
		 E_EXISTS, false, "EndpointInProgress",
		 "Cannot update in-progress e (ValidationException)", "wait"},
		{400, NULL, "{\"__type\":\"ValidationException\",\"message\":\"1 error\"}", E_INPUT,
		 false, "ValidationException", "1 error (ValidationException)", ""},
		{400, "ResourceLimitExceeded:http://internal/", "{\"message\":\"no\"}", E_SERVER,
		 false, "ResourceLimitExceeded", "no (ResourceLimitExceeded)", "Service Quotas"},
		{403, NULL,
		 "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature expired: 2020\"}",
		 E_AUTH, false, "RequestTimeTooSkewed",
		 "Signature expired: 2020 (InvalidSignatureException)", "clock"},
		{403, NULL,
		 "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>old &amp; gone</Message>"
		 "</Error></ErrorResponse>",
		 E_AUTH, false, "ExpiredToken", "old & gone (ExpiredToken)", "sign in again"},
		{403, NULL,
		 "<ErrorResponse xmlns=\"x\"><Error><Code>SignatureDoesNotMatch</Code><Message>Signature "
		 "not yet current</Message></Error></ErrorResponse>",
		 E_AUTH, false, "RequestTimeTooSkewed",
		 "Signature not yet current (SignatureDoesNotMatch)", "clock"},
		{400, NULL, "{\"__type\":\"ThrottlingException\"}", E_SERVER, true,
		 "ThrottlingException", "AWS refuses (ThrottlingException)", "later"},
		{503, NULL, "<html>", E_SERVER, true, "", "AWS answered with status 503", "later"},
		{403, NULL, "", E_AUTH, false, "", "AWS answered with status 403", "permit"},
		{418, NULL, "{\"__type\":7,\"message\":[]}", E_SERVER, false, "",
		 "AWS answered with status 418", ""},
		{418, NULL, "{\"__type\":\"Newer\",\"message\":\"m\"}", E_SERVER, false, "Newer",
		 "m (Newer)", ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = ERR_INIT;
		bool passes = !cases[i].passes;

		CHECK_INT(aws_error_tell(cases[i].status, cases[i].type, cases[i].body,
					 strlen(cases[i].body), &passes, &err),
			  cases[i].code);
		CHECK_INT(passes, cases[i].passes);
		CHECK_STR(err.name, cases[i].name);
		CHECK_STR(err.text, cases[i].text);
		CHECK(strstr(err.hint, cases[i].hint));
	}
}

TEST_MAIN()
