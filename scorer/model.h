/*
 * A fitted pipeline, compiled from its model file (docs/SCORER.md) into a
 * list of stages over column slots.  Nothing changes after loading: any
 * number of threads may score at once, each with a batch of its own.
 */
#ifndef SCORER_MODEL_H
#define SCORER_MODEL_H

#include "scorer/arena.h"
#include "scorer/batch.h"

struct kind;
struct names;

struct stage {
	const struct kind *kind;
	const char *uid;
	const void *state; /* the kind's own */
};

/* A column of the answer. */
struct output {
	const char *name; /* NULL when the model has none */
	size_t slot;
};

struct model {
	struct arena arena;                 /* holds all of it */
	const char *spark;                  /* version that fitted it */
	const char *run_id, *experiment_id; /* "" when the file names none */
	struct slot *slots;                 /* the inputs first, in order */
	size_t n_slots, n_inputs;
	const struct names *names; /* of the inputs */
	struct stage *stages;
	size_t n_stages;
	size_t scratch; /* numbers that a batch keeps for the stages */
	struct output prediction, probability, raw;
};

/* E_INPUT names the stage and the member that is wrong. */
int model_parse(const char *text, size_t n, struct model **ret, struct err *err) _must_check_;
int model_load(const char *path, struct model **ret, struct err *err) _must_check_;
void model_free(struct model *m);
CLEANUP_DEFINE(struct model *, model_free)

static inline int model_batch_new(const struct model *m, struct batch **ret, struct err *err)
{
	return batch_new(m->slots, m->n_slots, m->scratch, ret, err);
}

/* Run the rows of the batch through all stages.  E_INPUT for a row that Spark refuses too. */
int model_run(const struct model *m, struct batch *b, struct err *err) _must_check_;

#endif
