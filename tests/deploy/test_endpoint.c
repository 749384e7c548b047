/* deploy/endpoint.c */
#include "deploy/endpoint.h"

#include "base/fs.h"
#include "tests/harness.h"

#define FILE_TEXT                                                                                  \
	"{\"app\":\"fraud\",\"port\":5010,\"variants\":["                                          \
	"{\"created\":1,\"experiment_id\":\"1\",\"model\":\"models/a.json\",\"name\":\"a\","       \
	"\"run_id\":\"r\",\"weight\":3.0},"                                                        \
	"{\"created\":2,\"experiment_id\":\"1\",\"model\":\"models/b.json\",\"name\":\"b\","       \
	"\"run_id\":\"s\",\"weight\":1.0}]}"

static void own_place(void)
{
	CHECK(setenv("XDG_DATA_HOME", test_dir(), 1) == 0);
}

static int parse(const char *text, struct endpoint_file *ret, struct err *err)
{
	json_auto_t *j = NULL;

	CHECK_OK(json_parse(text, strlen(text), "endpoint", &j, err), err);
	return endpoint_parse(j, ret, err);
}

TEST(what_is_written_is_read_again)
{
	_cleanup_endpoint_file_ struct endpoint_file e = {0};
	json_auto_t *j = NULL;
	json_auto_t *again = NULL;
	_cleanup_free_ char *text = NULL;
	_cleanup_strv_ struct strv apps = {0};
	struct err err = ERR_INIT;

	own_place();
	CHECK_INT(endpoint_read("fraud", &again, &err), E_NOTFOUND);
	CHECK_STR(err.text, "there is no endpoint fraud on this machine");
	CHECK_OK(endpoint_list(&apps, &err), &err);
	CHECK_INT(apps.len, 0);
	REQUIRE_OK(parse(FILE_TEXT, &e, &err), &err);
	j = endpoint_json(&e);
	REQUIRE(j);
	REQUIRE_OK(endpoint_write("fraud", j, &err), &err);
	REQUIRE_OK(endpoint_write("churn", j, &err), &err);
	REQUIRE_OK(endpoint_read("fraud", &again, &err), &err);
	text = json_text(again);
	CHECK_STR(text, FILE_TEXT);
	REQUIRE_OK(endpoint_list(&apps, &err), &err);
	REQUIRE(apps.len == 2);
	CHECK_STR(apps.items[0], "churn");
	CHECK_OK(endpoint_remove_file("fraud", &err), &err);
	CHECK_OK(endpoint_remove_file("fraud", &err), &err);
	strv_release(&apps);
	REQUIRE_OK(endpoint_list(&apps, &err), &err);
	CHECK_INT(apps.len, 1);
}

TEST(what_is_no_endpoint_is_refused)
{
	static const char *const bad[] = {
		"{}", "{\"app\":\"a\",\"port\":0,\"variants\":[]}",
		"{\"app\":\"a\",\"port\":1,\"variants\":{}}",
		"{\"app\":\"a\",\"port\":1,\"variants\":[{\"name\":\"x\"}]}",
		"{\"app\":\"a\",\"port\":1,\"variants\":[{\"name\":1,\"weight\":1,\"model\":\"m\"}]}"};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		_cleanup_endpoint_file_ struct endpoint_file e = {0};
		struct err err = ERR_INIT;

		CHECK_INT(parse(bad[i], &e, &err), E_INPUT);
		CHECK(err.text[0] != '\0');
	}
}

TEST(ports_of_other_endpoints_are_left_to_them)
{
	_cleanup_endpoint_file_ struct endpoint_file e = {0};
	struct err err = ERR_INIT;
	int port = 0;

	own_place();
	CHECK_OK(endpoint_pick_port(5010, &port, &err), &err);
	CHECK_INT(port, 5010);
	REQUIRE_OK(parse(FILE_TEXT, &e, &err), &err);
	for (int i = 0; i < 3; i++) {
		char app[16];
		json_auto_t *j = NULL;

		snprintf(app, sizeof(app), "a%d", i);
		e.port = i == 2 ? 5013 : 5010 + i;
		j = endpoint_json(&e);
		REQUIRE_OK(endpoint_write(app, j, &err), &err);
	}
	CHECK_OK(endpoint_pick_port(5010, &port, &err), &err);
	CHECK_INT(port, 5012);
}

TEST(shares_are_shifted_in_proportion)
{
	_cleanup_endpoint_file_ struct endpoint_file e = {0};
	char name[] = "c", none[] = "";
	struct endpoint_variant third = {
		.name = name, .model = name, .run_id = none, .experiment_id = none, .created = 3};
	struct err err = ERR_INIT;

	REQUIRE_OK(parse(FILE_TEXT, &e, &err), &err);
	REQUIRE_OK(endpoint_add_variant(&e, &third, &err), &err);
	CHECK_STR(endpoint_newest_variant(&e)->name, "c");
	endpoint_shift(&e, endpoint_newest_variant(&e), 20);
	CHECK(e.variants[0].weight == 60 && e.variants[1].weight == 20 &&
	      e.variants[2].weight == 20);
	endpoint_shift(&e, endpoint_find_variant(&e, "a"), 100);
	CHECK(e.variants[0].weight == 100 && e.variants[1].weight == 0 &&
	      e.variants[2].weight == 0);
	endpoint_shift(&e, endpoint_find_variant(&e, "a"), 50); /* the others had nothing */
	CHECK(e.variants[1].weight == 25 && e.variants[2].weight == 25);
	endpoint_keep_only(&e, endpoint_find_variant(&e, "b"));
	CHECK_INT(e.n_variants, 1);
	CHECK_STR(e.variants[0].name, "b");
}

TEST(there_is_an_end_to_variants)
{
	_cleanup_endpoint_file_ struct endpoint_file e = {0};
	char name[] = "x";
	struct endpoint_variant v = {.name = name,
				     .model = name,
				     .run_id = name,
				     .experiment_id = name};
	struct err err = ERR_INIT;

	REQUIRE_OK(parse(FILE_TEXT, &e, &err), &err);
	while (e.n_variants < ENDPOINT_VARIANTS_MAX)
		REQUIRE_OK(endpoint_add_variant(&e, &v, &err), &err);
	CHECK_INT(endpoint_add_variant(&e, &v, &err), E_TOOBIG);
	CHECK(err.hint[0] != '\0');
}

TEST_MAIN()
