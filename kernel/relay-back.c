/*
 * Messages from the child.  They are passed on frame by frame under the front
 * end's own parent header; only execution counts are rewritten.  A cell is
 * done when both the reply and idle are in, since they come over different
 * sockets.
 */
#include "kernel/child-int.h"

#include "base/clock.h"
#include "base/str.h"
#include "kernel/execute.h"

#include <string.h>

/* --- replies ----------------------------------------------------------------------------- */

static void finish_execute(struct kernel *k, struct relay *r)
{
	json_t *reply = r->reply;

	k->child->awaits_reply |= r->got_idle && !r->got_reply;
	if (!r->got_reply || !r->got_idle)
		return;
	r->reply = NULL;
	execute_done(k, r->q, NULL, reply);
}

/* One that is late, or NULL; *ret_waiting: there are others. */
static struct relay *find_late(const struct child *c, bool *ret_waiting)
{
	int64_t now = clock_ms();

	*ret_waiting = false;
	for (struct relay *r = c->relays; r; r = r->next) {
		if (r->kind != RELAY_EXECUTE || !r->got_idle || r->got_reply)
			continue;
		if (now - r->idle_at >= REPLY_WAIT_MS)
			return r;
		*ret_waiting = true;
	}
	return NULL;
}

void relay_check_replies(struct kernel *k)
{
	struct err error = ERR_INIT;
	struct relay *r;

	if (!k->child->awaits_reply)
		return;
	(void)err_set(&error, E_PROTO, "Python ended the cell without an answer");
	err_set_hint(&error, "what the cell did is done; run it again to see its result");
	while ((r = find_late(k->child, &k->child->awaits_reply))) {
		r->got_reply = true;
		execute_done(k, r->q, &error, NULL);
	}
}

static void on_execute_reply(struct kernel *k, struct relay *r, const struct jupyter_msg *m)
{
	struct err err = ERR_INIT;

	if (json_parse(m->content.p, m->content.n, "execute_reply", &r->reply, &err) < 0 ||
	    !json_is_object(r->reply)) {
		json_decref(r->reply);
		r->reply = json_pack("{ss ss ss s[]}", "status", "error", "ename", "ProtocolError",
				     "evalue", err.text, "traceback");
	}
	r->got_reply = true;
	r->q->reply_metadata = str_ndup(m->metadata.p, m->metadata.n);
	finish_execute(k, r);
}

static void shift(json_t *content, const char *key, size_t by)
{
	json_t *v = json_object_get(content, key);

	if (json_is_integer(v))
		(void)json_integer_set(v, json_integer_value(v) + (json_int_t)by);
}

/* Positions in the answer count from the cell's start, magic line included. */
static void on_ask_reply(struct kernel *k, struct relay *r, const struct jupyter_msg *m)
{
	struct err err = ERR_INIT;
	json_t *content = NULL, *type;
	size_t i;

	r->got_reply = true;
	if (r->prefix == 0 || json_parse(m->content.p, m->content.n, "reply", &content, &err) < 0) {
		kernel_reply_raw(k, r->q, m->msg_type, m->content, m->metadata);
	} else {
		shift(content, "cursor_start", r->prefix);
		shift(content, "cursor_end", r->prefix);
		json_array_foreach (json_object_get(json_object_get(content, "metadata"),
						    "_jupyter_types_experimental"),
				    i, type) {
			shift(type, "start", r->prefix);
			shift(type, "end", r->prefix);
		}
		kernel_reply(k, r->q, m->msg_type, content);
	}
	kernel_finish(k, r->q);
	r->got_idle = true; /* what the child says of its own state is not passed on */
}

static void on_reply(struct kernel *k, const struct jupyter_msg *m)
{
	struct relay *r = relay_find(k->child, m->parent_id);

	if (str_eq(m->msg_type, "kernel_info_reply"))
		k->child->seen_info = true;
	if (!r || r->got_reply)
		return;
	if (r->kind == RELAY_EXECUTE)
		on_execute_reply(k, r, m);
	else if (r->kind == RELAY_ASK)
		on_ask_reply(k, r, m);
	else
		r->got_reply = true;
	if (r->kind == RELAY_SUBSHELL)
		child_subshell_opened(k, r, m);
}

/* --- iopub ------------------------------------------------------------------------------- */

/* "silent: … will not broadcast output on the IOPUB channel" (messaging, "Execute"). */
static bool is_silenced(const struct relay *r, const char *msg_type)
{
	return r && r->kind == RELAY_EXECUTE && r->q->args.silent && !str_starts(msg_type, "comm_");
}

static void publish(struct kernel *k, const struct relay *r, const struct jupyter_msg *m,
		    struct slice content)
{
	char topic[128];
	struct jupyter_out out = {
		.msg_type = m->msg_type,
		.parent = r && r->q ? r->q->msg.header : SLICE("{}"),
		.metadata = m->metadata,
		.content = content,
		.buffers = m->frames + m->first_buffer,
		.n_buffers = m->n_frames - m->first_buffer,
	};

	if (is_silenced(r, m->msg_type))
		return;
	out.topic = (struct slice){topic, (size_t)snprintf(topic, sizeof(topic), "kernel.%s.%s",
							   jupyter_signer_session(k->signer),
							   m->msg_type)};
	iopub_publish_full(k->iopub, &out);
}

static void on_output(struct kernel *k, struct relay *r, const struct jupyter_msg *m)
{
	publish(k, r, m, m->content);
}

/* Out[n] counts as the notebook does. */
static void on_result(struct kernel *k, struct relay *r, const struct jupyter_msg *m)
{
	json_auto_t *content = NULL;
	_cleanup_free_ char *text = NULL;
	struct err err = ERR_INIT;

	if (r && r->q &&
	    json_parse(m->content.p, m->content.n, "execute_result", &content, &err) == 0)
		(void)json_object_set_new(content, "execution_count",
					  json_integer(r->q->execution_count));
	text = content ? json_text(content) : NULL;
	publish(k, r, m, text ? slice_of(text) : m->content);
}

/* The child handles the request: from now on SIGINT reaches it. */
static void on_start(struct kernel *k, struct relay *r, const struct jupyter_msg *m)
{
	(void)m;
	if (!r || r->started)
		return;
	r->started = true;
	if (r->interrupt)
		relay_stop(k, r);
}

static void on_busy(struct kernel *k, struct relay *r, const struct jupyter_msg *m)
{
	/* Between busy and execute_input ipykernel sets its handler; a silent cell has no such. */
	if (r->kind != RELAY_EXECUTE || r->q->args.silent)
		on_start(k, r, m);
}

static void on_idle(struct kernel *k, struct relay *r)
{
	if (r->got_idle)
		return;
	r->got_idle = true;
	r->idle_at = clock_ms();
	if (r->kind == RELAY_EXECUTE)
		finish_execute(k, r);
	else if (r->kind == RELAY_COMM)
		kernel_finish(k, r->q);
}

static void on_status(struct kernel *k, struct relay *r, const struct jupyter_msg *m)
{
	struct err err = ERR_INIT;
	json_auto_t *content = NULL;
	const char *state;

	if (!r || json_parse(m->content.p, m->content.n, "status", &content, &err) < 0)
		return;
	state = json_get_str(content, "execution_state", "");
	if (str_eq(state, "busy"))
		on_busy(k, r, m);
	else if (str_eq(state, "idle"))
		on_idle(k, r);
}

static void on_iopub(struct kernel *k, const struct jupyter_msg *m)
{
	static const struct {
		const char *type;
		void (*handle)(struct kernel *, struct relay *, const struct jupyter_msg *);
	} table[] = {
		{"status", on_status},         {"stream", on_output},
		{"display_data", on_output},   {"update_display_data", on_output},
		{"execute_result", on_result}, {"error", on_output},
		{"clear_output", on_output},   {"comm_open", on_output},
		{"comm_msg", on_output},       {"comm_close", on_output},
		{"debug_event", on_output},    {"execute_input", on_start},
	};

	k->child->seen_iopub = true;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (str_eq(table[i].type, m->msg_type))
			table[i].handle(k, relay_find(k->child, m->parent_id), m);
}

/* --- stdin ------------------------------------------------------------------------------- */

/* Its input() ends with EOFError. */
static void refuse_input(struct kernel *k)
{
	struct jupyter_out out = {.msg_type = "input_reply",
				  .content = SLICE("{\"value\":\"\\u0004\"}")};
	struct err err = ERR_INIT;

	if (jupyter_send(k->child->stdin_, k->child->signer, &out, &err) < 0)
		log_line(k->log, LOG_WARNING, "child", "input_reply: %s", err.text);
}

static void on_stdin(struct kernel *k, const struct jupyter_msg *m)
{
	struct relay *r = relay_find(k->child, m->parent_id);
	struct err err = ERR_INIT;

	if (!str_eq(m->msg_type, "input_request"))
		return;
	/* A thread that asks behind its cell's end: no front end listens any more. */
	if (!r || !r->q || r->q->finished) {
		refuse_input(k);
		return;
	}
	struct jupyter_out out = {.idents = r->q->msg.frames,
				  .n_idents = r->q->msg.n_idents,
				  .msg_type = "input_request",
				  .parent = r->q->msg.header,
				  .content = m->content};

	kernel_ask(k, r->q, &out, /*child=*/true, &err);
	if (err.code) {
		log_line(k->log, LOG_WARNING, "child", "input_request: %s", err.text);
		refuse_input(k);
	}
}

static void read_socket(struct kernel *k, void *socket,
			void (*handle)(struct kernel *, const struct jupyter_msg *), int64_t until)
{
	struct child *c = k->child;

	while (c->signer && socket && clock_ms() <= until) {
		struct jupyter_msg m = {0};
		struct err err = ERR_INIT;
		int r = jupyter_recv(socket, c->signer, &m, &err);

		if (r == 0 || r == E_IO)
			return;
		if (r < 0) {
			log_line(k->log, LOG_WARNING, "child", "dropped a message: %s", err.text);
			continue;
		}
		handle(k, &m);
		jupyter_msg_release(&m);
	}
}

void relay_read(struct kernel *k, int64_t until)
{
	struct child *c = k->child;

	/* iopub first: what a cell put out goes before its reply. */
	read_socket(k, c->iopub, on_iopub, until);
	read_socket(k, c->stdin_, on_stdin, until);
	read_socket(k, c->control, on_reply, until);
	read_socket(k, c->shell, on_reply, until);
}
