/* manager/words.c */
#include "manager/words.h"

#include "base/str.h"
#include "tests/harness.h"

static int parse(const char *const *words, const char *const *places, char **ret, struct err *err)
{
	json_auto_t *j = NULL;
	int r;

	err_clear(err);
	r = words_parse((char *const *)(uintptr_t)words, places, &j, err);
	if (r == 0)
		*ret = json_text(j);
	return r;
}

TEST(places_and_options_make_a_request)
{
	static const char *const places[] = {"app_name", "percent", NULL};
	static const char *const words[] = {"fraud", "--variant", "v", "10%", "--archive", NULL};
	_cleanup_free_ char *text = NULL;
	struct err err = ERR_INIT;

	REQUIRE_OK(parse(words, places, &text, &err), &err);
	CHECK_STR(text, "{\"app_name\":\"fraud\",\"archive\":true,\"percent\":\"10%\","
			"\"variant\":\"v\"}");
}

TEST(wrong_words_are_named)
{
	static const char *const places[] = {"app_name", NULL};
	static const struct {
		const char *words[4];
		const char *text;
	} cases[] = {
		{{"a", "b", NULL}, "\"b\" is one word too many"},
		{{"--run", NULL}, "--run what?"},
		{{"--size", "1", NULL}, "there is no option --size"},
		{{"a", "--app", "b", NULL}, "--app is said twice"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_free_ char *text = NULL;
		struct err err = ERR_INIT;

		CHECK_INT(parse(cases[i].words, places, &text, &err), E_USAGE);
		CHECK_STR(err.text, cases[i].text);
	}
}

TEST_MAIN()
