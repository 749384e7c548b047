/* Messages to the child, and the list of what was sent. */
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

bool relay_is_open(const struct relay *r)
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

		if (++n > RELAYS_KEPT && !relay_is_open(r)) {
			*at = r->next;
			relay_free(r);
			c->n_relays--;
		} else {
			at = &r->next;
		}
	}
}

struct relay *relay_find(const struct child *c, const char *id)
{
	for (struct relay *r = id ? c->relays : NULL; r; r = r->next)
		if (str_eq(r->id, id))
			return r;
	return NULL;
}

struct request *child_request(struct kernel *k, const char *child_msg_id)
{
	struct relay *r = relay_find(k->child, child_msg_id);

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
	r->subshell = what->subshell;
	out.msg_id = r->id;
	if (q && what->socket == c->shell)
		out.subshell_id = q->subshell->child_id;
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

bool relay_is_at_work(const struct relay *r)
{
	return (r->kind == RELAY_EXECUTE || r->kind == RELAY_COMM) && r->started && !r->got_idle;
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
		if (r->kind == RELAY_EXECUTE && relay_is_open(r))
			execute_done(k, r->q, error, NULL);
		else if (r->q && relay_is_open(r))
			give_up(k, r, error);
		relay_free(r);
	}
	child_subshells_lost(k, error);
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

bool relay_comm(struct kernel *k, struct request *q)
{
	struct relay_out out = {.kind = RELAY_COMM,
				.socket = k->child->shell,
				.msg_type = q->msg.msg_type,
				.content = q->msg.content,
				.metadata = q->msg.metadata};
	struct err err = ERR_INIT;

	return relay_send(k, q, &out, &err) == 0;
}

bool child_comm(struct kernel *k, struct request *q)
{
	if (k->child->state != CHILD_READY)
		return false;
	return !child_subshell_ready(k, q) || relay_comm(k, q);
}

void child_input(struct kernel *k, const struct jupyter_msg *reply)
{
	struct jupyter_out out = {.msg_type = "input_reply", .content = reply->content};
	struct err err = ERR_INIT;

	if (k->child->state == CHILD_READY &&
	    jupyter_send(k->child->stdin_, k->child->signer, &out, &err) < 0)
		log_line(k->log, LOG_WARNING, "child", "input_reply: %s", err.text);
}
