/*
 * The way up: clearing what is left, starting, watching, and starting again
 * after a death.
 */
#include "manager/service-int.h"

#include "base/clock.h"
#include "base/proc.h"
#include "manager/logfile.h"
#include "manager/ports.h"

#include <signal.h>

enum {
	PROBE_MS = 100,   /* between questions to a starting server */
	ANSWER_MS = 5000, /* a starting server that does not answer in time is asked again */
	NOTICE_MS = 4000, /* between words to those who wait */
	CLEAR_MS = 5000,  /* leftovers get SIGTERM, then SIGKILL after this */
	DYING_MS = 5000,  /* a port whose owner is just ending is waited for */
	DEATHS_WINDOW_MS = 10 * 60 * 1000, /* SERVICE_DEATHS_MAX automatic restarts within this */
	BACKOFF_FIRST_MS = 500,            /* doubled for each death in the window */
	PORT_LOST_MAX = 3,                 /* starts that lost their port to somebody else */
};

void service_add_log_tail(struct service *s)
{
	_cleanup_free_ char *tail = NULL;
	size_t used = strlen(s->reason.text);

	if (logfile_tail(s->site.log, s->run.log_start, &tail, /* err= */ NULL) == 0 && *tail)
		(void)snprintf(s->reason.text + used, sizeof(s->reason.text) - used,
			       ". Its last words:\n%s", tail);
	err_set_hint(&s->reason, "%s", s->def->advice);
}

static void set_reason_ended(struct service *s, const char *when, int status)
{
	char how[80];

	proc_describe_status(how, sizeof(how), status);
	err_set(&s->reason, E_SERVER, "%s %s%s", s->def->title, how, when);
	service_add_log_tail(s);
}

void service_fail(struct service *s)
{
	log_line(s->log, LOG_ERROR, "service", "%s: %s", s->def->name, s->reason.text);
	probe_release(&s->probe);
	service_signal_all(s, SIGKILL);
	service_enter(s, SERVICE_FAILED);
}

static void tell_start(struct service *s)
{
	char text[160];

	if (s->site.port != s->run.wanted_port) {
		snprintf(text, sizeof(text), "port %d is taken; %s uses %d", s->run.wanted_port,
			 s->def->title, s->site.port);
		log_line(s->log, LOG_INFO, "service", "%s", text);
		service_tell(s, text);
	}
	snprintf(text, sizeof(text), "starting %s …", s->def->title);
	service_tell(s, text);
}

static void begin_start(struct service *s)
{
	struct err err = ERR_INIT;

	if (launch(s->def, &s->site, &s->run, &err) < 0) {
		s->reason = err;
		s->run = (struct launched){0};
		service_fail(s);
		return;
	}
	s->reload_wanted = false; /* it has yet to read them */
	service_enter(s, SERVICE_STARTING);
	log_line(s->log, LOG_INFO, "service", "%s: pid %ld, port %d", s->def->name,
		 (long)s->run.pid, s->site.port);
	buf_clear(&s->probe.ask);
	s->def->ask(&s->site, &s->probe.ask);
	s->next_probe = s->since + PROBE_MS;
	s->next_notice = s->since + NOTICE_MS;
	tell_start(s);
}

/*
 * An earlier server may have lost its mark, and be no process of anybody any
 * more, while its socket still holds the port: a large one takes a while to end.
 */
static bool port_is_dying(struct service *s)
{
	bool dying = false;
	int port;

	if (service_state_ms(s) > DYING_MS || launch_port(s->def, &s->site, &port, NULL) < 0)
		return false;
	return ports_dying(port, &dying, NULL) == 0 && dying;
}

static bool cleared(struct service *s)
{
	return service_all_gone(s) && !port_is_dying(s);
}

void service_begin_clearing(struct service *s, bool automatic)
{
	s->automatic = automatic;
	service_enter(s, SERVICE_CLEARING);
	service_signal_all(s, SIGTERM);
	if (cleared(s)) /* as nearly always */
		begin_start(s);
}

void service_step_clearing(struct service *s)
{
	if (cleared(s)) {
		begin_start(s);
	} else if (service_state_ms(s) > CLEAR_MS + SERVICE_KILL_MS) {
		err_set(&s->reason, E_IO, "processes of an earlier %s cannot be ended",
			s->def->title);
		err_set_hint(&s->reason, "end them by hand: splice-manager logs manager");
		service_fail(s);
	} else if (service_state_ms(s) > CLEAR_MS) {
		service_signal_all(s, SIGKILL);
	}
}

static enum port_owner port_owner(const struct service *s)
{
	_cleanup_(pids_release) struct pids p = service_processes(s);
	enum port_owner owner = PORT_FREE;
	struct err err = ERR_INIT;

	if (ports_owner(s->site.port, &p, &owner, &err) < 0)
		log_line(s->log, LOG_ERROR, "service", "%s: %s", s->def->name, err.text);
	return owner;
}

static int deaths_in_window(const struct service *s)
{
	int n = 0;

	for (int i = 0; i < s->n_deaths && i < SERVICE_DEATHS_MAX; i++)
		n += clock_ms() - s->deaths[i] < DEATHS_WINDOW_MS;
	return n;
}

/* s->reason is set.  Restart by itself, unless that happened too often already. */
static void died(struct service *s)
{
	int before = deaths_in_window(s);

	log_line(s->log, LOG_WARNING, "service", "%s: %s", s->def->name, s->reason.text);
	probe_release(&s->probe);
	s->deaths[s->n_deaths++ % SERVICE_DEATHS_MAX] = clock_ms();
	if (before >= SERVICE_DEATHS_MAX) {
		err_prefix(&s->reason, "%s died %d times in ten minutes and is left alone",
			   s->def->title, before + 1);
		service_fail(s);
		return;
	}
	s->pause_ms = (int64_t)BACKOFF_FIRST_MS << before;
	service_enter(s, SERVICE_BACKOFF);
}

static void ended_while_starting(struct service *s, int status)
{
	if (port_owner(s) == PORT_FOREIGN && ++s->n_port_lost <= PORT_LOST_MAX) {
		service_begin_clearing(s, s->automatic); /* somebody was quicker: another port */
		return;
	}
	set_reason_ended(s, " while it started", status);
	if (s->automatic)
		died(s);
	else
		service_fail(s);
}

static void start_took_too_long(struct service *s)
{
	char limit[32];

	clock_duration(limit, sizeof(limit), s->def->start_ms);
	err_set(&s->reason, E_TIMEOUT, "%s did not answer within %s", s->def->title, limit);
	service_add_log_tail(s);
	service_begin_killing(s, SERVICE_FAILED);
}

/* An answer counts only when the port is held by our own process. */
static bool is_ready(struct service *s)
{
	const struct buf *reply = &s->probe.reply;

	return s->def->answers(reply->data, reply->len) && port_owner(s) == PORT_OURS;
}

static void ask_again(struct service *s)
{
	enum probe_result result = probe_step(&s->probe);
	int64_t now = clock_ms();

	if (result == PROBE_DONE && is_ready(s)) {
		s->n_port_lost = 0;
		service_enter(s, SERVICE_READY);
		if (s->reload_wanted)
			(void)service_reload(s);
		s->reload_wanted = false;
	} else if (result == PROBE_DONE || result == PROBE_FAILED) {
		s->next_probe = now + PROBE_MS;
	} else if (now >= s->next_probe) {
		(void)probe_start(&s->probe, s->site.port);
		s->next_probe = now + ANSWER_MS;
	}
}

void service_step_starting(struct service *s)
{
	int status;

	if (service_reap(s, &status)) {
		ended_while_starting(s, status);
	} else if (service_state_ms(s) > s->def->start_ms) {
		start_took_too_long(s);
	} else {
		if (clock_ms() >= s->next_notice) {
			char text[120];

			s->next_notice += NOTICE_MS;
			snprintf(text, sizeof(text), "starting %s … %lld s", s->def->title,
				 (long long)(service_state_ms(s) / 1000));
			service_tell(s, text);
		}
		ask_again(s);
	}
}

void service_step_ready(struct service *s)
{
	int status;

	if (!service_reap(s, &status))
		return;
	s->restarts++;
	set_reason_ended(s, "", status);
	died(s);
}

void service_step_backoff(struct service *s)
{
	if (service_state_ms(s) >= s->pause_ms)
		service_begin_clearing(s, /* automatic= */ true);
}
