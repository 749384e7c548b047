/*
 * An MLflow server for tests: keeps experiments and runs in memory, follows
 * the rules that matter (parameters never change, batches are all or nothing,
 * equal metric points are one) and fails where it is told to.
 */
#ifndef TESTS_SERVERS_FAKE_MLFLOW_H
#define TESTS_SERVERS_FAKE_MLFLOW_H

#include "tests/servers/fake_http.h"

#include "base/json.h"

struct mlflow_fault {
	unsigned at;    /* index of the request, counted from fake_mlflow_arm */
	unsigned times; /* how many requests from there on; 0: one */
	enum fake_fault fault;
	int status;       /* with FAKE_OK: answer this, e.g. 503 */
	bool acted;       /* the request takes effect before its answer is lost */
	const char *body; /* of the answer; NULL: {} */
	const char *only; /* only requests whose path holds this; NULL: all */
};

struct fake_mlflow;
struct fake_mlflow *fake_mlflow_start(void);
void fake_mlflow_stop(struct fake_mlflow *f);
const char *fake_mlflow_url(const struct fake_mlflow *f);
/* Close the port, keep the data; start again at the same port. */
void fake_mlflow_down(struct fake_mlflow *f);
bool fake_mlflow_up(struct fake_mlflow *f);
/* What clients that ended had sent is handled when this returns. */
void fake_mlflow_wait_closed(struct fake_mlflow *f);
/* From now on; NULL: no faults. */
void fake_mlflow_arm(struct fake_mlflow *f, const struct mlflow_fault *fault);
/* Requests since then (with `only`: those that match). */
unsigned fake_mlflow_count(struct fake_mlflow *f);

/* Runs that are not deleted; a new array of the server's own objects: {"info", "params", "tags",
 * "history": [metric]}. */
json_t *fake_mlflow_runs(struct fake_mlflow *f);
/* Bytes of the artifact stored under a path such as "1/RUN/artifacts/a/b"; -1: none. */
long fake_mlflow_artifact(struct fake_mlflow *f, const char *path);

#endif
