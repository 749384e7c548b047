/*
 * A kind of stage: how its members are read and how rows pass through it.
 * kinds_all is the whole list; each family of kinds has a file stage-*.c.
 */
#ifndef SCORER_KIND_H
#define SCORER_KIND_H

#include "scorer/loader.h"

struct kind {
	const char *name; /* `kind` in the model file */
	/* Read and check the members; *ret_state lives in the model's arena. */
	int (*load)(struct loader *l, const void **ret_state, struct err *err);
	/* NULL when there is nothing to do for a row. */
	int (*run)(const void *state, struct batch *b, struct err *err);
};

extern const struct kind *const kinds_all[]; /* ends with NULL */

extern const struct kind kind_vector_assembler, kind_select_columns;
extern const struct kind kind_standard_scaler, kind_min_max_scaler, kind_max_abs_scaler;
extern const struct kind kind_normalizer, kind_pca;
extern const struct kind kind_imputer, kind_bucketizer, kind_binarizer;
extern const struct kind kind_string_indexer, kind_index_to_string, kind_one_hot_encoder;
extern const struct kind kind_linear_regression, kind_glm;
extern const struct kind kind_logistic_regression, kind_linear_svc;
extern const struct kind kind_perceptron, kind_naive_bayes, kind_kmeans;
extern const struct kind kind_decision_tree, kind_random_forest, kind_gbt;

#endif
