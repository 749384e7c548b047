/* kernel/worker.c: jobs in, events out, and an end that nothing holds up. */
#include "kernel/worker.h"

#include "tests/harness.h"

#include <poll.h>
#include <unistd.h>
#include <zmq.h>

enum { LINES = 10000, WAIT_MS = 10000 };

static int talk(struct magic_call *call, struct err *err)
{
	(void)err;
	for (int i = 0; i < LINES; i++)
		call->out->stream(call->out, STREAM_STDOUT, "x", 1);
	return 0;
}

static int ask(struct magic_call *call, struct err *err)
{
	_cleanup_free_ char *answer = NULL;
	int r = call->out->input(call->out, "name? ", false, &answer, err);

	if (r == 0)
		call->out->stream(call->out, STREAM_STDERR, answer, strlen(answer));
	return r;
}

static const struct magic talking = {.name = "talking", .run = talk};
static const struct magic asking = {.name = "asking", .run = ask};

struct setup {
	void *zmq;
	struct notebook nb;
	struct worker *worker;
	struct cancel cancel;
	struct cell cell;
};

static int setup_start(struct setup *s, const struct magic *magic, struct err *err)
{
	int r = cancel_init(&s->cancel, err);

	s->zmq = zmq_ctx_new();
	s->cell.call.magic = magic;
	if (r == 0)
		r = worker_start(s->zmq, &s->nb, &s->worker, err);
	if (r == 0)
		r = worker_run_cell(s->worker, &s->cell, /*allow_stdin=*/true, &s->cancel, s, err);
	return r;
}

static void setup_end(struct setup *s)
{
	worker_stop(s->worker);
	cancel_release(&s->cancel);
	zmq_ctx_term(s->zmq);
}

static struct event *next_event(struct setup *s)
{
	zmq_pollitem_t item = {.socket = worker_socket(s->worker), .events = ZMQ_POLLIN};

	if (zmq_poll(&item, 1, WAIT_MS) <= 0) {
		test_fail(__FILE__, __LINE__, "no event came");
		return NULL;
	}
	return worker_event(s->worker);
}

TEST(events_come_in_order_and_are_complete)
{
	struct setup s = {0};
	struct err err = ERR_INIT;
	struct event *e;
	int lines = 0;

	REQUIRE_OK(setup_start(&s, &talking, &err), &err);
	while ((e = next_event(&s)) && e->type == EVENT_STREAM) {
		CHECK(e->tag == &s);
		lines++;
		event_free(e);
	}
	CHECK_INT(lines, LINES);
	CHECK(e && e->type == EVENT_DONE && e->code == 0);
	event_free(e);
	setup_end(&s);
}

/* More events than the pair holds, and nobody who reads them. */
TEST(a_worker_that_talks_is_stopped)
{
	struct setup s = {0};
	struct err err = ERR_INIT;

	REQUIRE_OK(setup_start(&s, &talking, &err), &err);
	(void)alarm(WAIT_MS / 1000);
	setup_end(&s);
	(void)alarm(0);
}

TEST(a_question_is_answered)
{
	struct setup s = {0};
	struct err err = ERR_INIT;
	struct event *e;

	REQUIRE_OK(setup_start(&s, &asking, &err), &err);
	e = next_event(&s);
	REQUIRE(e && e->type == EVENT_INPUT);
	CHECK_STR(e->text, "name? ");
	event_free(e);
	CHECK_OK(worker_answer(s.worker, "Ben", &err), &err);
	e = next_event(&s);
	REQUIRE(e && e->type == EVENT_STREAM);
	CHECK_STR(e->text, "Ben");
	event_free(e);
	e = next_event(&s);
	CHECK(e && e->type == EVENT_DONE);
	event_free(e);
	setup_end(&s);
}

TEST(a_question_ends_with_an_interrupt_or_the_worker)
{
	struct err err = ERR_INIT;

	for (int interrupted = 0; interrupted < 2; interrupted++) {
		struct setup s = {0};
		struct event *e;

		REQUIRE_OK(setup_start(&s, &asking, &err), &err);
		event_free(next_event(&s));
		if (interrupted) {
			cancel_fire(&s.cancel);
			e = next_event(&s);
			CHECK(e && e->type == EVENT_DONE && e->code == E_CANCEL);
			event_free(e);
		}
		setup_end(&s);
	}
}

TEST_MAIN()
