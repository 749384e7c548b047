/* One job: made, claimed, told to stop, ended. */
#include "deploy/store-int.h"

#include "base/clock.h"
#include "base/proc.h"
#include "base/str.h"

#define UNENDED "state in ('pending', 'running')"

static const char *const state_names[] = {
	[JOB_PENDING] = "pending", [JOB_RUNNING] = "running",     [JOB_SUCCESS] = "success",
	[JOB_FAILED] = "failed",   [JOB_CANCELLED] = "cancelled",
};

const char *job_state_name(enum job_state state)
{
	return state_names[state];
}

int job_state_parse(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(state_names); i++)
		if (str_eq(state_names[i], name))
			return (int)i;
	return -1;
}

void job_release(struct job *j)
{
	free(j->kind);
	free(j->target);
	free(j->region);
	free(j->app);
	free(j->user);
	json_decref(j->request);
	free(j->step);
	free(j->error);
	free(j->hint);
	json_decref(j->result);
	*j = (struct job){0};
}

static int read_texts(sqlite3_stmt *stmt, struct job *j, struct err *err)
{
	const struct {
		int column;
		char **at;
	} texts[] = {{1, &j->kind}, {2, &j->target}, {3, &j->region}, {4, &j->app},
		     {5, &j->user}, {16, &j->step},  {17, &j->error}, {18, &j->hint}};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		int r = store_column_text(stmt, texts[i].column, texts[i].at, err);

		if (r < 0)
			return r;
	}
	return 0;
}

int store_read_job(struct store *s, sqlite3_stmt *stmt, struct job *ret, struct err *err)
{
	_cleanup_job_ struct job j = {
		.id = sqlite3_column_int64(stmt, 0),
		.cancel_wanted = sqlite3_column_int(stmt, 8),
		.worker = sqlite3_column_int(stmt, 9),
		.worker_start = sqlite3_column_int64(stmt, 10),
		.created = sqlite3_column_int64(stmt, 11),
		.started = sqlite3_column_int64(stmt, 12),
		.ended = sqlite3_column_int64(stmt, 13),
		.attempts = sqlite3_column_int(stmt, 14),
		.retry_of = sqlite3_column_int64(stmt, 15),
	};
	int state = job_state_parse((const char *)sqlite3_column_text(stmt, 7));
	int r = read_texts(stmt, &j, err);

	if (r == 0)
		r = store_column_json(s, stmt, 6, &j.request, err);
	if (r == 0)
		r = store_column_json(s, stmt, 19, &j.result, err);
	if (r < 0)
		return r;
	j.state = state < 0 ? JOB_FAILED : (enum job_state)state;
	*ret = j;
	j = (struct job){0};
	return 0;
}

int store_no_job(int64_t id, struct err *err)
{
	return err_set(err, E_NOTFOUND, "there is no job %lld", (long long)id);
}

int store_job_get(struct store *s, int64_t id, struct job *ret, struct err *err)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r = store_prepare(s, &stmt, err, "select " STORE_JOB_COLUMNS " from job where id = ?",
			      "i", id);

	if (r == 0)
		r = store_row(s, stmt, err);
	if (r < 0)
		return r;
	return r ? store_read_job(s, stmt, ret, err) : store_no_job(id, err);
}

/* Within a transaction. */
static int check_not_busy(struct store *s, const struct job_new *job, struct err *err)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r = store_prepare(s, &stmt, err,
			      "select id, kind, state from job where target = ? and region = ? "
			      "and app = ? and " UNENDED,
			      "sss", job->target, job->region, job->app);

	if (r == 0)
		r = store_row(s, stmt, err);
	if (r <= 0)
		return r;
	err_set(err, E_EXISTS, "job %lld (%s) for %s is %s already",
		(long long)sqlite3_column_int64(stmt, 0), sqlite3_column_text(stmt, 1), job->app,
		sqlite3_column_text(stmt, 2));
	err_set_hint(err, "wait until it has ended, or cancel it");
	return E_EXISTS;
}

static int insert(struct store *s, const struct job_new *job, int64_t *ret_id, struct err *err)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r = check_not_busy(s, job, err);

	if (r == 0)
		r = store_prepare(s, &stmt, err,
				  "insert into job (kind, target, region, app, user, run_id, "
				  "request, state, created, retry_of) "
				  "values (?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?)",
				  "ssssssjii", job->kind, job->target, job->region, job->app,
				  job->user, json_get_str(job->request, "run_id", ""), job->request,
				  clock_wall_ms(), job->retry_of);
	if (r == 0)
		r = store_run(s, stmt, /* ret_changes= */ NULL, err);
	if (r == 0)
		*ret_id = sqlite3_last_insert_rowid(s->db);
	return r;
}

int store_job_add(struct store *s, const struct job_new *job, int64_t *ret_id, struct err *err)
{
	int64_t id = 0;
	int r = store_begin(s, err);

	if (r == 0)
		r = store_end(s, insert(s, job, &id, err), err);
	if (r == 0)
		*ret_id = id;
	return r;
}

static bool has_worker(const struct job *j)
{
	return j->state == JOB_RUNNING && j->worker &&
	       proc_start_time(j->worker) == j->worker_start;
}

static int claim(struct store *s, int64_t id, struct err *err)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	_cleanup_job_ struct job j = {0};
	int r = store_job_get(s, id, &j, err);

	if (r < 0)
		return r;
	if (has_worker(&j))
		return err_set(err, E_EXISTS, "job %lld has a worker: process %ld", (long long)id,
			       (long)j.worker);
	if (j.state != JOB_PENDING && j.state != JOB_RUNNING)
		return err_set(err, E_EXISTS, "job %lld has ended: %s", (long long)id,
			       job_state_name(j.state));
	r = store_prepare(s, &stmt, err,
			  "update job set state = 'running', worker = ?, worker_start = ?, "
			  "started = case started when 0 then ? else started end, "
			  "attempts = attempts + 1 where id = ?",
			  "iiii", (int64_t)getpid(), proc_start_time(getpid()), clock_wall_ms(),
			  id);
	return r < 0 ? r : store_run(s, stmt, /* ret_changes= */ NULL, err);
}

int store_job_claim(struct store *s, int64_t id, struct err *err)
{
	int r = store_begin(s, err);

	return r < 0 ? r : store_end(s, claim(s, id, err), err);
}

int store_job_step(struct store *s, int64_t id, const char *title, struct err *err)
{
	sqlite3_stmt *stmt;
	int64_t changes = 0;
	int r = store_prepare(s, &stmt, err, "update job set step = ? where id = ?", "si", title,
			      id);

	if (r == 0)
		r = store_change(s, stmt, &changes, err);
	return r < 0 || changes ? r : store_no_job(id, err);
}

int store_job_end(struct store *s, int64_t id, enum job_state state, const struct err *why,
		  const json_t *result, struct err *err)
{
	sqlite3_stmt *stmt;
	_cleanup_free_ char *text = utf8_repair(why ? why->text : "", why ? strlen(why->text) : 0);
	_cleanup_free_ char *hint = utf8_repair(why ? why->hint : "", why ? strlen(why->hint) : 0);
	int64_t changes = 0;
	int r;

	if (!text || !hint)
		return err_nomem(err);
	r = store_prepare(s, &stmt, err,
			  "update job set state = ?, error = ?, hint = ?, result = ?, ended = ?, "
			  "worker = 0, worker_start = 0 where id = ? and state = 'running'",
			  "sssjii", job_state_name(state), text, hint, result, clock_wall_ms(), id);
	if (r == 0)
		r = store_change(s, stmt, &changes, err);
	if (r < 0 || changes)
		return r;
	return err_set(err, E_NOTFOUND, "job %lld is not running", (long long)id);
}

static int cancel(struct store *s, int64_t id, struct err *err)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	_cleanup_job_ struct job j = {0};
	int r = store_job_get(s, id, &j, err);

	if (r < 0)
		return r;
	if (j.state == JOB_PENDING)
		r = store_prepare(s, &stmt, err,
				  "update job set state = 'cancelled', cancel_wanted = 1, "
				  "ended = ? where id = ?",
				  "ii", clock_wall_ms(), id);
	else if (j.state == JOB_RUNNING)
		r = store_prepare(s, &stmt, err, "update job set cancel_wanted = 1 where id = ?",
				  "i", id);
	else
		r = err_set(err, E_INPUT, "job %lld has ended already: %s", (long long)id,
			    job_state_name(j.state));
	return r < 0 ? r : store_run(s, stmt, /* ret_changes= */ NULL, err);
}

int store_job_cancel(struct store *s, int64_t id, struct err *err)
{
	int r = store_begin(s, err);

	return r < 0 ? r : store_end(s, cancel(s, id, err), err);
}

int store_job_cancel_wanted(struct store *s, int64_t id, bool *ret, struct err *err)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r = store_prepare(s, &stmt, err, "select cancel_wanted from job where id = ?", "i", id);

	if (r == 0)
		r = store_row(s, stmt, err);
	if (r < 0)
		return r;
	if (r == 0)
		return store_no_job(id, err);
	*ret = sqlite3_column_int(stmt, 0);
	return 0;
}

static int retry(struct store *s, int64_t id, int64_t *ret_id, struct err *err)
{
	_cleanup_job_ struct job j = {0};
	int r = store_job_get(s, id, &j, err);

	if (r < 0)
		return r;
	if (j.state != JOB_FAILED && j.state != JOB_CANCELLED)
		return err_set(err, E_INPUT,
			       "job %lld is not to be tried again: it neither failed nor was "
			       "cancelled (%s)",
			       (long long)id, job_state_name(j.state));

	struct job_new again = {
		.kind = j.kind,
		.target = j.target,
		.region = j.region,
		.app = j.app,
		.user = j.user,
		.request = j.request,
		.retry_of = id,
	};

	return insert(s, &again, ret_id, err);
}

int store_job_retry(struct store *s, int64_t id, int64_t *ret_id, struct err *err)
{
	int64_t new_id = 0;
	int r = store_begin(s, err);

	if (r == 0)
		r = store_end(s, retry(s, id, &new_id, err), err);
	if (r == 0)
		*ret_id = new_id;
	return r;
}

/* What a failed or cancelled job made and did not take back yet. */
static int check_nothing_left(struct store *s, const struct job *j, struct err *err)
{
	_cleanup_job_steps_ struct job_steps steps = {0};
	int r = store_steps(s, j->id, &steps, err);

	for (size_t i = 0; r == 0 && i < steps.len; i++) {
		if (j->state == JOB_SUCCESS || steps.items[i].state == STEP_UNDONE)
			continue;
		r = err_set(err, E_INPUT, "what step \"%s\" of job %lld made is not taken back yet",
			    steps.items[i].name, (long long)j->id);
		err_set_hint(err, "try the job again first: that takes it back");
	}
	return r;
}

static int remove_rows(struct store *s, int64_t id, struct err *err)
{
	static const char *const deletes[] = {"delete from log where job = ?",
					      "delete from step where job = ?",
					      "delete from job where id = ?"};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(deletes); i++) {
		_cleanup_stmt_ sqlite3_stmt *stmt = NULL;

		r = store_prepare(s, &stmt, err, deletes[i], "i", id);
		if (r == 0)
			r = store_run(s, stmt, /* ret_changes= */ NULL, err);
	}
	return r;
}

static int remove_job(struct store *s, int64_t id, struct err *err)
{
	_cleanup_job_ struct job j = {0};
	int r = store_job_get(s, id, &j, err);

	if (r < 0)
		return r;
	if (j.state == JOB_PENDING || j.state == JOB_RUNNING) {
		err_set(err, E_INPUT, "job %lld has not ended", (long long)id);
		err_set_hint(err, "cancel it first");
		return E_INPUT;
	}
	r = check_nothing_left(s, &j, err);
	return r < 0 ? r : remove_rows(s, id, err);
}

int store_job_remove(struct store *s, int64_t id, struct err *err)
{
	int r = store_begin(s, err);

	return r < 0 ? r : store_end(s, remove_job(s, id, err), err);
}
