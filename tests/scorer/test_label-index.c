/* scorer/label-index.c: which labels a number is found under. */
#include "scorer/label-index.h"

#include "base/limits.h"
#include "base/str.h"
#include "scorer/invoke.h"
#include "tests/harness.h"

/* The answer to one value of a column of the type, of an indexer with these labels. */
static char *look_up(const char *type, const char *labels, const char *value)
{
	_cleanup_free_ char *text = str_fmt(
		"{\"format\":\"splice-scorer\",\"version\":1,\"inputs\":[{\"name\":\"x\",\"type\":"
		"\"%s\"}],\"stages\":[{\"kind\":\"StringIndexer\",\"inputs\":[\"x\"],\"outputs\":["
		"\"i\"],\"labels\":[[%s]],\"handle_invalid\":\"keep\"}],\"outputs\":{"
		"\"prediction\":\"i\"}}",
		type, labels);
	_cleanup_free_ char *body = str_fmt("{\"instances\":[[%s]]}", value);
	_cleanup_(model_freep) struct model *m = NULL;
	_cleanup_(batch_freep) struct batch *b = NULL;
	_cleanup_buf_ struct buf answer = {0};
	struct invocation in = {.type = BODY_JSON, .body = body, .n = strlen(body)};
	struct err err = ERR_INIT;
	size_t rows;

	buf_init(&answer, KIB(4));
	CHECK_OK(model_parse(text, strlen(text), &m, &err), &err);
	CHECK_OK(model_batch_new(m, &b, &err), &err);
	if (invoke(m, b, &in, &answer, &rows, &err) < 0)
		return str_dup(err.text);
	return buf_take_str(&answer);
}

static void check_place(const char *type, const char *labels, const char *value, int place)
{
	_cleanup_free_ char *answer = look_up(type, labels, value);
	_cleanup_free_ char *wanted = str_fmt("{\"predictions\": [%d.0]}", place);

	CHECK_STR(answer, wanted);
}

TEST(a_number_is_found_under_what_java_writes)
{
	check_place("double", "\"1\",\"1.0\"", "1", 1);
	check_place("double", "\"1\",\"01.0\",\"1.\",\".1\",\"+1.0\",\"1e0\"", "1", 6);
	check_place("double", "\"1.0E7\"", "10000000", 0);
	check_place("double", "\"0.0\",\"-0.0\"", "-0.0", 1);
	check_place("double", "\"Infinity\",\"-Infinity\",\"NaN\"", "NaN", 2);
	check_place("double", "\"Infinity\",\"-Infinity\",\"NaN\"", "-Infinity", 1);
	check_place("float", "\"0.1\"", "0.1", 0);
	check_place("int", "\"1.0\",\"1\"", "1", 1);
	check_place("int", "\"-1\",\"-0\",\"0\"", "-1", 0);
	check_place("boolean", "\"1\",\"true\",\"false\"", "false", 2);
	check_place("decimal", "\"1.50\",\"2\"", "1.5", 0);
	check_place("string", "\"1.0\",\"1\"", "\"1\"", 1);
	check_place("string", "", "\"a\"", 0);
}

TEST(the_last_of_two_equal_labels_counts)
{
	check_place("string", "\"a\",\"b\",\"a\"", "\"a\"", 2);
}

TEST(a_long_that_no_double_holds_is_refused)
{
	_cleanup_free_ char *answer =
		look_up("long", "\"9007199254740993\"", "9007199254740993000");

	check_place("long", "\"9007199254740992\"", "9007199254740992", 0);
	CHECK(strstr(answer, "is too large to be looked up as a label"));
}

TEST(many_labels_are_found)
{
	_cleanup_buf_ struct buf b;
	_cleanup_free_ char *labels = NULL;

	buf_init(&b, MIB(1));
	for (int i = 0; i < 5000; i++)
		buf_printf(&b, "%s\"label %d\"", i ? "," : "", i);
	labels = buf_take_str(&b);
	for (int i = 0; i < 5000; i += 1237) {
		_cleanup_free_ char *value = str_fmt("\"label %d\"", i);

		check_place("string", labels, value, i);
	}
	check_place("string", labels, "\"label 5000\"", 5000);
}

TEST_MAIN()
