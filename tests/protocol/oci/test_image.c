/* protocol/oci/image.c */
#include "protocol/oci/image.h"

#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/str.h"

#include "tests/harness.h"

static const char *const entrypoint[] = {"/usr/bin/x", "--model", "m", NULL};
static const char *const cmd[] = {"serve", NULL};
static const char *const env[] = {"A=b", NULL};
static const struct oci_label labels[] = {{"z", "1"}, {"absent", NULL}, {"a", "2"}};
static const struct oci_config config = {
	.architecture = "arm64",
	.user = "65532:65532",
	.entrypoint = entrypoint,
	.cmd = cmd,
	.env = env,
	.port = 8080,
	.labels = labels,
	.n_labels = ARRAY_LEN(labels),
};

static char *read_file(const char *path)
{
	struct buf b;
	struct err err = ERR_INIT;
	char *text;

	buf_init(&b, MIB(1));
	if (fs_read(path, &b, &err) < 0)
		abort();
	text = buf_take_str(&b);
	buf_release(&b);
	return text;
}

static char *read_blob(const char *layout, const char *digest)
{
	_cleanup_free_ char *path = NULL;
	struct err err = ERR_INIT;

	if (oci_layout_path(layout, digest, &path, &err) < 0)
		abort();
	return read_file(path);
}

static int make(const char *layout, struct oci_image *ret, struct err *err)
{
	struct oci_file f = {.path = "f", .data = "x", .size = 1};
	struct oci_layer layers[2] = {0};
	int r = oci_layout_make(layout, err);

	for (size_t i = 0; r == 0 && i < 2; i++) {
		f.path = i ? "g" : "f";
		r = oci_layer_write(layout, &f, 1, NULL, &layers[i], err);
	}
	return r < 0 ? r : oci_image_write(layout, &config, layers, 2, "v1", ret, err);
}

TEST(configuration_says_how_to_run_it)
{
	_cleanup_free_ char *layout = str_fmt("%s/a", test_dir());
	_cleanup_oci_image_ struct oci_image image = {0};
	_cleanup_free_ char *text = NULL;
	_cleanup_free_ char *expected = NULL;
	struct err err = ERR_INIT;

	REQUIRE_OK(make(layout, &image, &err), &err);
	text = read_blob(layout, image.config.digest);
	expected = str_fmt(
		"{\"architecture\":\"arm64\",\"config\":{\"Cmd\":[\"serve\"],\"Entrypoint\":[\"/usr/bin/x\",\"--model\","
		"\"m\"],\"Env\":[\"A=b\"],\"ExposedPorts\":{\"8080/tcp\":{}},\"Labels\":{\"a\":\"2\","
		"\"z\":\"1\"},\"User\":\"65532:65532\",\"WorkingDir\":\"/\"},\"created\":"
		"\"1970-01-01T00:00:00Z\",\"history\":[{\"created\":\"1970-01-01T00:00:00Z\","
		"\"created_by\":\"splice-kernel\"},{\"created\":\"1970-01-01T00:00:00Z\","
		"\"created_by\":\"splice-kernel\"}],\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[\"%s\","
		"\"%s\"],\"type\":\"layers\"}}",
		image.layers[0].diff_id, image.layers[1].diff_id);
	CHECK_STR(text, expected);
}

TEST(manifest_to_push_is_dockers_and_the_layout_s_is_ocis)
{
	_cleanup_free_ char *layout = str_fmt("%s/b", test_dir());
	_cleanup_free_ char *index_path = str_fmt("%s/index.json", layout);
	_cleanup_oci_image_ struct oci_image image = {0};
	_cleanup_free_ char *index = NULL;
	_cleanup_free_ char *stored = NULL;
	char digest[OCI_DIGEST_SIZE];
	struct err err = ERR_INIT;

	REQUIRE_OK(make(layout, &image, &err), &err);
	CHECK(strstr(image.manifest, "\"mediaType\":\"application/vnd.docker.distribution.manifest."
				     "v2+json\",\"schemaVersion\":2}"));
	CHECK(!strstr(image.manifest, "vnd.oci"));
	CHECK(strstr(image.manifest, image.layers[1].blob.digest));
	REQUIRE_OK(oci_digest(image.manifest, strlen(image.manifest), digest, &err), &err);
	CHECK_STR(digest, image.digest);
	index = read_file(index_path);
	CHECK(strstr(index, "\"org.opencontainers.image.ref.name\":\"v1\""));
	CHECK(!strstr(index, "docker"));
	stored = read_blob(layout, image.digest);
	CHECK_STR(stored, image.manifest);
}

TEST(same_image_twice_has_one_digest)
{
	_cleanup_free_ char *one = str_fmt("%s/c", test_dir());
	_cleanup_free_ char *two = str_fmt("%s/d", test_dir());
	_cleanup_oci_image_ struct oci_image a = {0}, b = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(make(one, &a, &err), &err);
	REQUIRE_OK(make(two, &b, &err), &err);
	CHECK_STR(a.digest, b.digest);
	CHECK_STR(a.manifest, b.manifest);
}

TEST_MAIN()
