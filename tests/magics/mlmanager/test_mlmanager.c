/* %mlmanager over the tracking client and a server in memory */
#include "magics/mlmanager/mlmanager-int.h"

#include "base/limits.h"
#include "tracking/tracking.h"

#include "tests/harness.h"
#include "tests/servers/fake_mlflow.h"
#include "tests/servers/sink.h"

struct fixture {
	struct fake_mlflow *server;
	struct tracking *tracking;
	struct notebook nb;
	struct sink sink;
	const char *state;
	struct err err;
};

static void fixture_start(struct fixture *x)
{
	struct tracking_options options = {0};

	x->state = test_dir();
	setenv("XDG_STATE_HOME", x->state, 1);
	x->server = fake_mlflow_start();
	setenv("MLFLOW_TRACKING_URI", fake_mlflow_url(x->server), 1);
	if (tracking_new(&options, &x->tracking, &x->err) < 0)
		abort();
	x->nb.tracking = x->tracking;
	sink_init(&x->sink);
}

static void fixture_stop(struct fixture *x)
{
	tracking_free(x->tracking);
	fake_mlflow_stop(x->server);
	sink_release(&x->sink);
}

#define _fixture_ _cleanup_(fixture_stop)

static int run(struct fixture *x, const char *body)
{
	return sink_run(&x->sink, &magic_mlmanager, &x->nb, body, NULL, &x->err);
}

#define CHECK_PLAIN(part) CHECK(sink_shown(&x.sink.plain, part))
#define CHECK_HTML(part) CHECK(sink_shown(&x.sink.html, part))

TEST(words)
{
	_cleanup_strv_ struct strv v = {0};
	_cleanup_strv_ struct strv bad = {0};
	_cleanup_free_ char *user = NULL;
	_cleanup_free_ char *rest = NULL;
	struct err err = ERR_INIT;
	static const char line[] = " run  a\t\"b \\\" c\" k='x y' --user \"A B\" '' z ";

	REQUIRE_OK(words_split(line, sizeof(line) - 1, &v, &err), &err);
	CHECK_INT(v.len, 8);
	CHECK_STR(v.items[2], "b \" c");
	CHECK_STR(v.items[3], "k=x y");
	REQUIRE_OK(words_option(&v, "user", &user, &err), &err);
	CHECK_STR(user, "A B");
	rest = words_join(&v, 1);
	CHECK_STR(rest, "a b \" c k=x y  z");
	CHECK_INT(words_split("a 'b", 4, &bad, &err), E_USAGE);
	CHECK_INT(words_option(&v, "none", &user, &err), 0);
}

TEST(switches_and_options_that_nobody_takes)
{
	_cleanup_strv_ struct strv v = {0};
	_cleanup_free_ char *value = NULL;
	struct err err = ERR_INIT;
	static const char line[] = "c a --show b --more --last";

	REQUIRE_OK(words_split(line, sizeof(line) - 1, &v, &err), &err);
	CHECK(words_switch(&v, "show"));
	CHECK(!words_switch(&v, "show"));
	CHECK_INT(v.len, 5);
	CHECK_STR(v.items[2], "b");
	CHECK(!v.items[5]);
	CHECK_INT(words_no_options(&v, &err), E_USAGE);
	CHECK_STR(err.text, "there is no option --more");
	CHECK_INT(words_option(&v, "last", &value, &err), E_USAGE);
	CHECK(words_switch(&v, "more"));
	CHECK(words_switch(&v, "last"));
	CHECK_INT(words_no_options(&v, &err), 0);
	CHECK_INT(v.len, 3);
}

TEST(experiment_and_run_show_their_page)
{
	_fixture_ struct fixture x = {0};
	_cleanup_free_ char *url = NULL;

	fixture_start(&x);
	REQUIRE_OK(run(&x, "experiment <b>fraud</b> & \"co\""), &x.err);
	url = str_fmt("%s/#/experiments/1", fake_mlflow_url(x.server));
	CHECK_PLAIN(url);
	CHECK_PLAIN("Experiment <b>fraud</b> & co (id 1), new and active now");
	CHECK_HTML("&lt;b&gt;fraud&lt;/b&gt; &amp; co");
	CHECK_HTML("<a href=\"http://127.0.0.1:");
	REQUIRE_OK(run(&x, "run first try --user Ben"), &x.err);
	CHECK_PLAIN("Run first try (");
	CHECK_PLAIN("/#/experiments/1/runs/");
	REQUIRE_OK(run(&x, "status"), &x.err);
	CHECK_PLAIN("Run first try");
	CHECK_PLAIN("Waiting to be sent: 0");
	REQUIRE_OK(run(&x, "end failed\nstatus"), &x.err);
	CHECK_PLAIN("FAILED");
	CHECK_PLAIN("No run is active");
}

TEST(mistakes_say_what_to_do)
{
	static const char *const mistyped[] = {"run x --usr Ben",  "experiment e --new",
					       "log a=1 --setp 3", "tag --k=v",
					       "use --run r",      "compare r --all",
					       "runs --all"};
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	CHECK_INT(run(&x, "log a=1"), E_USAGE);
	CHECK_STR(x.err.text, "no run is active");
	CHECK(strstr(x.err.hint, "%mlmanager run NAME"));
	CHECK_INT(run(&x, "run x"), E_USAGE);
	CHECK(strstr(x.err.hint, "%mlmanager experiment NAME"));
	CHECK_INT(run(&x, "expriment x"), E_USAGE);
	CHECK(strstr(x.err.hint, "commands: experiment, run,"));
	CHECK_INT(run(&x, "experiment"), E_USAGE);
	CHECK_STR(x.err.hint, "usage: experiment NAME");
	REQUIRE_OK(run(&x, "experiment e\nrun r"), &x.err);
	CHECK_INT(run(&x, "log a"), E_USAGE);
	CHECK_INT(run(&x, "log a=1\nlog param"), E_USAGE);
	CHECK(str_starts(x.err.text, "line 2: "));
	CHECK_INT(run(&x, "log metric a=high"), E_INPUT);
	CHECK_INT(run(&x, "log metric a=1 --step x"), E_INPUT);
	CHECK_INT(run(&x, "log 'a=1"), E_USAGE);
	CHECK_INT(run(&x, "runs Fraud"), E_NOTFOUND);
	for (size_t i = 0; i < ARRAY_LEN(mistyped); i++) {
		CHECK_INT(run(&x, mistyped[i]), E_USAGE);
		CHECK(str_starts(x.err.text, "there is no option --"));
	}
	CHECK_INT(run(&x, "compare r"), E_USAGE);
	CHECK_INT(run(&x, "compare r nobody"), E_NOTFOUND);
	CHECK_INT(run(&x, "end done"), E_INPUT);
}

TEST(log_tells_metrics_from_parameters)
{
	_fixture_ struct fixture x = {0};
	json_auto_t *runs = NULL;
	json_t *r;

	fixture_start(&x);
	REQUIRE_OK(run(&x,
		       "# a comment\n\nexperiment e\nrun r\n"
		       "log acc=0.9 model=\"random forest\"\n"
		       "log param depth=5\nlog metric acc=0.95 --step 2\ntag team=x note='a b'"),
		   &x.err);
	CHECK_PLAIN("Logged 1 parameter, 1 metric.");
	REQUIRE_OK(run(&x, "runs"), &x.err); /* reading waits for what was logged */
	CHECK_PLAIN("depth=5");
	runs = fake_mlflow_runs(x.server);
	r = json_array_get(runs, 0);
	CHECK_STR(json_get_str(json_object_get(r, "params"), "depth", ""), "5");
	CHECK_STR(json_get_str(json_object_get(r, "params"), "model", ""), "random forest");
	CHECK_STR(json_get_str(json_object_get(r, "tags"), "note", ""), "a b");
	CHECK_INT(json_array_size(json_object_get(r, "history")), 2);
	CHECK_INT(json_get_int(json_array_get(json_object_get(r, "history"), 1), "step", 0), 2);
}

TEST(compare_marks_what_differs)
{
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	REQUIRE_OK(run(&x, "experiment e\n"
			   "run <i>one</i>\nlog param oversample=2X depth=5\nlog acc=0.9 f1=0.5\n"
			   "run two\nlog param oversample=3X depth=5\nlog acc=0.95"),
		   &x.err);
	REQUIRE_OK(run(&x, "compare <i>one</i> two"), &x.err);
	CHECK_PLAIN("oversample");
	CHECK_PLAIN("+0.05");
	CHECK_HTML("&lt;i&gt;one&lt;/i&gt;");
	CHECK_HTML("≠");
	REQUIRE_OK(run(&x, "run three\nlog acc=0.7\ncompare <i>one</i> two three"), &x.err);
	CHECK_PLAIN("max - min");
	CHECK_PLAIN("0.25");
}

/* What Python is called with. */
static json_t *request_of(const char *relay)
{
	static const char begin[] =
		"__import__(\"splicemachine._retrain\", fromlist=(\"run\",)).run(";
	_cleanup_free_ char *text = NULL;
	json_auto_t *literal = NULL;

	if (!relay || !str_starts(relay, begin))
		return NULL;
	text = str_fmt("[%.*s]", (int)(strlen(relay) - sizeof(begin)), relay + sizeof(begin) - 1);
	literal = text ? json_loads(text, 0, NULL) : NULL;
	return json_loads(json_string_value(json_array_get(literal, 0)), 0, NULL);
}

TEST(retrain_hands_over_what_was_asked)
{
	_fixture_ struct fixture x = {0};
	json_auto_t *request = NULL;
	json_t *of, *tables;

	fixture_start(&x);
	REQUIRE_OK(run(&x, "experiment e\nrun \"Ben \\\")# \xc3\xbc\""), &x.err);
	CHECK_INT(run(&x,
		      "# first\nretrain --table a.b \"Ben \\\")# \xc3\xbc\" --label 'C x' --show "
		      "--table c.d=e.f\n\n# last"),
		  MAGIC_RELAY);
	request = request_of(x.sink.relay);
	REQUIRE(request);
	of = json_object_get(request, "run");
	CHECK_STR(json_get_str(of, "name", ""), "Ben \")# \xc3\xbc");
	CHECK_INT(strlen(json_get_str(of, "id", "")), 32);
	CHECK_STR(json_get_str(of, "experiment_id", ""), "1");
	tables = json_object_get(request, "tables");
	CHECK_INT(json_array_size(tables), 2);
	CHECK_STR(json_string_value(json_array_get(tables, 1)), "c.d=e.f");
	CHECK_STR(json_get_str(request, "label", ""), "C x");
	CHECK(json_get_bool(request, "show", false));
	CHECK(str_ends_ci(json_get_str(request, "kernel", ""), "test_mlmanager"));
}

TEST(retrain_of_little)
{
	_fixture_ struct fixture x = {0};
	json_auto_t *request = NULL;

	fixture_start(&x);
	REQUIRE_OK(run(&x, "experiment e\nrun Ben"), &x.err);
	CHECK_INT(run(&x, "retrain Ben"), MAGIC_RELAY);
	request = request_of(x.sink.relay);
	CHECK_INT(json_array_size(json_object_get(request, "tables")), 0);
	CHECK(json_is_null(json_object_get(request, "label")));
	CHECK(!json_get_bool(request, "show", true));
}

TEST(retrain_mistakes)
{
	_fixture_ struct fixture x = {0};

	fixture_start(&x);
	REQUIRE_OK(run(&x, "experiment e\nrun Ben"), &x.err);
	CHECK_INT(run(&x, "retrain"), E_USAGE);
	CHECK(str_starts(x.err.hint, "usage: retrain RUN [--table NEW"));
	CHECK_INT(run(&x, "retrain --show"), E_USAGE);
	CHECK_STR(x.err.text, "retrain which run?");
	CHECK_INT(run(&x, "retrain Ben --table"), E_USAGE);
	CHECK_STR(x.err.text, "--table needs a value");
	CHECK_INT(run(&x, "retrain Ben --tables a.b"), E_USAGE);
	CHECK_STR(x.err.text, "there is no option --tables");
	CHECK_INT(run(&x, "retrain Amy --table a.b"), E_NOTFOUND);
	CHECK_INT(run(&x, "retrain Ben\nstatus"), E_USAGE);
	CHECK_STR(x.err.text, "line 2: a command that goes on in Python is the last of its cell");
}

TEST(help_and_completion)
{
	_fixture_ struct fixture x = {0};
	_cleanup_strv_ struct strv names = {0};
	_cleanup_strv_ struct strv none = {0};
	size_t start = 0;

	fixture_start(&x);
	REQUIRE_OK(run(&x, "help"), &x.err);
	CHECK_PLAIN("compare RUN RUN");
	REQUIRE_OK(run(&x, "  \n# nothing\n"), &x.err);
	CHECK_PLAIN("compare RUN RUN");
	REQUIRE_OK(magic_mlmanager.complete(&x.nb, "run a\n  exp", 11, &names, &start, &x.err),
		   &x.err);
	CHECK_INT(names.len, 2);
	CHECK_INT(start, 8);
	REQUIRE_OK(magic_mlmanager.complete(&x.nb, "run exp", 7, &none, &start, &x.err), &x.err);
	CHECK_INT(none.len, 0);
}

TEST_MAIN()
