/* protocol/manager/wire.c */
#include "protocol/manager/wire.h"

#include "tests/harness.h"

static int parse(const char *line, struct manager_request *q, struct err *err)
{
	return manager_request_parse(line, strlen(line), q, err);
}

/* A buffer of one line, without its newline, as a string. */
static char *line_of(struct buf *b)
{
	if (b->len && b->data[b->len - 1] == '\n')
		b->len--;
	return buf_take_str(b);
}

TEST(requests_round_trip)
{
	static const struct {
		struct manager_request q;
		const char *line;
	} cases[] = {
		{{.id = 1, .op = MANAGER_HELLO, .version = 1, .kind = MANAGER_KIND_KERNEL},
		 "{\"id\":1,\"kind\":\"kernel\",\"op\":\"hello\",\"version\":1}"},
		{{.id = 2, .op = MANAGER_ENSURE, .service = "mlflow"},
		 "{\"id\":2,\"op\":\"ensure\",\"service\":\"mlflow\"}"},
		{{.id = 3, .op = MANAGER_STATUS}, "{\"id\":3,\"op\":\"status\"}"},
		{{.id = 4, .op = MANAGER_STOP}, "{\"id\":4,\"op\":\"stop\"}"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_buf_ struct buf b;
		_cleanup_free_ char *line = NULL;
		struct manager_request q;
		struct err err = ERR_INIT;

		buf_init(&b, MANAGER_REQUEST_MAX);
		manager_request_write(&b, &cases[i].q);
		line = line_of(&b);
		REQUIRE(line != NULL);
		CHECK_STR(line, cases[i].line);
		REQUIRE_OK(parse(line, &q, &err), &err);
		CHECK_INT(q.id, cases[i].q.id);
		CHECK_INT(q.op, cases[i].q.op);
		CHECK_INT(q.version, cases[i].q.version);
		CHECK_INT(q.kind, cases[i].q.kind);
		CHECK_STR(q.service, cases[i].q.service);
	}
}

/* 100 characters */
#define TEN "0123456789"
#define LONG_NAME TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

TEST(bad_requests_are_refused_with_their_id)
{
	static const struct {
		const char *line;
		int code;
		json_int_t id;
	} cases[] = {
		{"", E_PROTO, 0},
		{"{", E_PROTO, 0},
		{"[1]", E_PROTO, 0},
		{"{\"id\":7}", E_PROTO, 7},
		{"{\"id\":7,\"op\":1}", E_PROTO, 7},
		{"{\"id\":7,\"op\":\"ensure\",\"op\":\"stop\"}", E_PROTO, 0},
		{"{\"id\":7,\"op\":\"deploy\"}", E_UNSUPPORTED, 7},
		{"{\"id\":7,\"op\":\"ensure\"}", E_PROTO, 7},
		{"{\"id\":7,\"op\":\"hello\",\"kind\":\"cli\"}", E_PROTO, 7},
		{"{\"id\":7,\"op\":\"hello\",\"version\":1,\"kind\":\"x\"}", E_PROTO, 7},
		{"{\"id\":7,\"op\":\"reload\"}", E_PROTO, 7},
		{"{\"id\":7,\"op\":\"stop\",\"service\":\"" LONG_NAME "\"}", E_PROTO, 7},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct manager_request q;
		struct err err = ERR_INIT;

		CHECK_INT(parse(cases[i].line, &q, &err), cases[i].code);
		CHECK_INT(q.id, cases[i].id);
		CHECK(err.text[0] != '\0');
	}
}

TEST(unknown_members_are_ignored)
{
	struct manager_request q;
	struct err err = ERR_INIT;

	CHECK_OK(parse("{\"id\":1,\"op\":\"status\",\"new\":[1,{}]}", &q, &err), &err);
	CHECK_INT(q.op, MANAGER_STATUS);
}

TEST(an_error_arrives_as_it_was)
{
	_cleanup_buf_ struct buf b;
	_cleanup_(manager_reply_release) struct manager_reply reply = {0};
	struct err sent = ERR_INIT, err = ERR_INIT;

	err_set(&sent, E_NOTFOUND, "no Java \"%s\"", "\xff");
	err_set_hint(&sent, "install it");
	buf_init(&b, MANAGER_REPLY_MAX);
	manager_error_write(&b, 5, &sent);
	REQUIRE_OK(buf_check(&b, "reply", &err), &err);
	REQUIRE_OK(manager_reply_parse((const char *)b.data, b.len - 1, &reply, &err), &err);
	CHECK_INT(reply.id, 5);
	CHECK(reply.notice == NULL);
	CHECK_INT(manager_reply_result(&reply, &err), E_NOTFOUND);
	CHECK_STR(err.text, "no Java \"\xef\xbf\xbd\"");
	CHECK_STR(err.hint, "install it");
}

TEST(notices_and_results_are_told_apart)
{
	_cleanup_buf_ struct buf b;
	struct manager_reply reply = {0};
	struct err err = ERR_INIT;
	size_t first;

	buf_init(&b, MANAGER_REPLY_MAX);
	manager_notice_write(&b, 2, "starting …");
	first = b.len;
	manager_ok_write(&b, 2, json_pack("{s:s}", "url", "http://x"));
	REQUIRE_OK(buf_check(&b, "reply", &err), &err);
	REQUIRE_OK(manager_reply_parse((const char *)b.data, first - 1, &reply, &err), &err);
	CHECK_STR(reply.notice, "starting …");
	manager_reply_release(&reply);
	REQUIRE_OK(manager_reply_parse((const char *)b.data + first, b.len - first - 1, &reply,
				       &err),
		   &err);
	CHECK_OK(manager_reply_result(&reply, &err), &err);
	CHECK_STR(json_get_str(reply.body, "url", ""), "http://x");
	manager_reply_release(&reply);
	CHECK_INT(manager_reply_parse("{\"id\":1}", 8, &reply, &err), E_PROTO);
}

TEST(a_full_buffer_fails_and_keeps_no_half_line)
{
	_cleanup_buf_ struct buf b;
	struct err err = ERR_INIT;

	buf_init(&b, 8);
	manager_notice_write(&b, 1, "longer than eight bytes");
	CHECK_INT(buf_check(&b, "reply", &err), E_TOOBIG);
	buf_clear(&b);
	manager_ok_write(&b, 1, /* members= */ NULL);
	CHECK_INT(buf_check(&b, "reply", &err), E_NOMEM);
}

TEST_MAIN()
