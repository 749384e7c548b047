/*
 * What a request is answered with: its reply, what iopub shows of it, its end.
 * Stream text is put together here, so that no cell costs a message a line.
 */
#include "kernel/kernel.h"

#include "base/clock.h"
#include "base/str.h"
#include "kernel/kernel-int.h"

#include <stdio.h>
#include <string.h>

enum {
	STREAM_DELAY_MS = 50, /* longest time that stream text waits for more */
	STREAM_BYTES = 65536, /* and how much of it */
};

void kernel_reply_raw(struct kernel *k, const struct request *q, const char *msg_type,
		      struct slice content, struct slice metadata)
{
	struct jupyter_out out = {.idents = q->msg.frames,
				  .n_idents = q->msg.n_idents,
				  .msg_type = msg_type,
				  .parent = q->msg.header,
				  .metadata = metadata,
				  .content = content};
	struct err err = ERR_INIT;

	if (jupyter_send(q->channel == JUPYTER_CONTROL ? k->control : k->shell, k->signer, &out,
			 &err) < 0)
		log_line(k->log, LOG_WARNING, "shell", "%s was not sent: %s", msg_type, err.text);
}

void kernel_reply(struct kernel *k, const struct request *q, const char *msg_type, json_t *content)
{
	_cleanup_free_ char *text = content ? json_text(content) : NULL;

	json_decref(content);
	if (text)
		kernel_reply_raw(k, q, msg_type, slice_of(text),
				 q->reply_metadata ? slice_of(q->reply_metadata) : SLICE("{}"));
	else
		log_line(k->log, LOG_ERROR, "shell", "out of memory: no %s", msg_type);
}

/* What a cell shows as the error's name: where Python or IPython has a word for it, theirs. */
static const char *shown_name(const struct err *error)
{
	static const struct {
		int code;
		const char *name;
	} names[] = {
		{E_USAGE, "UsageError"},         {E_INPUT, "UsageError"},
		{E_CANCEL, "KeyboardInterrupt"}, {E_TIMEOUT, "TimeoutError"},
		{E_NOMEM, "MemoryError"},
	};

	for (size_t i = 0; !error->name[0] && i < ARRAY_LEN(names); i++) {
		if (names[i].code == error->code)
			return names[i].name;
	}
	return err_ename(error);
}

json_t *kernel_error_content(const struct err *error)
{
	const char *name = shown_name(error);
	_cleanup_free_ char *hint = error->hint[0] ? str_fmt("Hint: %s", error->hint) : NULL;
	_cleanup_free_ char *line = str_fmt("\x1b[31m%s\x1b[0m: %s", name, error->text);
	json_t *traceback = json_array();

	(void)json_array_append_new(traceback, json_strz(line));
	if (hint)
		(void)json_array_append_new(traceback, json_strz(hint));
	return json_pack("{ss so so so}", "status", "error", "ename", json_strz(name), "evalue",
			 json_strz(error->text), "traceback", traceback);
}

void kernel_reply_error(struct kernel *k, const struct request *q, const struct err *error)
{
	size_t n = strlen(q->msg.msg_type), suffix = strlen("_request");
	json_auto_t *content = kernel_error_content(error);
	_cleanup_free_ char *type = NULL;

	if (!content || !str_ends_ci(q->msg.msg_type, "_request"))
		return;
	if (str_eq(q->msg.msg_type, "execute_request")) {
		iopub_publish_json(k->iopub, "error", q->msg.header, json_incref(content));
		(void)json_object_set_new(content, "execution_count",
					  json_integer(q->subshell ? q->subshell->execution_count
								   : 0));
	}
	type = str_fmt("%.*s_reply", (int)(n - suffix), q->msg.msg_type);
	if (type)
		kernel_reply(k, q, type, json_incref(content));
}

void kernel_status(struct kernel *k, const struct request *q, const char *state)
{
	char content[64];

	snprintf(content, sizeof(content), "{\"execution_state\":\"%s\"}", state);
	iopub_publish(k->iopub, "status", q ? q->msg.header : SLICE("{}"), slice_of(content));
}

void kernel_finish(struct kernel *k, struct request *q)
{
	if (q->finished)
		return;
	kernel_flush(k, q);
	kernel_status(k, q, "idle");
	q->finished = true;
	request_shrink(q);
}

void kernel_flush(struct kernel *k, struct request *q)
{
	if (!q->text.len)
		return;
	iopub_publish_json(k->iopub, "stream", q->msg.header,
			   json_pack("{ss so}", "name",
				     q->text_name == STREAM_STDERR ? "stderr" : "stdout", "text",
				     json_str((const char *)q->text.data, q->text.len)));
	buf_clear(&q->text);
}

void kernel_stream(struct kernel *k, struct request *q, enum stream_name name, const char *text,
		   size_t n)
{
	if (q->args.silent)
		return;
	if (q->text.len && q->text_name != name)
		kernel_flush(k, q);
	if (!q->text.len)
		q->text_since = clock_ms();
	q->text_name = name;
	while (n) {
		size_t room = STREAM_BYTES - q->text.len;
		size_t piece = n < room ? n : room;

		/* Cut between characters: each message is valid UTF-8 by itself. */
		while (piece < n && piece && ((unsigned char)text[piece] & 0xC0) == 0x80)
			piece--;
		buf_put(&q->text, text, piece);
		text += piece;
		n -= piece;
		if (n)
			kernel_flush(k, q);
	}
}

int kernel_flush_due(struct kernel *k)
{
	int64_t now = clock_ms(), next = -1;

	for (struct subshell *s = k->subshells; s; s = s->next) {
		struct request *q = s->running;
		int64_t left;

		if (!q || !q->text.len)
			continue;
		left = q->text_since + STREAM_DELAY_MS - now;
		if (left <= 0)
			kernel_flush(k, q);
		else if (next < 0 || left < next)
			next = left;
	}
	return (int)next;
}
