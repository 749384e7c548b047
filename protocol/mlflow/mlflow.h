/*
 * The MLflow tracking server's REST API (2.0): one function per call, answers
 * decoded once into structs.  No retries, no state but the connection.
 *
 * The address is http(s)://host[:port][/prefix].  Credentials and TLS come
 * from MLFLOW_TRACKING_USERNAME, _PASSWORD, _TOKEN, _INSECURE_TLS,
 * _SERVER_CERT_PATH and _CLIENT_CERT_PATH, as in MLflow's own client.
 *
 * Errors of the server carry its error_code as err->name:
 *   E_EXISTS    RESOURCE_ALREADY_EXISTS
 *   E_NOTFOUND  404
 *   E_AUTH      401, 403
 *   E_INPUT     any other 4xx: sending the same again is no use
 *   E_SERVER    5xx, 408, 429: later may be better (mlflow_retry_after_ms)
 * and those of http_perform, of which E_CLOSED and E_TIMEOUT leave open
 * whether the server acted.
 *
 * A client belongs to one thread at a time.
 */
#ifndef PROTOCOL_MLFLOW_MLFLOW_H
#define PROTOCOL_MLFLOW_MLFLOW_H

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "protocol/http/http.h"

#include <stdint.h>

/* Limits of the server, in characters where texts are meant (MLflow 3, validation.py). */
enum {
	MLFLOW_BATCH_METRICS = 1000,
	MLFLOW_BATCH_PARAMS = 100,
	MLFLOW_BATCH_TAGS = 100,
	MLFLOW_BATCH_ENTITIES = 1000,
	MLFLOW_BATCH_BYTES = 1000000,
	MLFLOW_KEY_CHARS = 250,
	MLFLOW_PARAM_CHARS = 6000,
	MLFLOW_TAG_CHARS = 8000,
	MLFLOW_NAME_CHARS = 500,
	MLFLOW_PAGE = 1000, /* runs or experiments in one answer */
};

struct mlflow;

/* E_UNSUPPORTED, with what is supported, for another scheme than http and https. */
int mlflow_new(const char *uri, struct mlflow **ret, struct err *err) _must_check_;
void mlflow_free(struct mlflow *m);
CLEANUP_DEFINE(struct mlflow *, mlflow_free)
/* Without trailing slash and credentials; borrowed. */
const char *mlflow_uri(const struct mlflow *m);
/* How long the server asked to wait in its last answer (Retry-After), 0 when it did not. */
int mlflow_retry_after_ms(const struct mlflow *m);

struct mlflow_experiment {
	char *id;
	char *name;
	char *artifact_location;
	bool deleted;
};
void mlflow_experiment_release(struct mlflow_experiment *e);

struct mlflow_experiments {
	struct mlflow_experiment *items;
	size_t len;
	char *next_page; /* NULL at the end */
};
void mlflow_experiments_release(struct mlflow_experiments *list);

struct mlflow_run {
	char *id;
	char *name;
	char *experiment_id;
	char *status; /* RUNNING, SCHEDULED, FINISHED, FAILED or KILLED */
	char *user;   /* tag mlflow.user; "" when it has none */
	char *artifact_uri;
	int64_t start_time; /* ms since 1970; 0 when unknown */
	int64_t end_time;   /* 0 while it is open */
	bool deleted;
	json_t *params;  /* key -> text */
	json_t *metrics; /* key -> last value: number, "NaN", "Infinity" or "-Infinity" */
	json_t *tags;    /* key -> text */
};
void mlflow_run_release(struct mlflow_run *r);

struct mlflow_runs {
	struct mlflow_run *items;
	size_t len;
	char *next_page; /* NULL at the end */
};
void mlflow_runs_release(struct mlflow_runs *list);

#define _cleanup_mlflow_experiment_ _cleanup_(mlflow_experiment_release)
#define _cleanup_mlflow_experiments_ _cleanup_(mlflow_experiments_release)
#define _cleanup_mlflow_run_ _cleanup_(mlflow_run_release)
#define _cleanup_mlflow_runs_ _cleanup_(mlflow_runs_release)

/* Structs filled in by these are released by the caller; untouched on failure. */
int mlflow_experiment_create(struct mlflow *m, const char *name, struct cancel *cancel,
			     char **ret_id, struct err *err) _must_check_;
int mlflow_experiment_get(struct mlflow *m, const char *id, struct cancel *cancel,
			  struct mlflow_experiment *ret, struct err *err) _must_check_;
int mlflow_experiment_by_name(struct mlflow *m, const char *name, struct cancel *cancel,
			      struct mlflow_experiment *ret, struct err *err) _must_check_;
int mlflow_experiment_restore(struct mlflow *m, const char *id, struct cancel *cancel,
			      struct err *err) _must_check_;
/* Active ones, newest first, a page at a time; page NULL is the first. */
int mlflow_experiments_search(struct mlflow *m, const char *page, struct cancel *cancel,
			      struct mlflow_experiments *ret, struct err *err) _must_check_;

struct mlflow_run_new {
	const char *experiment_id;
	const char *name;
	const char *user; /* may be NULL */
	int64_t start_time;
	const json_t *tags; /* object key -> text; borrowed */
};
/* Sent once at most: after E_CLOSED, E_TIMEOUT or E_SERVER the run may exist. */
int mlflow_run_create(struct mlflow *m, const struct mlflow_run_new *run, struct cancel *cancel,
		      struct mlflow_run *ret, struct err *err) _must_check_;
int mlflow_run_get(struct mlflow *m, const char *id, struct cancel *cancel, struct mlflow_run *ret,
		   struct err *err) _must_check_;

struct mlflow_runs_query {
	const json_t *experiment_ids; /* array of texts; borrowed */
	const char *filter;           /* MLflow's search language; NULL for all */
	const char *page;             /* NULL is the first */
	int max;                      /* at most MLFLOW_PAGE */
};
/* Runs that are not deleted, newest first. */
int mlflow_runs_search(struct mlflow *m, const struct mlflow_runs_query *query,
		       struct cancel *cancel, struct mlflow_runs *ret,
		       struct err *err) _must_check_;
/* end_time 0 leaves it as it is. */
int mlflow_run_update(struct mlflow *m, const char *id, const char *status, int64_t end_time,
		      struct cancel *cancel, struct err *err) _must_check_;
int mlflow_run_delete(struct mlflow *m, const char *id, struct cancel *cancel,
		      struct err *err) _must_check_;
int mlflow_run_restore(struct mlflow *m, const char *id, struct cancel *cancel,
		       struct err *err) _must_check_;

/*
 * All or nothing, within the limits above.  metrics: array of {"key", "value",
 * "timestamp", "step"}; params and tags: objects key -> text.  Borrowed, each may be NULL.
 */
int mlflow_log_batch(struct mlflow *m, const char *run_id, const json_t *metrics,
		     const json_t *params, const json_t *tags, struct cancel *cancel,
		     struct err *err) _must_check_;
int mlflow_log_param(struct mlflow *m, const char *run_id, const char *key, const char *value,
		     struct cancel *cancel, struct err *err) _must_check_;
int mlflow_set_tag(struct mlflow *m, const char *run_id, const char *key, const char *value,
		   struct cancel *cancel, struct err *err) _must_check_;

/*
 * Artifacts through the server's own store: artifact_uri is a run's
 * (mlflow-artifacts:/… or mlflow-artifacts://host:port/…), path lies below it.
 * E_UNSUPPORTED for another scheme, saying what the server needs.
 */
int mlflow_artifact_put(struct mlflow *m, const char *artifact_uri, const char *path,
			const struct http_source *source, struct cancel *cancel,
			struct err *err) _must_check_;
int mlflow_artifact_get(struct mlflow *m, const char *artifact_uri, const char *path,
			http_sink_fn *sink, void *sink_data, struct cancel *cancel,
			struct err *err) _must_check_;
/* *ret is a new array of {"path", "is_dir", "file_size"}; path may be NULL. */
int mlflow_artifacts_list(struct mlflow *m, const char *run_id, const char *path,
			  struct cancel *cancel, json_t **ret, struct err *err) _must_check_;

#endif
