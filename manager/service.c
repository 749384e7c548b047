/*
 * The object, its processes, what is asked of it from outside, and the table
 * of states.  What a state waits for is in its step function.
 */
#include "manager/service-int.h"

#include "base/clock.h"
#include "base/proc.h"
#include "manager/ports.h"

#include <signal.h>

/* Between looks at what ends or comes up. */
enum { LOOK_MS = 50 };

const char *service_state_name(enum service_state state)
{
	static const char *const names[] = {
#define STATE_NAME(name, text) [SERVICE_##name] = text,
		SERVICE_STATES(STATE_NAME)
#undef STATE_NAME
	};

	return names[state];
}

int service_new(const struct service_def *def, const struct log *log, service_notice_fn *notice,
		void *userdata, struct service **ret, struct err *err)
{
	_cleanup_(service_freep) struct service *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_nomem(err);
	*s = (struct service){.def = def, .log = log, .notice = notice, .userdata = userdata};
	probe_init(&s->probe);
	r = site_init(&s->site, def, err);
	if (r < 0)
		return r;
	s->mark = site_mark(&s->site, def);
	if (!s->mark)
		return err_nomem(err);
	*ret = TAKE(s);
	return 0;
}

void service_enter(struct service *s, enum service_state state)
{
	log_line(s->log, LOG_INFO, "service", "%s: %s -> %s", s->def->name,
		 service_state_name(s->state), service_state_name(state));
	s->state = state;
	s->since = clock_ms();
}

int64_t service_state_ms(const struct service *s)
{
	return clock_ms() - s->since;
}

void service_tell(struct service *s, const char *text)
{
	if (s->notice)
		s->notice(s->userdata, s, text);
}

/* The service's processes, its first and what that started.  None when /proc fails us. */
struct pids service_processes(const struct service *s)
{
	struct pids p = {0};
	struct err err = ERR_INIT;

	if (procs_marked(s->mark, &p, &err) < 0)
		log_line(s->log, LOG_ERROR, "service", "%s: %s", s->def->name, err.text);
	return p;
}

void service_signal_all(struct service *s, int sig)
{
	_cleanup_(pids_release) struct pids p = service_processes(s);

	leaving_add(&s->leaving, &p);
	procs_signal(&p, sig);
}

/* Whether the first process has ended; if so its status, once. */
bool service_reap(struct service *s, int *ret_status)
{
	if (!s->run.pid || !proc_ended(s->run.pid, ret_status))
		return false;
	s->run.pid = 0;
	return true;
}

bool service_all_gone(struct service *s)
{
	_cleanup_(pids_release) struct pids p = service_processes(s);
	int status;

	(void)service_reap(s, &status);
	return leaving_count(&s->leaving) == 0 && !s->run.pid && p.len == 0;
}

void service_free(struct service *s)
{
	if (!s)
		return;
	if (s->mark && (s->run.pid || s->state != SERVICE_STOPPED)) {
		int status;

		service_signal_all(s, SIGKILL);
		for (int i = 0; s->run.pid && i < 100; i++) {
			(void)service_reap(s, &status);
			(void)poll(NULL, 0, 10);
		}
	}
	leaving_release(&s->leaving);
	probe_release(&s->probe);
	site_release(&s->site);
	free(s->mark);
	free(s);
}

static void step_resting(struct service *s)
{
	(void)s; /* stopped or failed: waits to be asked */
}

void service_ensure(struct service *s)
{
	switch (s->state) {
	case SERVICE_STOPPED:
		s->restarts = 0;
		s->reason = (struct err)ERR_INIT;
		service_begin_clearing(s, /* automatic= */ false);
		break;
	case SERVICE_FAILED:
		service_begin_clearing(s, /* automatic= */ false);
		break;
	case SERVICE_BACKOFF:
		service_begin_clearing(s, /* automatic= */ true);
		break;
	case SERVICE_STOPPING:
	case SERVICE_TERMINATING:
	case SERVICE_KILLING:
		s->then = SERVICE_CLEARING;
		break;
	case SERVICE_CLEARING:
	case SERVICE_STARTING:
	case SERVICE_READY:
		break;
	}
}

bool service_reload(struct service *s)
{
	if (s->state == SERVICE_READY) {
		(void)kill(s->run.pid, SIGHUP);
		return true;
	}
	/* One that is starting may have read them before they changed, and does not listen yet. */
	s->reload_wanted = s->state == SERVICE_STARTING;
	service_ensure(s);
	return s->reload_wanted;
}

void service_stop(struct service *s)
{
	switch (s->state) {
	case SERVICE_STOPPED:
		break;
	case SERVICE_FAILED:
	case SERVICE_BACKOFF:
		s->then = SERVICE_STOPPED;
		service_arrive(s);
		break;
	case SERVICE_STOPPING:
	case SERVICE_TERMINATING:
	case SERVICE_KILLING:
		s->then = SERVICE_STOPPED;
		break;
	case SERVICE_CLEARING:
	case SERVICE_STARTING:
	case SERVICE_READY:
		service_begin_stopping(s);
		break;
	}
}

struct state_row {
	void (*step)(struct service *s);
	bool busy; /* to be looked at again soon, whatever poll says */
};

static const struct state_row state_rows[] = {
	[SERVICE_STOPPED] = {step_resting, false},
	[SERVICE_CLEARING] = {service_step_clearing, true},
	[SERVICE_STARTING] = {service_step_starting, true},
	[SERVICE_READY] = {service_step_ready, false},
	[SERVICE_BACKOFF] = {service_step_backoff, true},
	[SERVICE_FAILED] = {step_resting, false},
	[SERVICE_STOPPING] = {service_step_stopping, true},
	[SERVICE_TERMINATING] = {service_step_terminating, true},
	[SERVICE_KILLING] = {service_step_killing, true},
};

void service_step(struct service *s)
{
	state_rows[s->state].step(s);
}

int64_t service_poll(const struct service *s, struct pollfd *ret)
{
	*ret = (struct pollfd){.fd = s->probe.fd, .events = probe_events(&s->probe)};
	return state_rows[s->state].busy ? clock_ms() + LOOK_MS : INT64_MAX;
}

const struct service_def *service_def(const struct service *s)
{
	return s->def;
}

enum service_state service_state(const struct service *s)
{
	return s->state;
}

const struct err *service_reason(const struct service *s)
{
	return &s->reason;
}

char *service_url(const struct service *s)
{
	return s->def->url(&s->site);
}

void service_info(const struct service *s, struct service_info *ret)
{
	_cleanup_(pids_release) struct pids p = service_processes(s);

	*ret = (struct service_info){
		.pid = s->run.pid,
		.port = s->run.pid ? s->site.port : 0,
		.memory = procs_memory(&p),
		.uptime = s->state == SERVICE_READY ? service_state_ms(s) : 0,
		.restarts = s->restarts,
		.data = s->site.data,
		.log = s->site.log,
	};
}

size_t service_connections(const struct service *s)
{
	size_t n = 0;

	if (s->state == SERVICE_READY && ports_connections(s->site.port, &n, /* err= */ NULL) < 0)
		return 0;
	return n;
}
