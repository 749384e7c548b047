/*
 * What models share: the column of features, and the columns that they fill.
 * A classifier computes raw numbers, one a class; how they become
 * probabilities and a prediction follows Spark's order: from the raw numbers
 * when their column is wanted, else from the probabilities; with thresholds
 * always from the probabilities.
 */
#ifndef SCORER_PREDICTOR_H
#define SCORER_PREDICTOR_H

#include "scorer/loader.h"

/* In place of a column that is not wanted. */
#define NO_SLOT SIZE_MAX

struct predictor {
	size_t features, size; /* size: of the vector */
	size_t prediction;     /* or NO_SLOT */
	bool sparse;           /* coefficients of 0 are none: not even NaN counts with them */
};

struct classifier {
	struct predictor predictor; /* the first member */
	size_t classes;
	size_t probability, raw; /* or NO_SLOT */
	struct vec thresholds;   /* empty when there are none */
	/* The raw numbers of a row; `scratch` has what the kind asked for. */
	int (*raw_of)(const struct classifier *c, const struct batch *b, size_t row,
		      const double *x, double *raw, double *scratch, struct err *err);
	/* Raw numbers into probabilities, in place; NULL: the model has none. */
	void (*normalize)(const struct classifier *c, double *v);
	/* The class; NULL for the usual rule. */
	double (*decide)(const struct classifier *c, const double *raw, const double *probability);
};

/* `features`, `prediction` and `sparse`, which may be absent. */
int predictor_load(struct loader *l, enum column_type type, struct predictor *ret,
		   struct err *err) _must_check_;
/* An output column that may be null. */
int predictor_column(struct loader *l, const char *member, enum column_type type, size_t width,
		     size_t *ret, struct err *err) _must_check_;
/* The features of a row, or NULL and E_INPUT in err when they are null. */
const double *predictor_features(const struct predictor *p, const struct batch *b, size_t row,
				 struct err *err);
/* The coefficients, as many as there are features, times the features. */
double predictor_margin(const struct predictor *p, const double *coefficients, const double *x);
void predictor_set(const struct predictor *p, const struct batch *b, size_t row, double v);

/* The members of every classifier, for a model that needs `scratch` numbers of its own. */
int classifier_load(struct loader *l, size_t classes, size_t scratch, struct classifier *c,
		    struct err *err) _must_check_;
/* `classes`, from min on. */
int classifier_classes(struct loader *l, size_t min, size_t *ret, struct err *err) _must_check_;
/* run of every classifier; its state begins with a struct classifier. */
int classifier_run(const void *state, struct batch *b, struct err *err);

/* The first of the largest, in Spark's sense: NaN is never larger. */
size_t argmax(const double *v, size_t n);
double dot(const double *a, const double *b, size_t n);
/* exp(v - max) over its sum. */
void softmax(double *v, size_t n);
/* raw numbers -m, m into 1 / (1 + exp(slope * m)) and the rest to 1. */
void logistic(double *v, double slope);

#endif
