/* LogisticRegression, LinearSVC and LinearRegression. */
#include "scorer/kind.h"
#include "scorer/predictor.h"

#include <math.h>

/* --- LogisticRegression --- */

struct logistic {
	struct classifier classifier;
	struct mat coefficients;
	const double *intercepts;
	double threshold; /* of the second class's probability; binary only */
};

static int binary_raw(const struct classifier *c, const struct batch *b, size_t row,
		      const double *x, double *raw, double *scratch, struct err *err)
{
	const struct logistic *m = (const struct logistic *)c;
	double margin = predictor_margin(&c->predictor, m->coefficients.v, x) + m->intercepts[0];

	(void)b, (void)row, (void)scratch, (void)err;
	raw[0] = -margin;
	raw[1] = margin;
	return 0;
}

static void binary_normalize(const struct classifier *c, double *v)
{
	(void)c;
	logistic(v, 1);
}

/* Spark compares in the space of the column that it has. */
static double binary_decide(const struct classifier *c, const double *raw,
			    const double *probability)
{
	double t = ((const struct logistic *)c)->threshold;

	if (c->raw == NO_SLOT)
		return probability[1] > t ? 1 : 0;
	return raw[1] > (t == 0 ? -INFINITY : t == 1 ? INFINITY : log(t / (1 - t))) ? 1 : 0;
}

static int multinomial_raw(const struct classifier *c, const struct batch *b, size_t row,
			   const double *x, double *raw, double *scratch, struct err *err)
{
	const struct logistic *m = (const struct logistic *)c;
	size_t n = c->predictor.size;

	(void)b, (void)row, (void)scratch, (void)err;
	for (size_t i = 0; i < c->classes; i++)
		raw[i] = predictor_margin(&c->predictor, m->coefficients.v + i * n, x) +
			 m->intercepts[i];
	return 0;
}

/* The first infinity takes it all; Spark scales the rest by 0, which leaves NaN of what is not
 * finite. */
static void multinomial_normalize(const struct classifier *c, double *v)
{
	size_t best = 0;

	while (best < c->classes && v[best] != INFINITY)
		best++;
	if (best == c->classes) {
		softmax(v, c->classes);
		return;
	}
	for (size_t i = 0; i < c->classes; i++)
		v[i] *= 0;
	v[best] = 1;
}

/* Two thresholds of a binary model stand for one, as Spark's getThreshold has it. */
static int load_threshold(struct loader *l, struct logistic *m, struct err *err)
{
	const struct vec *t = &m->classifier.thresholds;
	int r;

	if (member_null(l, "threshold")) {
		m->threshold = t->n ? 1 / (1 + t->v[0] / t->v[1]) : 0.5;
		return 0;
	}
	r = member_number(l, "threshold", &m->threshold, err);
	if (r == 0 && !(m->threshold >= 0 && m->threshold <= 1))
		r = member_refuse("threshold", err, "is not within 0 and 1");
	return r;
}

static int load_logistic(struct loader *l, const void **ret, struct err *err)
{
	struct logistic *m = loader_alloc(l, 1, sizeof(*m), err);
	struct vec intercepts = {0};
	size_t classes = 0, features, rows;
	int r;

	if (!m)
		return E_NOMEM;
	r = member_input(l, "features", COLUMNS_VECTOR, &features, err);
	if (r == 0)
		r = member_mat(l, "coefficients", SIZE_ANY, l->model->slots[features].width,
			       &m->coefficients, err);
	if (r == 0)
		r = member_vec(l, "intercepts", m->coefficients.rows, &intercepts, err);
	if (r == 0)
		r = classifier_classes(l, 1, &classes, err);
	if (r < 0)
		return r;
	rows = m->coefficients.rows;
	if (rows == 1 ? classes > 2 : classes != rows)
		return member_refuse("classes", err,
				     "%zu classes do not fit %zu rows of "
				     "coefficients",
				     classes, rows);
	m->intercepts = intercepts.v;
	m->classifier.raw_of = rows == 1 ? binary_raw : multinomial_raw;
	m->classifier.normalize = rows == 1 ? binary_normalize : multinomial_normalize;
	m->classifier.decide = rows == 1 ? binary_decide : NULL;
	r = classifier_load(l, rows == 1 ? 2 : rows, 0, &m->classifier, err);
	if (r == 0 && rows == 1)
		r = load_threshold(l, m, err);
	*ret = m;
	return r;
}

const struct kind kind_logistic_regression = {"LogisticRegression", load_logistic, classifier_run};

/* --- LinearSVC --- */

struct svc {
	struct classifier classifier;
	const double *coefficients;
	double intercept, threshold; /* the threshold is of the margin */
};

static int svc_raw(const struct classifier *c, const struct batch *b, size_t row, const double *x,
		   double *raw, double *scratch, struct err *err)
{
	const struct svc *m = (const struct svc *)c;
	double margin = predictor_margin(&c->predictor, m->coefficients, x) + m->intercept;

	(void)b, (void)row, (void)scratch, (void)err;
	raw[0] = -margin;
	raw[1] = margin;
	return 0;
}

static double svc_decide(const struct classifier *c, const double *raw, const double *probability)
{
	(void)probability;
	return raw[1] > ((const struct svc *)c)->threshold ? 1 : 0;
}

static int load_svc(struct loader *l, const void **ret, struct err *err)
{
	struct svc *m = loader_alloc(l, 1, sizeof(*m), err);
	struct vec coefficients = {0};
	int r;

	if (!m)
		return E_NOMEM;
	m->classifier.raw_of = svc_raw;
	m->classifier.decide = svc_decide;
	r = classifier_load(l, 2, 0, &m->classifier, err);
	if (r == 0)
		r = member_vec(l, "coefficients", m->classifier.predictor.size, &coefficients, err);
	if (r == 0)
		r = member_number(l, "intercept", &m->intercept, err);
	if (r == 0)
		r = member_number(l, "threshold", &m->threshold, err);
	m->coefficients = coefficients.v;
	*ret = m;
	return r;
}

const struct kind kind_linear_svc = {"LinearSVC", load_svc, classifier_run};

/* --- LinearRegression --- */

struct linear {
	struct predictor predictor;
	const double *coefficients;
	double intercept;
};

static int load_linear(struct loader *l, const void **ret, struct err *err)
{
	struct linear *m = loader_alloc(l, 1, sizeof(*m), err);
	struct vec coefficients = {0};
	int r;

	if (!m)
		return E_NOMEM;
	r = predictor_load(l, COLUMN_DOUBLE, &m->predictor, err);
	if (r == 0)
		r = member_vec(l, "coefficients", m->predictor.size, &coefficients, err);
	if (r == 0)
		r = member_number(l, "intercept", &m->intercept, err);
	m->coefficients = coefficients.v;
	*ret = m;
	return r;
}

static int run_linear(const void *state, struct batch *b, struct err *err)
{
	const struct linear *m = state;

	batch_each (b, row) {
		const double *x = predictor_features(&m->predictor, b, row, err);

		if (!x)
			return E_INPUT;
		predictor_set(&m->predictor, b, row,
			      predictor_margin(&m->predictor, m->coefficients, x) + m->intercept);
	}
	return 0;
}

const struct kind kind_linear_regression = {"LinearRegression", load_linear, run_linear};
