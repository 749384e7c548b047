/* Execution of cells. */
#include "kernel/execute.h"

#include "base/clock.h"
#include "base/str.h"
#include "kernel/bridge.h"
#include "kernel/child.h"
#include "kernel/history.h"
#include "notebook/kept.h"

#include <string.h>

static bool is_sql(const struct cell *c)
{
	return c->kind == CELL_MAGIC && str_eq(c->call.magic->name, "splicemachine");
}

static void publish_input(struct kernel *k, struct request *q)
{
	iopub_publish_json(k->iopub, "execute_input", q->msg.header,
			   json_pack("{so si}", "code", json_strz(q->args.code), "execution_count",
				     q->execution_count));
}

/* Expressions are Python: behind another cell each of them is an error of its own. */
static json_t *refused_expressions(const struct request *q)
{
	json_t *all = json_object(), *expression;
	const char *name;

	json_object_foreach (q->args.user_expressions, name, expression)
		(void)json_object_set_new(all, name,
					  json_pack("{ss ss ss s[]}", "status", "error", "ename",
						    "UsageError", "evalue",
						    "only Python cells evaluate user_expressions",
						    "traceback"));
	return all;
}

static json_t *ok_content(const struct request *q)
{
	return json_pack("{ss si s[] so}", "status", "ok", "execution_count", q->execution_count,
			 "payload", "user_expressions", refused_expressions(q));
}

/* After an error the cells that were queued by then do not run (stop_on_error). */
static void abort_queue(struct kernel *k, struct subshell *s)
{
	s->abort_before = k->n_requests + 1;
}

static void reply_error(struct kernel *k, struct request *q, const struct err *error, json_t *reply)
{
	json_t *content = reply ? reply : kernel_error_content(error);

	if (!reply && !q->args.silent)
		iopub_publish_json(k->iopub, "error", q->msg.header, json_incref(content));
	if (content)
		(void)json_object_set_new(content, "execution_count",
					  json_integer(q->execution_count));
	kernel_reply(k, q, "execute_reply", content);
}

void execute_done(struct kernel *k, struct request *q, const struct err *error, json_t *reply)
{
	struct subshell *s = q->subshell;
	bool failed = error || (reply && !str_eq(json_get_str(reply, "status", "ok"), "ok"));

	/* What is read from shell below may be another interrupt. */
	if (q->ending) {
		json_decref(reply);
		return;
	}
	q->ending = true;
	kept_end(k->nb->kept, q->kept, !failed);
	kernel_ask_end(k, q);
	kernel_flush(k, q);
	if (failed) {
		if (q->args.stop_on_error && !q->args.silent) {
			kernel_read_shell(k);
			abort_queue(k, s);
		}
		reply_error(k, q, error, reply);
	} else {
		if (reply)
			(void)json_object_set_new(reply, "execution_count",
						  json_integer(q->execution_count));
		kernel_reply(k, q, "execute_reply", reply ? reply : ok_content(q));
	}
	kernel_finish(k, q);
	if (s->running == q) {
		s->running = NULL;
		request_unref(q);
	}
	execute_next(k, s);
}

static void abort_one(struct kernel *k, struct request *q)
{
	struct err error = ERR_INIT;
	json_t *content;

	(void)err_set(&error, E_CANCEL,
		      q->subshell->deleted ? "not run: its subshell was deleted"
					   : "not run, because a cell before it failed");
	err_set_name(&error, "Aborted");
	kernel_status(k, q, "busy");
	content = kernel_error_content(&error);
	if (content)
		(void)json_object_set_new(content, "execution_count",
					  json_integer(q->subshell->execution_count));
	kernel_reply(k, q, "execute_reply", content);
	kernel_finish(k, q);
	request_unref(q);
}

static void show_help(struct kernel *k, struct request *q)
{
	_cleanup_free_ char *text = magic_help(q->cell.call.magic);

	if (text)
		kernel_stream(k, q, STREAM_STDOUT, text, strlen(text));
	execute_done(k, q, NULL, NULL);
}

static void run_magic(struct kernel *k, struct request *q)
{
	struct err error = ERR_INIT;

	q->cell.call.silent = q->args.silent;
	if (cancel_init(&q->cancel, &error) < 0 ||
	    worker_run_cell(q->subshell->worker, &q->cell, q->args.allow_stdin, &q->cancel, q,
			    &error) < 0) {
		execute_done(k, q, &error, NULL);
		return;
	}
	q->subshell->worker_jobs++;
}

/* What a front end asks for itself, and cells that do nothing, are no part of the session. */
static void keep(struct kernel *k, struct request *q)
{
	bool magic = q->cell.kind == CELL_MAGIC;

	if (q->args.store_history && !q->args.silent && !q->cell.help && q->cell.kind != CELL_EMPTY)
		q->kept = kept_begin(k->nb->kept, q->execution_count,
				     magic ? q->cell.call.magic->name : NULL, q->args.code);
}

static void run_cell(struct kernel *k, struct request *q)
{
	struct err error = ERR_INIT;

	if (cell_parse(q->args.code, q->subshell->after_sql, &q->cell, &error) < 0) {
		execute_done(k, q, &error, NULL);
		return;
	}
	if (q->cell.kind != CELL_EMPTY)
		q->subshell->after_sql = is_sql(&q->cell);
	keep(k, q);
	if (q->cell.kind == CELL_EMPTY && !q->args.user_expressions)
		execute_done(k, q, NULL, NULL);
	else if (q->cell.help)
		show_help(k, q);
	else if (q->cell.kind != CELL_MAGIC)
		child_execute(k, q);
	else
		run_magic(k, q);
}

static void start(struct kernel *k, struct request *q)
{
	struct subshell *s = q->subshell;

	s->running = q;
	if (q->args.store_history)
		s->execution_count++;
	q->execution_count = s->execution_count;
	kernel_status(k, q, "busy");
	if (!q->args.silent)
		publish_input(k, q);
	if (q->args.store_history)
		history_add(k->history, q->execution_count, q->args.code);
	run_cell(k, q);
}

void execute_next(struct kernel *k, struct subshell *s)
{
	/* A cell that ends at once leaves the next to the loop: a long queue costs no stack. */
	if (s->advancing)
		return;
	s->advancing = true;
	while (!s->running && s->queue && !k->stopping) {
		struct request *q = s->queue;

		s->queue = q->next;
		q->next = NULL;
		if (q->number < s->abort_before)
			abort_one(k, q);
		else
			start(k, q);
	}
	s->advancing = false;
}

void execute_abort(struct kernel *k, struct subshell *s)
{
	abort_queue(k, s);
	execute_next(k, s);
}

void execute_request(struct kernel *k, struct request *q)
{
	struct request **at = &q->subshell->queue;

	while (*at)
		at = &(*at)->next;
	*at = request_ref(q);
	execute_next(k, q->subshell);
}

/* --- what the worker reports ------------------------------------------------------------- */

static json_t *bundle_content(struct event *e)
{
	return json_pack("{so so}", "data", json_incref(e->data), "metadata",
			 e->metadata ? json_incref(e->metadata) : json_object());
}

static void on_stream(struct kernel *k, struct request *q, struct event *e)
{
	kernel_stream(k, q, e->stream, e->text, e->text_len);
}

static void on_display(struct kernel *k, struct request *q, struct event *e)
{
	json_t *content = bundle_content(e);

	if (content)
		(void)json_object_set_new(content, "transient",
					  e->display_id
						  ? json_pack("{ss}", "display_id", e->display_id)
						  : json_object());
	iopub_publish_json(k->iopub, e->flag ? "update_display_data" : "display_data",
			   q->msg.header, content);
}

static void on_result(struct kernel *k, struct request *q, struct event *e)
{
	json_t *content = bundle_content(e);

	if (content)
		(void)json_object_set_new(content, "execution_count",
					  json_integer(q->execution_count));
	iopub_publish_json(k->iopub, "execute_result", q->msg.header, content);
}

static void on_clear(struct kernel *k, struct request *q, struct event *e)
{
	iopub_publish_json(k->iopub, "clear_output", q->msg.header,
			   json_pack("{sb}", "wait", e->flag));
}

static void on_input(struct kernel *k, struct request *q, struct event *e)
{
	struct jupyter_out out = {.idents = q->msg.frames,
				  .n_idents = q->msg.n_idents,
				  .msg_type = "input_request",
				  .parent = q->msg.header};
	json_auto_t *content =
		json_pack("{so sb}", "prompt", json_strz(e->text), "password", e->flag);
	_cleanup_free_ char *text = content ? json_text(content) : NULL;
	struct err err = ERR_INIT;

	if (text) {
		out.content = slice_of(text);
		kernel_ask(k, q, &out, /*child=*/false, &err);
		if (err.code == 0)
			return;
	}
	if (worker_answer(q->subshell->worker, NULL, &err) < 0)
		log_line(k->log, LOG_ERROR, "stdin", "%s", err.text);
}

static void on_done(struct kernel *k, struct request *q, struct event *e)
{
	struct subshell *s = q->subshell;
	struct err error = ERR_INIT;

	s->worker_jobs--;
	/* An interrupt that came when the magic was done with its part ends the cell all the same.
	 */
	if (e->code != MAGIC_RELAY)
		execute_done(k, q, e->error, NULL);
	else if (cancel_check(&q->cancel, &error) < 0)
		execute_done(k, q, &error, NULL);
	else
		child_execute(k, q);
	bridge_next(k, s);
}

void execute_event(struct kernel *k, struct subshell *s, struct event *e)
{
	static void (*const handlers[])(struct kernel *, struct request *, struct event *) = {
		[EVENT_STREAM] = on_stream, [EVENT_DISPLAY] = on_display,
		[EVENT_RESULT] = on_result, [EVENT_CLEAR] = on_clear,
		[EVENT_INPUT] = on_input,   [EVENT_DONE] = on_done,
	};
	struct request *q = e->tag;

	if (bridge_event(k, s, e) || child_event(k, s, e))
		return;
	if (q->args.silent && e->type != EVENT_DONE && e->type != EVENT_INPUT)
		return;
	if (e->type != EVENT_STREAM)
		kernel_flush(k, q);
	handlers[e->type](k, q, e);
}
