/* deploy/program.c, and deploy/parity.c over the real splice-scorer */
#include "deploy/parity.h"
#include "deploy/program.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/str.h"
#include "tests/harness.h"

#include <limits.h>
#include <pthread.h>
#include <sys/wait.h>

static int run(const char *script, int timeout_ms, struct cancel *cancel, char **ret_output,
	       int *ret_status, struct err *err)
{
	const char *const argv[] = {"sh", "-c", script, NULL};
	struct program p = {.argv = argv, .timeout_ms = timeout_ms};
	_cleanup_buf_ struct buf b;
	int r;

	buf_init(&b, 100);
	r = program_run(&p, cancel, &b, ret_status, err);
	buf_put_u8(&b, '\0');
	*ret_output = buf_take_str(&b);
	return r;
}

TEST(output_and_status_come_back)
{
	_cleanup_free_ char *output = NULL;
	struct err err = ERR_INIT;
	int status = 0;

	REQUIRE_OK(run("echo one; echo two >&2; exit 3", 20000, NULL, &output, &status, &err),
		   &err);
	CHECK_STR(output, "one\ntwo\n");
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

static void join(void *userdata, const char *text)
{
	buf_printf(userdata, "[%s]", text);
}

TEST(it_reads_its_input_and_its_lines_come_one_by_one)
{
	static const char script[] = "read a; printf 'got %s\n10%%\r20%%\r\n' \"$a\"; printf end";
	const char *const argv[] = {"sh", "-c", script, NULL};
	_cleanup_buf_ struct buf lines, output;
	struct program p = {.argv = argv,
			    .input = "a secret\n",
			    .timeout_ms = 20000,
			    .line = join,
			    .userdata = &lines};
	struct err err = ERR_INIT;
	int status = 0;

	buf_init(&lines, 1000);
	buf_init(&output, 1000);
	REQUIRE_OK(program_run(&p, NULL, &output, &status, &err), &err);
	buf_put_u8(&lines, '\0');
	CHECK_STR((const char *)lines.data, "[got a secret][10%][20%][end]");
}

TEST(a_child_left_behind_does_not_hold_it_up)
{
	_cleanup_free_ char *output = NULL;
	struct err err = ERR_INIT;
	int64_t start = clock_ms();
	int status = 0;

	REQUIRE_OK(run("sleep 30 & echo here", 20000, NULL, &output, &status, &err), &err);
	CHECK_STR(output, "here\n");
	CHECK(clock_ms() - start < 5000);
}

TEST(too_long_is_ended_and_too_much_is_dropped)
{
	_cleanup_free_ char *output = NULL;
	struct err err = ERR_INIT;
	int status = 0;

	CHECK_INT(run("sleep 60", 200, NULL, &output, &status, &err), E_TIMEOUT);
	CHECK_STR(err.text, "sh: it did not end in time");
	free(TAKE(output));
	REQUIRE_OK(run("i=0; while [ $i -lt 1000 ]; do echo 123456789; i=$((i+1)); done", 20000,
		       NULL, &output, &status, &err),
		   &err);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void *fire(void *userdata)
{
	(void)usleep(100000);
	cancel_fire(userdata);
	return NULL;
}

TEST(a_cancel_ends_it)
{
	_cleanup_free_ char *output = NULL;
	struct cancel cancel;
	struct err err = ERR_INIT;
	pthread_t thread;
	int status = 0;

	REQUIRE_OK(cancel_init(&cancel, &err), &err);
	REQUIRE(pthread_create(&thread, NULL, fire, &cancel) == 0);
	CHECK_INT(run("sleep 60", 60000, &cancel, &output, &status, &err), E_CANCEL);
	(void)pthread_join(thread, NULL);
	cancel_release(&cancel);
}

/* --- parity --- */

#define MODEL                                                                                      \
	"{\"format\":\"splice-scorer\",\"version\":1,\"spark\":\"4.3.0\",\"inputs\":[{\"name\":"   \
	"\"a\",\"type\":\"double\"}],\"stages\":[{\"kind\":\"VectorAssembler\",\"uid\":\"va\","    \
	"\"inputs\":[\"a\"],\"sizes\":[1],\"output\":\"f\",\"handle_invalid\":\"error\"},"         \
	"{\"kind\":\"LinearRegression\",\"uid\":\"lr\",\"features\":\"f\",\"coefficients\":[2.0]," \
	"\"intercept\":1.0,\"prediction\":\"prediction\",\"probability\":null,\"raw\":null}],"     \
	"\"outputs\":{\"prediction\":\"prediction\"}}"
#define SAMPLE(p)                                                                                  \
	"{\"columns\":[{\"name\":\"a\",\"type\":\"double\"}],\"rows\":[[1.0],[2.0]],"              \
	"\"expected\":[{\"prediction\":3.0},{\"prediction\":" p "}]}"

/* The built programs are found as a user's are: on the PATH. */
static void find_programs(void)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	_cleanup_free_ char *path = NULL;

	exe[n > 0 ? n : 0] = '\0';
	*strstr(exe, "/tests/") = '\0';
	path = str_fmt("%s/bin:%s", exe, getenv("PATH"));
	CHECK(setenv("PATH", path, 1) == 0);
}

static const char *write_file(char *dst, size_t size, const char *name, const char *text)
{
	struct err err = ERR_INIT;

	snprintf(dst, size, "%s/%s", test_dir(), name);
	CHECK_OK(fs_write_atomic(dst, text, strlen(text), 0600, &err), &err);
	return dst;
}

TEST(the_scorer_is_asked)
{
	char model[128], good[128], bad[128];
	json_auto_t *result = NULL;
	json_auto_t *loaded = NULL;
	json_auto_t *none = NULL;
	struct err err = ERR_INIT;

	find_programs();
	write_file(model, sizeof(model), "model.json", MODEL);
	write_file(good, sizeof(good), "sample.json", SAMPLE("5.0"));
	write_file(bad, sizeof(bad), "sample.json", SAMPLE("6.0"));
	REQUIRE_OK(parity_check(model, good, NULL, &result, &err), &err);
	CHECK_INT(json_get_int(result, "rows", 0), 2);
	CHECK(json_get_bool(result, "compared", false));
	REQUIRE_OK(parity_check(model, /* sample= */ NULL, NULL, &loaded, &err), &err);
	CHECK(!json_get_bool(loaded, "compared", true));
	CHECK_INT(parity_check(model, bad, NULL, &none, &err), E_INPUT);
	CHECK(strstr(err.text, "row 2") != NULL);
	CHECK(err.hint[0] != '\0');
	CHECK_INT(parity_check(bad, NULL, NULL, &none, &err), E_INPUT);
	CHECK(str_starts(err.text, "splice-scorer does not take the model: "));
}

TEST(a_missing_scorer_is_said)
{
	json_auto_t *none = NULL;
	struct err err = ERR_INIT;

	CHECK(setenv("PATH", "/nonexistent", 1) == 0);
	CHECK_INT(parity_check("m", NULL, NULL, &none, &err), E_NOTFOUND);
	CHECK(strstr(err.hint, "install.sh") != NULL);
}

TEST_MAIN()
