/* web/served.c: what is served here, whoever wrote its endpoint.json, and what jobs left at AWS */
#include "web/served.h"

#include "base/fs.h"
#include "tests/harness.h"

static void put(const char *app, const char *text)
{
	_cleanup_free_ char *folder = NULL, *path = NULL;
	struct err err = ERR_INIT;

	CHECK_OK(endpoint_folder(app, &folder, &err), &err);
	CHECK_OK(fs_mkdir_p(folder, 0700, &err), &err);
	path = str_fmt("%s/endpoint.json", folder);
	CHECK_OK(fs_write_atomic(path, text, strlen(text), 0600, &err), &err);
}

static struct store *start(void)
{
	const char *folder = test_dir();
	_cleanup_free_ char *path = str_fmt("%s/jobs.db", folder);
	struct store *s = NULL;
	struct err err = ERR_INIT;

	(void)setenv("XDG_DATA_HOME", folder, 1);
	(void)setenv("XDG_RUNTIME_DIR", folder, 1);
	CHECK_OK(store_open(path, &s, &err), &err);
	return s;
}

#define VARIANT(name, weight)                                                                      \
	"{\"name\": \"" name "\", \"weight\": " weight                                             \
	", \"model\": \"m.json\", \"run_id\": \"r\", "                                             \
	"\"experiment_id\": \"2\", \"created\": 1700000000000}"

TEST(weights_are_shared_out)
{
	_cleanup_(store_closep) struct store *s = start();
	_cleanup_served_list_ struct served_list list = {0};
	struct err err = ERR_INIT;

	put("fraud", "{\"app\": \"fraud\", \"port\": 5010, \"variants\": [" VARIANT(
			     "a", "1") ", " VARIANT("b", "3") "]}");
	put("still", "{\"app\": \"still\", \"port\": 1, \"variants\": [" VARIANT("c", "0") "]}");
	REQUIRE_OK(served_all(s, /* ping= */ false, NULL, &list, &err), &err);
	REQUIRE(list.len == 2);
	CHECK_STR(list.items[0].file.app, "fraud");
	CHECK_STR(list.items[0].url, "http://127.0.0.1:5010");
	CHECK(served_share(&list.items[0], 0) == 0.25 && served_share(&list.items[0], 1) == 0.75);
	CHECK(served_share(&list.items[1], 0) == 0);
}

TEST(one_that_cannot_be_read_hides_no_other)
{
	static const char *const texts[] = {"", "[]", "{}", "{\"app\": \"x\", \"port\": 0}"};
	_cleanup_(store_closep) struct store *s = start();
	struct err err = ERR_INIT;

	put("good", "{\"app\": \"good\", \"port\": 1, \"variants\": []}");
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		_cleanup_served_list_ struct served_list list = {0};

		put("bad", texts[i]);
		REQUIRE_OK(served_all(s, /* ping= */ true, NULL, &list, &err), &err);
		CHECK_INT(list.len, 1);
		CHECK_INT(list.items[0].state, SERVED_SILENT);
	}
}

TEST(what_is_not_there)
{
	_cleanup_(store_closep) struct store *s = start();
	_cleanup_served_ struct served e = {0};
	struct err err = ERR_INIT;

	CHECK_INT(served_find(s, "local", "", "none", NULL, &e, &err), E_NOTFOUND);
}

TEST_MAIN()
