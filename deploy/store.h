/*
 * The job store: jobs, their logs and the journal of their steps, in one
 * SQLite file that the Jobs Tracker and its workers share.  Every call is one
 * transaction; a process killed between two calls loses neither.
 *
 * A store belongs to one thread; each thread and process opens its own.
 * E_IO, naming SQLite's reason, for what the file system refuses.
 */
#ifndef DEPLOY_STORE_H
#define DEPLOY_STORE_H

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"

#include <stdint.h>
#include <sys/types.h>

struct store;

/* $XDG_DATA_HOME/splice-kernel/jobs.db; the caller frees. */
int store_default_path(char **ret, struct err *err) _must_check_;
/* Makes the file (0600) and its tables, or brings older tables up to date. */
int store_open(const char *path, struct store **ret, struct err *err) _must_check_;
void store_close(struct store *s);
CLEANUP_DEFINE(struct store *, store_close)

enum job_state { JOB_PENDING, JOB_RUNNING, JOB_SUCCESS, JOB_FAILED, JOB_CANCELLED };
/* "pending", …; and back, -1 for another text. */
const char *job_state_name(enum job_state state);
int job_state_parse(const char *name);

struct job {
	int64_t id;   /* from 1, never used again */
	char *kind;   /* "deploy", "undeploy", "shift", "check" */
	char *target; /* "local", "sagemaker" */
	char *region; /* "" when the target has none */
	char *app;
	char *user;      /* who asked; "" when unknown */
	json_t *request; /* object, as it was accepted */
	enum job_state state;
	bool cancel_wanted;
	pid_t worker;           /* 0: none */
	int64_t worker_start;   /* start time of that process (/proc/PID/stat), so that a reused pid
				   is told */
	int64_t created;        /* ms since 1970 */
	int64_t started, ended; /* 0 while not */
	int attempts;           /* workers that began it */
	int64_t retry_of;       /* 0: none */
	char *step;             /* title of what is being done, or was last */
	char *error, *hint;     /* "" unless failed */
	json_t *result;         /* object; NULL until success */
};
void job_release(struct job *j);
#define _cleanup_job_ _cleanup_(job_release)

struct jobs {
	struct job *items;
	size_t len;
	bool more;
};
void jobs_release(struct jobs *list);
#define _cleanup_jobs_ _cleanup_(jobs_release)

struct job_new {
	const char *kind, *target, *region, *app, *user;
	const json_t *request; /* borrowed */
	int64_t retry_of;
};
/* E_EXISTS, naming its number, when a job that has not ended has the same target, region and app.
 */
int store_job_add(struct store *s, const struct job_new *job, int64_t *ret_id,
		  struct err *err) _must_check_;
/* E_NOTFOUND. */
int store_job_get(struct store *s, int64_t id, struct job *ret, struct err *err) _must_check_;

struct jobs_query {
	int state;         /* enum job_state, or -1 for all */
	const char *text;  /* in app, kind, target, user or run id; NULL for all */
	int64_t before_id; /* older ones than this; 0: from the newest */
	int max;           /* at most 200 */
};
/* Newest first. */
int store_jobs(struct store *s, const struct jobs_query *q, struct jobs *ret,
	       struct err *err) _must_check_;
/* Grows with every change to any job, log or step: what is polled for live pages. */
int store_version(struct store *s, int64_t *ret, struct err *err) _must_check_;

/* Pending or orphaned -> running with this process as its worker.  E_EXISTS when another has it. */
int store_job_claim(struct store *s, int64_t id, struct err *err) _must_check_;
int store_job_step(struct store *s, int64_t id, const char *title, struct err *err) _must_check_;
/* End a running job.  why and result may be NULL. */
int store_job_end(struct store *s, int64_t id, enum job_state state, const struct err *why,
		  const json_t *result, struct err *err) _must_check_;
/* A pending one ends cancelled at once; a running one is told.  E_INPUT when it has ended. */
int store_job_cancel(struct store *s, int64_t id, struct err *err) _must_check_;
int store_job_cancel_wanted(struct store *s, int64_t id, bool *ret, struct err *err) _must_check_;
/* A new pending job with the same request.  E_INPUT unless it failed or was cancelled. */
int store_job_retry(struct store *s, int64_t id, int64_t *ret_id, struct err *err) _must_check_;
/* An ended job, its log and its steps.  E_INPUT when it has not ended, or still has steps to undo.
 */
int store_job_remove(struct store *s, int64_t id, struct err *err) _must_check_;

/* Lines of a job's log, numbered from 1. */
struct job_log_line {
	int64_t number;
	int64_t time; /* ms since 1970 */
	char *text;
};
struct job_log {
	struct job_log_line *items;
	size_t len;
};
void job_log_release(struct job_log *log);
#define _cleanup_job_log_ _cleanup_(job_log_release)
int store_log_add(struct store *s, int64_t id, const char *text, struct err *err) _must_check_;
int store_log_read(struct store *s, int64_t id, int64_t after, int max, struct job_log *ret,
		   struct err *err) _must_check_;

/* The journal: a job's steps in the order in which they began. */
enum step_state { STEP_OPEN, STEP_DONE, STEP_UNDOING, STEP_UNDONE };
struct job_step {
	char *name;
	enum step_state state;
	json_t *plan;   /* object: what it is about to make, names included */
	json_t *result; /* object: what it made; NULL while open */
};
struct job_steps {
	struct job_step *items;
	size_t len;
};
void job_steps_release(struct job_steps *steps);
#define _cleanup_job_steps_ _cleanup_(job_steps_release)
int store_step_begin(struct store *s, int64_t id, const char *name, const json_t *plan,
		     struct err *err) _must_check_;
int store_step_set(struct store *s, int64_t id, const char *name, enum step_state state,
		   const json_t *result, struct err *err) _must_check_;
int store_steps(struct store *s, int64_t id, struct job_steps *ret, struct err *err) _must_check_;

#endif
