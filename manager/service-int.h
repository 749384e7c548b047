/*
 * What the files of the state machine share: service.c (the object and the
 * table of states), service-start.c (the way up), service-stop.c (the way
 * down).
 */
#ifndef MANAGER_SERVICE_INT_H
#define MANAGER_SERVICE_INT_H

#include "manager/launch.h"
#include "manager/probe.h"
#include "manager/procs.h"
#include "manager/service.h"

enum {
	SERVICE_DEATHS_MAX = 5,
	SERVICE_KILL_MS = 10000, /* what SIGKILL does not end within this is given up */
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
	bool reload_wanted;      /* to be told once it is ready */
	bool automatic;          /* this start follows a death, nobody asked for it */
	struct launched run;     /* run.pid is 0 when there is no process to wait for */
	struct leaving leaving;  /* told to end */
	struct probe probe;
	int64_t since;       /* clock_ms when the state was entered */
	int64_t next_probe;  /* starting */
	int64_t next_notice; /* starting */
	int64_t pause_ms;    /* backoff */
	int64_t deaths[SERVICE_DEATHS_MAX];
	int n_deaths; /* ever; deaths[] is a ring */
	int n_port_lost;
	int restarts;
	struct err reason;
};

/* The only place that changes the state. */
void service_enter(struct service *s, enum service_state state);
/* How long it has been in its state. */
int64_t service_state_ms(const struct service *s);
void service_tell(struct service *s, const char *text);

/* Its processes, the first and what that started.  None when /proc fails us; caller releases. */
struct pids service_processes(const struct service *s);
void service_signal_all(struct service *s, int sig);
/* Whether the first process has ended; if so its status, once. */
bool service_reap(struct service *s, int *ret_status);
/* No process is left. */
bool service_all_gone(struct service *s);

/* To be done with s->reason set: append the log's last lines; enter FAILED. */
void service_add_log_tail(struct service *s);
void service_fail(struct service *s);

/* End what is left of an earlier run, then start.  automatic: after a death, nobody asked. */
void service_begin_clearing(struct service *s, bool automatic);
void service_begin_stopping(struct service *s);
/* SIGKILL, and on to `then`. */
void service_begin_killing(struct service *s, enum service_state then);
/* All processes are gone: enter s->then. */
void service_arrive(struct service *s);

void service_step_clearing(struct service *s);
void service_step_starting(struct service *s);
void service_step_ready(struct service *s);
void service_step_backoff(struct service *s);
void service_step_stopping(struct service *s);
void service_step_terminating(struct service *s);
void service_step_killing(struct service *s);

#endif
