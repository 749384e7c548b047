/* The loop. */
#include "manager/daemon.h"

#include "base/clock.h"
#include "manager/jobs.h"
#include "manager/launch.h"
#include "manager/lock.h"
#include "manager/server.h"
#include "manager/signals.h"
#include "protocol/manager/paths.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <sys/signalfd.h>

/* After the last service has stopped, answers have this long to be read. */
enum { FLUSH_MS = 2000 };

struct daemon {
	const struct log *log; /* borrowed */
	struct service_list services;
	struct server *server;
	int lock_fd, guard_fd, signal_fd;
	int64_t idle_ms;
	int64_t last_seen; /* clock_ms when somebody was last there */
	bool stopping;
	int64_t stopped_at; /* 0 while services run */
};

static void pass_notice(void *userdata, const struct service *s, const char *text)
{
	struct daemon *d = userdata;

	server_notice(d->server, s, text);
}

static int add_services(struct daemon *d, const struct service_def *const *defs, struct err *err)
{
	int r = 0;

	d->services = (struct service_list){.log = d->log, .notice = pass_notice, .userdata = d};
	for (; r == 0 && *defs; defs++)
		r = service_list_add(&d->services, *defs, err);
	return r;
}

static int start_guard(struct daemon *d, struct err *err)
{
	_cleanup_free_ char *mark = NULL;
	int r = managed_mark(&mark, err);

	return r < 0 ? r : guard_start(mark, d->lock_fd, &d->guard_fd, err);
}

/* What must run again though nobody asks: endpoints, and jobs that a manager before left. */
static void start_lasting(struct daemon *d)
{
	size_t jobs = service_list_find(&d->services, jobs_def.name);

	service_list_start_endpoints(&d->services);
	if (jobs < d->services.len && jobs_waiting())
		service_ensure(d->services.items[jobs]);
}

static int open_server(struct daemon *d, const char *socket_path, const char *log_path,
		       struct err *err)
{
	struct server_options options = {
		.path = socket_path,
		.log = d->log,
		.log_path = log_path,
		.services = &d->services,
	};

	return server_new(&options, &d->server, err);
}

int daemon_new(const struct daemon_options *o, struct daemon **ret, struct err *err)
{
	_cleanup_(daemon_freep) struct daemon *d = calloc(1, sizeof(*d));
	_cleanup_free_ char *socket_path = NULL;
	int r;

	if (!d)
		return err_nomem(err);
	*d = (struct daemon){.log = o->log,
			     .idle_ms = o->idle_ms,
			     .lock_fd = -1,
			     .guard_fd = -1,
			     .signal_fd = -1};
	r = manager_socket_path(&socket_path, err);
	if (r == 0)
		r = lock_take(socket_path, o->lock_wait_ms, &d->lock_fd, err);
	if (r == 0)
		r = start_guard(d, err);
	if (r == 0)
		r = signals_open(&d->signal_fd, err);
	if (r == 0)
		r = add_services(d, o->defs, err);
	if (r == 0)
		r = open_server(d, socket_path, o->log_path, err);
	if (r < 0)
		return r;
	d->last_seen = clock_ms();
	start_lasting(d);
	log_line(d->log, LOG_INFO, "manager", "splice-manager %s listens at %s", SPLICE_VERSION,
		 socket_path);
	*ret = TAKE(d);
	return 0;
}

void daemon_free(struct daemon *d)
{
	if (!d)
		return;
	server_free(d->server);
	service_list_release(&d->services);
	closep(&d->signal_fd);
	closep(&d->lock_fd);
	closep(&d->guard_fd);
	free(d);
}

void daemon_stop(struct daemon *d, const char *why)
{
	if (!d->stopping)
		log_line(d->log, LOG_INFO, "manager", "ending: %s", why);
	d->stopping = true;
	server_close(d->server);
	for (size_t i = 0; i < d->services.len; i++)
		service_stop(d->services.items[i]);
}

static void take_signals(struct daemon *d)
{
	struct signalfd_siginfo info;

	while (read(d->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			daemon_stop(d, info.ssi_signo == SIGINT ? "interrupted" : "told to end");
		/* SIGCHLD has done its part by ending the poll; a hang-up means nothing to us. */
	}
}

static bool at_rest(const struct service *s)
{
	return service_state(s) == SERVICE_STOPPED || service_state(s) == SERVICE_FAILED;
}

static bool in_use(const struct daemon *d)
{
	for (size_t i = 0; i < d->services.len; i++) {
		const struct service *s = d->services.items[i];

		if (service_connections(s) || (service_def(s)->stays && !at_rest(s)))
			return true;
	}
	return false;
}

static void drop_gone(struct daemon *d)
{
	size_t i;

	while ((i = service_list_gone(&d->services)) < d->services.len) {
		server_forget(d->server, i);
		service_list_remove(&d->services, i);
	}
}

/* The clock_ms when idleness ends the manager, as far as known now. */
static int64_t idle_deadline(const struct daemon *d)
{
	int64_t used = server_last_use(d->server);

	if (!d->idle_ms || d->stopping || server_busy(d->server))
		return INT64_MAX;
	return (used > d->last_seen ? used : d->last_seen) + d->idle_ms;
}

static void check_idle(struct daemon *d)
{
	if (server_busy(d->server))
		d->last_seen = clock_ms();
	if (clock_ms() < idle_deadline(d))
		return;
	/* Somebody without a kernel, say a browser or a program, may use the servers. */
	if (in_use(d))
		d->last_seen = clock_ms();
	else
		daemon_stop(d, "nothing to do");
}

static void check_stopped(struct daemon *d)
{
	for (size_t i = 0; i < d->services.len; i++)
		if (!at_rest(d->services.items[i]))
			return;
	if (d->stopping && !d->stopped_at)
		d->stopped_at = clock_ms();
}

static int wait_ms(int64_t until, int max_ms)
{
	int64_t left = until == INT64_MAX ? INT_MAX : until - clock_ms();

	left = left < 0 ? 0 : left;
	if (max_ms >= 0 && left > max_ms)
		return max_ms;
	return left >= INT_MAX ? -1 : (int)left + 1;
}

static int wait_for_events(struct daemon *d, int max_ms, struct err *err)
{
	struct pollfd fds[1 + SERVER_LINKS_MAX + 1 + SERVICES_MAX];
	int64_t until = idle_deadline(d);
	size_t n = 0;

	fds[n++] = (struct pollfd){.fd = d->signal_fd, .events = POLLIN};
	n += server_poll(d->server, fds + n);
	for (size_t i = 0; i < d->services.len; i++) {
		int64_t wake = service_poll(d->services.items[i], &fds[n++]);

		until = wake < until ? wake : until;
	}
	if (d->stopping)
		max_ms = max_ms < 0 || max_ms > 50 ? 50 : max_ms;
	if (poll(fds, n, wait_ms(until, max_ms)) < 0 && errno != EINTR)
		return err_set_errno(err, E_IO, errno, "poll");
	return 0;
}

int daemon_step(struct daemon *d, int max_ms, struct err *err)
{
	int r = wait_for_events(d, max_ms, err);

	if (r < 0)
		return r;
	take_signals(d);
	for (size_t i = 0; i < d->services.len; i++)
		service_step(d->services.items[i]);
	server_step(d->server);
	if (server_stop_wanted(d->server) && !d->stopping)
		daemon_stop(d, "a client asked for it");
	drop_gone(d);
	check_idle(d);
	check_stopped(d);
	return 0;
}

bool daemon_done(const struct daemon *d)
{
	return d->stopped_at && (!server_owes(d->server) || clock_ms() - d->stopped_at > FLUSH_MS);
}

int daemon_run(struct daemon *d, struct err *err)
{
	int r = 0;

	while (r == 0 && !daemon_done(d))
		r = daemon_step(d, /* max_ms= */ -1, err);
	return r;
}

int daemon_idle_setting(const struct config *config, int64_t *ret, struct err *err)
{
	const char *text = config_get(config, "manager.idle_minutes");
	double minutes;

	if (str_parse_f64(text, &minutes, err) < 0)
		return err_prefix(err, "setting manager.idle_minutes");
	if (!(minutes >= 0 && minutes < 1e6))
		return err_set(err, E_INPUT, "setting manager.idle_minutes: %s is no time", text);
	*ret = (int64_t)(minutes * 60000);
	return 0;
}
