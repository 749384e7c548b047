/*
 * The child's own subshells: one for each of ours in which something is relayed, opened with the
 * first message.  What is sent before it is open waits in the subshell's list.
 */
#include "kernel/child-int.h"

#include "base/str.h"
#include "kernel/execute.h"

#include <signal.h>
#include <string.h>

static bool is_cell(const struct request *q)
{
	return str_eq(q->msg.msg_type, "execute_request");
}

/* End a request that is not sent any more; takes the reference. */
static void fail(struct kernel *k, struct request *q, const struct err *error)
{
	if (is_cell(q))
		execute_done(k, q, error, NULL);
	else
		kernel_finish(k, q);
	request_unref(q);
}

static void fail_waiting(struct kernel *k, struct subshell *s, const struct err *error)
{
	struct request *list = TAKE(s->waiting);

	while (list) {
		struct request *q = list;

		list = q->next;
		q->next = NULL;
		fail(k, q, error);
	}
}

/* --- opening ------------------------------------------------------------------------------ */

static int ask(struct kernel *k, struct subshell *s, struct err *err)
{
	struct relay_out out = {.kind = RELAY_SUBSHELL,
				.socket = k->child->control,
				.msg_type = "create_subshell_request",
				.content = SLICE("{}"),
				.subshell = s};
	int r = relay_send(k, NULL, &out, err);

	if (r == 0)
		s->child_state = CHILD_SHELL_ASKED;
	return r;
}

bool child_subshell_ready(struct kernel *k, struct request *q)
{
	struct subshell *s = q->subshell;
	struct request **at = &s->waiting;
	struct err error = ERR_INIT;

	if (!s->id || s->child_state == CHILD_SHELL_OPEN)
		return true;
	while (*at)
		at = &(*at)->next;
	*at = request_ref(q);
	if (s->child_state == CHILD_SHELL_NONE && ask(k, s, &error) < 0)
		fail_waiting(k, s, &error);
	return false;
}

static void send_waiting(struct kernel *k, struct subshell *s)
{
	struct request *list = TAKE(s->waiting);

	while (list) {
		struct request *q = list;

		list = q->next;
		q->next = NULL;
		if (is_cell(q))
			relay_execute(k, q);
		else if (!relay_comm(k, q))
			kernel_finish(k, q);
		request_unref(q);
	}
}

/* It goes into headers as it is. */
static bool is_plain(const char *id)
{
	return id[strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_")] ==
	       '\0';
}

void child_subshell_opened(struct kernel *k, struct relay *r, const struct jupyter_msg *m)
{
	struct subshell *s = r->subshell;
	json_auto_t *content = NULL;
	struct err err = ERR_INIT, error = ERR_INIT;
	const char *id = NULL;

	if (!s)
		return;
	if (json_parse(m->content.p, m->content.n, "reply", &content, &err) == 0)
		id = json_get_str(content, "subshell_id", NULL);
	s->child_id = id && is_plain(id) ? str_dup(id) : NULL;
	s->child_state = s->child_id ? CHILD_SHELL_OPEN : CHILD_SHELL_NONE;
	if (s->child_id) {
		send_waiting(k, s);
		return;
	}
	(void)err_set(&error, E_PROTO, "Python opened no subshell: %s",
		      json_get_str(content, "evalue", err.text));
	fail_waiting(k, s, &error);
}

/* --- the end ------------------------------------------------------------------------------ */

static bool is_of(const struct relay *r, const struct subshell *s)
{
	return r->subshell == s || (r->q && r->q->subshell == s);
}

bool child_uses(const struct kernel *k, const struct subshell *s)
{
	for (const struct relay *r = k->child->relays; r; r = r->next)
		if (is_of(r, s) && relay_is_open(r))
			return true;
	return s->waiting != NULL;
}

void child_forget(struct kernel *k, struct subshell *s)
{
	struct child *c = k->child;
	json_auto_t *content = json_pack("{ss*}", "subshell_id", s->child_id);
	_cleanup_free_ char *text = content ? json_text(content) : NULL;
	struct err err = ERR_INIT;

	/* Late output of what ran in it is still shown, as the parent shell's. */
	for (struct relay *r = c->relays; r; r = r->next) {
		if (r->subshell == s)
			r->subshell = NULL;
		if (r->q && r->q->subshell == s)
			r->q->subshell = k->subshells;
	}
	if (c->state != CHILD_READY || !s->child_id || !text)
		return;
	struct relay_out out = {.kind = RELAY_PROBE,
				.socket = c->control,
				.msg_type = "delete_subshell_request",
				.content = slice_of(text)};

	if (relay_send(k, NULL, &out, &err) < 0)
		log_line(k->log, LOG_WARNING, "child", "delete_subshell_request: %s", err.text);
}

void child_subshells_lost(struct kernel *k, const struct err *error)
{
	for (struct subshell *s = k->subshells; s; s = s->next) {
		s->child_state = CHILD_SHELL_NONE;
		free(TAKE(s->child_id));
		fail_waiting(k, s, error);
	}
}

/* --- interrupts --------------------------------------------------------------------------- */

void relay_stop(struct kernel *k, struct relay *r)
{
	struct child *c = k->child;
	json_auto_t *content = json_pack("{ss}", "cell", r->id);
	_cleanup_free_ char *text = content ? json_text(content) : NULL;
	struct err err = ERR_INIT;

	if (!r->q->subshell->id) {
		(void)kill(c->pid, SIGINT);
		return;
	}
	/* A signal reaches the child's main thread alone (docs/BRIDGE.md). */
	struct relay_out out = {.kind = RELAY_PROBE,
				.socket = c->control,
				.msg_type = "splice_interrupt_request",
				.content = text ? slice_of(text) : SLICE("{}")};

	if (relay_send(k, NULL, &out, &err) < 0)
		log_line(k->log, LOG_WARNING, "child", "splice_interrupt_request: %s", err.text);
}

static void stop_waiting(struct kernel *k, struct subshell *s)
{
	struct err error = ERR_INIT;

	(void)err_set(&error, E_CANCEL, "interrupted while Python opened a subshell");
	if (s->waiting)
		fail_waiting(k, s, &error);
}

void relay_interrupt(struct kernel *k, struct subshell *only)
{
	bool main_thread = false;

	for (struct subshell *s = k->subshells; s; s = s->next)
		if (!only || s == only)
			stop_waiting(k, s);
	for (struct relay *r = k->child->relays; r; r = r->next) {
		if (!r->q || (only && r->q->subshell != only))
			continue;
		if (r->kind == RELAY_EXECUTE && !r->started)
			r->interrupt = true;
		else if (relay_is_at_work(r) && r->q->subshell->id)
			relay_stop(k, r);
		else
			main_thread |= relay_is_at_work(r);
	}
	/* One signal, however much runs there. */
	if (main_thread)
		(void)kill(k->child->pid, SIGINT);
}
