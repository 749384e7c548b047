/* protocol/jupyter/wire.c, both ends in one process over inproc */
#include "protocol/jupyter/wire.h"

#include "base/str.h"
#include "tests/harness.h"

#include <errno.h>

struct ends {
	void *ctx, *a, *b;
	struct jupyter_signer *sa, *sb;
};

static bool ends_open(struct ends *e, const char *key_a, const char *key_b)
{
	struct err err = ERR_INIT;

	*e = (struct ends){.ctx = zmq_ctx_new()};
	e->a = zmq_socket(e->ctx, ZMQ_PAIR);
	e->b = zmq_socket(e->ctx, ZMQ_PAIR);
	return zmq_bind(e->a, "inproc://wire") == 0 && zmq_connect(e->b, "inproc://wire") == 0 &&
	       jupyter_signer_new(key_a, "a\"user", &e->sa, &err) == 0 &&
	       jupyter_signer_new(key_b, "b", &e->sb, &err) == 0;
}

static void ends_close(struct ends *e)
{
	jupyter_signer_free(e->sa);
	jupyter_signer_free(e->sb);
	zmq_close(e->a);
	zmq_close(e->b);
	zmq_ctx_term(e->ctx);
}

static const struct jupyter_out hello = {
	.msg_type = "execute_request",
	.parent = {"{\"msg_id\":\"p1\",\"x\":1.50}", 24},
	.content = {"{\"code\":\"1\"}", 12},
	.topic = {"topic", 5},
};

TEST(round_trip_keeps_parts_verbatim)
{
	struct jupyter_msg m = {0};
	struct err err = ERR_INIT;
	struct ends e;

	REQUIRE(ends_open(&e, "secret", "secret"));
	CHECK_INT(jupyter_recv(e.b, e.sb, &m, &err), 0);
	REQUIRE_OK(jupyter_send(e.a, e.sa, &hello, &err), &err);
	REQUIRE(jupyter_recv(e.b, e.sb, &m, &err) == 1);
	CHECK_STR(m.msg_type, "execute_request");
	CHECK_STR(m.session, jupyter_signer_session(e.sa));
	CHECK_STR(m.parent_id, "p1");
	CHECK(slice_eq(m.parent, "{\"msg_id\":\"p1\",\"x\":1.50}"));
	CHECK(slice_eq(m.metadata, "{}"));
	CHECK(slice_eq(m.content, "{\"code\":\"1\"}"));
	CHECK_INT(m.n_idents, 1);
	CHECK_INT(m.first_buffer, m.n_frames);
	jupyter_msg_release(&m);
	ends_close(&e);
}

static int deliver(struct ends *e, const char *const *parts, size_t n, struct jupyter_msg *m,
		   struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (zmq_send(e->a, parts[i], strlen(parts[i]), i + 1 < n ? ZMQ_SNDMORE : 0) < 0)
			return E_IO;
	return jupyter_recv(e->b, e->sb, m, err);
}

TEST(wrong_key_replay_and_missing_parts_are_dropped)
{
	static const char *const short_[] = {"id", "<IDS|MSG>", "sig", "{}", "{}", "{}"};
	static const char *const none[] = {"a", "b"};
	struct jupyter_msg m = {0};
	struct err err = ERR_INIT;
	struct ends e;

	REQUIRE(ends_open(&e, "secret", "other"));
	REQUIRE_OK(jupyter_send(e.a, e.sa, &hello, &err), &err);
	CHECK_INT(jupyter_recv(e.b, e.sb, &m, &err), E_PROTO);
	CHECK_STR(err.text, "the signature is wrong");
	CHECK_INT(deliver(&e, short_, ARRAY_LEN(short_), &m, &err), E_PROTO);
	CHECK_INT(deliver(&e, none, ARRAY_LEN(none), &m, &err), E_PROTO);
	CHECK_INT(jupyter_recv(e.b, e.sb, &m, &err), 0);
	CHECK(m.frames == NULL);
	ends_close(&e);
}

static void resend(void *to, const struct jupyter_msg *m)
{
	for (size_t i = 0; i < m->n_frames; i++) {
		zmq_msg_t copy;

		zmq_msg_init(&copy);
		zmq_msg_copy(&copy, &m->frames[i]);
		zmq_msg_send(&copy, to, i + 1 < m->n_frames ? ZMQ_SNDMORE : 0);
	}
}

TEST(replayed_message_is_refused)
{
	struct jupyter_msg m = {0}, again = {0};
	struct err err = ERR_INIT;
	struct ends e;

	REQUIRE(ends_open(&e, "secret", "secret"));
	REQUIRE_OK(jupyter_send(e.a, e.sa, &hello, &err), &err);
	REQUIRE(jupyter_recv(e.b, e.sb, &m, &err) == 1);
	resend(e.a, &m);
	CHECK_INT(jupyter_recv(e.b, e.sb, &again, &err), E_PROTO);
	CHECK_STR(err.text, "a replay of an earlier message");
	jupyter_msg_release(&m);
	ends_close(&e);
}

TEST(no_key_means_no_signature)
{
	struct jupyter_msg m = {0};
	struct err err = ERR_INIT;
	struct ends e;

	REQUIRE(ends_open(&e, "", ""));
	REQUIRE_OK(jupyter_send(e.a, e.sa, &hello, &err), &err);
	REQUIRE(jupyter_recv(e.b, e.sb, &m, &err) == 1);
	CHECK_INT(zmq_msg_size(&m.frames[m.n_idents + 1]), 0);
	jupyter_msg_release(&m);
	ends_close(&e);
}

TEST(bad_headers_are_named)
{
	static const struct {
		const char *header, *text;
	} cases[] = {
		{"{}", "its header has no msg_id"},
		{"{\"msg_id\":\"1\"}", "its header has no msg_type"},
		{"{\"msg_id\":1,\"msg_type\":\"x\"}", "its header has no msg_id"},
	};
	struct jupyter_msg m = {0};
	struct err err = ERR_INIT;
	struct ends e;

	REQUIRE(ends_open(&e, "", ""));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *parts[] = {"<IDS|MSG>", "", cases[i].header, "{}", "{}", "{}"};

		CHECK_INT(deliver(&e, parts, ARRAY_LEN(parts), &m, &err), E_PROTO);
		CHECK_STR(err.text, cases[i].text);
	}
	ends_close(&e);
}

TEST_MAIN()
