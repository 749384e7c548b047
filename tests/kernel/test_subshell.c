/* kernel/subshell.h: subshells as a front end meets them; what Python does is seen in tests/live.
 */
#include "kernel/subshell.h"

#include "base/limits.h"
#include "tests/kernel/front_end.h"

/* The id of a new subshell; the caller frees. */
static char *create(struct client *c)
{
	char *text, *id;

	request(c, c->control, "new", "create_subshell_request", "{}");
	text = reply(c, c->control, "subshell_id");
	id = text && strrchr(text, ' ') ? str_dup(strrchr(text, ' ') + 1) : str_dup("");
	free(text);
	return id;
}

static void request_in(struct client *c, const char *subshell, const char *id, const char *type,
		       const char *content)
{
	struct jupyter_out out = {.msg_id = id,
				  .msg_type = type,
				  .subshell_id = subshell,
				  .content = slice_of(content)};
	struct err err = ERR_INIT;

	CHECK_OK(jupyter_send(c->shell, c->signer, &out, &err), &err);
}

static char *listed(struct client *c)
{
	struct jupyter_msg m = {0};
	char *text = NULL;

	request(c, c->control, "list", "list_subshell_request", "{}");
	if (receive(c, c->control, &m)) {
		text = str_ndup(m.content.p, m.content.n);
		jupyter_msg_release(&m);
	}
	return text;
}

static void check_listed(struct client *c, const char *a, const char *b)
{
	_cleanup_free_ char *got = listed(c);
	_cleanup_free_ char *want =
		str_fmt("{\"status\":\"ok\",\"subshell_id\":[%s%s%s%s%s%s%s]}", a ? "\"" : "",
			a ? a : "", a ? "\"" : "", a && b ? "," : "", b ? "\"" : "", b ? b : "",
			b ? "\"" : "");

	CHECK_STR(got, want);
}

static void delete (struct client *c, const char *id, const char *want)
{
	_cleanup_free_ char *content = str_fmt("{\"subshell_id\":\"%s\"}", id);

	request(c, c->control, "del", "delete_subshell_request", content);
	CHECK_REPLY(c, c->control, "status", want);
}

TEST(created_listed_and_deleted)
{
	struct server s = {0};
	struct client c = {0};

	start(&s, &c);
	check_listed(&c, NULL, NULL);
	_cleanup_free_ char *a = create(&c);
	_cleanup_free_ char *b = create(&c);
	CHECK(strlen(a) == 36 && strlen(b) == 36 && !str_eq(a, b));
	check_listed(&c, a, b);
	delete (&c, a, "del delete_subshell_reply ok");
	check_listed(&c, b, NULL);
	delete (&c, a, "del delete_subshell_reply error");
	request(&c, c.control, "del", "delete_subshell_request", "{}");
	CHECK_REPLY(&c, c.control, "ename", "del delete_subshell_reply E_NOTFOUND");
	shut_down(&s, &c);
}

TEST(an_unknown_one_is_an_error)
{
	struct server s = {0};
	struct client c = {0};

	start(&s, &c);
	request_in(&c, "nope", "1", "execute_request", help);
	CHECK_REPLY(&c, c.shell, "evalue", "1 execute_reply there is no subshell nope");
	CHECK_PUBLISHED(&c, "1", "busy error idle");
	shut_down(&s, &c);
}

/* Cells run beside the parent's, with a counter of their own. */
TEST(runs_while_the_parent_waits)
{
	struct server s = {0};
	struct client c = {0};

	start(&s, &c);
	_cleanup_free_ char *id = create(&c);
	queue_behind(&c, gated, 1, help);
	request_in(&c, id, "in", "execute_request", help);
	CHECK_REPLY(&c, c.shell, "status", "in execute_reply ok");
	CHECK_INT(subshell_find(&s.kernel, id)->execution_count, 1);
	open_gate(&s);
	CHECK_REPLY(&c, c.shell, "status", "first execute_reply error");
	CHECK_REPLY(&c, c.shell, "ename", "queued execute_reply Aborted");
	shut_down(&s, &c);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The abort after an error is the subshell's own affair. */
TEST(an_error_aborts_its_own_queue)
{
	static const char *const want[] = {
		"a-bad execute_reply error",
		"b-aborted execute_reply error",
		"first execute_reply error",
		"queued execute_reply ok",
	};
	struct server s = {0};
	struct client c = {0};
	char *got[ARRAY_LEN(want)];

	start(&s, &c);
	_cleanup_free_ char *id = create(&c);
	request_in(&c, id, "a-bad", "execute_request", gated);
	request_in(&c, id, "b-aborted", "execute_request", help);
	queue_behind(&c, gated_going_on, 1, help);
	open_gate(&s);
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		REQUIRE((got[i] = reply(&c, c.shell, "status")));
	qsort(got, ARRAY_LEN(got), sizeof(got[0]), by_text);
	for (size_t i = 0; i < ARRAY_LEN(want); i++) {
		CHECK_STR(got[i], want[i]);
		free(got[i]);
	}
	shut_down(&s, &c);
}

/* Deleted in mid-cell: the cell ends, its queue does not run, the others go on. */
TEST(deleted_while_it_runs)
{
	struct server s = {0};
	struct client c = {0};

	start(&s, &c);
	_cleanup_free_ char *id = create(&c);
	request_in(&c, id, "run", "execute_request", gated);
	request_in(&c, id, "queued", "execute_request", help);
	request_in(&c, id, "info", "kernel_info_request", "{}");
	CHECK_REPLY(&c, c.shell, "status", "info kernel_info_reply ok");
	delete (&c, id, "del delete_subshell_reply ok");
	check_listed(&c, NULL, NULL);
	CHECK_REPLY(&c, c.shell, "ename", "run execute_reply KeyboardInterrupt");
	CHECK_REPLY(&c, c.shell, "ename", "queued execute_reply Aborted");
	request_in(&c, id, "late", "execute_request", help);
	CHECK_REPLY(&c, c.shell, "ename", "late execute_reply E_NOTFOUND");
	shut_down(&s, &c);
}

/* A deleted one's thread ends behind the answer, and counts until then. */
static char *create_in_time(struct client *c)
{
	enum { UUID_LEN = 36 };
	char *id = create(c);

	for (int64_t end = clock_ms() + WAIT_MS; strlen(id) < UUID_LEN && clock_ms() < end;) {
		free(id);
		id = create(c);
	}
	return id;
}

/* As many as allowed, gone again, over and over: threads, sockets and descriptors do not add up. */
TEST(no_more_than_the_limit)
{
	enum { ROUNDS = 3 };
	struct server s = {0};
	struct client c = {0};

	start(&s, &c);
	for (int round = 0; round < ROUNDS; round++) {
		char *ids[LIMIT_SUBSHELLS];

		for (size_t i = 0; i < LIMIT_SUBSHELLS; i++)
			ids[i] = create_in_time(&c);
		request(&c, c.control, "more", "create_subshell_request", "{}");
		CHECK_REPLY(&c, c.control, "ename", "more create_subshell_reply E_TOOBIG");
		for (size_t i = 0; i < LIMIT_SUBSHELLS; i++) {
			delete (&c, ids[i], "del delete_subshell_reply ok");
			free(ids[i]);
		}
	}
	shut_down(&s, &c);
}

TEST_MAIN()
