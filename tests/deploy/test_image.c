/* deploy/image.c; the image is run in tests/live/test_sagemaker.py */
#include "deploy/image.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include "tests/harness.h"

static char *read_blob(const char *layout, const char *digest)
{
	_cleanup_free_ char *path = NULL;
	struct buf b;
	struct err err = ERR_INIT;
	char *text;

	buf_init(&b, MIB(1));
	if (oci_layout_path(layout, digest, &path, &err) < 0 || fs_read(path, &b, &err) < 0)
		abort();
	text = buf_take_str(&b);
	buf_release(&b);
	return text;
}

static char *make_model(const char *name, const char *text)
{
	char *path = str_fmt("%s/%s", test_dir(), name);
	struct err err = ERR_INIT;

	if (!path || fs_write_atomic(path, text, strlen(text), 0600, &err) < 0)
		abort();
	return path;
}

TEST(program_layer_is_shared_by_models)
{
	_cleanup_free_ char *one = make_model("one", "{}");
	_cleanup_free_ char *two = make_model("two", "{\"a\":1}");
	_cleanup_free_ char *layout = str_fmt("%s/layout", test_dir());
	struct image_request q = {.scorer = "/proc/self/exe",
				  .model = one,
				  .run_id = "run1",
				  .experiment_id = "",
				  .tag = "t"};
	_cleanup_oci_image_ struct oci_image a = {0}, b = {0}, again = {0};
	struct err err = ERR_INIT;
	_cleanup_free_ char *config = NULL;

	REQUIRE_OK(image_build(&q, layout, &a, &err), &err);
	REQUIRE_OK(image_build(&q, layout, &again, &err), &err);
	q.model = two;
	REQUIRE_OK(image_build(&q, layout, &b, &err), &err);
	CHECK_STR(a.digest, again.digest);
	CHECK_STR(a.layers[0].blob.digest, b.layers[0].blob.digest);
	CHECK(!str_eq(a.layers[1].blob.digest, b.layers[1].blob.digest));
	config = read_blob(layout, a.config.digest);
	CHECK(strstr(config, "\"User\":\"65532:65532\""));
	CHECK(strstr(config, "\"Entrypoint\":[\"/usr/bin/splice-scorer\"]"));
	CHECK(strstr(config, "\"Cmd\":[\"serve\"]"));
	CHECK(strstr(config, "\"splice.run_id\":\"run1\""));
	CHECK(!strstr(config, "experiment"));
}

TEST(what_is_missing_is_named)
{
	_cleanup_free_ char *layout = str_fmt("%s/none", test_dir());
	_cleanup_free_ char *model = make_model("m", "{}");
	struct image_request q = {.scorer = "/nonexistent",
				  .model = model,
				  .run_id = "r",
				  .experiment_id = "1",
				  .tag = "t"};
	_cleanup_oci_image_ struct oci_image image = {0};
	struct err err = ERR_INIT;

	CHECK_INT(image_build(&q, layout, &image, &err), E_NOTFOUND);
	CHECK(str_starts(err.text, "image: /nonexistent"));
	q.scorer = model;
	CHECK_INT(image_build(&q, layout, &image, &err), E_INPUT);
	q.scorer = "/proc/self/exe";
	q.model = "/nonexistent";
	CHECK_INT(image_build(&q, layout, &image, &err), E_NOTFOUND);
}

TEST_MAIN()
