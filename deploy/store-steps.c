/* A job's log and the journal of its steps. */
#include "deploy/store-int.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"

enum {
	LOG_READ_MAX = 10000,
	LOG_LINE_MAX = 16384, /* a longer line is cut: nobody reads it */
};

void job_log_release(struct job_log *log)
{
	for (size_t i = 0; i < log->len; i++)
		free(log->items[i].text);
	free(log->items);
	*log = (struct job_log){0};
}

void job_steps_release(struct job_steps *steps)
{
	for (size_t i = 0; i < steps->len; i++) {
		free(steps->items[i].name);
		json_decref(steps->items[i].plan);
		json_decref(steps->items[i].result);
	}
	free(steps->items);
	*steps = (struct job_steps){0};
}

int store_log_add(struct store *s, int64_t id, const char *text, struct err *err)
{
	size_t n = strlen(text);
	_cleanup_free_ char *line = utf8_repair(text, n < LOG_LINE_MAX ? n : LOG_LINE_MAX);
	sqlite3_stmt *stmt;
	int64_t changes = 0;
	int r;

	if (!line)
		return err_nomem(err);
	r = store_prepare(s, &stmt, err,
			  "insert into log (job, number, time, text) select id, "
			  "1 + coalesce((select max(number) from log where job = id), 0), ?2, ?3 "
			  "from job where id = ?1",
			  "iis", id, clock_wall_ms(), line);
	if (r == 0)
		r = store_change(s, stmt, &changes, err);
	return r < 0 || changes ? r : store_no_job(id, err);
}

static int add_line(struct job_log *log, sqlite3_stmt *stmt, struct err *err)
{
	struct job_log_line *items = realloc(log->items, (log->len + 1) * sizeof(*items));
	int r;

	if (!items)
		return err_nomem(err);
	log->items = items;
	items[log->len] = (struct job_log_line){
		.number = sqlite3_column_int64(stmt, 0),
		.time = sqlite3_column_int64(stmt, 1),
	};
	r = store_column_text(stmt, 2, &items[log->len].text, err);
	if (r == 0)
		log->len++;
	return r;
}

int store_log_read(struct store *s, int64_t id, int64_t after, int max, struct job_log *ret,
		   struct err *err)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	_cleanup_job_log_ struct job_log log = {0};
	int64_t limit = max < 1 ? 1 : max > LOG_READ_MAX ? LOG_READ_MAX : max;
	int r = store_prepare(s, &stmt, err,
			      "select number, time, text from log where job = ? and number > ? "
			      "order by number limit ?",
			      "iii", id, after, limit);

	while (r == 0 && (r = store_row(s, stmt, err)) > 0)
		r = add_line(&log, stmt, err);
	if (r < 0)
		return r;
	*ret = log;
	log = (struct job_log){0};
	return 0;
}

static int step_exists(struct store *s, int64_t id, const char *name, struct err *err)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	int r = store_prepare(s, &stmt, err, "select 1 from step where job = ? and name = ?", "is",
			      id, name);

	return r < 0 ? r : store_row(s, stmt, err);
}

int store_step_begin(struct store *s, int64_t id, const char *name, const json_t *plan,
		     struct err *err)
{
	sqlite3_stmt *stmt;
	int64_t changes = 0;
	int r = step_exists(s, id, name, err);

	if (r < 0)
		return r;
	if (r > 0)
		return err_set(err, E_EXISTS, "step \"%s\" of job %lld was begun already", name,
			       (long long)id);
	r = store_prepare(s, &stmt, err,
			  "insert into step (job, number, name, state, plan) select id, "
			  "1 + coalesce((select max(number) from step where job = id), 0), ?2, ?3, "
			  "?4 from job where id = ?1",
			  "isij", id, name, (int64_t)STEP_OPEN, plan);
	if (r == 0)
		r = store_change(s, stmt, &changes, err);
	return r < 0 || changes ? r : store_no_job(id, err);
}

int store_step_set(struct store *s, int64_t id, const char *name, enum step_state state,
		   const json_t *result, struct err *err)
{
	sqlite3_stmt *stmt;
	int64_t changes = 0;
	int r = store_prepare(s, &stmt, err,
			      "update step set state = ?, result = coalesce(?, result) "
			      "where job = ? and name = ?",
			      "ijis", (int64_t)state, result, id, name);

	if (r == 0)
		r = store_change(s, stmt, &changes, err);
	if (r < 0 || changes)
		return r;
	return err_set(err, E_NOTFOUND, "job %lld has no step \"%s\"", (long long)id, name);
}

static int add_step(struct store *s, struct job_steps *steps, sqlite3_stmt *stmt, struct err *err)
{
	struct job_step *items = realloc(steps->items, (steps->len + 1) * sizeof(*items));
	struct job_step *step;
	int r;

	if (!items)
		return err_nomem(err);
	steps->items = items;
	step = &items[steps->len++];
	*step = (struct job_step){.state = (enum step_state)sqlite3_column_int(stmt, 1)};
	r = store_column_text(stmt, 0, &step->name, err);
	if (r == 0)
		r = store_column_json(s, stmt, 2, &step->plan, err);
	return r < 0 ? r : store_column_json(s, stmt, 3, &step->result, err);
}

int store_steps(struct store *s, int64_t id, struct job_steps *ret, struct err *err)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	_cleanup_job_steps_ struct job_steps steps = {0};
	int r = store_prepare(s, &stmt, err,
			      "select name, state, plan, result from step where job = ? "
			      "order by number",
			      "i", id);

	while (r == 0 && (r = store_row(s, stmt, err)) > 0)
		r = add_step(s, &steps, stmt, err);
	if (r < 0)
		return r;
	*ret = steps;
	steps = (struct job_steps){0};
	return 0;
}
