/* What clients ask, and what they are answered, at once or when a service gets there. */
#include "manager/server-int.h"

#include "base/clock.h"
#include "manager/status.h"
#include "protocol/manager/wire.h"

static void refuse(struct link *l, json_int_t id, const struct err *err)
{
	manager_error_write(&l->out, id, err);
}

static void do_hello(struct server *s, struct link *l, const struct manager_request *q)
{
	l->greeted = true;
	l->kind = q->kind;
	log_line(s->o.log, LOG_DEBUG, "server", "hello from process %ld", (long)l->pid);
	manager_ok_write(&l->out, q->id,
			 json_pack("{s:i s:s s:i}", "version", MANAGER_VERSION, "manager",
				   SPLICE_VERSION, "pid", (int)getpid()));
}

/* A kernel whose connections broke hears why, once. */
static void tell_restarts(struct server *s, struct link *l, size_t i, json_int_t id)
{
	const struct service *service = s->o.services->items[i];
	struct service_info info;
	char text[256];

	service_info(service, &info);
	if (l->restarts_told[i] >= 0 && info.restarts > l->restarts_told[i]) {
		snprintf(text, sizeof(text), "%.*s and was started again",
			 (int)strcspn(service_reason(service)->text, "\n."),
			 service_reason(service)->text);
		manager_notice_write(&l->out, id, text);
	}
	for (struct link *k = s->links; k; k = k->next)
		if (k->pid == l->pid)
			k->restarts_told[i] = info.restarts;
}

static int add_wait(struct link *l, const struct manager_request *q, struct service *service,
		    struct err *err)
{
	if (l->n_waits == WAITS_MAX)
		return err_set(err, E_TOOBIG, "more than %d requests at a time", WAITS_MAX);
	l->waits[l->n_waits++] = (struct wait){.id = q->id, .op = q->op, .service = service};
	return 0;
}

/* Who comes while the service starts has missed the first notice. */
static void tell_joined(struct link *l, const struct service *service, json_int_t id)
{
	char text[120];

	snprintf(text, sizeof(text), "starting %s …", service_def(service)->title);
	manager_notice_write(&l->out, id, text);
}

/* Ensure, and reload, which is the same but for what runs. */
static int do_ensure(struct server *s, struct link *l, const struct manager_request *q,
		     struct err *err)
{
	struct service *service;
	size_t i;
	int r = service_list_get(s->o.services, q->service, &i, err);

	if (r < 0)
		return r;
	service = s->o.services->items[i];
	if (s->fd < 0)
		return err_set(err, E_CLOSED, "splice-manager is ending");
	if (q->op == MANAGER_RELOAD && !service_def(service)->reloads)
		return err_set(err, E_UNSUPPORTED, "%s has nothing to reload",
			       service_def(service)->title);
	r = add_wait(l, q, service, err);
	if (r < 0)
		return r;
	s->last_use = clock_ms();
	tell_restarts(s, l, i, q->id);
	if (service_state(service) == SERVICE_STARTING)
		tell_joined(l, service, q->id);
	if (q->op == MANAGER_RELOAD)
		l->waits[l->n_waits - 1].reloaded = service_reload(service);
	else
		service_ensure(service);
	return 0;
}

static int do_stop(struct server *s, struct link *l, const struct manager_request *q,
		   struct err *err)
{
	size_t i = 0;
	bool all = !*q->service;
	int r = all ? 0 : service_list_get(s->o.services, q->service, &i, err);

	if (r < 0)
		return r;
	r = add_wait(l, q, all ? NULL : s->o.services->items[i], err);
	if (r < 0)
		return r;
	log_line(s->o.log, LOG_INFO, "server", "process %ld asks to stop %s", (long)l->pid,
		 all ? "everything" : q->service);
	if (all)
		s->stop_wanted = true;
	else
		service_stop(s->o.services->items[i]);
	return 0;
}

static int do_status(struct server *s, struct link *l, const struct manager_request *q)
{
	struct status_manager m = {.uptime = clock_ms() - s->since,
				   .log = s->o.log_path,
				   .version = SPLICE_VERSION};

	for (const struct link *k = s->links; k; k = k->next)
		m.kernels += k->kind == MANAGER_KIND_KERNEL;
	manager_ok_write(&l->out, q->id, status_json(&m, s->o.services));
	return 0;
}

void server_take_line(struct server *s, struct link *l, const char *line, size_t n)
{
	struct manager_request q;
	struct err err = ERR_INIT;
	int r = manager_request_parse(line, n, &q, &err);

	if (r == 0 && !l->greeted && q.op != MANAGER_HELLO)
		r = err_set(&err, E_PROTO, "say hello first");
	if (r == 0) {
		switch (q.op) {
		case MANAGER_HELLO:
			do_hello(s, l, &q);
			break;
		case MANAGER_ENSURE:
		case MANAGER_RELOAD:
			r = do_ensure(s, l, &q, &err);
			break;
		case MANAGER_STATUS:
			r = do_status(s, l, &q);
			break;
		case MANAGER_STOP:
			r = do_stop(s, l, &q, &err);
			break;
		}
	}
	if (r < 0)
		refuse(l, q.id, &err);
}

static json_t *ready_members(const struct wait *w, const char *url)
{
	if (w->op == MANAGER_RELOAD)
		return json_pack("{s:s, s:b}", "url", url, "reloaded", (int)w->reloaded);
	return json_pack("{s:s}", "url", url);
}

/* Whether the wait is over; then its answer is in l->out. */
static bool settle_ensure(struct link *l, const struct wait *w)
{
	struct err err = ERR_INIT;
	char *url;

	switch (service_state(w->service)) {
	case SERVICE_READY:
		url = service_url(w->service);
		manager_ok_write(&l->out, w->id, url ? ready_members(w, url) : NULL);
		if (url)
			explicit_bzero(url, strlen(url));
		free(url);
		return true;
	case SERVICE_FAILED:
		refuse(l, w->id, service_reason(w->service));
		return true;
	case SERVICE_STOPPED:
		err_set(&err, E_SERVER, "%s was stopped while it started",
			service_def(w->service)->title);
		refuse(l, w->id, &err);
		return true;
	default:
		return false;
	}
}

static bool is_stopping(const struct service *s)
{
	enum service_state state = service_state(s);

	return state == SERVICE_STOPPING || state == SERVICE_TERMINATING ||
	       state == SERVICE_KILLING;
}

static bool settle_stop(const struct server *s, struct link *l, const struct wait *w)
{
	const struct service_list *list = s->o.services;

	for (size_t i = 0; i < list->len; i++)
		if ((!w->service || w->service == list->items[i]) && is_stopping(list->items[i]))
			return false;
	if (!w->service && s->fd >= 0)
		return false; /* the daemon has yet to hear of it */
	manager_ok_write(&l->out, w->id, json_object());
	return true;
}

void server_settle(const struct server *s, struct link *l)
{
	for (size_t i = 0; i < l->n_waits;) {
		const struct wait *w = &l->waits[i];

		if (w->op == MANAGER_STOP ? settle_stop(s, l, w) : settle_ensure(l, w))
			l->waits[i] = l->waits[--l->n_waits];
		else
			i++;
	}
}

void server_notice(struct server *s, const struct service *service, const char *text)
{
	for (struct link *l = s->links; l; l = l->next)
		for (size_t i = 0; i < l->n_waits; i++)
			if (l->waits[i].service == service && l->waits[i].op != MANAGER_STOP)
				manager_notice_write(&l->out, l->waits[i].id, text);
}
