/*
 * What a `log` call is given, checked against MLflow's rules and cut into
 * journal records that fit one batch each.  Pure.
 *
 * A record: {"kind": "log", "run": ID, "metrics": [{"key", "value",
 * "timestamp", "step"}], "params": {k: text}, "tags": {k: text}}; members
 * that would be empty are left out.
 */
#ifndef TRACKING_ENTRIES_H
#define TRACKING_ENTRIES_H

#include "base/cleanup.h"
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>

/* A record's size on the wire stays below this, so that a batch is below MLflow's 1 MB. */
#define ENTRIES_RECORD_BYTES 900000u

struct entries_rules {
	int64_t now_ms;       /* timestamp of metrics that have none */
	bool truncate;        /* MLFLOW_TRUNCATE_LONG_VALUES: cut long values, with a notice */
	const json_t *params; /* values the run is known to have; borrowed, may be NULL */
};

/*
 * The records of a call in order, a new array (empty when there is nothing
 * new to log).  Notices are appended to an array of texts.  E_INPUT for a key
 * or value that MLflow does not take, or a parameter that has another value.
 */
int entries_build(const json_t *args, const char *run_id, const struct entries_rules *rules,
		  json_t **ret, json_t *notices, struct err *err) _must_check_;

/* A scalar as a parameter's text: True, False and None as Python writes them; the caller frees. */
char *entries_text(const json_t *value);
/* Bytes a record takes in a log-batch request. */
size_t entries_wire_size(const json_t *record);
/* E_INPUT when MLflow would refuse the name; `what` begins the sentence ("parameter"). */
int entries_check_key(const char *what, const char *key, struct err *err) _must_check_;

#endif
