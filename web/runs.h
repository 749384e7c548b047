/*
 * What the tracking server knows of a run that is to be deployed: whether it
 * is there, which experiment it belongs to, which model it holds
 * (docs/DEPLOY.md, "What a run keeps for it").
 */
#ifndef WEB_RUNS_H
#define WEB_RUNS_H

#include "base/buf.h"
#include "base/cancel.h"
#include "base/json.h"
#include "protocol/mlflow/mlflow.h"

struct run_facts {
	struct mlflow_run run;
	bool has_model;      /* some model is stored with it */
	bool scorer_knows;   /* splice/model.json: splice-scorer serves it */
	bool has_sample;     /* splice/sample.json */
	json_t *unsupported; /* array of {"kind", "uid", "reason"}; NULL when there is none */
};
void run_facts_release(struct run_facts *f);
#define _cleanup_run_facts_ _cleanup_(run_facts_release)

/* E_NOTFOUND when there is no such run. */
int run_look(struct mlflow *m, const char *run_id, struct cancel *cancel, struct run_facts *ret,
	     struct err *err) _must_check_;
/* One sentence: how it can be served, or why not. */
void run_note(const struct run_facts *f, struct buf *b);
/* The first rows of its sample as {"columns": [names], "data": [[…]]}, new; NULL without one. */
int run_sample(struct mlflow *m, const struct run_facts *f, struct cancel *cancel, json_t **ret,
	       struct err *err) _must_check_;
json_t *run_summary(const struct mlflow_run *run); /* new */

/* Newest runs of an experiment, or of the newest experiments when it is "". */
int runs_list(struct mlflow *m, const char *experiment, int max, struct cancel *cancel,
	      struct mlflow_runs *ret, struct err *err) _must_check_;

#endif
