/*
 * Messages between the front end and the child.  What the child sends is
 * passed on frame by frame under the front end's own parent header; only
 * execution counts are rewritten.  A cell is done when both the reply and
 * idle are in, since they come over different sockets.
 */
#include "kernel/child-int.h"

#include "base/str.h"
#include "kernel/execute.h"
#include "tracking/tracking.h"

#include <string.h>

/* --- the list of what was sent ----------------------------------------------------------- */

static void relay_free(struct relay *r)
{
	request_unref(r->q);
	json_decref(r->reply);
	free(r);
}

static bool is_open(const struct relay *r)
{
	return !r->got_idle || (r->kind != RELAY_COMM && !r->got_reply);
}

/* Drop the oldest that are answered, keeping some for late output. */
static void trim(struct child *c)
{
	struct relay **at = &c->relays;
	size_t n = 0;

	while (*at) {
		struct relay *r = *at;

		if (++n > RELAYS_KEPT && !is_open(r)) {
			*at = r->next;
			relay_free(r);
			c->n_relays--;
		} else {
			at = &r->next;
		}
	}
}

static struct relay *find(const struct child *c, const char *id)
{
	for (struct relay *r = id ? c->relays : NULL; r; r = r->next)
		if (str_eq(r->id, id))
			return r;
	return NULL;
}

struct request *child_request(struct kernel *k, const char *child_msg_id)
{
	struct relay *r = find(k->child, child_msg_id);

	return r ? r->q : NULL;
}

int relay_send(struct kernel *k, struct request *q, const struct relay_out *what, struct err *err)
{
	struct child *c = k->child;
	struct relay *r = calloc(1, sizeof(*r));
	struct jupyter_out out = {.msg_type = what->msg_type,
				  .content = what->content,
				  .metadata = what->metadata};
	int result;

	if (!r)
		return err_nomem(err);
	if (what->id)
		snprintf(r->id, sizeof(r->id), "%s", what->id);
	else
		jupyter_new_id(c->signer, r->id);
	r->kind = what->kind;
	r->q = q ? request_ref(q) : NULL;
	r->prefix = what->prefix;
	out.msg_id = r->id;
	if (what->kind == RELAY_COMM) {
		out.buffers = q->msg.frames + q->msg.first_buffer;
		out.n_buffers = q->msg.n_frames - q->msg.first_buffer;
	}
	result = jupyter_send(what->socket, c->signer, &out, err);
	if (result < 0) {
		relay_free(r);
		return result;
	}
	r->next = c->relays;
	c->relays = r;
	if (++c->n_relays > 2 * RELAYS_KEPT)
		trim(c);
	return 0;
}

/* A question or a comm message that nobody will answer any more. */
static void give_up(struct kernel *k, struct relay *r, const struct err *error)
{
	if (r->kind == RELAY_ASK)
		kernel_reply_error(k, r->q, error);
	kernel_finish(k, r->q);
}

void relay_fail_all(struct kernel *k, const struct err *error)
{
	struct child *c = k->child;
	struct relay *list = c->relays;

	c->relays = NULL;
	c->n_relays = 0;
	while (list) {
		struct relay *r = list;

		list = r->next;
		if (r->kind == RELAY_EXECUTE && is_open(r))
			execute_done(k, r->q, error, NULL);
		else if (r->q && is_open(r))
			give_up(k, r, error);
		relay_free(r);
	}
	/* Cells that waited for the start have sent nothing yet. */
	for (struct subshell *s = k->subshells; s; s = s->next)
		if (s->running && s->running->relayed && k->child->state == CHILD_NONE)
			execute_done(k, s->running, error, NULL);
}

/* --- to the child ------------------------------------------------------------------------ */

/* The request's metadata with our member `splice` (docs/BRIDGE.md, "What a cell knows"). */
static json_t *cell_metadata(struct kernel *k, const struct request *q, const char *id)
{
	struct err err = ERR_INIT;
	json_t *metadata = NULL, *own;

	if (json_parse(q->msg.metadata.p, q->msg.metadata.n, "metadata", &metadata, &err) < 0 ||
	    !json_is_object(metadata)) {
		json_decref(metadata);
		metadata = json_object();
	}
	own = json_pack("{ss si so*}", "cell", id, "execution_count", q->execution_count,
			"tracking", tracking_state_json(k->nb->tracking));
	if (own && q->cell.call.relay_metadata)
		(void)json_object_update(own, q->cell.call.relay_metadata);
	if (!metadata || json_object_set_new(metadata, "splice", own) < 0) {
		json_decref(metadata);
		return NULL;
	}
	return metadata;
}

static json_t *cell_content(const struct request *q)
{
	const char *code = q->cell.call.relay ? q->cell.call.relay : q->cell.call.body;

	/* Our own queue aborts; the child's must not have an opinion of its own. */
	return json_pack("{so sb sb sO* sb sb}", "code", json_strz(code), "silent", q->args.silent,
			 "store_history", q->args.store_history, "user_expressions",
			 q->args.user_expressions, "allow_stdin", q->args.allow_stdin,
			 "stop_on_error", 0);
}

void relay_execute(struct kernel *k, struct request *q)
{
	char id[JUPYTER_ID_SIZE];
	struct err error = ERR_INIT;
	int r;

	jupyter_new_id(k->child->signer, id);
	json_auto_t *content = cell_content(q);
	json_auto_t *metadata = cell_metadata(k, q, id);
	_cleanup_free_ char *content_text = content ? json_text(content) : NULL;
	_cleanup_free_ char *metadata_text = metadata ? json_text(metadata) : NULL;

	if (!content_text || !metadata_text) {
		r = err_nomem(&error);
	} else {
		struct relay_out out = {.kind = RELAY_EXECUTE,
					.socket = k->child->shell,
					.id = id,
					.msg_type = "execute_request",
					.content = slice_of(content_text),
					.metadata = slice_of(metadata_text)};

		r = relay_send(k, q, &out, &error);
	}
	if (r < 0)
		execute_done(k, q, &error, NULL);
}

bool child_ask(struct kernel *k, struct request *q, const json_t *content, size_t prefix)
{
	_cleanup_free_ char *text = json_text(content);
	struct relay_out out = {.kind = RELAY_ASK,
				.socket = k->child->control,
				.msg_type = q->msg.msg_type,
				.content = text ? slice_of(text) : SLICE("{}"),
				.prefix = prefix};
	struct err err = ERR_INIT;

	return text && k->child->state == CHILD_READY && relay_send(k, q, &out, &err) == 0;
}

bool child_comm(struct kernel *k, struct request *q)
{
	struct relay_out out = {.kind = RELAY_COMM,
				.socket = k->child->shell,
				.msg_type = q->msg.msg_type,
				.content = q->msg.content,
				.metadata = q->msg.metadata};
	struct err err = ERR_INIT;

	return k->child->state == CHILD_READY && relay_send(k, q, &out, &err) == 0;
}

void child_input(struct kernel *k, const struct jupyter_msg *reply)
{
	struct jupyter_out out = {.msg_type = "input_reply", .content = reply->content};
	struct err err = ERR_INIT;

	if (k->child->state == CHILD_READY &&
	    jupyter_send(k->child->stdin_, k->child->signer, &out, &err) < 0)
		log_line(k->log, LOG_WARNING, "child", "input_reply: %s", err.text);
}

/* --- from the child: replies ------------------------------------------------------------- */

static void finish_execute(struct kernel *k, struct relay *r)
{
	json_t *reply = r->reply;

	if (!r->got_reply || !r->got_idle)
		return;
	r->reply = NULL;
	execute_done(k, r->q, NULL, reply);
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
	struct relay *r = find(k->child, m->parent_id);

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
}

/* --- from the child: iopub --------------------------------------------------------------- */

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

static void on_status(struct kernel *k, struct relay *r, const struct jupyter_msg *m)
{
	struct err err = ERR_INIT;
	json_auto_t *content = NULL;

	if (!r || r->got_idle ||
	    json_parse(m->content.p, m->content.n, "status", &content, &err) < 0 ||
	    !str_eq(json_get_str(content, "execution_state", ""), "idle"))
		return;
	r->got_idle = true;
	if (r->kind == RELAY_EXECUTE)
		finish_execute(k, r);
	else if (r->kind == RELAY_COMM)
		kernel_finish(k, r->q);
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
		{"debug_event", on_output},
	};

	k->child->seen_iopub = true;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (str_eq(table[i].type, m->msg_type))
			table[i].handle(k, find(k->child, m->parent_id), m);
}

/* --- from the child: stdin --------------------------------------------------------------- */

static void on_stdin(struct kernel *k, const struct jupyter_msg *m)
{
	struct relay *r = find(k->child, m->parent_id);
	struct err err = ERR_INIT;

	if (!r || !r->q || !str_eq(m->msg_type, "input_request"))
		return;
	struct jupyter_out out = {.idents = r->q->msg.frames,
				  .n_idents = r->q->msg.n_idents,
				  .msg_type = "input_request",
				  .parent = r->q->msg.header,
				  .content = m->content};

	kernel_ask(k, r->q, &out, /*child=*/true, &err);
	if (err.code)
		log_line(k->log, LOG_WARNING, "child", "input_request: %s", err.text);
}

static void read_socket(struct kernel *k, void *socket,
			void (*handle)(struct kernel *, const struct jupyter_msg *))
{
	struct child *c = k->child;

	while (c->signer && socket) {
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

void child_read(struct kernel *k)
{
	/* iopub first: what a cell put out goes before its reply. */
	read_socket(k, k->child->iopub, on_iopub);
	read_socket(k, k->child->stdin_, on_stdin);
	read_socket(k, k->child->control, on_reply);
	read_socket(k, k->child->shell, on_reply);
	child_tick(k);
}
