/*
 * A decision tree: checked once (every node is reached exactly once from the
 * root, so a walk ends), then walked without checks.
 */
#ifndef SCORER_TREE_H
#define SCORER_TREE_H

#include "scorer/loader.h"

struct tree {
	const struct node *nodes;
	const uint64_t *categories; /* bits of all the categorical splits */
	const double *leaves;       /* n_values for each leaf */
	size_t n_values;
};

/*
 * Read a TREE of the model file for vectors of n_features, whose leaves have
 * n_values numbers.  E_INPUT names the list and the node.
 */
int tree_read(struct loader *l, const json_t *j, size_t n_features, size_t n_values,
	      struct tree *ret, struct err *err) _must_check_;

/* The numbers of the leaf that x falls into. */
const double *tree_walk(const struct tree *t, const double *x);

#endif
