/*
 * The state machine.  enter() is the only place that changes the state; what
 * a state waits for is in its step function.
 */
#include "manager/service.h"

#include "base/clock.h"
#include "base/proc.h"
#include "manager/launch.h"
#include "manager/logfile.h"
#include "manager/ports.h"
#include "manager/probe.h"

#include <signal.h>

enum {
	LOOK_MS = 50,        /* between looks at what ends or comes up */
	PROBE_MS = 100,      /* between questions to a starting server */
	ANSWER_MS = 5000,    /* a starting server that does not answer in time is asked again */
	NOTICE_MS = 4000,    /* between words to those who wait */
	CLEAR_MS = 5000,     /* leftovers get SIGTERM, then SIGKILL after this */
	FAREWELL_MS = 10000, /* a request to end, then SIGTERM after this */
	KILL_MS = 10000,     /* what SIGKILL does not end within this is given up */
	DEATHS_MAX = 5,      /* automatic restarts within … */
	DEATHS_WINDOW_MS = 10 * 60 * 1000,
	BACKOFF_FIRST_MS = 500, /* doubled for each death in the window */
	PORT_LOST_MAX = 3,      /* starts that lost their port to somebody else */
};

struct service {
	const struct service_def *def;
	const struct log *log; /* borrowed */
	service_notice_fn *notice;
	void *userdata;
	struct service_site site;
	char *mark;
	enum service_state state;
	enum service_state then; /* where the stopping states lead */
	bool automatic;          /* this start follows a death, nobody asked for it */
	struct launched run;     /* run.pid is 0 when there is no process to wait for */
	struct probe probe;
	int64_t since;       /* clock_ms when the state was entered */
	int64_t next_probe;  /* starting */
	int64_t next_notice; /* starting */
	int64_t pause_ms;    /* backoff */
	int64_t deaths[DEATHS_MAX];
	int n_deaths; /* ever; deaths[] is a ring */
	int n_port_lost;
	int restarts;
	struct err reason;
};

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

static void enter(struct service *s, enum service_state state)
{
	log_line(s->log, LOG_INFO, "service", "%s: %s -> %s", s->def->name,
		 service_state_name(s->state), service_state_name(state));
	s->state = state;
	s->since = clock_ms();
}

static int64_t in_state_ms(const struct service *s)
{
	return clock_ms() - s->since;
}

static void tell(struct service *s, const char *text)
{
	if (s->notice)
		s->notice(s->userdata, s, text);
}

/* The service's processes, its first and what that started.  None when /proc fails us. */
static struct pids processes(const struct service *s)
{
	struct pids p = {0};
	struct err err = ERR_INIT;

	if (procs_marked(s->mark, &p, &err) < 0)
		log_line(s->log, LOG_ERROR, "service", "%s: %s", s->def->name, err.text);
	return p;
}

static void signal_all(const struct service *s, int sig)
{
	_cleanup_(pids_release) struct pids p = processes(s);

	procs_signal(&p, sig);
}

/* Whether the first process has ended; if so its status, once. */
static bool reap(struct service *s, int *ret_status)
{
	if (!s->run.pid || !proc_ended(s->run.pid, ret_status))
		return false;
	s->run.pid = 0;
	return true;
}

static bool all_gone(struct service *s)
{
	_cleanup_(pids_release) struct pids p = processes(s);
	int status;

	(void)reap(s, &status);
	return !s->run.pid && p.len == 0;
}

void service_free(struct service *s)
{
	if (!s)
		return;
	if (s->mark && (s->run.pid || s->state != SERVICE_STOPPED)) {
		int status;

		signal_all(s, SIGKILL);
		for (int i = 0; s->run.pid && i < 100; i++) {
			(void)reap(s, &status);
			(void)poll(NULL, 0, 10);
		}
	}
	probe_release(&s->probe);
	site_release(&s->site);
	free(s->mark);
	free(s);
}

static void add_log_tail(struct service *s)
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
	add_log_tail(s);
}

static void fail(struct service *s)
{
	log_line(s->log, LOG_ERROR, "service", "%s: %s", s->def->name, s->reason.text);
	probe_release(&s->probe);
	signal_all(s, SIGKILL);
	enter(s, SERVICE_FAILED);
}

static void tell_start(struct service *s)
{
	char text[160];

	if (s->site.port != s->run.wanted_port) {
		snprintf(text, sizeof(text), "port %d is taken; %s uses %d", s->run.wanted_port,
			 s->def->title, s->site.port);
		log_line(s->log, LOG_INFO, "service", "%s", text);
		tell(s, text);
	}
	snprintf(text, sizeof(text), "starting %s …", s->def->title);
	tell(s, text);
}

static void begin_start(struct service *s)
{
	struct err err = ERR_INIT;

	if (launch(s->def, &s->site, &s->run, &err) < 0) {
		s->reason = err;
		s->run = (struct launched){0};
		fail(s);
		return;
	}
	enter(s, SERVICE_STARTING);
	log_line(s->log, LOG_INFO, "service", "%s: pid %ld, port %d", s->def->name,
		 (long)s->run.pid, s->site.port);
	buf_clear(&s->probe.ask);
	s->def->ask(&s->site, &s->probe.ask);
	s->next_probe = s->since + PROBE_MS;
	s->next_notice = s->since + NOTICE_MS;
	tell_start(s);
}

static void begin_clearing(struct service *s, bool automatic)
{
	s->automatic = automatic;
	enter(s, SERVICE_CLEARING);
	signal_all(s, SIGTERM);
	if (all_gone(s)) /* as nearly always */
		begin_start(s);
}

static void step_clearing(struct service *s)
{
	if (all_gone(s)) {
		begin_start(s);
	} else if (in_state_ms(s) > CLEAR_MS + KILL_MS) {
		err_set(&s->reason, E_IO, "processes of an earlier %s cannot be ended",
			s->def->title);
		err_set_hint(&s->reason, "end them by hand: splice-manager logs manager");
		fail(s);
	} else if (in_state_ms(s) > CLEAR_MS) {
		signal_all(s, SIGKILL);
	}
}

static enum port_owner port_owner(const struct service *s)
{
	_cleanup_(pids_release) struct pids p = processes(s);
	enum port_owner owner = PORT_FREE;
	struct err err = ERR_INIT;

	if (ports_owner(s->site.port, &p, &owner, &err) < 0)
		log_line(s->log, LOG_ERROR, "service", "%s: %s", s->def->name, err.text);
	return owner;
}

static int deaths_in_window(const struct service *s)
{
	int n = 0;

	for (int i = 0; i < s->n_deaths && i < DEATHS_MAX; i++)
		n += clock_ms() - s->deaths[i] < DEATHS_WINDOW_MS;
	return n;
}

/* s->reason is set.  Restart by itself, unless that happened too often already. */
static void died(struct service *s)
{
	int before = deaths_in_window(s);

	log_line(s->log, LOG_WARNING, "service", "%s: %s", s->def->name, s->reason.text);
	probe_release(&s->probe);
	s->deaths[s->n_deaths++ % DEATHS_MAX] = clock_ms();
	if (before >= DEATHS_MAX) {
		err_prefix(&s->reason, "%s died %d times in ten minutes and is left alone",
			   s->def->title, before + 1);
		fail(s);
		return;
	}
	s->pause_ms = (int64_t)BACKOFF_FIRST_MS << before;
	enter(s, SERVICE_BACKOFF);
}

static void ended_while_starting(struct service *s, int status)
{
	if (port_owner(s) == PORT_FOREIGN && ++s->n_port_lost <= PORT_LOST_MAX) {
		begin_clearing(s, s->automatic); /* somebody was quicker: another port */
		return;
	}
	set_reason_ended(s, " while it started", status);
	if (s->automatic)
		died(s);
	else
		fail(s);
}

static void begin_killing(struct service *s, enum service_state then)
{
	s->then = then;
	probe_release(&s->probe);
	enter(s, SERVICE_KILLING);
}

static void start_took_too_long(struct service *s)
{
	char limit[32];

	clock_duration(limit, sizeof(limit), s->def->start_ms);
	err_set(&s->reason, E_TIMEOUT, "%s did not answer within %s", s->def->title, limit);
	add_log_tail(s);
	begin_killing(s, SERVICE_FAILED);
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
		enter(s, SERVICE_READY);
	} else if (result == PROBE_DONE || result == PROBE_FAILED) {
		s->next_probe = now + PROBE_MS;
	} else if (now >= s->next_probe) {
		(void)probe_start(&s->probe, s->site.port);
		s->next_probe = now + ANSWER_MS;
	}
}

static void step_starting(struct service *s)
{
	int status;

	if (reap(s, &status)) {
		ended_while_starting(s, status);
	} else if (in_state_ms(s) > s->def->start_ms) {
		start_took_too_long(s);
	} else {
		if (clock_ms() >= s->next_notice) {
			char text[120];

			s->next_notice += NOTICE_MS;
			snprintf(text, sizeof(text), "starting %s … %lld s", s->def->title,
				 (long long)(in_state_ms(s) / 1000));
			tell(s, text);
		}
		ask_again(s);
	}
}

static void step_ready(struct service *s)
{
	int status;

	if (!reap(s, &status))
		return;
	s->restarts++;
	set_reason_ended(s, "", status);
	died(s);
}

static void step_backoff(struct service *s)
{
	if (in_state_ms(s) >= s->pause_ms)
		begin_clearing(s, /* automatic= */ true);
}

static void step_resting(struct service *s)
{
	(void)s; /* stopped or failed: waits to be asked */
}

static void begin_terminating(struct service *s)
{
	probe_release(&s->probe);
	enter(s, SERVICE_TERMINATING);
	proc_kill_group(s->run.pid, SIGTERM);
	signal_all(s, SIGTERM);
}

static void arrive(struct service *s)
{
	enum service_state then = s->then;

	probe_release(&s->probe);
	enter(s, then == SERVICE_CLEARING ? SERVICE_STOPPED : then);
	if (then == SERVICE_CLEARING)
		begin_clearing(s, /* automatic= */ false);
}

static void step_stopping(struct service *s)
{
	enum probe_result result = probe_step(&s->probe);

	if (all_gone(s))
		arrive(s);
	else if (result == PROBE_FAILED || in_state_ms(s) > FAREWELL_MS)
		begin_terminating(s);
}

static void step_terminating(struct service *s)
{
	if (all_gone(s))
		arrive(s);
	else if (in_state_ms(s) > s->def->stop_ms)
		begin_killing(s, s->then);
}

static void step_killing(struct service *s)
{
	if (all_gone(s)) {
		arrive(s);
	} else if (in_state_ms(s) > KILL_MS) {
		err_set(&s->reason, E_IO, "the processes of %s cannot be ended", s->def->title);
		fail(s);
	} else {
		signal_all(s, SIGKILL);
	}
}

static void begin_stopping(struct service *s)
{
	s->then = SERVICE_STOPPED;
	if (!s->def->farewell || s->state != SERVICE_READY) {
		begin_terminating(s);
		return;
	}
	enter(s, SERVICE_STOPPING);
	buf_clear(&s->probe.ask);
	s->def->farewell(&s->site, &s->probe.ask);
	(void)probe_start(&s->probe, s->site.port);
}

void service_ensure(struct service *s)
{
	switch (s->state) {
	case SERVICE_STOPPED:
		s->restarts = 0;
		s->reason = (struct err)ERR_INIT;
		begin_clearing(s, /* automatic= */ false);
		break;
	case SERVICE_FAILED:
		begin_clearing(s, /* automatic= */ false);
		break;
	case SERVICE_BACKOFF:
		begin_clearing(s, /* automatic= */ true);
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

void service_stop(struct service *s)
{
	switch (s->state) {
	case SERVICE_STOPPED:
		break;
	case SERVICE_FAILED:
	case SERVICE_BACKOFF:
		s->then = SERVICE_STOPPED;
		arrive(s);
		break;
	case SERVICE_STOPPING:
	case SERVICE_TERMINATING:
	case SERVICE_KILLING:
		s->then = SERVICE_STOPPED;
		break;
	case SERVICE_CLEARING:
	case SERVICE_STARTING:
	case SERVICE_READY:
		begin_stopping(s);
		break;
	}
}

struct state_row {
	void (*step)(struct service *s);
	bool busy; /* to be looked at again soon, whatever poll says */
};

static const struct state_row state_rows[] = {
	[SERVICE_STOPPED] = {step_resting, false},
	[SERVICE_CLEARING] = {step_clearing, true},
	[SERVICE_STARTING] = {step_starting, true},
	[SERVICE_READY] = {step_ready, false},
	[SERVICE_BACKOFF] = {step_backoff, true},
	[SERVICE_FAILED] = {step_resting, false},
	[SERVICE_STOPPING] = {step_stopping, true},
	[SERVICE_TERMINATING] = {step_terminating, true},
	[SERVICE_KILLING] = {step_killing, true},
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
	_cleanup_(pids_release) struct pids p = processes(s);

	*ret = (struct service_info){
		.pid = s->run.pid,
		.port = s->run.pid ? s->site.port : 0,
		.memory = procs_memory(&p),
		.uptime = s->state == SERVICE_READY ? in_state_ms(s) : 0,
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
