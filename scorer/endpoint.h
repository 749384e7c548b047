/*
 * What is served: one model, or the variants of an endpoint.json
 * (docs/DEPLOY.md) among which requests are divided by weight.
 *
 * An endpoint does not change; a reload makes another one.  Whoever uses it
 * holds a reference, and with the last one its models are freed.
 */
#ifndef SCORER_ENDPOINT_H
#define SCORER_ENDPOINT_H

#include "scorer/metrics.h"
#include "scorer/model.h"

struct variant {
	char *name;
	double weight;
	struct model *model;
	struct variant_metrics *metrics; /* borrowed */
	pthread_mutex_t lock;            /* of the batches */
	struct batch **batches;          /* not in use now; owned */
	size_t n_batches, batches_room;
};

struct endpoint {
	atomic_uint references;
	atomic_ulong turn; /* requests divided so far */
	struct variant *variants;
	size_t n_variants;
	double total_weight;
	int port; /* of endpoint.json, or 0 */
};

/* One variant, named "default".  The metrics must outlive the endpoint. */
int endpoint_of_model(const char *path, struct metrics *metrics, struct endpoint **ret,
		      struct err *err) _must_check_;
/* FOLDER/endpoint.json; model files are looked up from the folder. */
int endpoint_of_folder(const char *folder, struct metrics *metrics, struct endpoint **ret,
		       struct err *err) _must_check_;

struct endpoint *endpoint_ref(struct endpoint *e);
/* NULL is fine. */
void endpoint_unref(struct endpoint *e);
CLEANUP_DEFINE(struct endpoint *, endpoint_unref)

/*
 * The variant whose turn it is: over any stretch of requests each gets its
 * share, within a request or two.  NULL when all weights are 0.
 */
struct variant *endpoint_choose(struct endpoint *e);
struct variant *endpoint_find(struct endpoint *e, const char *name);

/* A batch for one request; given back for the next one. */
int variant_take_batch(struct variant *v, struct batch **ret, struct err *err) _must_check_;
/* Takes b. */
void variant_give_batch(struct variant *v, struct batch *b);

#endif
