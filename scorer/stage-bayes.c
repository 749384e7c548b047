/* NaiveBayes, of all four kinds. */
#include "scorer/kind.h"
#include "scorer/predictor.h"

#include <math.h>

struct bayes;

struct bayes_type {
	const char *name;
	/* Fills m->theta and m->pi from what the file has, as far as they differ. */
	int (*prepare)(struct loader *l, struct bayes *m, struct err *err);
	bool (*accepts)(double v); /* NULL: any feature */
	const char *wants;
	void (*raw)(const struct bayes *m, const double *x, double *raw);
};

struct bayes {
	struct classifier classifier;
	const struct bayes_type *type;
	const double *pi;
	struct mat theta, sigma; /* classes × features; sigma for gaussian */
	const double *constants; /* one a class: what does not depend on the row */
};

/* --- multinomial and complement --- */

static int prepare_nothing(struct loader *l, struct bayes *m, struct err *err)
{
	(void)l, (void)m, (void)err;
	return 0;
}

static bool is_not_negative(double v)
{
	return v >= 0;
}

static void multiply(const struct mat *a, const double *x, double *y)
{
	for (size_t i = 0; i < a->rows; i++)
		y[i] = dot(a->v + i * a->cols, x, a->cols);
}

static void multinomial_raw(const struct bayes *m, const double *x, double *raw)
{
	multiply(&m->theta, x, raw);
	for (size_t i = 0; i < m->theta.rows; i++)
		raw[i] += m->pi[i];
}

/* Less the logarithm of the sum of exponentials, with the largest taken out. */
static void complement_raw(const struct bayes *m, const double *x, double *raw)
{
	double max, sum = 0;

	multiply(&m->theta, x, raw);
	max = raw[argmax(raw, m->theta.rows)];
	for (size_t i = 0; i < m->theta.rows; i++)
		sum += exp(raw[i] - max);
	for (size_t i = 0; i < m->theta.rows; i++)
		raw[i] -= log(sum) + max;
}

/* --- bernoulli: theta of what is there, log(1 - exp(theta)) of what is not --- */

static int prepare_bernoulli(struct loader *l, struct bayes *m, struct err *err)
{
	size_t rows = m->theta.rows, cols = m->theta.cols;
	double *difference = loader_alloc(l, rows * cols, sizeof(*difference), err);
	double *constants = loader_alloc(l, rows, sizeof(*constants), err);

	if (!difference || !constants)
		return E_NOMEM;
	for (size_t i = 0; i < rows * cols; i++) {
		double absent = log1p(-exp(m->theta.v[i]));

		difference[i] = m->theta.v[i] - absent;
		constants[i / cols] += absent;
	}
	m->theta.v = difference;
	m->constants = constants;
	return 0;
}

static bool is_zero_or_one(double v)
{
	return v == 0 || v == 1;
}

static void bernoulli_raw(const struct bayes *m, const double *x, double *raw)
{
	multiply(&m->theta, x, raw);
	for (size_t i = 0; i < m->theta.rows; i++)
		raw[i] += m->pi[i] + m->constants[i];
}

/* --- gaussian --- */

static int prepare_gaussian(struct loader *l, struct bayes *m, struct err *err)
{
	size_t rows = m->theta.rows, cols = m->theta.cols;
	double *constants = loader_alloc(l, rows, sizeof(*constants), err);
	int r = member_mat(l, "sigma", rows, cols, &m->sigma, err);

	if (!constants || r < 0)
		return constants ? r : E_NOMEM;
	for (size_t i = 0; i < rows * cols; i++)
		constants[i / cols] += log(m->sigma.v[i]);
	m->constants = constants;
	return 0;
}

static void gaussian_raw(const struct bayes *m, const double *x, double *raw)
{
	const double *theta = m->theta.v, *sigma = m->sigma.v;

	for (size_t i = 0; i < m->theta.rows; i++) {
		double sum = 0;

		for (size_t j = 0; j < m->theta.cols; j++, theta++, sigma++) {
			double d = x[j] - *theta;

			sum += d * d / *sigma;
		}
		raw[i] = m->pi[i] - (sum + m->constants[i]) / 2;
	}
}

static const struct bayes_type types[] = {
	{"multinomial", prepare_nothing, is_not_negative, "no negative feature", multinomial_raw},
	{"bernoulli", prepare_bernoulli, is_zero_or_one, "features of 0 and 1", bernoulli_raw},
	{"gaussian", prepare_gaussian, NULL, NULL, gaussian_raw},
	{"complement", prepare_nothing, is_not_negative, "no negative feature", complement_raw},
};
static const char *const type_names[] = {"multinomial", "bernoulli", "gaussian", "complement",
					 NULL};

static int bayes_raw(const struct classifier *c, const struct batch *b, size_t row, const double *x,
		     double *raw, double *scratch, struct err *err)
{
	const struct bayes *m = (const struct bayes *)c;

	(void)scratch;
	for (size_t i = 0; m->type->accepts && i < c->predictor.size; i++)
		if (!m->type->accepts(x[i]))
			return batch_refuse(b, row, c->predictor.features, err,
					    "NaiveBayes (%s) takes %s, not %g", m->type->name,
					    m->type->wants, x[i]);
	m->type->raw(m, x, raw);
	return 0;
}

static void bayes_normalize(const struct classifier *c, double *v)
{
	softmax(v, c->classes);
}

static int load_bayes(struct loader *l, const void **ret, struct err *err)
{
	struct bayes *m = loader_alloc(l, 1, sizeof(*m), err);
	struct vec pi = {0};
	unsigned type = 0;
	int r;

	if (!m)
		return E_NOMEM;
	m->classifier.raw_of = bayes_raw;
	m->classifier.normalize = bayes_normalize;
	r = member_word(l, "model_type", type_names, &type, err);
	if (r == 0)
		r = member_vec(l, "pi", SIZE_ANY, &pi, err);
	if (r == 0)
		r = classifier_load(l, pi.n, 0, &m->classifier, err);
	if (r == 0)
		r = member_mat(l, "theta", pi.n, m->classifier.predictor.size, &m->theta, err);
	if (r < 0)
		return r;
	m->type = &types[type];
	m->pi = pi.v;
	*ret = m;
	return m->type->prepare(l, m, err);
}

const struct kind kind_naive_bayes = {"NaiveBayes", load_bayes, classifier_run};
