/* deploy/mlflow-image.c: what the build folder says; that it builds is seen in
 * tests/live/test_mlflow_image.py. */
#include "deploy/mlflow-image.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include "tests/harness.h"

#include <unistd.h>

static void put(const char *dir, const char *name, const char *text)
{
	_cleanup_free_ char *path = str_fmt("%s/model/%s", dir, name);
	struct err err = ERR_INIT;

	REQUIRE_OK(fs_write_atomic(path, text, strlen(text), 0600, &err), &err);
}

static char *written(const char *dir, const char *base)
{
	_cleanup_free_ char *path = str_fmt("%s/Dockerfile", dir);
	_cleanup_buf_ struct buf b;
	struct err err = ERR_INIT;

	buf_init(&b, KIB(64));
	CHECK_OK(mlflow_image_write(dir, base, &err), &err);
	CHECK_OK(fs_read(path, &b, &err), &err);
	buf_put_u8(&b, '\0');
	return buf_take_str(&b);
}

static void check_has(const char *text, const char *want, bool there)
{
	if (!text || (strstr(text, want) != NULL) != there)
		test_fail(__FILE__, __LINE__, "%s\"%s\" in:\n%s", there ? "no " : "", want,
			  text ? text : "(none)");
}

TEST(versions_are_the_model_s)
{
	const char *dir = test_dir();
	_cleanup_free_ char *model = str_fmt("%s/model", dir);
	struct err err = ERR_INIT;

	REQUIRE_OK(fs_mkdir_p(model, 0700, &err), &err);
	put(dir, "MLmodel",
	    "flavors:\n  python_function:\n    env: x\n  spark:\n    code: null\n"
	    "mlflow_version: 3.17.2\nmodel_id: m\n");
	put(dir, "python_env.yaml", "python: '3.12.3'\nbuild_dependencies:\n- pip==24\n");
	_cleanup_free_ char *spark = written(dir, NULL);
	check_has(spark, "FROM docker.io/library/python:3.12.3-slim\n", true);
	check_has(spark, "default-jre-headless", true);
	check_has(spark, "'mlflow==3.17.2'\n", true);
	put(dir, "MLmodel", "flavors:\n  sklearn:\n    a: spark:\nmlflow_version: $(id)\n");
	put(dir, "python_env.yaml", "python: ; rm -rf /\n");
	_cleanup_free_ char *other = written(dir, "my/base:1");
	check_has(other, "FROM my/base:1\n", true);
	check_has(other, "jre", false);
	check_has(other, "'mlflow'\n", true);
	_cleanup_free_ char *fallback = written(dir, "");
	check_has(fallback, "FROM docker.io/library/python:3.11-slim\n", true);
}

TEST(a_model_without_its_description_is_refused)
{
	struct err err = ERR_INIT;

	CHECK_INT(mlflow_image_write(test_dir(), NULL, &err), E_NOTFOUND);
}

TEST_MAIN()
