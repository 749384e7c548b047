/* kernel/history.c */
#include "kernel/history.h"

#include "tests/harness.h"

static char *ask(const struct history *h, const char *request)
{
	json_auto_t *q = NULL;
	json_auto_t *reply = NULL;
	struct err err = ERR_INIT;

	if (json_parse(request, strlen(request), "request", &q, &err) < 0)
		return NULL;
	reply = history_reply(h, q);
	return json_text(json_object_get(reply, "history"));
}

#define CHECK_ASK(request, want)                                                                   \
	do {                                                                                       \
		char *got_ = ask(h, request);                                                      \
		CHECK_STR(got_, want);                                                             \
		free(got_);                                                                        \
	} while (0)

TEST(tail_range_search)
{
	struct history *h = NULL;
	struct err err = ERR_INIT;

	REQUIRE_OK(history_new(&h, &err), &err);
	history_add(h, 1, "a = 1");
	history_add(h, 2, "b");
	history_add(h, 3, "a = 1");
	CHECK_ASK("{\"hist_access_type\":\"tail\",\"n\":2}", "[[0,2,\"b\"],[0,3,\"a = 1\"]]");
	CHECK_ASK("{\"hist_access_type\":\"tail\",\"n\":9,\"unique\":true}",
		  "[[0,2,\"b\"],[0,3,\"a = 1\"]]");
	CHECK_ASK("{\"hist_access_type\":\"range\",\"start\":1,\"stop\":3}",
		  "[[0,1,\"a = 1\"],[0,2,\"b\"]]");
	CHECK_ASK("{\"hist_access_type\":\"search\",\"pattern\":\"b*\",\"n\":5,\"output\":true}",
		  "[[0,2,[\"b\",null]]]");
	history_free(h);
}

TEST(oldest_are_forgotten)
{
	struct history *h = NULL;
	struct err err = ERR_INIT;

	REQUIRE_OK(history_new(&h, &err), &err);
	for (int i = 1; i <= HISTORY_MAX + 5; i++)
		history_add(h, i, "x");
	CHECK_ASK("{\"hist_access_type\":\"range\",\"start\":0,\"stop\":7}", "[[0,6,\"x\"]]");
	history_free(h);
}

/* Cells of 10 MB are typed again and again. */
TEST(bytes_are_bounded)
{
	enum { ROUNDS = 40 };
	char *input = malloc(MIB(1) + 1);
	struct history *h = NULL;
	struct err err = ERR_INIT;
	json_auto_t *reply = NULL;

	REQUIRE(input);
	memset(input, 'x', MIB(1));
	input[MIB(1)] = '\0';
	REQUIRE_OK(history_new(&h, &err), &err);
	for (int i = 1; i <= ROUNDS; i++)
		history_add(h, i, input);
	reply = history_reply(h, NULL);
	CHECK_INT(json_array_size(json_object_get(reply, "history")), HISTORY_BYTES / MIB(1));
	history_free(h);
	free(input);
}

TEST_MAIN()
