/* display/bundle.c */
#include "display/bundle.h"

#include "tests/harness.h"

TEST(text_is_repaired_and_replaced)
{
	_cleanup_bundle_ struct bundle b = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(bundle_init(&b, &err), &err);
	CHECK_OK(bundle_set_text(&b, "text/plain", "old", 3, &err), &err);
	CHECK_OK(bundle_set_text(&b, "text/plain", "a\xFF\0b", 4, &err), &err);
	CHECK_STR(json_get_str(b.data, "text/plain", NULL), "a\uFFFD\uFFFDb");
	CHECK_INT(json_object_size(b.data), 1);
	CHECK_INT(json_object_size(b.metadata), 0);
}

TEST(json_is_stolen_and_null_is_out_of_memory)
{
	_cleanup_bundle_ struct bundle b = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(bundle_init(&b, &err), &err);
	CHECK_OK(bundle_set_json(&b, "application/json", json_pack("[i]", 1), &err), &err);
	CHECK_INT(bundle_set_json(&b, "application/json", NULL, &err), E_NOMEM);
	CHECK_INT(json_array_size(json_object_get(b.data, "application/json")), 1);
}

TEST(release_accepts_half_built)
{
	struct bundle b = {0};

	bundle_release(&b);
	bundle_release(&b);
	CHECK(!b.data);
}

TEST_MAIN()
