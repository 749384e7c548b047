/* manager/derby.c and manager/mlflow.c: folders, commands, questions */
#include "base/fs.h"
#include "base/limits.h"
#include "manager/launch.h"
#include "tests/harness.h"

#include <sys/stat.h>

/* A site in its own folders, with a lib folder that has what is looked for. */
struct fixture {
	const char *dir;
	struct service_site site;
};

static bool touch(const char *path, unsigned mode)
{
	return fs_write_atomic(path, "", 0, mode, NULL) == 0;
}

static bool set_up(struct fixture *f, const struct service_def *def)
{
	char path[128];

	*f = (struct fixture){.dir = test_dir()};
	(void)setenv("XDG_DATA_HOME", f->dir, 1);
	(void)setenv("XDG_STATE_HOME", f->dir, 1);
	(void)setenv("XDG_CONFIG_HOME", f->dir, 1);
	(void)setenv("SPLICE_LIB_DIR", f->dir, 1);
	(void)setenv("JAVA_HOME", f->dir, 1);
	(void)unsetenv("SPLICE_DB_MEMORY");
	snprintf(path, sizeof(path), "%s/jars/derby", f->dir);
	if (fs_mkdir_p(path, 0700, NULL) < 0)
		return false;
	snprintf(path, sizeof(path), "%s/python/bin", f->dir);
	if (fs_mkdir_p(path, 0700, NULL) < 0)
		return false;
	snprintf(path, sizeof(path), "%s/python/bin/python", f->dir);
	if (!touch(path, 0700))
		return false;
	snprintf(path, sizeof(path), "%s/bin", f->dir);
	if (fs_mkdir_p(path, 0700, NULL) < 0)
		return false;
	snprintf(path, sizeof(path), "%s/bin/java", f->dir);
	if (!touch(path, 0700) || site_init(&f->site, def, NULL) < 0)
		return false;
	f->site.port = 1530;
	return fs_mkdir_p(f->site.data, 0755, NULL) == 0 && config_load(&f->site.config, NULL) == 0;
}

static void clean_up(struct fixture *f)
{
	site_release(&f->site);
}

static char *joined(const struct strv *v)
{
	struct buf b;

	buf_init(&b, KIB(16));
	for (size_t i = 0; i < v->len; i++)
		buf_printf(&b, "%s%s", i ? " " : "", v->items[i]);
	return buf_take_str(&b);
}

static char *slurp(const char *path)
{
	struct buf b;
	struct err err = ERR_INIT;

	buf_init(&b, KIB(16));
	CHECK_OK(fs_read(path, &b, &err), &err);
	return buf_take_str(&b);
}

TEST(the_password_is_made_once_private_and_kept)
{
	_cleanup_(clean_up) struct fixture f = {0};
	_cleanup_free_ char *first = NULL;
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *text = NULL;
	struct err err = ERR_INIT;
	struct stat st;

	REQUIRE(set_up(&f, &derby_def));
	REQUIRE_OK(derby_def.prepare(&f.site, &err), &err);
	first = str_dup(f.site.secret);
	CHECK_INT(strlen(first), 32);
	path = str_fmt("%s/derby.properties", f.site.data);
	REQUIRE(stat(path, &st) == 0);
	CHECK_INT(st.st_mode & 0777, 0600);
	REQUIRE(stat(f.site.data, &st) == 0);
	CHECK_INT(st.st_mode & 0777, 0700);
	text = slurp(path);
	CHECK(strstr(text, "derby.connection.requireAuthentication=true\n") != NULL);
	CHECK(strstr(text, "derby.authentication.provider=BUILTIN\n") != NULL);
	CHECK(strstr(text, first) != NULL);

	REQUIRE(chmod(path, 0644) == 0);
	REQUIRE_OK(derby_def.prepare(&f.site, &err), &err);
	CHECK_STR(f.site.secret, first);
	REQUIRE(stat(path, &st) == 0);
	CHECK_INT(st.st_mode & 0777, 0600);
}

static void check_properties(const char *text, int code, const char *password)
{
	_cleanup_(clean_up) struct fixture f = {0};
	_cleanup_free_ char *path = NULL;
	struct err err = ERR_INIT;

	REQUIRE(set_up(&f, &derby_def));
	path = str_fmt("%s/derby.properties", f.site.data);
	REQUIRE_OK(fs_write_atomic(path, text, strlen(text), 0600, &err), &err);
	CHECK_INT(derby_def.prepare(&f.site, &err), code);
	if (password)
		CHECK_STR(f.site.secret, password);
	else
		CHECK(err.hint[0] != '\0');
}

TEST(a_changed_properties_file_is_respected_or_refused)
{
	check_properties("a=b\nderby.user.splice=own-Pass.1\r\nc=d\n", 0, "own-Pass.1");
	check_properties("derby.user.splice=last", 0, "last");
	check_properties("", E_INPUT, NULL);
	check_properties("#derby.user.splice=x\n", E_INPUT, NULL);
	check_properties("derby.user.splice=\n", E_INPUT, NULL);
	check_properties("derby.user.splice=a@b\n", E_INPUT, NULL);
}

TEST(derby_command_has_no_password)
{
	_cleanup_(clean_up) struct fixture f = {0};
	_cleanup_strv_ struct strv argv = {0};
	_cleanup_strv_ struct strv env = {0};
	_cleanup_free_ char *line = NULL;
	_cleanup_free_ char *wanted = NULL;
	_cleanup_free_ char *url = NULL;
	struct err err = ERR_INIT;

	REQUIRE(set_up(&f, &derby_def));
	REQUIRE_OK(derby_def.prepare(&f.site, &err), &err);
	REQUIRE_OK(derby_def.command(&f.site, &argv, &env, &err), &err);
	line = joined(&argv);
	wanted = str_fmt("%s/bin/java -Xmx256m -XX:+UseSerialGC "
			 "-Dderby.system.home=%s/splice-kernel/database "
			 "-Dderby.stream.error.file=%s/splice-kernel/logs/derby.log -cp "
			 "%s/jars/derby/* org.apache.derby.drda.NetworkServerControl start -h "
			 "127.0.0.1 -p 1530",
			 f.dir, f.dir, f.dir, f.dir);
	CHECK_STR(line, wanted);
	CHECK_INT(env.len, 0);
	url = derby_def.url(&f.site);
	CHECK(str_starts(url, "derby://splice:"));
	CHECK(str_ends_ci(url, "@127.0.0.1:1530/splicedb;create=true"));
}

static int command_result(const struct service_def *def, struct fixture *f, struct err *err)
{
	_cleanup_strv_ struct strv argv = {0};
	_cleanup_strv_ struct strv env = {0};

	err_clear(err);
	return def->command(&f->site, &argv, &env, err);
}

TEST(what_is_missing_is_named_with_advice)
{
	_cleanup_(clean_up) struct fixture f = {0};
	struct err err = ERR_INIT;

	REQUIRE(set_up(&f, &derby_def));
	(void)setenv("SPLICE_DB_MEMORY", "lots", 1);
	CHECK_INT(command_result(&derby_def, &f, &err), E_INPUT);
	CHECK_STR(err.hint, "write it as 256m or 1g");
	(void)setenv("SPLICE_DB_MEMORY", "1G", 1);
	CHECK_INT(command_result(&derby_def, &f, &err), 0);
	(void)setenv("JAVA_HOME", "/nonexistent", 1);
	CHECK_INT(command_result(&derby_def, &f, &err), E_NOTFOUND);
	CHECK(strstr(err.text, "/nonexistent") != NULL);
	CHECK(strstr(err.hint, "openjdk-17-jre-headless") != NULL);
	(void)setenv("JAVA_HOME", f.dir, 1);
	(void)setenv("SPLICE_LIB_DIR", "/nonexistent", 1);
	CHECK_INT(command_result(&derby_def, &f, &err), E_NOTFOUND);
	CHECK(strstr(err.hint, "install.sh") != NULL);
	CHECK_INT(command_result(&mlflow_def, &f, &err), E_NOTFOUND);
	CHECK(strstr(err.hint, "install.sh") != NULL);
}

TEST(java_is_found_on_the_path)
{
	_cleanup_(clean_up) struct fixture f = {0};
	_cleanup_strv_ struct strv argv = {0};
	_cleanup_strv_ struct strv env = {0};
	_cleanup_free_ char *old = str_dup(getenv("PATH"));
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *java = NULL;
	struct err err = ERR_INIT;

	REQUIRE(set_up(&f, &derby_def));
	path = str_fmt("/nonexistent::%s/bin", f.dir);
	java = str_fmt("%s/bin/java", f.dir);
	(void)unsetenv("JAVA_HOME");
	(void)setenv("PATH", path, 1);
	CHECK_OK(derby_def.command(&f.site, &argv, &env, &err), &err);
	CHECK_STR(argv.items[0], java);
	(void)setenv("PATH", "/nonexistent", 1);
	CHECK_INT(command_result(&derby_def, &f, &err), E_NOTFOUND);
	(void)setenv("PATH", old, 1);
}

TEST(mlflow_is_lean_and_untouched_by_the_shell)
{
	_cleanup_(clean_up) struct fixture f = {0};
	_cleanup_strv_ struct strv argv = {0};
	_cleanup_strv_ struct strv env = {0};
	_cleanup_free_ char *line = NULL;
	_cleanup_free_ char *wanted = NULL;
	_cleanup_free_ char *url = NULL;
	struct err err = ERR_INIT;

	REQUIRE(set_up(&f, &mlflow_def));
	REQUIRE_OK(mlflow_def.prepare(&f.site, &err), &err);
	REQUIRE_OK(mlflow_def.command(&f.site, &argv, &env, &err), &err);
	line = joined(&argv);
	wanted = str_fmt("%s/python/bin/python -m mlflow server --backend-store-uri "
			 "sqlite:///%s/splice-kernel/mlflow/mlflow.db --artifacts-destination "
			 "%s/splice-kernel/mlflow/artifacts --host 127.0.0.1 --port 1530 "
			 "--workers 1 --uvicorn-opts --log-level warning",
			 f.dir, f.dir, f.dir);
	CHECK_STR(line, wanted);
	CHECK(strv_has(&env, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false"));
	CHECK(strv_has(&env, "PYTHONPATH="));
	url = mlflow_def.url(&f.site);
	CHECK_STR(url, "http://127.0.0.1:1530");
}

TEST(answers_are_recognised)
{
	static const uint8_t excsatrd[] = {0, 14, 0xd0, 2, 0, 1, 0, 8, 0x14, 0x43, 0, 4, 0, 0};
	static const uint8_t other[] = {0, 14, 0xd0, 2, 0, 1, 0, 8, 0x12, 0x45, 0, 4, 0, 0};

	CHECK(derby_def.answers(excsatrd, sizeof(excsatrd)));
	CHECK(!derby_def.answers(excsatrd, 9));
	CHECK(!derby_def.answers(other, sizeof(other)));
	CHECK(!derby_def.answers((const uint8_t *)"HTTP/1.1 200 OK", 15));
	CHECK(mlflow_def.answers((const uint8_t *)"HTTP/1.1 200 OK", 15));
	CHECK(!mlflow_def.answers((const uint8_t *)"HTTP/1.1 503 No", 15));
	CHECK(!mlflow_def.answers((const uint8_t *)"HTTP", 4));
}

TEST(derby_is_asked_to_end_as_its_own_control_does)
{
	struct service_site site = {.secret = (char[]){"secret"}};
	_cleanup_buf_ struct buf b;

	buf_init(&b, KIB(1));
	derby_def.farewell(&site, &b);
	CHECK_MEM(b.data, b.len, "CMD:\0\2\0\0\1\0\6splice\0\6secret", (size_t)25);
}

TEST_MAIN()
