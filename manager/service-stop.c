/*
 * The way down: a request to end, SIGTERM, SIGKILL.
 */
#include "manager/service-int.h"

#include "base/proc.h"

#include <signal.h>

/* A request to end, then SIGTERM after this. */
enum { FAREWELL_MS = 10000 };

void service_begin_killing(struct service *s, enum service_state then)
{
	s->then = then;
	probe_release(&s->probe);
	service_enter(s, SERVICE_KILLING);
}

static void begin_terminating(struct service *s)
{
	probe_release(&s->probe);
	service_enter(s, SERVICE_TERMINATING);
	proc_kill_group(s->run.pid, SIGTERM);
	service_signal_all(s, SIGTERM);
}

void service_arrive(struct service *s)
{
	enum service_state then = s->then;

	probe_release(&s->probe);
	service_enter(s, then == SERVICE_CLEARING ? SERVICE_STOPPED : then);
	if (then == SERVICE_CLEARING)
		service_begin_clearing(s, /* automatic= */ false);
}

void service_step_stopping(struct service *s)
{
	enum probe_result result = probe_step(&s->probe);

	if (service_all_gone(s))
		service_arrive(s);
	else if (result == PROBE_FAILED || service_state_ms(s) > FAREWELL_MS)
		begin_terminating(s);
}

void service_step_terminating(struct service *s)
{
	if (service_all_gone(s))
		service_arrive(s);
	else if (service_state_ms(s) > s->def->stop_ms)
		service_begin_killing(s, s->then);
}

void service_step_killing(struct service *s)
{
	if (service_all_gone(s)) {
		service_arrive(s);
	} else if (service_state_ms(s) > SERVICE_KILL_MS) {
		err_set(&s->reason, E_IO, "the processes of %s cannot be ended", s->def->title);
		service_fail(s);
	} else {
		service_signal_all(s, SIGKILL);
	}
}

void service_begin_stopping(struct service *s)
{
	s->then = SERVICE_STOPPED;
	if (!s->def->farewell || s->state != SERVICE_READY) {
		begin_terminating(s);
		return;
	}
	service_enter(s, SERVICE_STOPPING);
	buf_clear(&s->probe.ask);
	s->def->farewell(&s->site, &s->probe.ask);
	(void)probe_start(&s->probe, s->site.port);
}
