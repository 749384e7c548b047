/* web/endpoints.c: endpoint.json, whoever wrote it */
#include "web/endpoints.h"

#include "base/str.h"
#include "tests/harness.h"

static int parse(const char *text, struct endpoint *e, struct err *err)
{
	return endpoint_parse(text, strlen(text), e, err);
}

TEST(a_file_as_documented)
{
	_cleanup_endpoint_ struct endpoint e = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(
		parse("{\"app\": \"fraud\", \"port\": 5010, \"variants\": ["
		      "{\"name\": \"a\", \"weight\": 1, \"model\": \"a.json\", \"run_id\": \"r\", "
		      "\"experiment_id\": \"2\", \"created\": 1700000000000},"
		      "{\"name\": \"b\", \"weight\": 3.0, \"model\": \"b.json\"}], \"new\": 1}",
		      &e, &err),
		&err);
	CHECK_STR(e.target, "local");
	CHECK_STR(e.url, "http://127.0.0.1:5010");
	CHECK_INT(e.n_variants, 2);
	CHECK(e.variants[0].share == 0.25 && e.variants[1].share == 0.75);
	CHECK_STR(e.variants[0].run_id, "r");
	CHECK_STR(e.variants[1].run_id, "");
}

TEST(weights_of_zero_share_nothing)
{
	_cleanup_endpoint_ struct endpoint e = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(parse("{\"app\": \"a\", \"port\": 1, \"variants\": [{\"weight\": 0}, {}]}", &e,
			 &err),
		   &err);
	CHECK(e.variants[0].share == 0 && e.variants[1].share == 0);
}

TEST(files_that_are_none)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{}",
		"{\"app\": 1, \"port\": 1, \"variants\": []}",
		"{\"app\": \"a\", \"port\": 0, \"variants\": []}",
		"{\"app\": \"a\", \"port\": 70000, \"variants\": []}",
		"{\"app\": \"a\", \"port\": 1}",
		"{\"app\": \"a\", \"port\": 1, \"variants\": [{\"weight\": -1}]}",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		_cleanup_endpoint_ struct endpoint e = {0};
		struct err err = ERR_INIT;

		CHECK(parse(texts[i], &e, &err) < 0);
		CHECK(*err.text != '\0');
	}
}

TEST_MAIN()
