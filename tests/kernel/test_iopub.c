/* kernel/iopub.c: who hears what, and from when. */
#include "kernel/iopub.h"

#include "base/log.h"
#include "tests/harness.h"

#include <zmq.h>

enum { WAIT_MS = 10000, QUIET_MS = 100 };

struct setup {
	void *zmq;
	void *client;
	struct jupyter_signer *signer;
	struct iopub *iopub;
};

static void wait_for_subscription(struct setup *s)
{
	zmq_pollitem_t item = {.socket = iopub_socket(s->iopub), .events = ZMQ_POLLIN};

	CHECK_INT(zmq_poll(&item, 1, WAIT_MS), 1);
}

static void subscribe(struct setup *s, int option, const char *topic)
{
	CHECK_INT(zmq_setsockopt(s->client, option, topic, strlen(topic)), 0);
	wait_for_subscription(s);
}

static void set_up(struct setup *s)
{
	static const char endpoint[] = "inproc://iopub";
	static const struct log quiet = {.fd = -1};
	struct err err = ERR_INIT;

	s->zmq = zmq_ctx_new();
	CHECK_OK(jupyter_signer_new("key", "tester", &s->signer, &err), &err);
	CHECK_OK(iopub_new(s->zmq, endpoint, s->signer, &quiet, &s->iopub, &err), &err);
	s->client = zmq_socket(s->zmq, ZMQ_SUB);
	CHECK_INT(zmq_connect(s->client, endpoint), 0);
}

static void tear_down(struct setup *s)
{
	zmq_close(s->client);
	iopub_free(s->iopub);
	jupyter_signer_free(s->signer);
	zmq_ctx_term(s->zmq);
}

static void publish(struct setup *s, const char *topic, const char *type)
{
	struct jupyter_out out = {.msg_type = type, .content = SLICE("{}")};

	if (topic)
		out.topic = slice_of(topic);
	iopub_publish_full(s->iopub, &out);
}

/* The types of what came, up to a silence: "iopub_welcome status". */
static char *heard(struct setup *s)
{
	_cleanup_buf_ struct buf b;
	zmq_pollitem_t item = {.socket = s->client, .events = ZMQ_POLLIN};
	struct err err = ERR_INIT;

	buf_init(&b, 1000);
	while (zmq_poll(&item, 1, QUIET_MS) > 0) {
		struct jupyter_msg m = {0};

		if (jupyter_recv(s->client, s->signer, &m, &err) <= 0)
			break;
		buf_printf(&b, "%s%s", b.len ? " " : "", m.msg_type);
		jupyter_msg_release(&m);
	}
	return buf_take_str(&b);
}

#define CHECK_HEARD(s, want)                                                                       \
	do {                                                                                       \
		_cleanup_free_ char *got_ = heard(s);                                              \
		CHECK_STR(got_, want);                                                             \
	} while (0)

/* A client may take the first message for the welcome: none comes before it. */
TEST(nothing_before_the_welcome)
{
	struct setup s = {0};

	set_up(&s);
	subscribe(&s, ZMQ_SUBSCRIBE, "");
	publish(&s, NULL, "status");
	iopub_read(s.iopub);
	publish(&s, NULL, "stream");
	CHECK_HEARD(&s, "iopub_welcome stream");
	tear_down(&s);
}

TEST(a_topic_is_heard_until_it_is_given_up)
{
	struct setup s = {0};

	set_up(&s);
	subscribe(&s, ZMQ_SUBSCRIBE, "comm-");
	iopub_read(s.iopub);
	publish(&s, "comm-1", "comm_msg");
	publish(&s, "stream.stdout", "stream");
	CHECK_HEARD(&s, "iopub_welcome comm_msg");
	subscribe(&s, ZMQ_UNSUBSCRIBE, "comm-");
	iopub_read(s.iopub);
	publish(&s, "comm-1", "comm_msg");
	CHECK_HEARD(&s, "");
	tear_down(&s);
}

TEST(a_topic_that_is_no_text_is_heard_without_a_welcome)
{
	struct setup s = {0};

	set_up(&s);
	subscribe(&s, ZMQ_SUBSCRIBE, "\xff");
	iopub_read(s.iopub);
	publish(&s, "\xff.x", "stream");
	publish(&s, "x", "stream");
	CHECK_HEARD(&s, "stream");
	tear_down(&s);
}

TEST_MAIN()
