/*
 * The threads.  The sender delivers this kernel's journal and, at the start
 * and once a minute, those that dead kernels left; failures are repeated with
 * growing pauses for as long as it takes.  The syncer makes appended records
 * outlive the machine within SYNC_MS.
 */
#include "tracking/deliver.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <uuid/uuid.h>

enum {
	SYNC_MS = 50,
	SCAN_MS = 60000,
	PAUSE_MS = 500, /* after the first failure; doubles */
	PAUSE_MAX_MS = 30000,
	DOUBLINGS_MAX = 6,
	STALE_S = 3600,
	QUIET_FAILURES = 2, /* fewer in a row are not worth telling */
};

#define ROTATE_BYTES MIB(1)

struct sender {
	struct tracking *t;
	struct mlflow *m; /* owned; NULL until needed and after failures */
	unsigned failed;  /* attempts in a row */
	struct delivery own;
};

/* --- waiting --- */

static void deadline_in(struct timespec *ts, int64_t ms)
{
	int64_t at = clock_ms() + (ms < 0 ? 0 : ms);

	ts->tv_sec = at / 1000;
	ts->tv_nsec = (at % 1000) * 1000000L;
}

/* Half of it for sure, the other half at random, so that many kernels do not come at once. */
static int64_t jitter(int64_t ms)
{
	uuid_t random;

	uuid_generate_random(random);
	return ms / 2 + ms * random[0] / 510;
}

/* With the lock held: until there is reason to act or `ms` are over. */
static void wait_for_work(struct tracking *t, int64_t ms, bool failing)
{
	struct timespec until;

	deadline_in(&until, ms);
	while (!t->stopping && !t->kick && (failing || !t->pending))
		if (pthread_cond_timedwait(&t->wake, &t->lock, &until) != 0)
			break;
	t->kick = false;
}

/* --- delivering --- */

static int connect_server(struct sender *s, struct err *err)
{
	return s->m ? 0 : server_connect(s->t, &s->t->stop, &s->m, err);
}

static void note_failure(struct sender *s, int r, const struct err *why)
{
	struct tracking *t = s->t;
	bool tell;

	if (s->m && r == E_IO)
		server_forget(t, mlflow_uri(s->m));
	/* A new connection, perhaps to a new address, costs little beside the pause. */
	mlflow_free(TAKE(s->m));
	s->failed++;
	pthread_mutex_lock(&t->lock);
	t->failures++;
	tell = !t->down && s->failed >= QUIET_FAILURES && t->pending && !t->stopping;
	t->down |= tell;
	pthread_cond_broadcast(&t->done);
	pthread_mutex_unlock(&t->lock);
	if (tell)
		tracking_notice(
			t,
			"the tracking server is in trouble (%.300s); what is logged is kept "
			"and sent when it is well again",
			why->text);
}

static void note_success(struct sender *s, int n_own)
{
	struct tracking *t = s->t;
	bool tell;

	s->failed = 0;
	pthread_mutex_lock(&t->lock);
	t->pending -= (uint64_t)n_own;
	tell = t->down;
	t->down = false;
	pthread_cond_broadcast(&t->done);
	pthread_mutex_unlock(&t->lock);
	if (tell)
		tracking_notice(t,
				"the tracking server is well again; what was kept is being sent");
}

/* A new file in place of one that only holds what was delivered. */
static void rotate(struct tracking *t)
{
	struct err err = ERR_INIT;

	pthread_mutex_lock(&t->sync_lock);
	pthread_mutex_lock(&t->lock);
	if (t->pending == 0 && journal_size(t->journal) > ROTATE_BYTES &&
	    tracking_rotate(t, &err) < 0)
		log_line(t->options.log, LOG_DEBUG, "tracking", "%s", err.text);
	pthread_mutex_unlock(&t->lock);
	pthread_mutex_unlock(&t->sync_lock);
}

static struct journal *own_journal(struct tracking *t)
{
	struct journal *j;

	pthread_mutex_lock(&t->lock);
	j = t->pending ? t->journal : NULL;
	pthread_mutex_unlock(&t->lock);
	return j;
}

/* All that this kernel has logged. */
static int drain_own(struct sender *s, struct err *err)
{
	int r = 0;

	while (!cancel_fired(&s->t->stop) && (s->own.journal = own_journal(s->t))) {
		r = connect_server(s, err);
		s->own.m = s->m;
		if (r == 0)
			r = deliver_batch(&s->own, err);
		if (r <= 0)
			break;
		note_success(s, r);
		rotate(s->t);
	}
	return r;
}

/* --- journals of dead kernels --- */

/* The run that the file's kernel had open, or "" */
static int find_open_run(struct journal *j, char *dst, size_t size, struct err *err)
{
	uint64_t at = 0;

	dst[0] = '\0';
	for (;;) {
		json_auto_t *record = NULL;
		const char *kind, *run;
		int r = journal_next(j, &at, &record, err);

		if (r <= 0)
			return r;
		kind = json_get_str(record, "kind", "");
		run = json_get_str(record, "run", "");
		if (str_eq(kind, "open"))
			snprintf(dst, size, "%s", run);
		else if (str_eq(kind, "end") && str_eq(run, dst))
			dst[0] = '\0';
	}
}

/* Its kernel cannot end the run any more. */
static int end_open_run(struct journal *j, const char *kernel, int64_t time, struct err *err)
{
	char run[64];
	json_auto_t *records = NULL;
	int r = find_open_run(j, run, sizeof(run), err);

	if (r < 0 || !*run)
		return r;
	records = json_pack("[{s:s, s:s, s:s, s:I, s:s}]", "kind", "end", "run", run, "status",
			    "KILLED", "time", (json_int_t)time, "kernel", kernel);
	return records ? journal_append(j, records, err) : err_nomem(err);
}

/* Deliver what is in it, this kernel's own records first. */
static int drain_orphan(struct sender *s, struct journal *j, struct err *err)
{
	struct delivery d = {.t = s->t, .journal = j};
	int r;

	do {
		r = drain_own(s, err);
		if (r == 0)
			r = connect_server(s, err);
		d.m = s->m;
		if (r == 0)
			r = deliver_batch(&d, err);
		if (r > 0)
			note_success(s, /* n_own= */ 0);
	} while (r > 0 && !cancel_fired(&s->t->stop));
	return r > 0 ? cancel_check(&s->t->stop, err) : r;
}

/* 0: delivered, or not for this kernel's server. */
static int adopt(struct sender *s, struct journal *j, int64_t time, struct err *err)
{
	json_auto_t *head = NULL;
	uint64_t at = 0;
	int r = journal_next(j, &at, &head, err);

	if (r <= 0 || !str_eq(json_get_str(head, "kind", ""), "head")) {
		journal_free(j);
		return r < 0 ? r : err_set(err, E_INPUT, "the journal's head is damaged");
	}
	if (!str_eq(json_get_str(head, "server", ""), s->t->server_id)) {
		journal_free(j);
		return 0;
	}
	if (journal_damaged(j))
		tracking_notice(s->t,
				"%u damaged records of an earlier kernel's journal could not be "
				"read; the file is kept as %s.damaged",
				journal_damaged(j), journal_path(j));
	r = end_open_run(j, json_get_str(head, "kernel", ""), time, err);
	if (r == 0)
		r = drain_orphan(s, j, err);
	if (r < 0)
		journal_free(j);
	else
		journal_remove(j);
	return r;
}

static void set_aside(struct tracking *t, const char *path, const struct err *why)
{
	_cleanup_free_ char *aside = str_fmt("%s.damaged", path);

	if (aside && rename(path, aside) == 0)
		tracking_notice(
			t, "an earlier kernel's journal cannot be read (%.300s); it is kept as %s",
			why->text, aside);
}

static int adopt_path(struct sender *s, const char *path, struct err *err)
{
	struct journal *j = NULL;
	struct stat st;
	int64_t time;
	int r;

	if (stat(path, &st) < 0)
		return 0;
	time = (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
	r = journal_adopt(path, &j, err);
	if (r == 0)
		r = adopt(s, j, time, err);
	if (r == E_INPUT)
		set_aside(s->t, path, err);
	/* A living kernel's, or gone: nothing to do. */
	return r == E_EXISTS || r == E_NOTFOUND || r == E_INPUT ? 0 : r;
}

/* A file that was being made when its kernel died: nothing was ever in it. */
static void sweep(const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && clock_wall_ms() / 1000 - st.st_mtim.tv_sec > STALE_S)
		(void)unlink(path);
}

/* Look at every journal; stops at the first that the server does not take. */
static int adopt_all(struct sender *s, struct err *err)
{
	DIR *dir = opendir(s->t->journal_dir);
	struct dirent *entry;
	int r = 0;

	while (dir && r == 0 && !cancel_fired(&s->t->stop) && (entry = readdir(dir))) {
		_cleanup_free_ char *path = NULL;

		path = str_fmt("%s/%s", s->t->journal_dir, entry->d_name);
		if (!path)
			r = err_nomem(err);
		else if (str_ends_ci(path, ".journal"))
			r = adopt_path(s, path, err);
		else if (str_ends_ci(path, ".new"))
			sweep(path);
	}
	if (dir)
		(void)closedir(dir);
	return r;
}

/* --- the threads --- */

static int64_t pause_after(const struct sender *s, int retry_after)
{
	unsigned doublings = s->failed > DOUBLINGS_MAX ? DOUBLINGS_MAX : s->failed - 1;
	int64_t own = (int64_t)PAUSE_MS << doublings;

	own = jitter(own > PAUSE_MAX_MS ? PAUSE_MAX_MS : own);
	return own > retry_after ? own : retry_after;
}

static void *sender_main(void *arg)
{
	struct sender s = {.t = arg, .own.t = arg};
	struct tracking *t = arg;
	int64_t next_scan = clock_ms();

	while (!cancel_fired(&t->stop)) {
		struct err err = ERR_INIT;
		int64_t wait;
		int r = drain_own(&s, &err);
		int retry_after = s.m ? mlflow_retry_after_ms(s.m) : 0;

		if (r == 0 && clock_ms() >= next_scan) {
			r = adopt_all(&s, &err);
			retry_after = s.m ? mlflow_retry_after_ms(s.m) : 0;
			next_scan = r < 0 ? next_scan : clock_ms() + SCAN_MS;
		}
		if (r < 0 && !cancel_fired(&t->stop))
			note_failure(&s, r, &err);
		wait = r < 0 ? pause_after(&s, retry_after) : next_scan - clock_ms();
		pthread_mutex_lock(&t->lock);
		wait_for_work(t, wait, r < 0);
		pthread_mutex_unlock(&t->lock);
	}
	mlflow_free(s.m);
	return NULL;
}

static void *syncer_main(void *arg)
{
	struct tracking *t = arg;
	bool stopping = false;

	while (!stopping) {
		struct err err = ERR_INIT;
		struct journal *j;

		pthread_mutex_lock(&t->lock);
		while (!t->unsynced && !t->stopping)
			pthread_cond_wait(&t->wake, &t->lock);
		stopping = t->stopping;
		pthread_mutex_unlock(&t->lock);
		/* Let more records come; E_TIMEOUT is the plan, the token ends the wait early. */
		if (cancel_wait_fd(&t->stop, -1, 0, SYNC_MS, &err) == E_CANCEL)
			stopping = true;
		pthread_mutex_lock(&t->sync_lock);
		pthread_mutex_lock(&t->lock);
		t->unsynced = false;
		j = t->journal;
		pthread_mutex_unlock(&t->lock);
		if (j && journal_sync(j, &err) < 0)
			tracking_notice(t, "the tracking journal: %.300s", err.text);
		pthread_mutex_unlock(&t->sync_lock);
	}
	return NULL;
}

int sender_start(struct tracking *t, struct err *err)
{
	int r = pthread_create(&t->sender_thread, NULL, sender_main, t);

	if (r != 0)
		return err_set_errno(err, E_IO, r, "cannot start a thread");
	r = pthread_create(&t->syncer_thread, NULL, syncer_main, t);
	if (r == 0)
		return 0;
	cancel_fire(&t->stop);
	pthread_mutex_lock(&t->lock);
	t->stopping = true;
	pthread_cond_broadcast(&t->wake);
	pthread_mutex_unlock(&t->lock);
	(void)pthread_join(t->sender_thread, NULL);
	return err_set_errno(err, E_IO, r, "cannot start a thread");
}

void sender_stop(struct tracking *t, int timeout_ms)
{
	uint64_t pending = 0;

	/* What is left stays in the journal, whatever this says. */
	if (tracking_flush(t, timeout_ms, /* stop_on_failure= */ true, /* cancel= */ NULL, &pending,
			   /* err= */ NULL) < 0)
		pending = 1;
	pthread_mutex_lock(&t->lock);
	t->stopping = true;
	pthread_cond_broadcast(&t->wake);
	pthread_mutex_unlock(&t->lock);
	cancel_fire(&t->stop);
	(void)pthread_join(t->sender_thread, NULL);
	(void)pthread_join(t->syncer_thread, NULL);
}
