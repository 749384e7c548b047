/* Logging: into the journal, and waiting until it is on the server. */
#include "tracking/entries.h"
#include "tracking/tracking-int.h"

#include "base/clock.h"
#include "base/str.h"

#include <string.h>

enum {
	FLUSH_MS = 10000,
	FLUSH_MAX_MS = 3600000,
	WAIT_SLICE_MS = 50, /* between two looks at the cancel token */
};

int tracking_no_run(struct err *err)
{
	int r = err_set(err, E_USAGE, "no run is active");

	err_set_hint(err, "%%mlmanager run NAME, or manager.create_new_run(), makes one");
	return r;
}

static int make_journal(struct tracking *t, struct journal **ret, struct err *err)
{
	json_auto_t *head =
		json_pack("{s:s, s:s, s:s, s:I}", "kind", "head", "server", t->server_id, "kernel",
			  t->id, "time", (json_int_t)clock_wall_ms());

	return head ? journal_create(t->journal_dir, head, ret, err) : err_nomem(err);
}

int tracking_rotate(struct tracking *t, struct err *err)
{
	_cleanup_(journal_freep) struct journal *fresh = NULL;
	json_auto_t *records = NULL;
	int r = make_journal(t, &fresh, err);

	/* Whoever adopts the new file must know of the open run. */
	if (r == 0 && t->active.run_id && t->active.mine) {
		records = json_pack("[{s:s, s:s}]", "kind", "open", "run", t->active.run_id);
		r = records ? journal_append(fresh, records, err) : err_nomem(err);
	}
	if (r == 0)
		r = journal_sync(fresh, err);
	if (r < 0) {
		if (fresh)
			journal_remove(TAKE(fresh));
		return r;
	}
	journal_remove(t->journal);
	t->journal = TAKE(fresh);
	return 0;
}

/* With the lock held. */
static int append_locked(struct tracking *t, const json_t *records, struct err *err)
{
	json_t *record;
	size_t i;
	int r = t->journal ? 0 : make_journal(t, &t->journal, err);

	if (r == 0)
		r = journal_append(t->journal, records, err);
	if (r < 0)
		return r;
	json_array_foreach (records, i, record)
		t->pending += !str_eq(json_get_str(record, "kind", ""), "open");
	t->unsynced = true;
	pthread_cond_broadcast(&t->wake);
	return 0;
}

int tracking_append(struct tracking *t, const json_t *array, struct err *err)
{
	int r;

	pthread_mutex_lock(&t->lock);
	r = append_locked(t, array, err);
	pthread_mutex_unlock(&t->lock);
	return r;
}

int tracking_end_active(struct tracking *t, const char *status, struct err *err)
{
	json_auto_t *records = NULL;
	struct active *a = &t->active;
	struct active old = {0};
	int r = 0;

	pthread_mutex_lock(&t->lock);
	if (a->run_id && a->mine) {
		records = json_pack("[{s:s, s:s, s:s, s:I}]", "kind", "end", "run", a->run_id,
				    "status", status, "time", (json_int_t)clock_wall_ms());
		r = records ? append_locked(t, records, err) : err_nomem(err);
	}
	if (r == 0 && a->run_id) {
		old = *a;
		*a = (struct active){.experiment_id = TAKE(old.experiment_id),
				     .experiment_name = TAKE(old.experiment_name)};
	}
	pthread_mutex_unlock(&t->lock);
	active_release(&old);
	atomic_fetch_add(&t->version, 1);
	return r;
}

/* --- op log --- */

/* With the lock held: parameters that are accepted now cannot change later. */
static int remember_params(struct tracking *t, const json_t *records, struct err *err)
{
	json_t *record;
	size_t i;

	json_array_foreach (records, i, record) {
		json_t *params = json_object_get(record, "params");

		if (params && json_object_update(t->active.params, params) < 0)
			return err_nomem(err);
	}
	return 0;
}

/* With the lock held. */
static int log_locked(struct op *o, const char *given_run, json_t *notices, struct err *err)
{
	struct tracking *t = o->t;
	const char *truncate = getenv("MLFLOW_TRUNCATE_LONG_VALUES");
	struct entries_rules rules = {.now_ms = clock_wall_ms(), .truncate = true};
	const char *run_id = given_run ? given_run : t->active.run_id;
	json_auto_t *records = NULL;
	bool active;
	int r;

	if (!run_id)
		return tracking_no_run(err);
	active = t->active.run_id && str_eq(run_id, t->active.run_id);
	if (active)
		rules.params = t->active.params;
	if (truncate && *truncate && str_parse_bool(truncate, &rules.truncate, err) < 0)
		return err_prefix(err, "MLFLOW_TRUNCATE_LONG_VALUES");
	r = entries_build(o->args, run_id, &rules, &records, notices, err);
	if (r == 0 && json_array_size(records))
		r = append_locked(t, records, err);
	if (r == 0 && active)
		r = remember_params(t, records, err);
	return r;
}

int op_log(struct op *o, struct err *err)
{
	json_auto_t *notices = json_array();
	const char *run_id;
	json_t *text;
	size_t i;
	int r = notices ? op_text(o, "run_id", /* required= */ false, &run_id, err)
			: err_nomem(err);

	if (r < 0)
		return r;
	pthread_mutex_lock(&o->t->lock);
	r = log_locked(o, run_id, notices, err);
	pthread_mutex_unlock(&o->t->lock);
	json_array_foreach (notices, i, text)
		if (r == 0)
			tracking_notice(o->t, "%s", json_string_value(text));
	return r;
}

/* --- op flush --- */

static void add_ms(struct timespec *ts, int ms)
{
	ts->tv_sec += ms / 1000;
	ts->tv_nsec += (long)(ms % 1000) * 1000000L;
	ts->tv_sec += ts->tv_nsec / 1000000000L;
	ts->tv_nsec %= 1000000000L;
}

int tracking_flush(struct tracking *t, int timeout_ms, bool stop_on_failure, struct cancel *cancel,
		   uint64_t *ret_pending, struct err *err)
{
	int64_t deadline = clock_ms() + timeout_ms;
	uint64_t failures;
	int r = 0;

	pthread_mutex_lock(&t->lock);
	failures = t->failures;
	t->kick = t->pending > 0;
	pthread_cond_broadcast(&t->wake);
	while (t->pending && clock_ms() < deadline && (r = cancel_check(cancel, err)) == 0 &&
	       !(stop_on_failure && t->failures != failures)) {
		struct timespec until;

		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		add_ms(&until, WAIT_SLICE_MS);
		(void)pthread_cond_timedwait(&t->done, &t->lock, &until);
	}
	*ret_pending = t->pending;
	pthread_mutex_unlock(&t->lock);
	return r;
}

int op_flush(struct op *o, struct err *err)
{
	json_int_t timeout = json_get_int(o->args, "timeout_ms", FLUSH_MS);
	uint64_t pending = 0;
	int r;

	timeout = timeout < 0 ? 0 : timeout > FLUSH_MAX_MS ? FLUSH_MAX_MS : timeout;
	r = tracking_flush(o->t, (int)timeout, /* stop_on_failure= */ false, o->cancel, &pending,
			   err);
	return r < 0 ? r : op_put(o, "pending", json_integer((json_int_t)pending), err);
}
