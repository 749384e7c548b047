/* The queue of jobs. */
#include "manager/queue.h"

#include "base/clock.h"
#include "base/proc.h"
#include "base/str.h"
#include "deploy/steps.h"
#include "deploy/store.h"
#include "manager/signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

enum {
	LOOK_MS = 250,        /* between looks at the store: others than the page add jobs, too */
	PAUSE_FIRST_MS = 500, /* before a job gets another worker; doubled each time */
	PAUSE_MAX_MS = 60000,
	WORKERS_DIE_MAX = STEPS_GIVE_UP + 2, /* workers that cannot even give up */
	REMEMBERED = 64,                     /* jobs that wait for another worker */
};

struct worker {
	int64_t job;
	pid_t pid;
};

/* A job whose worker died or left it, and when it gets another. */
struct pause {
	int64_t job;
	int64_t until; /* clock_ms */
};

struct queue {
	struct queue_options o;
	char *path, *program;
	struct store *store;
	int signal_fd, wake_fd;
	struct worker workers[QUEUE_WORKERS_MAX];
	size_t n_workers;
	struct pause pauses[REMEMBERED];
	size_t n_pauses;
	int64_t version; /* of the store, when it was last looked at */
	int64_t again;   /* clock_ms when it is to be looked at though unchanged */
	bool busy, ended;
};

/* --- its life --- */

static int open_signals(struct queue *q, struct err *err)
{
	int r = signals_open(&q->signal_fd, err);

	if (r < 0)
		return r;
	q->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return q->wake_fd < 0 ? err_set_errno(err, E_IO, errno, "eventfd") : 0;
}

int queue_new(const struct queue_options *options, struct queue **ret, struct err *err)
{
	_cleanup_(queue_freep) struct queue *q = calloc(1, sizeof(*q));
	int r;

	if (!q)
		return err_nomem(err);
	*q = (struct queue){.o = *options, .signal_fd = -1, .wake_fd = -1, .version = -1};
	q->path = str_dup(options->store_path);
	q->program = str_dup(options->program);
	if (!q->path || !q->program)
		return err_nomem(err);
	r = open_signals(q, err);
	if (r == 0)
		r = store_open(q->path, &q->store, err);
	if (r == 0)
		*ret = TAKE(q);
	return r;
}

void queue_free(struct queue *q)
{
	if (!q)
		return;
	for (size_t i = 0; i < q->n_workers; i++) {
		proc_kill_group(q->workers[i].pid, SIGKILL);
		(void)waitpid(q->workers[i].pid, NULL, 0);
	}
	store_close(q->store);
	closep(&q->signal_fd);
	closep(&q->wake_fd);
	free(q->path);
	free(q->program);
	free(q);
}

void queue_wake(struct queue *q)
{
	uint64_t one = 1;

	if (write(q->wake_fd, &one, sizeof(one)) < 0)
		return; /* it is awake already */
}

bool queue_ended(const struct queue *q)
{
	return q->ended;
}

bool queue_busy(const struct queue *q)
{
	return q->busy || q->n_workers;
}

/* --- workers --- */

static bool has_worker(const struct queue *q, int64_t job)
{
	for (size_t i = 0; i < q->n_workers; i++)
		if (q->workers[i].job == job)
			return true;
	return false;
}

static int spawn(struct queue *q, int64_t job, struct err *err)
{
	char id[24];
	const char *const argv[] = {q->program, "work", id, NULL};
	struct proc_options options = {.argv = argv, .out_fd = 2, .die_with_parent = true};
	struct worker *w = &q->workers[q->n_workers];
	int r;

	snprintf(id, sizeof(id), "%lld", (long long)job);
	r = proc_spawn(&options, &w->pid, err);
	if (r < 0)
		return r;
	w->job = job;
	q->n_workers++;
	log_line(q->o.log, LOG_INFO, "queue", "job %s: process %ld", id, (long)w->pid);
	return 0;
}

static struct pause *find_pause(struct queue *q, int64_t job)
{
	for (size_t i = 0; i < q->n_pauses; i++)
		if (q->pauses[i].job == job)
			return &q->pauses[i];
	return NULL;
}

/* A job that does not fit is taken on again at once. */
static void set_pause(struct queue *q, int64_t job, int attempts)
{
	struct pause *p = find_pause(q, job);
	int64_t ms = attempts < 8 ? (int64_t)PAUSE_FIRST_MS << attempts : PAUSE_MAX_MS;

	if (!p && q->n_pauses < REMEMBERED)
		p = &q->pauses[q->n_pauses++];
	if (p)
		*p = (struct pause){job, clock_ms() + (ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS)};
}

/* After a worker that has not ended its job. */
static void after_worker(struct queue *q, const struct worker *w, int status)
{
	_cleanup_job_ struct job j = {0};
	char how[80];

	if (store_job_get(q->store, w->job, &j, /* err= */ NULL) < 0 || j.state != JOB_RUNNING)
		return;
	proc_describe_status(how, sizeof(how), status);
	log_line(q->o.log, LOG_WARNING, "queue", "job %lld: its worker %s", (long long)w->job, how);
	if (WIFSIGNALED(status))
		(void)(store_log_add(q->store, w->job, "the worker was killed; another goes on",
				     /* err= */ NULL) < 0);
	set_pause(q, w->job, j.attempts - 1);
}

static void reap(struct queue *q)
{
	for (size_t i = 0; i < q->n_workers;) {
		struct worker w = q->workers[i];
		int status;

		if (!proc_ended(w.pid, &status)) {
			i++;
			continue;
		}
		q->workers[i] = q->workers[--q->n_workers];
		after_worker(q, &w, status);
		q->version = -1; /* look again */
	}
}

/* --- jobs --- */

/* Its workers die before they can give up: nobody can say what it left. */
static int give_up(struct queue *q, const struct job *j, struct err *err)
{
	struct err why = ERR_INIT;

	err_set(&why, E_SERVER,
		"%d workers died over this job, at last while \"%s\"; what it made "
		"may be left",
		j->attempts, j->step);
	err_set_hint(&why, "splice-manager logs jobs shows how they died");
	return store_job_end(q->store, j->id, JOB_FAILED, &why, /* result= */ NULL, err);
}

static int take_on(struct queue *q, const struct job *j, struct err *err)
{
	const struct pause *pause = find_pause(q, j->id);
	bool lives = j->worker && proc_start_time(j->worker) == j->worker_start;

	if (has_worker(q, j->id) || lives)
		return 0; /* somebody may run one by hand */
	if (j->attempts >= WORKERS_DIE_MAX)
		return give_up(q, j, err);
	if (pause && clock_ms() < pause->until) {
		q->again = pause->until < q->again ? pause->until : q->again;
		return 0;
	}
	return q->n_workers < (size_t)q->o.workers ? spawn(q, j->id, err) : 0;
}

/* Oldest first. */
static int take_on_all(struct queue *q, enum job_state state, struct err *err)
{
	_cleanup_jobs_ struct jobs list = {0};
	struct jobs_query query = {.state = (int)state, .max = 200};
	int r = store_jobs(q->store, &query, &list, err);

	q->busy = q->busy || list.len;
	for (size_t i = list.len; r == 0 && i-- > 0;)
		r = take_on(q, &list.items[i], err);
	return r;
}

static void forget_ended(struct queue *q)
{
	for (size_t i = 0; i < q->n_pauses;) {
		_cleanup_job_ struct job j = {0};

		if (store_job_get(q->store, q->pauses[i].job, &j, /* err= */ NULL) == 0 &&
		    j.state == JOB_RUNNING)
			i++;
		else
			q->pauses[i] = q->pauses[--q->n_pauses];
	}
}

/* Those that were begun go first: they hold things that are half made. */
static int look(struct queue *q, struct err *err)
{
	int64_t version;
	int r = store_version(q->store, &version, err);

	if (r < 0 || (version == q->version && clock_ms() < q->again))
		return r;
	q->version = version;
	q->again = INT64_MAX;
	q->busy = false;
	forget_ended(q);
	r = take_on_all(q, JOB_RUNNING, err);
	return r < 0 ? r : take_on_all(q, JOB_PENDING, err);
}

/* --- a round --- */

static void take_signals(struct queue *q)
{
	struct signalfd_siginfo info;

	while (read(q->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT)
			q->ended = true;
}

int queue_step(struct queue *q, int max_ms, struct err *err)
{
	struct pollfd fds[] = {{.fd = q->signal_fd, .events = POLLIN},
			       {.fd = q->wake_fd, .events = POLLIN}};
	uint64_t count;

	if (poll(fds, ARRAY_LEN(fds), max_ms < LOOK_MS ? max_ms : LOOK_MS) < 0 && errno != EINTR)
		return err_set_errno(err, E_IO, errno, "poll");
	if (read(q->wake_fd, &count, sizeof(count)) > 0)
		q->version = -1;
	take_signals(q);
	reap(q);
	return q->ended ? 0 : look(q, err);
}
