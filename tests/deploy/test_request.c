/* deploy/request.c and deploy/catalog.c */
#include "deploy/request.h"

#include "base/str.h"
#include "deploy/catalog.h"
#include "tests/harness.h"

#define RUN "7d0e3d1c2b4a49d68b8a0c1d2e3f4a5b"

static int parse(enum request_kind kind, const char *text, struct request *ret,
		 struct request_faults *faults, struct err *err)
{
	json_auto_t *j = NULL;

	err_clear(err);
	CHECK_OK(json_parse(text, strlen(text), "request", &j, err), err);
	return request_parse(kind, j, ret, faults, err);
}

static void check_fault(enum request_kind kind, const char *text, const char *field,
			const char *message)
{
	_cleanup_request_ struct request q = {0};
	struct err err = ERR_INIT;

	CHECK_INT(parse(kind, text, &q, NULL, &err), E_INPUT);
	CHECK_STR(err.name, field);
	CHECK_STR(err.text, message);
	CHECK(err.hint[0] != '\0');
}

#define DEPLOY(more) "{\"run_id\":\"" RUN "\",\"app_name\":\"fraud\"" more "}"
#define AWS(more)                                                                                  \
	DEPLOY(",\"target\":\"sagemaker\",\"region\":\"us-east-2\",\"instance_type\":\"ml.m5."     \
	       "large\"" more)

TEST(a_short_request_gets_the_defaults)
{
	_cleanup_request_ struct request q = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(parse(REQUEST_DEPLOY, DEPLOY(""), &q, NULL, &err), &err);
	CHECK_INT(q.kind, REQUEST_DEPLOY);
	CHECK_INT(q.target, TARGET_LOCAL);
	CHECK_INT(q.mode, MODE_CREATE);
	CHECK_STR(q.app, "fraud");
	CHECK_STR(q.run_id, RUN);
	CHECK_STR(q.experiment_id, "");
	CHECK_STR(q.region, "");
	CHECK_INT(q.instance_count, 1);
	CHECK(!q.archive && q.weight == 0);
}

/* As a form posts it: texts, with spaces around, and all fields whatever the target. */
TEST(a_forms_texts_are_read)
{
	_cleanup_request_ struct request q = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(parse(REQUEST_DEPLOY,
			 AWS(",\"experiment_id\":\" 3 \",\"mode\":\"add\",\"instance_count\":\"4\","
			     "\"archive\":\"on\",\"weight\":\"0.5\",\"variant\":null"),
			 &q, NULL, &err),
		   &err);
	CHECK_INT(q.target, TARGET_SAGEMAKER);
	CHECK_STR(q.region, "us-east-2");
	CHECK_STR(q.experiment_id, "3");
	CHECK_INT(q.mode, MODE_ADD);
	CHECK_INT(q.instance_count, 4);
	CHECK_STR(q.instance_type, "ml.m5.large");
	CHECK(q.archive && q.weight == 0.5);
	request_release(&q);
	REQUIRE_OK(parse(REQUEST_DEPLOY,
			 DEPLOY(",\"region\":\"\",\"instance_type\":\"?\",\"experiment_id\":3,"
				"\"archive\":true,\"weight\":2.5"),
			 &q, NULL, &err),
		   &err);
	CHECK_STR(q.instance_type, "");
	CHECK_STR(q.experiment_id, "3");
	CHECK(q.archive && q.weight == 2.5);
}

TEST(every_field_is_checked)
{
	check_fault(REQUEST_DEPLOY, "{\"app_name\":\"a\"}", "run_id", "run_id: is missing");
	check_fault(REQUEST_DEPLOY, "{\"app_name\":\"a\",\"run_id\":\"../x\"}", "run_id",
		    "run_id: is no id: letters, digits, - and _, at most 64 of them");
	check_fault(REQUEST_DEPLOY, "{\"app_name\":\"a\",\"run_id\":[1]}", "run_id",
		    "run_id: is neither text nor number");
	check_fault(REQUEST_DEPLOY, "{\"run_id\":\"1\",\"app_name\":\"-a\"}", "app_name",
		    "app_name: must be 1 to 63 letters, digits and -, with no - at either end");
	check_fault(REQUEST_DEPLOY, DEPLOY(",\"target\":\"azure\""), "target",
		    "target: must be local or sagemaker");
	check_fault(REQUEST_DEPLOY, DEPLOY(",\"mode\":\"Replace\""), "mode",
		    "mode: must be create, replace or add");
	check_fault(REQUEST_DEPLOY, DEPLOY(",\"experiment_id\":\"a b\""), "experiment_id",
		    "experiment_id: is no id: letters, digits, - and _, at most 64 of them");
	check_fault(REQUEST_DEPLOY, DEPLOY(",\"archive\":\"maybe\""), "archive",
		    "archive: must be true or false");
	check_fault(REQUEST_DEPLOY, DEPLOY(",\"weight\":-1"), "weight",
		    "weight: must be a number from 0 to 1000");
	check_fault(REQUEST_DEPLOY, DEPLOY(",\"weight\":\"nan\""), "weight",
		    "weight: must be a number from 0 to 1000");
	check_fault(REQUEST_DEPLOY, DEPLOY(",\"target\":\"sagemaker\""), "region",
		    "region: is missing");
	check_fault(REQUEST_DEPLOY, AWS(",\"instance_count\":0"), "instance_count",
		    "instance_count: must be a whole number from 1 to 100");
	check_fault(REQUEST_DEPLOY, AWS(",\"instance_count\":\"two\""), "instance_count",
		    "instance_count: must be a whole number from 1 to 100");
	check_fault(REQUEST_SHIFT, "{\"app_name\":\"a\",\"percent\":\"101%\"}", "percent",
		    "percent: must be a percentage from 0 to 100");
	check_fault(REQUEST_SHIFT, "{\"app_name\":\"a\",\"percent\":\"10% more\"}", "percent",
		    "percent: must be a percentage from 0 to 100");
	check_fault(REQUEST_DEPLOY, DEPLOY(",\"instance_kind\":1"), "",
		    "a request has no member \"instance_kind\"");
	check_fault(REQUEST_DEPLOY, "[]", "", "a request is an object");
}

TEST(what_was_probably_meant_is_named)
{
	_cleanup_request_ struct request q = {0};
	struct err err = ERR_INIT;

	(void)parse(REQUEST_UNDEPLOY,
		    "{\"app_name\":\"a\",\"target\":\"sagemaker\",\"region\":\"us-east1\"}", &q,
		    NULL, &err);
	CHECK_STR(err.hint, "did you mean us-east-1?");
	(void)parse(REQUEST_DEPLOY,
		    DEPLOY(",\"target\":\"sagemaker\",\"region\":\"us-east-1\","
			   "\"instance_type\":\"m5.large\""),
		    &q, NULL, &err);
	CHECK_STR(err.hint, "did you mean ml.m5.large?");
	(void)parse(REQUEST_DEPLOY, DEPLOY(",\"runid\":1"), &q, NULL, &err);
	CHECK_STR(err.hint, "did you mean run_id?");
}

TEST(all_faults_are_told_at_once)
{
	_cleanup_request_ struct request q = {0};
	struct request_faults faults;
	struct err err = ERR_INIT;

	CHECK_INT(parse(REQUEST_DEPLOY,
			"{\"target\":\"sagemaker\",\"app_name\":\"_\",\"instance_count\":\"x\","
			"\"zzz\":1}",
			&q, &faults, &err),
		  E_INPUT);
	REQUIRE(faults.len == 6);
	CHECK_STR(faults.items[0].field, "app_name");
	CHECK_STR(faults.items[1].field, "run_id");
	CHECK_STR(faults.items[1].text, "is missing");
	CHECK_STR(faults.items[2].field, "region");
	CHECK_STR(faults.items[3].field, "instance_count");
	CHECK_STR(faults.items[4].field, "instance_type");
	CHECK_STR(faults.items[5].field, "");
}

TEST(names_follow_the_pattern)
{
	static const char *const good[] = {"a", "9", "a--b", "A1-b2"};
	static const char *const bad[] = {"-a", "a-", "a_b", "a.b", "ä", "a b", "a/b"};
	char text[200], name[80];
	_cleanup_request_ struct request q = {0};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		snprintf(text, sizeof(text), "{\"app_name\":\"%s\"}", good[i]);
		CHECK_OK(parse(REQUEST_UNDEPLOY, text, &q, NULL, &err), &err);
		request_release(&q);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		snprintf(text, sizeof(text), "{\"app_name\":\"%s\"}", bad[i]);
		CHECK_INT(parse(REQUEST_UNDEPLOY, text, &q, NULL, &err), E_INPUT);
	}
	for (int n = 63; n <= 64; n++) {
		memset(name, 'a', sizeof(name));
		name[n] = '\0';
		snprintf(text, sizeof(text), "{\"app_name\":\"%s\"}", name);
		CHECK_INT(parse(REQUEST_UNDEPLOY, text, &q, NULL, &err), n == 63 ? 0 : E_INPUT);
		request_release(&q);
	}
}

TEST(a_shift_takes_a_percentage_and_maybe_a_variant)
{
	_cleanup_request_ struct request q = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(parse(REQUEST_SHIFT, "{\"app_name\":\"a\",\"percent\":\"12.5 %\"}", &q, NULL,
			 &err),
		   &err);
	CHECK(q.percent == 12.5);
	CHECK_STR(q.variant, "");
	request_release(&q);
	REQUIRE_OK(parse(REQUEST_SHIFT,
			 "{\"app_name\":\"a\",\"percent\":100,\"variant\":\"a-1-2\"}", &q, NULL,
			 &err),
		   &err);
	CHECK(q.percent == 100);
	CHECK_STR(q.variant, "a-1-2");
}

TEST(what_is_kept_parses_to_the_same)
{
	static const struct {
		enum request_kind kind;
		const char *text;
	} cases[] = {
		{REQUEST_DEPLOY, DEPLOY("")},
		{REQUEST_CHECK, AWS(",\"mode\":\"replace\",\"archive\":true")},
		{REQUEST_SHIFT, "{\"app_name\":\"a\",\"percent\":10,\"variant\":\"v\"}"},
		{REQUEST_UNDEPLOY, "{\"app_name\":\"a\"}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_request_ struct request q = {0}, again = {0};
		json_auto_t *kept = NULL;
		json_auto_t *twice = NULL;
		struct err err = ERR_INIT;

		REQUIRE_OK(parse(cases[i].kind, cases[i].text, &q, NULL, &err), &err);
		kept = request_json(&q);
		REQUIRE(kept);
		REQUIRE_OK(request_parse(cases[i].kind, kept, &again, NULL, &err), &err);
		twice = request_json(&again);
		CHECK(json_equal(kept, twice));
	}
}

TEST(variant_names_are_unique_and_fit)
{
	_cleanup_request_ struct request q = {0};
	char name[VARIANT_NAME_MAX + 1], app[64], text[200];
	struct err err = ERR_INIT;

	REQUIRE_OK(parse(REQUEST_DEPLOY, DEPLOY(""), &q, NULL, &err), &err);
	request_variant_name(&q, 12, 0, name);
	CHECK_STR(name, "fraud-7d0e3d1c-12");
	request_release(&q);
	memset(app, 'a', 63);
	app[63] = '\0';
	snprintf(text, sizeof(text), "{\"app_name\":\"%s\",\"run_id\":\"ab_cdefghi\"}", app);
	REQUIRE_OK(parse(REQUEST_DEPLOY, text, &q, NULL, &err), &err);
	request_variant_name(&q, 123456, 8, name);
	CHECK_INT(strlen(name), VARIANT_NAME_MAX - 8);
	CHECK_STR(name + VARIANT_NAME_MAX - 8 - 16, "-ab-cdefg-123456");
}

TEST(kinds_targets_and_modes_have_names)
{
	for (int i = REQUEST_DEPLOY; i <= REQUEST_CHECK; i++)
		CHECK_INT(request_kind_parse(request_kind_name((enum request_kind)i)), i);
	CHECK_INT(request_kind_parse("x"), -1);
	CHECK_INT(deploy_target_parse(deploy_target_name(TARGET_SAGEMAKER)), TARGET_SAGEMAKER);
	CHECK_INT(deploy_mode_parse(deploy_mode_name(MODE_ADD)), MODE_ADD);
}

/* What the walkthrough's form offered, and what it left out. */
TEST(the_catalog_has_what_forms_offer)
{
	static const char *const want[] = {"us-east-1",      "us-east-2",      "us-west-1",
					   "us-west-2",      "ca-central-1",   "eu-central-1",
					   "eu-west-1",      "eu-west-2",      "eu-west-3",
					   "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
					   "ap-southeast-1", "ap-southeast-2", "ap-south-1",
					   "sa-east-1"};
	static const char *const types[] = {"ml.t2.medium",   "ml.t2.large",    "ml.t2.xlarge",
					    "ml.t2.2xlarge",  "ml.m5.large",    "ml.m5.xlarge",
					    "ml.m5.2xlarge",  "ml.m5.4xlarge",  "ml.m5.12xlarge",
					    "ml.m5.24xlarge", "ml.m4.xlarge",   "ml.m4.4xlarge",
					    "ml.m4.10xlarge", "ml.m4.16xlarge", "ml.c5.large",
					    "ml.c5.xlarge",   "ml.c5.2xlarge",  "ml.c5.4xlarge",
					    "ml.c5.9xlarge",  "ml.c5.18xlarge", "ml.c4.large",
					    "ml.c4.xlarge",   "ml.c4.2xlarge",  "ml.c4.4xlarge",
					    "ml.c4.8xlarge",  "ml.p3.2xlarge",  "ml.p3.8xlarge",
					    "ml.p3.16xlarge", "ml.p2.xlarge",   "ml.p2.8xlarge",
					    "ml.p2.16xlarge"};

	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		CHECK(region_find(want[i]) != NULL);
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		CHECK(instance_type_find(types[i]) != NULL);
	for (const struct instance_type *t = instance_types_all; t->name; t++) {
		CHECK(t->vcpus > 0 && t->memory_gib > 0 && t->usd_hour > 0);
		CHECK(instance_type_find(t->name) == t);
	}
	CHECK_INT(instance_type_find("ml.c7g.large")->cpu, CPU_ARM64);
	CHECK_STR(cpu_image_arch(CPU_X86_64), "amd64");
	CHECK(region_find("us-gov-west-1") == NULL);
}

TEST_MAIN()
