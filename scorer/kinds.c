/* All kinds of stages. */
#include "scorer/kind.h"

const struct kind *const kinds_all[] = {
	&kind_vector_assembler,
	&kind_standard_scaler,
	&kind_min_max_scaler,
	&kind_max_abs_scaler,
	&kind_normalizer,
	&kind_imputer,
	&kind_bucketizer,
	&kind_binarizer,
	&kind_string_indexer,
	&kind_index_to_string,
	&kind_one_hot_encoder,
	&kind_pca,
	&kind_select_columns,
	&kind_logistic_regression,
	&kind_linear_regression,
	&kind_glm,
	&kind_perceptron,
	&kind_decision_tree,
	&kind_random_forest,
	&kind_gbt,
	&kind_linear_svc,
	&kind_naive_bayes,
	&kind_kmeans,
	NULL,
};
