/*
 * Inside of the tracking client.
 *
 * tracking.c    life, state, dispatch             server.c    address, connections, retries
 * experiments.c create.c runs.c log.c artifacts.c the operations
 * entries.c     what may be logged                journal.c   the file
 * sender.c      the threads and their patience    deliver.c   one batch to the server
 *
 * Threads: callers' own; `sender` delivers the journal (and those of dead
 * kernels); `syncer` makes appended records durable.  `lock` covers every
 * member from `uri` down and is never held while waiting for anything but it.
 */
#ifndef TRACKING_TRACKING_INT_H
#define TRACKING_TRACKING_INT_H

#include "protocol/mlflow/mlflow.h"
#include "tracking/journal.h"
#include "tracking/tracking.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { TRACKING_ID_SIZE = 37 };

/* The active experiment and run. */
struct active {
	char *experiment_id; /* NULL: none */
	char *experiment_name;
	char *run_id; /* NULL: none */
	char *run_name;
	char *run_experiment_id;
	char *artifact_uri;
	bool mine;      /* this kernel opened the run and closes it */
	json_t *params; /* owned: what the run is known to have */
};

struct tracking {
	struct tracking_options options; /* texts: see source */
	char *source;                    /* or NULL */
	char id[TRACKING_ID_SIZE];       /* names this kernel in its runs' tag splice.kernel */
	char *journal_dir;
	char *server_id;    /* "local", or MLFLOW_TRACKING_URI: whose journals we may deliver */
	char *env_uri;      /* MLFLOW_TRACKING_URI, or NULL */
	struct cancel stop; /* fired at the end: the threads' waits */
	atomic_uint_fast64_t version;
	pthread_t sender_thread;
	pthread_t syncer_thread;
	pthread_mutex_t change_lock; /* one change of the active experiment or run at a time */
	pthread_mutex_t server_lock; /* one question for the server's address at a time */
	pthread_mutex_t sync_lock;   /* held while syncing, or while the journal is replaced */

	pthread_mutex_t lock;
	pthread_cond_t wake; /* the threads have something to do, or somebody waits for them */
	pthread_cond_t done; /* pending or failures changed */
	char *uri;           /* of the running server; NULL until it was needed */
	struct mlflow *idle; /* a connection to `uri` that nobody uses, or NULL */
	struct active active;
	json_t *notices;         /* texts for the next result */
	struct journal *journal; /* made with the first record; replaced by the sender only */
	uint64_t pending;        /* records in it that the server does not have */
	uint64_t failures;       /* attempts of the sender that failed */
	bool down;               /* the last attempt failed */
	bool kick;               /* try now */
	bool unsynced;
	bool stopping;
};

/* One call under way. */
struct op {
	struct tracking *t;
	const json_t *args; /* borrowed, may be NULL */
	struct cancel *cancel;
	struct mlflow *m; /* once op_client succeeded */
	json_t *ret;      /* owned object, the result */
	int tries;        /* of the REST call being repeated */
};

/* --- tracking.c --- */

typedef int op_fn(struct op *o, struct err *err);

/* Add a sentence to the next result; out of memory loses it. */
__attribute__((format(printf, 2, 3))) void tracking_notice(struct tracking *t, const char *fmt,
							   ...);
/* Lock changes of the active experiment and run; hears the cancel token while waiting. */
int op_lock_change(struct op *o, struct err *err) _must_check_;
void op_unlock_change(struct op *o);
/* A text argument: NULL when absent; E_USAGE when required and absent, or of another type. */
int op_text(struct op *o, const char *name, bool required, const char **ret,
	    struct err *err) _must_check_;
/* Put into the result; steals value, also when it fails. */
int op_put(struct op *o, const char *name, json_t *value, struct err *err) _must_check_;
void active_release(struct active *a);
/* Replace the active run (takes a's texts; `a` is empty afterwards) or, when `a` has none, drop it.
 */
void tracking_set_active(struct tracking *t, struct active *a);
/* Copies of the active experiment's id and name, the run's id …; members NULL when none. */
int tracking_active(struct tracking *t, struct active *ret, struct err *err) _must_check_;

/* --- server.c --- */

/* Have o->m: an address and a connection.  A clear error when there is no server. */
int op_client(struct op *o, struct err *err) _must_check_;
void op_client_release(struct op *o);
/*
 * do r = mlflow_…(o->m, …); while (op_again(o, &r, err)): repeats a call that
 * may be sent twice, after the errors that pass, with growing pauses.  *r
 * becomes E_CANCEL when the token fires meanwhile.
 */
bool op_again(struct op *o, int *r, struct err *err);
/* A new connection for the sender. */
int server_connect(struct tracking *t, struct cancel *cancel, struct mlflow **ret,
		   struct err *err) _must_check_;
/* `uri` did not answer: ask for the address again next time. */
void server_forget(struct tracking *t, const char *uri);
/* The address, for display: copies `uri` or gives NULL. */
char *server_uri(struct tracking *t);
/* Errors after which the same request may succeed. */
bool server_error_passes(int r);

/* --- log.c, create.c, find-run.c, runs.c, experiments.c, artifacts.c --- */

/* Append records for the sender.  `array` is borrowed. */
int tracking_append(struct tracking *t, const json_t *array, struct err *err) _must_check_;
/* With the lock held and nothing pending: a fresh journal file in place of the grown one. */
int tracking_rotate(struct tracking *t, struct err *err) _must_check_;
/* Journal the end of the active run, if this kernel opened it; no run is active afterwards. */
int tracking_end_active(struct tracking *t, const char *status, struct err *err) _must_check_;
/* Wait until everything is sent: 0, also when time is over or the server fails; *ret_pending. */
int tracking_flush(struct tracking *t, int timeout_ms, bool stop_on_failure, struct cancel *cancel,
		   uint64_t *ret_pending, struct err *err) _must_check_;
/* The run of a whole id. */
int run_get(struct op *o, const char *id, struct mlflow_run *ret, struct err *err) _must_check_;
/* The run that `text` means: an id, the beginning of one, or a name. */
int run_find(struct op *o, const char *text, struct mlflow_run *ret, struct err *err) _must_check_;
/* The same for an experiment: a name, else an id. */
int experiment_find(struct op *o, const char *text, struct mlflow_experiment *ret,
		    struct err *err) _must_check_;
int experiment_find_id(struct op *o, const char *id, struct mlflow_experiment *ret,
		       struct err *err) _must_check_;
/* RUN of docs/BRIDGE.md; a new object. */
json_t *run_json(struct op *o, const struct mlflow_run *run);
int runs_search(struct op *o, const struct mlflow_runs_query *query, struct mlflow_runs *ret,
		struct err *err) _must_check_;
/* Make `run` the active one within a's experiment; takes a's texts. */
int run_activate(struct op *o, struct active *a, const struct mlflow_run *run, bool mine,
		 struct err *err) _must_check_;
/* E_USAGE: no experiment is active, and how to make one. */
int tracking_no_experiment(struct err *err);
/* E_USAGE: no run is active, and how to make one. */
int tracking_no_run(struct err *err);
/* "#/experiments/1/runs/…" on the tracking page; run may be NULL.  A new text value. */
json_t *page_url(struct op *o, const char *experiment_id, const char *run_id);
/* Delete the runs of an experiment; *ret counts them. */
int runs_delete_all(struct op *o, const char *experiment_id, uint64_t *ret,
		    struct err *err) _must_check_;

op_fn op_create_experiment, op_set_experiment, op_experiments, op_delete_runs;
op_fn op_create_run, op_set_run, op_end_run, op_delete_run, op_get_run, op_runs;
op_fn op_log, op_flush;
op_fn op_log_artifact, op_log_artifacts, op_list_artifacts, op_download_artifact;

/* --- sender.c --- */

int sender_start(struct tracking *t, struct err *err) _must_check_;
/* Up to timeout_ms for what is pending, then stop both threads. */
void sender_stop(struct tracking *t, int timeout_ms);

#define _cleanup_active_ _cleanup_(active_release)

#endif
