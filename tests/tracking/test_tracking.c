/* tracking/ as its callers see it, against an MLflow that fails on demand */
#include "tracking/tracking.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/proc.h"
#include "base/str.h"

#include "tests/harness.h"
#include "tests/servers/fake_mlflow.h"

#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

/* A kernel with its own state folder and server. */
struct fixture {
	struct fake_mlflow *server;
	struct tracking *t;
	const char *state;
	bool told; /* that the server is in trouble, by a notice */
	struct err err;
};

static int address(void *userdata, struct cancel *cancel, char **ret, struct err *err)
{
	struct fixture *x = userdata;

	(void)cancel;
	*ret = str_dup(fake_mlflow_url(x->server));
	return *ret ? 0 : err_nomem(err);
}

static struct tracking *start_client(struct fixture *x)
{
	struct tracking_options options = {.server = address,
					   .userdata = x,
					   .source = "/home/u/fraud.ipynb"};
	struct tracking *t = NULL;

	if (tracking_new(&options, &t, &x->err) < 0)
		abort();
	return t;
}

static void fixture_start(struct fixture *x)
{
	x->state = test_dir();
	setenv("XDG_STATE_HOME", x->state, 1);
	unsetenv("MLFLOW_TRACKING_URI");
	x->server = fake_mlflow_start();
	x->t = start_client(x);
}

static void fixture_stop(struct fixture *x)
{
	tracking_free(x->t);
	fake_mlflow_stop(x->server);
}

#define _fixture_ _cleanup_(fixture_stop)

/* The result as compact text, or "CODE: text". */
static char *call(struct fixture *x, const char *op, const char *args)
{
	json_auto_t *j = args ? json_loads(args, 0, NULL) : NULL;
	json_t *result = NULL;
	char *text;
	int r = tracking_call(x->t, op, j, /* cancel= */ NULL, &result, &x->err);

	if (r < 0)
		return str_fmt("%s: %s", err_code_name(r), x->err.text);
	text = json_text(result);
	json_decref(result);
	x->told |= strstr(text, "the tracking server is in trouble") != NULL;
	return text;
}

static bool ok(struct fixture *x, const char *op, const char *args)
{
	_cleanup_free_ char *text = call(x, op, args);

	if (*text != '{')
		test_fail(__FILE__, __LINE__, "%s %s: %s", op, args ? args : "", text);
	return *text == '{';
}

#define CHECK_CALL(op, args, expected)                                                             \
	do {                                                                                       \
		_cleanup_free_ char *got_ = call(&x, (op), (args));                                \
		if (!strstr(got_, (expected)))                                                     \
			test_fail(__FILE__, __LINE__, "%s: \"%s\" is not in %s", (op), (expected), \
				  got_);                                                           \
	} while (0)

static json_t *run_at(struct fixture *x, size_t i)
{
	json_auto_t *runs = fake_mlflow_runs(x->server);

	return json_incref(json_array_get(runs, i));
}

static size_t n_runs(struct fixture *x)
{
	json_auto_t *runs = fake_mlflow_runs(x->server);

	return json_array_size(runs);
}

static bool begin(struct fixture *x)
{
	return ok(x, "create_experiment", "{\"name\": \"e\"}") &&
	       ok(x, "create_run", "{\"user\": \"Ben\"}");
}

static bool flushed(struct fixture *x)
{
	_cleanup_free_ char *text = call(x, "flush", "{\"timeout_ms\": 20000}");

	if (!strstr(text, "\"pending\":0"))
		test_fail(__FILE__, __LINE__, "flush: %s", text);
	return strstr(text, "\"pending\":0") != NULL;
}

static size_t journals(const struct fixture *x)
{
	_cleanup_free_ char *path = str_fmt("%s/splice-kernel/journal", x->state);
	DIR *dir = opendir(path);
	struct dirent *e;
	size_t n = 0;

	while (dir && (e = readdir(dir)))
		n += str_ends_ci(e->d_name, ".journal");
	if (dir)
		closedir(dir);
	return n;
}

/* --- ops --- */

TEST(a_run_from_begin_to_end)
{
	_fixture_ struct fixture x = {0};
	json_auto_t *run = NULL;
	json_t *tags;

	fixture_start(&x);
	REQUIRE(begin(&x));
	CHECK(ok(&x, "log",
		 "{\"params\": {\"a\": 1}, \"metrics\": {\"m\": 0.5}, \"tags\": "
		 "{\"t\": \"x\"}}"));
	CHECK_CALL("get_run", NULL, "\"params\":{\"a\":\"1\"}");
	CHECK_CALL("end_run", "{\"status\": \"FAILED\"}", "\"status\":\"FAILED\"");
	CHECK(flushed(&x));
	run = run_at(&x, 0);
	tags = json_object_get(run, "tags");
	CHECK_STR(json_get_str(json_object_get(run, "info"), "status", ""), "FAILED");
	CHECK(json_get_int(json_object_get(run, "info"), "end_time", 0) > 0);
	CHECK_STR(json_get_str(tags, "mlflow.user", ""), "Ben");
	CHECK_STR(json_get_str(tags, "mlflow.source.name", ""), "/home/u/fraud.ipynb");
	CHECK_STR(json_get_str(tags, "mlflow.source.type", ""), "NOTEBOOK");
	CHECK_STR(json_get_str(json_object_get(run, "params"), "a", ""), "1");
	CHECK_STR(json_get_str(tags, "t", ""), "x");
	CHECK_INT(json_array_size(json_object_get(run, "history")), 1);
}

TEST(wrong_calls_say_what_to_do)
{
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	CHECK_CALL("nonsense", NULL, "E_USAGE: there is no tracking operation");
	CHECK_CALL("log", "{\"params\": {\"a\": 1}}", "E_USAGE: no run is active");
	CHECK(strstr(x.err.hint, "%mlmanager run"));
	CHECK_CALL("create_run", NULL, "E_USAGE: no experiment is active");
	CHECK(strstr(x.err.hint, "%mlmanager experiment"));
	CHECK_CALL("create_experiment", NULL, "\"name\" is missing");
	CHECK_CALL("create_experiment", "{\"name\": \"\"}", "E_INPUT: an experiment needs a name");
	CHECK_CALL("create_experiment", "{\"name\": 5}", "not a text");
	REQUIRE(begin(&x));
	CHECK_CALL("set_experiment", "{\"name\": \"ee\"}", "E_NOTFOUND: there is no experiment");
	CHECK_STR(x.err.hint, "did you mean \"e\"?");
	CHECK_CALL("set_run", "{\"run_id\": \"zz\"}", "E_NOTFOUND: there is no run \"zz\"");
	CHECK_CALL("end_run", "{\"status\": \"DONE\"}", "E_INPUT: a run ends FINISHED");
	CHECK_CALL("log", "{\"metrics\": {\"a;\": 1}}", "E_INPUT: the metric name");
	CHECK_CALL("state", "[]", "E_USAGE: the arguments are not an object");
}

TEST(state_and_its_version)
{
	_fixture_ struct fixture x = {0};
	json_auto_t *before = NULL;
	json_auto_t *after = NULL;
	uint64_t version;

	fixture_start(&x);
	before = tracking_state_json(x.t);
	CHECK(json_is_null(json_object_get(before, "uri")));
	CHECK(json_is_null(json_object_get(before, "run")));
	version = tracking_state_version(x.t);
	REQUIRE(begin(&x));
	CHECK(tracking_state_version(x.t) != version);
	after = tracking_state_json(x.t);
	CHECK_STR(json_get_str(after, "uri", ""), fake_mlflow_url(x.server));
	CHECK_STR(json_get_str(json_object_get(after, "run"), "name", ""), "Ben");
	CHECK_STR(json_get_str(json_object_get(after, "experiment"), "id", ""), "1");
	CHECK_CALL("state", NULL, "/#/experiments/1/runs/");
}

TEST(a_new_run_ends_the_one_before)
{
	_fixture_ struct fixture x = {0};
	json_auto_t *first = NULL;
	json_auto_t *again = NULL;

	fixture_start(&x);
	REQUIRE(begin(&x));
	REQUIRE(ok(&x, "create_run", "{\"user\": \"Amy\", \"tags\": {\"k\": \"v\"}}"));
	CHECK(flushed(&x));
	first = run_at(&x, 0);
	CHECK_STR(json_get_str(json_object_get(first, "info"), "status", ""), "FINISHED");
	CHECK_CALL("set_run", "{\"run_id\": \"Ben\"}", "\"status\":\"RUNNING\"");
	CHECK(flushed(&x));
	again = run_at(&x, 0);
	CHECK_STR(json_get_str(json_object_get(again, "info"), "status", ""), "RUNNING");
	CHECK_CALL("set_run", "{\"run_id\": \"0000\"}", "E_INPUT: \"0000\" begins the ids");
	REQUIRE(ok(&x, "create_run", "{\"user\": \"Ben\"}"));
	CHECK_CALL("get_run", "{\"run_id\": \"Ben\"}", "2 runs are called \\\"Ben\\\"");
	CHECK_CALL("delete_runs_of_experiment", NULL, "\"deleted_runs\":3");
	CHECK_CALL("get_run", NULL, "no run is active");
	CHECK_INT(n_runs(&x), 0);
}

TEST(artifacts_are_uploaded_as_they_are)
{
	_fixture_ struct fixture x = {0};
	_cleanup_free_ char *dir = NULL;
	_cleanup_free_ char *sub = NULL;
	_cleanup_free_ char *file = NULL;
	_cleanup_free_ char *args = NULL;
	_cleanup_free_ char *stored = NULL;
	json_auto_t *run = NULL;
	struct mlflow_fault half = {.fault = FAKE_HALF, .only = "artifacts"};

	fixture_start(&x);
	dir = str_fmt("%s/model", x.state);
	sub = str_fmt("%s/data", dir);
	file = str_fmt("%s/a b.txt", sub);
	REQUIRE_OK(fs_mkdir_p(sub, 0700, &x.err), &x.err);
	REQUIRE_OK(fs_write_atomic(file, "12345", 5, 0600, &x.err), &x.err);
	REQUIRE(begin(&x));
	run = run_at(&x, 0);
	args = str_fmt("{\"dir\": \"%s\", \"path\": \"spark_model\"}", dir);
	fake_mlflow_arm(x.server, &half);
	CHECK_CALL("log_artifacts", args, "\"bytes\":5,\"files\":1");
	stored = str_fmt("x/%s/spark_model/data/a%%20b.txt",
			 json_get_str(json_object_get(run, "info"), "run_id", ""));
	CHECK_INT(fake_mlflow_artifact(x.server, stored), 5);
	CHECK_CALL("log_artifact", "{\"file\": \"/nonexistent/x\"}", "E_NOTFOUND: /nonexistent/x");
	CHECK_CALL("log_artifact", "{\"file\": \"/tmp\"}", "is not a file");
}

/* --- exactly one run --- */

/* Whatever happens to whichever request of create_run, there is one run or none, never two. */
TEST(create_run_makes_exactly_one)
{
	static const struct mlflow_fault faults[] = {
		{.fault = FAKE_RESET},
		{.fault = FAKE_RESET, .acted = true},
		{.fault = FAKE_NOTHING, .acted = true},
		{.fault = FAKE_HALF, .acted = true},
		{.status = 500},
		{.status = 503, .acted = true},
		{.status = 429},
		{.status = 502, .acted = true, .body = "<html>bad gateway</html>"},
		{.fault = FAKE_RESET, .acted = true, .times = 2},
	};

	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		for (unsigned at = 0; at < 3; at++) {
			_fixture_ struct fixture x = {0};
			struct mlflow_fault fault = faults[i];

			fixture_start(&x);
			REQUIRE(ok(&x, "create_experiment", "{\"name\": \"e\"}"));
			fault.at = at;
			fake_mlflow_arm(x.server, &fault);
			CHECK(ok(&x, "create_run", "{\"user\": \"Ben\"}"));
			CHECK_INT(n_runs(&x), 1);
		}
}

static void *fire_soon(void *cancel)
{
	(void)poll(NULL, 0, 50);
	cancel_fire(cancel);
	return NULL;
}

TEST(an_interrupted_create_leaves_no_run)
{
	_fixture_ struct fixture x = {0};
	struct mlflow_fault fault = {.fault = FAKE_STALL, .acted = true, .only = "runs/create"};
	json_auto_t *args = json_pack("{s:s}", "user", "Ben");
	struct cancel cancel;
	json_t *result = NULL;
	pthread_t thread;

	fixture_start(&x);
	REQUIRE(ok(&x, "create_experiment", "{\"name\": \"e\"}"));
	fake_mlflow_arm(x.server, &fault);
	REQUIRE_OK(cancel_init(&cancel, &x.err), &x.err);
	REQUIRE(pthread_create(&thread, NULL, fire_soon, &cancel) == 0);
	CHECK_INT(tracking_call(x.t, "create_run", args, &cancel, &result, &x.err), E_CANCEL);
	pthread_join(thread, NULL);
	cancel_release(&cancel);
	CHECK(flushed(&x));
	CHECK_INT(n_runs(&x), 0);
	CHECK_CALL("get_run", NULL, "no run is active");
}

/* --- logging through trouble --- */

static void log_some(struct fixture *x, int from, int to)
{
	for (int i = from; i < to; i++) {
		_cleanup_free_ char *args =
			str_fmt("{\"metrics\": [{\"key\": \"m\", \"value\": %d, \"step\": %d}], "
				"\"params\": {\"p%d\": \"v\"}, \"tags\": {\"last\": \"%d\"}}",
				i, i, i, i);

		CHECK(ok(x, "log", args));
	}
}

static void check_logged(struct fixture *x, int n, int line)
{
	json_auto_t *run = run_at(x, 0);
	char last[16];

	snprintf(last, sizeof(last), "%d", n - 1);
	if ((int)json_array_size(json_object_get(run, "history")) != n ||
	    (int)json_object_size(json_object_get(run, "params")) != n ||
	    !str_eq(json_get_str(json_object_get(run, "tags"), "last", ""), last))
		test_fail(__FILE__, line, "%zu metrics, %zu params, last %s; logged %d",
			  json_array_size(json_object_get(run, "history")),
			  json_object_size(json_object_get(run, "params")),
			  json_get_str(json_object_get(run, "tags"), "last", ""), n);
}

TEST(every_fault_at_every_request_loses_and_doubles_nothing)
{
	static const struct mlflow_fault faults[] = {
		{.fault = FAKE_RESET},
		{.fault = FAKE_RESET, .acted = true},
		{.fault = FAKE_HALF, .acted = true},
		{.status = 500},
		{.status = 503},
		{.status = 429},
		{.status = 404, .body = "<html>not MLflow</html>"},
		{.status = 403},
	};

	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		for (unsigned at = 0; at < 2; at++) {
			_fixture_ struct fixture x = {0};
			struct mlflow_fault fault = faults[i];

			fixture_start(&x);
			REQUIRE(begin(&x));
			fault.at = at;
			fake_mlflow_arm(x.server, &fault);
			log_some(&x, 0, 3);
			CHECK(flushed(&x));
			log_some(&x, 3, 6);
			CHECK(flushed(&x));
			check_logged(&x, 6, __LINE__);
		}
}

TEST(logging_goes_on_while_the_server_is_down)
{
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	REQUIRE(begin(&x));
	fake_mlflow_down(x.server);
	log_some(&x, 0, 20);
	CHECK_CALL("flush", "{\"timeout_ms\": 300}", "\"pending\":20");
	CHECK_CALL("create_run", NULL, "E_IO: http://127.0.0.1:");
	CHECK(strstr(x.err.hint, "server runs"));
	CHECK_CALL("flush", "{\"timeout_ms\": 1500}", "\"pending\":20");
	CHECK(x.told);
	REQUIRE(fake_mlflow_up(x.server));
	CHECK(flushed(&x));
	check_logged(&x, 20, __LINE__);
	CHECK_CALL("state", NULL, "\"pending\":0");
}

TEST(what_is_refused_is_kept_and_told)
{
	_fixture_ struct fixture x = {0};
	_cleanup_free_ char *path = NULL;
	_cleanup_buf_ struct buf kept = {0};
	json_auto_t *run = NULL;

	fixture_start(&x);
	REQUIRE(begin(&x));
	/* A value that somebody else set meanwhile: only the server knows. */
	CHECK(ok(&x, "log",
		 "{\"params\": {\"a\": 1}, \"metrics\": {\"refused\": 1, \"good\": 2}}"));
	CHECK(flushed(&x));
	run = run_at(&x, 0);
	CHECK_INT(json_array_size(json_object_get(run, "history")), 1);
	CHECK_STR(json_get_str(json_object_get(run, "params"), "a", ""), "1");
	CHECK_CALL("log", "{\"params\": {\"a\": 2}}", "E_INPUT: parameter \"a\" of this run is");
	path = str_fmt("%s/splice-kernel/journal/refused.jsonl", x.state);
	buf_init(&kept, MIB(1));
	CHECK_OK(fs_read(path, &kept, &x.err), &x.err);
	buf_put_u8(&kept, 0);
	CHECK(strstr((char *)kept.data, "\"key\":\"refused\""));
	CHECK(!strstr((char *)kept.data, "good"));
}

TEST(a_conflict_costs_only_itself)
{
	_fixture_ struct fixture x = {0};
	_cleanup_free_ char *first = NULL;
	_cleanup_free_ char *second = NULL;
	json_auto_t *run = NULL;
	const char *id;

	fixture_start(&x);
	REQUIRE(begin(&x));
	run = run_at(&x, 0);
	id = json_get_str(json_object_get(run, "info"), "run_id", "");
	CHECK(ok(&x, "end_run", NULL));
	first = str_fmt("{\"run_id\": \"%s\", \"params\": {\"a\": 1}}", id);
	second = str_fmt("{\"run_id\": \"%s\", \"params\": {\"a\": 2, \"b\": 3}}", id);
	CHECK(ok(&x, "log", first));
	CHECK(ok(&x, "log", second));
	CHECK(flushed(&x));
	CHECK_CALL("get_run", "{\"run_id\": \"Ben\"}", "\"params\":{\"a\":\"1\",\"b\":\"3\"}");
}

/* --- the end of a kernel --- */

TEST(a_clean_end_finishes_the_run)
{
	struct fixture x = {0};
	json_auto_t *run = NULL;
	int64_t start;

	fixture_start(&x);
	REQUIRE(begin(&x));
	log_some(&x, 0, 5);
	start = clock_ms();
	tracking_free(TAKE(x.t));
	CHECK(clock_ms() - start < 20000);
	check_logged(&x, 5, __LINE__);
	run = run_at(&x, 0);
	CHECK_STR(json_get_str(json_object_get(run, "info"), "status", ""), "FINISHED");
	CHECK_INT(journals(&x), 0);
	fixture_stop(&x);
}

TEST(a_run_whose_notebook_is_gone_was_killed)
{
	struct fixture x = {0};
	json_auto_t *run = NULL;

	fixture_start(&x);
	REQUIRE(begin(&x));
	log_some(&x, 0, 5);
	tracking_abandon(TAKE(x.t));
	check_logged(&x, 5, __LINE__);
	run = run_at(&x, 0);
	CHECK_STR(json_get_str(json_object_get(run, "info"), "status", ""), "KILLED");
	CHECK_INT(journals(&x), 0);
	fixture_stop(&x);
}

TEST(the_next_kernel_delivers_what_is_left)
{
	_fixture_ struct fixture x = {0};
	json_auto_t *run = NULL;

	fixture_start(&x);
	REQUIRE(begin(&x));
	fake_mlflow_down(x.server);
	log_some(&x, 0, 5);
	tracking_free(TAKE(x.t));
	CHECK_INT(journals(&x), 1);
	REQUIRE(fake_mlflow_up(x.server));
	x.t = start_client(&x);
	for (int i = 0; i < 200 && journals(&x); i++)
		(void)poll(NULL, 0, 20);
	CHECK_INT(journals(&x), 0);
	check_logged(&x, 5, __LINE__);
	run = run_at(&x, 0);
	CHECK_STR(json_get_str(json_object_get(run, "info"), "status", ""), "FINISHED");
}

/* --- a kernel that is killed: this program again, told so by its environment --- */

static int given_address(void *userdata, struct cancel *cancel, char **ret, struct err *err)
{
	(void)cancel;
	*ret = str_dup(userdata);
	return *ret ? 0 : err_nomem(err);
}

__attribute__((constructor)) static void be_killed(void)
{
	char *n = getenv("KILLED_AFTER");
	struct tracking_options options = {.server = given_address,
					   .userdata = getenv("KILLED_URL")};
	struct fixture x = {0};
	int64_t count;

	if (!n || str_parse_i64(n, &count, NULL) < 0)
		return;
	if (tracking_new(&options, &x.t, &x.err) < 0 || !begin(&x))
		_exit(1);
	log_some(&x, 0, (int)count);
	raise(SIGKILL);
}

/* What it was told is there once, and its run is closed: by whoever comes next. */
static void killed_kernel(struct fixture *x, int n)
{
	_cleanup_free_ char *after = str_fmt("KILLED_AFTER=%d", n);
	_cleanup_free_ char *url = str_fmt("KILLED_URL=%s", fake_mlflow_url(x->server));
	const char *argv[] = {"/proc/self/exe", NULL};
	const char *env[] = {after, url, NULL};
	struct proc_options options = {.argv = argv, .env = env, .out_fd = -1};
	int status = 0;
	pid_t pid;

	REQUIRE_OK(proc_spawn(&options, &pid, &x->err), &x->err);
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
	/* A request of the dead that is handled behind its successor's puts an older tag back. */
	fake_mlflow_wait_closed(x->server);
}

TEST(a_killed_kernel_loses_nothing)
{
	for (int n = 1; n < 40; n += 13) {
		struct fixture x = {0};
		json_auto_t *run = NULL;

		fixture_start(&x);
		tracking_free(TAKE(x.t));
		killed_kernel(&x, n);
		x.t = start_client(&x);
		for (int i = 0; i < 200 && journals(&x); i++)
			(void)poll(NULL, 0, 20);
		check_logged(&x, n, __LINE__);
		run = run_at(&x, 0);
		CHECK_STR(json_get_str(json_object_get(run, "info"), "status", ""), "KILLED");
		CHECK_INT(n_runs(&x), 1);
		fixture_stop(&x);
	}
}

TEST(a_run_that_was_taken_over_is_not_closed)
{
	struct fixture x = {0};
	json_auto_t *run = NULL;

	fixture_start(&x);
	tracking_free(TAKE(x.t));
	killed_kernel(&x, 1);
	/* The address is asked for by whoever comes first: the take-over wins or loses whole. */
	x.t = start_client(&x);
	REQUIRE(ok(&x, "create_experiment", "{\"name\": \"e\"}"));
	REQUIRE(ok(&x, "set_run", "{\"run_id\": \"Ben\"}"));
	for (int i = 0; i < 200 && journals(&x) > 1; i++)
		(void)poll(NULL, 0, 20);
	CHECK(ok(&x, "set_run", "{\"run_id\": \"Ben\"}"));
	run = run_at(&x, 0);
	CHECK_STR(json_get_str(json_object_get(run, "info"), "status", ""), "RUNNING");
	fixture_stop(&x);
}

TEST(journals_of_another_server_stay)
{
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	REQUIRE(begin(&x));
	fake_mlflow_down(x.server);
	log_some(&x, 0, 2);
	tracking_free(TAKE(x.t));
	REQUIRE(fake_mlflow_up(x.server));
	setenv("MLFLOW_TRACKING_URI", fake_mlflow_url(x.server), 1);
	x.t = start_client(&x);
	(void)poll(NULL, 0, 200);
	CHECK_INT(journals(&x), 1);
	unsetenv("MLFLOW_TRACKING_URI");
}

TEST(other_schemes_are_refused_clearly)
{
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	tracking_free(TAKE(x.t));
	setenv("MLFLOW_TRACKING_URI", "file:///tmp/mlruns", 1);
	x.t = start_client(&x);
	CHECK_CALL("create_experiment", "{\"name\": \"e\"}", "E_UNSUPPORTED: the tracking address");
	CHECK(strstr(x.err.hint, "MLFLOW_TRACKING_URI"));
	unsetenv("MLFLOW_TRACKING_URI");
}

/* Threads that log at once: nothing lost. */
struct logger {
	struct fixture *x;
	int id;
};

static void *logger_main(void *arg)
{
	struct logger *l = arg;

	for (int i = 0; i < 100; i++) {
		json_auto_t *args = json_pack("{s:[{s:s, s:i, s:i}]}", "metrics", "key", "m",
					      "value", l->id * 1000 + i, "step", i);
		json_t *result = NULL;
		struct err err = ERR_INIT;

		if (tracking_call(l->x->t, "log", args, NULL, &result, &err) < 0)
			abort();
		json_decref(result);
	}
	return NULL;
}

TEST(threads_log_at_once)
{
	_fixture_ struct fixture x = {0};
	pthread_t threads[4];
	struct logger loggers[4];
	json_auto_t *run = NULL;

	fixture_start(&x);
	REQUIRE(begin(&x));
	for (int i = 0; i < 4; i++) {
		loggers[i] = (struct logger){&x, i};
		REQUIRE(pthread_create(&threads[i], NULL, logger_main, &loggers[i]) == 0);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK(flushed(&x));
	run = run_at(&x, 0);
	CHECK_INT(json_array_size(json_object_get(run, "history")), 400);
}

TEST_MAIN()
