/* DecisionTree, RandomForest and GBT, for classes and for numbers. */
#include "scorer/kind.h"
#include "scorer/predictor.h"
#include "scorer/tree.h"

#include <math.h>

/* An ensemble; a single tree is one of one. */
struct forest {
	struct classifier classifier; /* for numbers its predictor alone is used */
	size_t n;
	const struct tree *trees;
	const double *weights;                                      /* GBT's */
	double (*combine)(const struct forest *f, const double *x); /* for numbers */
};

static int load_task(const struct loader *l, bool *ret_classes, struct err *err)
{
	static const char *const tasks[] = {"regression", "classification", NULL};
	unsigned task = 0;
	int r = member_word(l, "task", tasks, &task, err);

	*ret_classes = task;
	return r;
}

/* --- reading --- */

static int read_trees(struct loader *l, struct forest *f, const json_t *list, size_t n_values,
		      struct err *err)
{
	struct tree *trees;
	int r = 0;

	f->n = json_array_size(list);
	if (!json_is_array(list) || f->n == 0)
		return member_refuse("trees", err, "a list of trees belongs here");
	trees = loader_alloc(l, f->n, sizeof(*trees), err);
	if (!trees)
		return E_NOMEM;
	for (size_t i = 0; r == 0 && i < f->n; i++) {
		r = tree_read(l, json_array_get(list, i), f->classifier.predictor.size, n_values,
			      &trees[i], err);
		if (r < 0)
			r = err_prefix(err, "item %zu of \"trees\"", i);
	}
	f->trees = trees;
	return r;
}

static int read_tree(struct loader *l, struct forest *f, size_t n_values, struct err *err)
{
	struct tree *tree = loader_alloc(l, 1, sizeof(*tree), err);

	if (!tree)
		return E_NOMEM;
	f->n = 1;
	f->trees = tree;
	return tree_read(l, json_object_get(l->object, "tree"), f->classifier.predictor.size,
			 n_values, tree, err);
}

/* --- raw numbers and probabilities of classes --- */

static int tree_raw(const struct classifier *c, const struct batch *b, size_t row, const double *x,
		    double *raw, double *scratch, struct err *err)
{
	const double *counts = tree_walk(((const struct forest *)c)->trees, x);

	(void)b, (void)row, (void)scratch, (void)err;
	for (size_t i = 0; i < c->classes; i++)
		raw[i] = counts[i];
	return 0;
}

static double sum_of(const double *v, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += v[i];
	return sum;
}

/* Each tree has one vote, divided among the classes as its leaf is. */
static int votes_raw(const struct classifier *c, const struct batch *b, size_t row, const double *x,
		     double *raw, double *scratch, struct err *err)
{
	const struct forest *f = (const struct forest *)c;

	(void)b, (void)row, (void)scratch, (void)err;
	for (size_t i = 0; i < c->classes; i++)
		raw[i] = 0;
	for (size_t k = 0; k < f->n; k++) {
		const double *counts = tree_walk(&f->trees[k], x);
		double total = sum_of(counts, c->classes);

		for (size_t i = 0; total != 0 && i < c->classes; i++)
			raw[i] += counts[i] / total;
	}
	return 0;
}

static void normalize_votes(const struct classifier *c, double *v)
{
	double sum = sum_of(v, c->classes);

	for (size_t i = 0; sum != 0 && i < c->classes; i++)
		v[i] /= sum;
}

static double combine_weighted(const struct forest *f, const double *x)
{
	double sum = 0;

	for (size_t i = 0; i < f->n; i++)
		sum += f->weights[i] * *tree_walk(&f->trees[i], x);
	return sum;
}

static int boosted_raw(const struct classifier *c, const struct batch *b, size_t row,
		       const double *x, double *raw, double *scratch, struct err *err)
{
	double margin = combine_weighted((const struct forest *)c, x);

	(void)b, (void)row, (void)scratch, (void)err;
	raw[0] = -margin;
	raw[1] = margin;
	return 0;
}

/* The loss is 2 log(1 + exp(-2 y F)). */
static void normalize_boosted(const struct classifier *c, double *v)
{
	(void)c;
	logistic(v, 2);
}

/* --- numbers --- */

static double combine_mean(const struct forest *f, const double *x)
{
	double sum = 0;

	for (size_t i = 0; i < f->n; i++)
		sum += *tree_walk(&f->trees[i], x);
	return sum / (double)f->n;
}

static int run_forest(const void *state, struct batch *b, struct err *err)
{
	const struct forest *f = state;
	const struct predictor *p = &f->classifier.predictor;

	if (!f->combine)
		return classifier_run(state, b, err);
	batch_each (b, row) {
		const double *x = predictor_features(p, b, row, err);

		if (!x)
			return E_INPUT;
		predictor_set(p, b, row, f->combine(f, x));
	}
	return 0;
}

/* --- the three kinds --- */

/* Members that do not depend on the kind; *ret_classes is 0 for numbers. */
static int load_common(struct loader *l, struct forest *f, size_t min_classes, size_t *ret_classes,
		       struct err *err)
{
	bool classes = false;
	int r = load_task(l, &classes, err);

	*ret_classes = 0;
	if (r == 0 && !classes)
		return predictor_load(l, COLUMN_DOUBLE, &f->classifier.predictor, err);
	if (r == 0)
		r = classifier_classes(l, min_classes, ret_classes, err);
	return r < 0 ? r : classifier_load(l, *ret_classes, 0, &f->classifier, err);
}

static struct forest *forest_new(struct loader *l, const struct classifier *how, struct err *err)
{
	struct forest *f = loader_alloc(l, 1, sizeof(*f), err);

	if (f)
		f->classifier = *how;
	return f;
}

static int load_tree(struct loader *l, const void **ret, struct err *err)
{
	static const struct classifier how = {.raw_of = tree_raw, .normalize = normalize_votes};
	struct forest *f = forest_new(l, &how, err);
	size_t classes = 0;
	int r;

	if (!f)
		return E_NOMEM;
	r = load_common(l, f, 1, &classes, err);
	f->combine = classes ? NULL : combine_mean;
	*ret = f;
	return r < 0 ? r : read_tree(l, f, classes ? classes : 1, err);
}

static int load_forest(struct loader *l, const void **ret, struct err *err)
{
	static const struct classifier how = {.raw_of = votes_raw, .normalize = normalize_votes};
	struct forest *f = forest_new(l, &how, err);
	size_t classes = 0;
	int r;

	if (!f)
		return E_NOMEM;
	r = load_common(l, f, 1, &classes, err);
	f->combine = classes ? NULL : combine_mean;
	*ret = f;
	if (r < 0)
		return r;
	return read_trees(l, f, json_object_get(l->object, "trees"), classes ? classes : 1, err);
}

/* Its trees give numbers, for classes as well. */
static int load_gbt(struct loader *l, const void **ret, struct err *err)
{
	static const struct classifier how = {.raw_of = boosted_raw,
					      .normalize = normalize_boosted};
	struct forest *f = forest_new(l, &how, err);
	struct vec weights = {0};
	size_t classes = 0;
	int r;

	if (!f)
		return E_NOMEM;
	r = load_common(l, f, 2, &classes, err);
	if (r == 0 && classes > 2)
		r = member_refuse("classes", err, "GBT knows two classes, not %zu", classes);
	if (r == 0)
		r = read_trees(l, f, json_object_get(l->object, "trees"), 1, err);
	if (r == 0)
		r = member_vec(l, "weights", f->n, &weights, err);
	f->weights = weights.v;
	f->combine = classes ? NULL : combine_weighted;
	*ret = f;
	return r;
}

const struct kind kind_decision_tree = {"DecisionTree", load_tree, run_forest};
const struct kind kind_random_forest = {"RandomForest", load_forest, run_forest};
const struct kind kind_gbt = {"GBT", load_gbt, run_forest};
