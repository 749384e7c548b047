/* The life of subshells. */
#include "kernel/subshell.h"

#include "base/limits.h"
#include "base/str.h"
#include "kernel/bridge.h"
#include "kernel/child.h"
#include "kernel/execute.h"

static unsigned count(const struct kernel *k)
{
	unsigned n = 0;

	for (const struct subshell *s = k->subshells; s; s = s->next)
		n++;
	return n;
}

static void drop_requests(struct request *list)
{
	while (list) {
		struct request *q = list;

		list = q->next;
		request_unref(q);
	}
}

static void subshell_free(struct subshell *s)
{
	worker_stop(s->worker);
	bridge_drop(s);
	drop_requests(s->queue);
	drop_requests(s->waiting);
	request_unref(s->running);
	free(s->child_id);
	free(s->id);
	free(s);
}

int subshell_open(struct kernel *k, struct subshell **ret, struct err *err)
{
	struct subshell **at = &k->subshells, *s;
	int r;

	if (count(k) > LIMIT_SUBSHELLS)
		return err_set(err, E_TOOBIG, "this kernel has %u subshells and opens no more",
			       LIMIT_SUBSHELLS);
	s = calloc(1, sizeof(*s));
	if (!s)
		return err_nomem(err);
	r = worker_start(k->zmq, k->nb, &s->worker, err);
	if (r == 0 && k->subshells && !(s->id = jupyter_new_key()))
		r = err_nomem(err);
	if (r < 0) {
		subshell_free(s);
		return r;
	}
	while (*at)
		at = &(*at)->next;
	*at = s;
	*ret = s;
	return 0;
}

struct subshell *subshell_find(const struct kernel *k, const char *id)
{
	for (struct subshell *s = k->subshells; s; s = s->next)
		if (!s->deleted && (id ? s->id && str_eq(id, s->id) : !s->id))
			return s;
	return NULL;
}

json_t *subshell_list(const struct kernel *k)
{
	json_t *list = json_array();

	for (const struct subshell *s = k->subshells; s; s = s->next)
		if (s->id && !s->deleted)
			(void)json_array_append_new(list, json_string(s->id));
	return list;
}

int subshell_delete(struct kernel *k, const char *id, struct err *err)
{
	struct subshell *s = id ? subshell_find(k, id) : NULL;

	if (!s)
		return err_set(err, E_NOTFOUND, "there is no subshell %.80s", id ? id : "(null)");
	s->deleted = true;
	execute_abort(k, s);
	bridge_interrupt(k, s);
	if (s->running && !s->running->relayed)
		cancel_fire(&s->running->cancel);
	child_interrupt(k, s);
	return 0;
}

/* The worker ends only when nobody waits for it: no cell, no call, no message to the child. */
static bool has_ended(struct kernel *k, struct subshell *s)
{
	if (s->running || s->queue || s->worker_jobs || s->calls || child_uses(k, s))
		return false;
	return worker_end(s->worker);
}

void subshell_reap(struct kernel *k)
{
	for (struct subshell **at = &k->subshells; *at;) {
		struct subshell *s = *at;

		if (!s->deleted || !has_ended(k, s)) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		child_forget(k, s);
		subshell_free(s);
	}
}

void subshell_close_all(struct kernel *k)
{
	for (struct subshell *s = k->subshells; s; s = s->next)
		if (s->running)
			cancel_fire(&s->running->cancel);
	while (k->subshells) {
		struct subshell *s = k->subshells;

		k->subshells = s->next;
		subshell_free(s);
	}
}
