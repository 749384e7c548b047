/* tracking/entries.c and tracking/nearest.c: the rules of MLflow, without MLflow */
#include "tracking/entries.h"

#include "base/limits.h"
#include "base/str.h"
#include "protocol/mlflow/mlflow.h"
#include "tracking/nearest.h"

#include "tests/harness.h"

/* Build from JSON text; the records, or NULL with err. */
static json_t *build(const char *args, const struct entries_rules *rules, json_t *notices,
		     struct err *err)
{
	json_auto_t *j = json_loads(args, 0, NULL);
	json_t *records = NULL;

	if (!j)
		abort();
	return entries_build(j, "r1", rules, &records, notices, err) == 0 ? records : NULL;
}

static void check_records(const char *args, const char *expected)
{
	struct entries_rules rules = {.now_ms = 1000, .truncate = true};
	json_auto_t *notices = json_array();
	struct err err = ERR_INIT;
	json_auto_t *records = build(args, &rules, notices, &err);
	_cleanup_free_ char *text = records ? json_text(records) : str_dup(err.text);

	CHECK_STR(text, expected);
}

static void check_refused(const char *args, const char *part)
{
	struct entries_rules rules = {.now_ms = 1000, .truncate = true};
	json_auto_t *notices = json_array();
	struct err err = ERR_INIT;
	json_auto_t *records = build(args, &rules, notices, &err);

	CHECK(!records);
	CHECK(err.code == E_INPUT || err.code == E_USAGE);
	if (!strstr(err.text, part))
		test_fail(__FILE__, __LINE__, "\"%s\" is not in \"%s\"", part, err.text);
}

TEST(values_become_text_as_in_python)
{
	check_records("{\"params\": {\"a\": 1, \"b\": true, \"c\": null, \"d\": 0.1, \"e\": 2.0, "
		      "\"f\": [1, \"x\"]}}",
		      "[{\"kind\":\"log\",\"params\":{\"a\":\"1\",\"b\":\"True\",\"c\":\"None\","
		      "\"d\":\"0.1\",\"e\":\"2.0\",\"f\":\"[1,\\\"x\\\"]\"},\"run\":\"r1\"}]");
	check_records("{}", "[]");
}

TEST(metrics_keep_time_and_step)
{
	check_records("{\"metrics\": [{\"key\": \"a\", \"value\": 1, \"step\": 2.0, "
		      "\"timestamp\": 5}]}",
		      "[{\"kind\":\"log\",\"metrics\":[{\"key\":\"a\",\"step\":2,\"timestamp\":5,"
		      "\"value\":1}],\"run\":\"r1\"}]");
	check_records("{\"metrics\": {\"a\": \"-inf\", \"b\": \"nan\", \"c\": \"1e3\"}}",
		      "[{\"kind\":\"log\",\"metrics\":["
		      "{\"key\":\"a\",\"step\":0,\"timestamp\":1000,\"value\":\"-Infinity\"},"
		      "{\"key\":\"b\",\"step\":0,\"timestamp\":1000,\"value\":\"NaN\"},"
		      "{\"key\":\"c\",\"step\":0,\"timestamp\":1000,\"value\":1000.0}],"
		      "\"run\":\"r1\"}]");
}

TEST(keys_follow_mlflows_rules)
{
	static const char *const good[] = {"a", "a b", "a.b-c_d:e", "a/b", "größe", ".a", "..a"};
	static const char *const bad[] = {"",   "a/",  "/a",   "a//b", "a/../b", ".",
					  "..", "a;b", "a\nb", "<b>",  "a\"b"};
	_cleanup_free_ char *long_key = calloc(1, 252);
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		CHECK_OK(entries_check_key("tag", good[i], &err), &err);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		CHECK_INT(entries_check_key("tag", bad[i], &err), E_INPUT);
	memset(long_key, 'a', 250);
	CHECK_OK(entries_check_key("tag", long_key, &err), &err);
	long_key[250] = 'a';
	CHECK_INT(entries_check_key("tag", long_key, &err), E_INPUT);
	check_refused("{\"metrics\": {\"a;b\": 1}}", "metric name \"a;b\"");
}

TEST(what_is_no_number_is_no_metric)
{
	check_refused("{\"metrics\": {\"a\": \"high\"}}", "metric \"a\" is not a number");
	check_refused("{\"metrics\": {\"a\": null}}", "is not a number");
	check_refused("{\"metrics\": {\"a\": {}}}", "is not a number");
	check_refused("{\"metrics\": [{\"key\": \"a\", \"value\": 1, \"step\": \"x\"}]}", "step");
	check_refused("{\"metrics\": [{\"key\": \"a\"}]}", "\"value\"");
	check_refused("{\"metrics\": 5}", "is not an object or a list");
	check_refused("{\"params\": []}", "is not an object");
}

static char *param_of(size_t chars, const char *letter)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, MIB(1));
	buf_put_str(&b, "{\"params\": {\"p\": \"");
	for (size_t i = 0; i < chars; i++)
		buf_put_str(&b, letter);
	buf_put_str(&b, "\"}}");
	return buf_take_str(&b);
}

/* Limits count characters, and nothing is cut silently. */
TEST(long_values_are_cut_with_a_notice_or_refused)
{
	_cleanup_free_ char *fits = param_of(6000, "ü");
	_cleanup_free_ char *over = param_of(6001, "ü");
	struct entries_rules rules = {.truncate = true};
	json_auto_t *notices = json_array();
	struct err err = ERR_INIT;
	json_auto_t *a = build(fits, &rules, notices, &err);
	json_auto_t *b = build(over, &rules, notices, &err);
	json_auto_t *c = NULL;

	CHECK_INT(json_array_size(notices), 1);
	CHECK(json_equal(a, b));
	rules.truncate = false;
	c = build(over, &rules, notices, &err);
	CHECK(!c && err.code == E_INPUT && strstr(err.text, "6001"));
}

TEST(parameters_never_change)
{
	json_auto_t *known = json_pack("{s:s}", "a", "1");
	struct entries_rules rules = {.truncate = true, .params = known};
	json_auto_t *notices = json_array();
	struct err err = ERR_INIT;
	json_auto_t *same = build("{\"params\": {\"a\": 1}}", &rules, notices, &err);
	json_auto_t *other = build("{\"params\": {\"b\": 1, \"a\": 2}}", &rules, notices, &err);

	CHECK_INT(json_array_size(same), 0);
	CHECK(!other);
	CHECK_STR(err_ename(&err), "INVALID_PARAMETER_VALUE");
	CHECK(strstr(err.text, "\"1\" already"));
}

/* However much is logged at once, each record is one legal batch. */
TEST(calls_are_cut_into_batches)
{
	json_auto_t *args = json_pack("{s:{}, s:[], s:{}}", "params", "metrics", "tags");
	struct entries_rules rules = {.truncate = true};
	json_auto_t *notices = json_array();
	json_auto_t *records = NULL;
	_cleanup_free_ char *big = calloc(1, 6001);
	size_t params = 0, metrics = 0, tags = 0, i;
	struct err err = ERR_INIT;
	json_t *record;

	memset(big, '\x01', 6000); /* six bytes each on the wire */
	for (int n = 0; n < 250; n++) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", n);
		json_object_set_new(json_object_get(args, "params"), key, json_string(big));
		json_object_set_new(json_object_get(args, "tags"), key, json_string("v"));
	}
	for (int n = 0; n < 2500; n++)
		json_array_append_new(json_object_get(args, "metrics"),
				      json_pack("{s:s, s:i, s:i}", "key", "m", "value", n, "step",
						n));
	REQUIRE_OK(entries_build(args, "r1", &rules, &records, notices, &err), &err);
	json_array_foreach (records, i, record) {
		size_t p = json_object_size(json_object_get(record, "params"));
		size_t m = json_array_size(json_object_get(record, "metrics"));
		size_t t = json_object_size(json_object_get(record, "tags"));

		CHECK(p <= MLFLOW_BATCH_PARAMS && m <= MLFLOW_BATCH_METRICS &&
		      t <= MLFLOW_BATCH_TAGS && p + m + t <= MLFLOW_BATCH_ENTITIES);
		CHECK(entries_wire_size(record) < MLFLOW_BATCH_BYTES);
		params += p;
		metrics += m;
		tags += t;
	}
	CHECK_INT(params, 250);
	CHECK_INT(metrics, 2500);
	CHECK_INT(tags, 250);
}

TEST(nearest_names)
{
	struct nearest n;
	char text[100];

	nearest_init(&n, "fruad");
	nearest_offer(&n, "sales");
	CHECK(!nearest_text(&n, text, sizeof(text)));
	nearest_offer(&n, "Fraud demo");
	nearest_offer(&n, "fraud");
	nearest_offer(&n, "fraud2");
	CHECK(nearest_text(&n, text, sizeof(text)));
	CHECK_STR(text, "\"fraud\"");
	nearest_init(&n, "churn");
	for (int i = 0; i < 10; i++) {
		char name[24];

		snprintf(name, sizeof(name), "churn-%d", i);
		nearest_offer(&n, name);
	}
	CHECK(nearest_text(&n, text, sizeof(text)));
	CHECK_STR(text, "\"churn-0\", \"churn-1\" or \"churn-2\"");
	nearest_init(&n, "");
	nearest_offer(&n, "a");
	CHECK(!nearest_text(&n, text, sizeof(text)));
}

TEST_MAIN()
