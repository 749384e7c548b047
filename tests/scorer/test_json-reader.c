/* scorer/json-reader.c */
#include "scorer/json-reader.h"

#include "base/str.h"
#include "tests/harness.h"

#include <math.h>

static int skip_all(const char *text, struct err *err)
{
	_cleanup_free_ char *copy = str_dup(text);
	struct json_reader r;
	int n = json_reader_init(&r, copy, strlen(copy), err);

	if (n == 0)
		n = json_reader_skip(&r, err);
	return n < 0 ? n : json_reader_finish(&r, err);
}

TEST(values_are_passed_over)
{
	static const char *const good[] = {
		"1",
		"[]",
		"{}",
		" [ 1 , [ ] , { } ] ",
		"\"a\\\"b\"",
		"null",
		"true",
		"[false,NaN,-Infinity]",
		"{\"a\":{\"b\":[1,2,{\"c\":null}]}}",
		"-0.5e3",
		"[[[[1]]]]",
		"\"\xc3\xa9\"",
	};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		if (skip_all(good[i], &err) < 0)
			test_fail(__FILE__, __LINE__, "%s: %s", good[i], err.text);
}

TEST(what_is_no_json_is_refused)
{
	static const char *const bad[] = {
		"",          "[",     "]",        "[1",         "[1,",   "[1,]",  "[,1]",
		"{\"a\"}",   "{1:2}", "{\"a\":}", "{\"a\":1,}", "[1 2]", "\"abc", "\"\\",
		"\"\n\"",    "tru",   "nul",      "+1",         "01",    "1 2",   "[1}",
		"{\"a\":1]", "--1",   "\"\x80\"", "-Inf",       "'a'",
	};
	struct err err = ERR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (skip_all(bad[i], &err) != E_INPUT)
			test_fail(__FILE__, __LINE__, "%s is taken for JSON", bad[i]);
}

TEST(nesting_has_an_end)
{
	char text[2 * JSON_READER_DEPTH + 3] = "";
	struct err err = ERR_INIT;

	memset(text, '[', JSON_READER_DEPTH);
	memset(text + JSON_READER_DEPTH, ']', JSON_READER_DEPTH);
	CHECK_OK(skip_all(text, &err), &err);
	memset(text, '[', JSON_READER_DEPTH + 1);
	memset(text + JSON_READER_DEPTH + 1, ']', JSON_READER_DEPTH + 1);
	CHECK_INT(skip_all(text, &err), E_INPUT);
	CHECK(strstr(err.text, "nested too deeply"));
}

static void check_text(const char *json, const char *wanted, size_t n)
{
	_cleanup_free_ char *copy = str_dup(json);
	struct json_reader r;
	struct text t = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(json_reader_init(&r, copy, strlen(copy), &err), &err);
	REQUIRE_OK(json_reader_text(&r, &t, &err), &err);
	CHECK_MEM(t.p, t.n, wanted, n);
	CHECK_OK(json_reader_finish(&r, &err), &err);
}

TEST(texts_are_unescaped)
{
	check_text("\"\"", "", 0);
	check_text("\"plain\"", "plain", 5);
	check_text("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8);
	check_text("\"\\u0041\\u00e9\\u20AC\"", "A\xc3\xa9\xe2\x82\xac", 6);
	check_text("\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!", 5);
	check_text("\"\\ud83dx\\ude00\"", "\xef\xbf\xbdx\xef\xbf\xbd", 7);
	check_text("\"\\u0000\"", "\0", 1);
}

TEST(an_unknown_escape_is_refused)
{
	static const char *const bad[] = {"\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\'\""};

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		_cleanup_free_ char *copy = str_dup(bad[i]);
		struct json_reader r;
		struct text t;
		struct err err = ERR_INIT;

		CHECK_OK(json_reader_init(&r, copy, strlen(copy), &err), &err);
		CHECK_INT(json_reader_text(&r, &t, &err), E_INPUT);
		CHECK(strstr(err.text, "an escape that JSON does not know"));
	}
}

TEST(words_are_numbers)
{
	char text[] = "NaN -Infinity";
	struct json_reader r;
	double v = 0;
	struct err err = ERR_INIT;

	CHECK_OK(json_reader_init(&r, text, strlen(text), &err), &err);
	CHECK_INT(json_reader_peek(&r), JSON_TOKEN_NUMBER);
	CHECK_OK(json_reader_number(&r, &v, &err), &err);
	CHECK(isnan(v));
	CHECK_OK(json_reader_number(&r, &v, &err), &err);
	CHECK(isinf(v) && v < 0);
}

TEST_MAIN()
