/*
 * kernel/: the kernel as a server, in this process.  No child is started: what is seen here is the
 * queue, the answers and the end.
 */
#include "tests/kernel/front_end.h"

TEST(kernel_info_on_shell_and_control)
{
	struct server s = {0};
	struct client c = {0};

	start(&s, &c);
	request(&c, c.shell, "1", "kernel_info_request", "{}");
	CHECK_REPLY(&c, c.shell, "protocol_version", "1 kernel_info_reply 5.5");
	CHECK_PUBLISHED(&c, "1", "busy idle");
	request(&c, c.control, "2", "kernel_info_request", "{}");
	CHECK_REPLY(&c, c.control, "implementation", "2 kernel_info_reply splice-kernel");
	CHECK_PUBLISHED(&c, "2", "busy idle");
	shut_down(&s, &c);
}

TEST(a_cell_from_busy_to_idle)
{
	struct server s = {0};
	struct client c = {0};

	start(&s, &c);
	request(&c, c.shell, "1", "execute_request", help);
	CHECK_REPLY(&c, c.shell, "status", "1 execute_reply ok");
	CHECK_PUBLISHED(&c, "1", "busy execute_input stream idle");
	request(&c, c.shell, "2", "execute_request", wrong);
	CHECK_REPLY(&c, c.shell, "ename", "2 execute_reply UsageError");
	CHECK_PUBLISHED(&c, "2", "busy execute_input error idle");
	request(&c, c.shell, "3", "execute_request",
		"{\"code\":\"%splicemachine --help\",\"silent\":true}");
	CHECK_REPLY(&c, c.shell, "status", "3 execute_reply ok");
	CHECK_PUBLISHED(&c, "3", "busy idle");
	shut_down(&s, &c);
}

TEST(a_magic_runs_in_the_worker)
{
	struct server s = {0};
	struct client c = {0};

	start(&s, &c);
	request(&c, c.shell, "1", "execute_request", "{\"code\":\"%mlmanager status\"}");
	CHECK_REPLY(&c, c.shell, "status", "1 execute_reply ok");
	CHECK_PUBLISHED(&c, "1", "busy execute_input stream idle");
	shut_down(&s, &c);
}

/* Content that jansson refuses: an answer, and no front end that waits for ever. */
TEST(content_that_cannot_be_read_is_answered)
{
	struct server s = {0};
	struct client c = {0};

	start(&s, &c);
	request(&c, c.shell, "1", "execute_request", "{\"code\":\"'\\ud800'\"}");
	CHECK_REPLY(&c, c.shell, "status", "1 execute_reply error");
	CHECK_PUBLISHED(&c, "1", "busy error idle");
	request(&c, c.shell, "2", "complete_request", "{\"code\":\"\\u0000\",\"cursor_pos\":0}");
	CHECK_REPLY(&c, c.shell, "status", "2 complete_reply error");
	CHECK_PUBLISHED(&c, "2", "busy idle");
	request(&c, c.shell, "3", "nonsense_request", "{}");
	CHECK_PUBLISHED(&c, "3", "busy idle");
	request(&c, c.shell, "4", "execute_request", "{\"code\":1}");
	CHECK_REPLY(&c, c.shell, "ename", "4 execute_reply E_PROTO");
	CHECK_PUBLISHED(&c, "4", "busy error idle");
	shut_down(&s, &c);
}

TEST(queue_is_aborted_after_an_error_and_then_goes_on)
{
	enum { QUEUED = 50 };
	struct server s = {0};
	struct client c = {0};

	start(&s, &c);
	queue_behind(&c, gated, QUEUED, help);
	open_gate(&s);
	CHECK_REPLY(&c, c.shell, "status", "first execute_reply error");
	check_replies(&c, QUEUED, "ename", "queued execute_reply Aborted");
	request(&c, c.shell, "after", "execute_request", help);
	CHECK_REPLY(&c, c.shell, "status", "after execute_reply ok");
	CHECK_PUBLISHED(&c, "first", "busy execute_input error idle");
	CHECK_PUBLISHED(&c, "queued", "busy idle");
	CHECK_PUBLISHED(&c, "after", "busy execute_input stream idle");
	shut_down(&s, &c);
}

TEST(without_stop_on_error_the_queue_runs)
{
	struct server s = {0};
	struct client c = {0};

	start(&s, &c);
	request(&c, c.shell, "1", "execute_request", gated_going_on);
	request(&c, c.shell, "2", "execute_request", help);
	open_gate(&s);
	CHECK_REPLY(&c, c.shell, "status", "1 execute_reply error");
	CHECK_REPLY(&c, c.shell, "status", "2 execute_reply ok");
	shut_down(&s, &c);
}

TEST(interrupt_of_a_magic)
{
	struct server s = {0};
	struct client c = {0};

	start(&s, &c);
	queue_behind(&c, gated, 1, help);
	request(&c, c.control, "stop", "interrupt_request", "{}");
	CHECK_REPLY(&c, c.control, "status", "stop interrupt_reply ok");
	CHECK_REPLY(&c, c.shell, "ename", "first execute_reply KeyboardInterrupt");
	CHECK_REPLY(&c, c.shell, "ename", "queued execute_reply Aborted");
	shut_down(&s, &c);
}

/* Neither the stack nor the table of descriptors grows with the queue. */
TEST(thousands_of_queued_cells)
{
	enum { QUEUED = 5000, DESCRIPTORS = 256 };
	struct server s = {0};
	struct client c = {0};
	struct rlimit before, small;

	start(&s, &c);
	REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
	small = (struct rlimit){DESCRIPTORS, before.rlim_max};
	REQUIRE(setrlimit(RLIMIT_NOFILE, &small) == 0);
	queue_behind(&c, gated_going_on, QUEUED, empty);
	open_gate(&s);
	CHECK_REPLY(&c, c.shell, "status", "first execute_reply error");
	check_replies(&c, QUEUED, "status", "queued execute_reply ok");
	CHECK_INT(setrlimit(RLIMIT_NOFILE, &before), 0);
	shut_down(&s, &c);
}

TEST(shutdown_with_cells_queued)
{
	struct server s = {0};
	struct client c = {0};

	start(&s, &c);
	queue_behind(&c, gated, 20, help);
	shut_down(&s, &c);
}

/* One answer of the bridge to a text, which need not be JSON. */
static char *ask_bridge(const struct server *s, const struct client *c, const char *text)
{
	const char *secret = bridge_secret(s->kernel.bridge);
	void *socket = zmq_socket(c->zmq, ZMQ_DEALER);
	zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
	int zero = 0, n = -1;
	char answer[1024];

	zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof(zero));
	CHECK_INT(zmq_connect(socket, bridge_endpoint(s->kernel.bridge)), 0);
	(void)zmq_send(socket, secret, strlen(secret), ZMQ_SNDMORE);
	(void)zmq_send(socket, text, strlen(text), 0);
	if (zmq_poll(&item, 1, WAIT_MS) > 0)
		n = zmq_recv(socket, answer, sizeof(answer) - 1, 0);
	zmq_close(socket);
	return n < 0 ? NULL : str_ndup(answer, (size_t)n);
}

static void check_bridge(const struct server *s, const struct client *c, const char *text,
			 const char *want)
{
	_cleanup_free_ char *answer = ask_bridge(s, c, text);

	CHECK(answer && strstr(answer, want));
}

/* Who asks is a cell that waits: it gets an answer, whatever it sent. */
TEST(bridge_answers_what_it_cannot_read)
{
	struct server s = {0};
	struct client c = {0};

	start(&s, &c);
	check_bridge(&s, &c, "{\"id\":7,\"op\":\"hello\"}", "\"id\":7,\"ok\":true");
	check_bridge(&s, &c, "{\"id\":7,\"op\":\"hello\",\"args\":{\"n\":1180591620717411303424}}",
		     "too big integer");
	check_bridge(&s, &c, "{\"id\":7,\"id\":7}", "\"id\":null");
	check_bridge(&s, &c, "[]", "\"ok\":false");
	shut_down(&s, &c);
}

TEST(expressions_behind_a_magic_are_answered)
{
	struct server s = {0};
	struct client c = {0};

	start(&s, &c);
	request(&c, c.shell, "1", "execute_request",
		"{\"code\":\"%splicemachine --help\",\"user_expressions\":{\"a\":\"x\"}}");
	struct jupyter_msg m = {0};
	if (receive(&c, c.shell, &m)) {
		_cleanup_free_ char *content = str_ndup(m.content.p, m.content.n);

		CHECK(strstr(content, "\"user_expressions\":{\"a\":{\"ename\":\"UsageError\""));
		jupyter_msg_release(&m);
	}
	shut_down(&s, &c);
}

/* What an interrupt ends is not ended again by those that are read while it ends. */
TEST(interrupts_on_shell_while_python_starts)
{
	enum { INTERRUPTS = 50 };
	struct server s = {0};
	struct client c = {0};
	int cells = 0;

	start(&s, &c);
	request(&c, c.shell, "cell", "execute_request", "{\"code\":\"1\"}");
	for (int i = 0; i < INTERRUPTS; i++)
		request(&c, c.shell, "stop", "interrupt_request", "{}");
	for (int i = 0; i < INTERRUPTS + 1; i++) {
		_cleanup_free_ char *got = reply(&c, c.shell, "ename");

		cells += got && str_eq(got, "cell execute_reply KeyboardInterrupt");
	}
	CHECK_INT(cells, 1);
	CHECK_PUBLISHED(&c, "cell", "busy execute_input error idle");
	open_gate(&s);
	shut_down(&s, &c);
}

TEST_MAIN()
