/*
 * Runs SQL cells on a real server for the tests beside it: cells from
 * standard input, separated by lines of "----"; one JSON object a line out:
 * {"stream", "text"}, {"display", "id", "update"}, {"result"}, {"error":
 * {"ename", "evalue", "hint"}}, and {"cell": n} behind each cell.
 *
 * TEST_PASSWORD answers a question for a password; a cell with the comment
 * `-- cancel after N` is interrupted after N milliseconds.
 */
#include "base/buf.h"
#include "base/fs.h"
#include "base/json.h"
#include "base/limits.h"
#include "magics/cell.h"
#include "notebook/files.h"
#include "notebook/services.h"
#include "notebook/session.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>

static void put(json_t *object)
{
	_cleanup_free_ char *text = json_text(object);

	printf("%s\n", text ? text : "{}");
	fflush(stdout);
	json_decref(object);
}

static void put_stream(struct output *out, enum stream_name name, const char *text, size_t n)
{
	(void)out;
	put(json_pack("{ss so}", "stream", name == STREAM_STDERR ? "stderr" : "stdout", "text",
		      json_str(text, n)));
}

static void put_display(struct output *out, const struct bundle *b, const char *id, bool update)
{
	(void)out;
	put(json_pack("{sO ss? sb}", "display", b->data, "id", id, "update", update));
}

static void put_result(struct output *out, const struct bundle *b)
{
	(void)out;
	put(json_pack("{sO}", "result", b->data));
}

static void clear(struct output *out, bool wait)
{
	(void)out;
	(void)wait;
}

static int input(struct output *out, const char *prompt, bool password, char **ret, struct err *err)
{
	const char *answer = getenv("TEST_PASSWORD");

	(void)out;
	put(json_pack("{ss sb}", "prompt", prompt, "password", password));
	if (!answer)
		return err_set(err, E_UNSUPPORTED, "nobody to ask");
	*ret = str_dup(answer);
	return *ret ? 0 : err_nomem(err);
}

static const char cancel_mark[] = "-- cancel after ";

struct alarm {
	struct cancel *cancel;
	pthread_t thread;
	int ms;
};

static void *ring(void *userdata)
{
	struct alarm *a = userdata;

	(void)poll(NULL, 0, a->ms);
	cancel_fire(a->cancel);
	return NULL;
}

static int run_cell(struct notebook *nb, struct session *session, struct cancel *cancel,
		    const char *code, struct err *err)
{
	struct output out = {put_stream, put_display, put_result, clear, input};
	const char *ms = strstr(code, cancel_mark);
	struct alarm alarm = {.cancel = cancel,
			      .ms = ms ? (int)strtoul(ms + strlen(cancel_mark), NULL, 10) : 0};
	struct cell cell = {0};
	int r = cell_parse(code, /* after_sql= */ true, &cell, err);

	if (r < 0)
		return r;
	cancel_reset(cancel);
	cell.call.nb = nb;
	cell.call.session = session;
	cell.call.out = &out;
	cell.call.cancel = cancel;
	if (alarm.ms && pthread_create(&alarm.thread, NULL, ring, &alarm) != 0)
		return err_set(err, E_IO, "no thread");
	if (cell.kind != CELL_MAGIC)
		r = err_set(err, E_INPUT, "this is no SQL cell");
	else
		r = cell.call.magic->run(&cell.call, err);
	if (alarm.ms)
		pthread_join(alarm.thread, NULL);
	cell_release(&cell);
	return r;
}

static int run_cells(struct notebook *nb, char *text, struct err *err)
{
	_cleanup_(session_freep) struct session *session = NULL;
	_cleanup_(cancel_release) struct cancel cancel = {.fd = -1};
	int r = session_new(nb, &session, err);

	if (r == 0)
		r = cancel_init(&cancel, err);
	for (int n = 0; r == 0 && text; n++) {
		char *mark = strstr(text, "\n----\n");
		struct err e = ERR_INIT;

		if (mark)
			*mark = '\0';
		if (run_cell(nb, session, &cancel, text, &e) < 0)
			put(json_pack("{s{ss ss ss}}", "error", "ename", err_ename(&e), "evalue",
				      e.text, "hint", e.hint));
		put(json_pack("{si}", "cell", n));
		text = mark ? mark + 6 : NULL;
	}
	return r;
}

int main(void)
{
	_cleanup_(config_freep) struct config *config = NULL;
	_cleanup_(services_freep) struct services *services = NULL;
	_cleanup_(files_freep) struct files *files = NULL;
	struct log log = {.fd = -1};
	_cleanup_free_ char *text = NULL;
	_cleanup_buf_ struct buf b;
	struct err err = ERR_INIT;
	int r;

	buf_init(&b, MIB(64));
	r = fs_read("/dev/stdin", &b, &err);
	if (r == 0)
		r = config_load(&config, &err);
	if (r == 0)
		r = services_new(config, &log, &services, &err);
	if (r == 0)
		r = files_new(config, &files, &err);
	text = buf_take_str(&b);
	if (r == 0 && text) {
		struct notebook nb = {.config = config,
				      .log = &log,
				      .services = services,
				      .files = files};

		r = run_cells(&nb, text, &err);
	}
	if (r < 0)
		fprintf(stderr, "%s\n", err.text);
	return r < 0;
}
