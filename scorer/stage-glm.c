/*
 * GeneralizedLinearRegression: the linear predictor through the inverse of the
 * link, and the mean kept within what the family allows, as Spark does it.
 */
#include "scorer/kind.h"
#include "scorer/predictor.h"

#include <float.h>
#include <math.h>

/* Spark's GeneralizedLinearRegression.epsilon. */
#define EPSILON 1e-16

struct glm;

struct link {
	const char *name;
	double (*inverse)(const struct glm *m, double eta);
};

struct family {
	const char *name;
	double min, max; /* of the mean */
};

struct glm {
	struct predictor predictor;
	const double *coefficients;
	double intercept, link_power;
	const struct link *link;
	const struct family *family;
	size_t link_prediction, offset; /* or NO_SLOT */
};

static double inverse_identity(const struct glm *m, double eta)
{
	(void)m;
	return eta;
}

static double inverse_log(const struct glm *m, double eta)
{
	(void)m;
	return exp(eta);
}

static double inverse_logit(const struct glm *m, double eta)
{
	(void)m;
	return 1 / (1 + exp(-eta));
}

static double inverse_inverse(const struct glm *m, double eta)
{
	(void)m;
	return 1 / eta;
}

static double inverse_sqrt(const struct glm *m, double eta)
{
	(void)m;
	return eta * eta;
}

static double inverse_probit(const struct glm *m, double eta)
{
	(void)m;
	return 0.5 * (1 + erf(eta / M_SQRT2));
}

static double inverse_cloglog(const struct glm *m, double eta)
{
	(void)m;
	return 1 - exp(-exp(eta));
}

static double inverse_power(const struct glm *m, double eta)
{
	return m->link_power == 0 ? exp(eta) : pow(eta, 1 / m->link_power);
}

static const struct link links[] = {
	{"identity", inverse_identity}, {"log", inverse_log},     {"logit", inverse_logit},
	{"inverse", inverse_inverse},   {"sqrt", inverse_sqrt},   {"probit", inverse_probit},
	{"cloglog", inverse_cloglog},   {"power", inverse_power},
};
static const char *const link_names[] = {"identity", "log",     "logit", "inverse", "sqrt",
					 "probit",   "cloglog", "power", NULL};

static const struct family families[] = {
	{"gaussian", -DBL_MAX, DBL_MAX}, {"binomial", EPSILON, 1 - EPSILON},
	{"poisson", EPSILON, DBL_MAX},   {"gamma", EPSILON, DBL_MAX},
	{"tweedie", EPSILON, DBL_MAX},
};
static const char *const family_names[] = {"gaussian", "binomial", "poisson",
					   "gamma",    "tweedie",  NULL};

static int load_link(struct loader *l, struct glm *m, struct err *err)
{
	unsigned link = 0, family = 0;
	int r = member_word(l, "link", link_names, &link, err);

	if (r == 0)
		r = member_word(l, "family", family_names, &family, err);
	if (r < 0)
		return r;
	m->link = &links[link];
	m->family = &families[family];
	if (m->link->inverse == inverse_power)
		return member_number(l, "link_power", &m->link_power, err);
	return 0;
}

static int load_glm(struct loader *l, const void **ret, struct err *err)
{
	struct glm *m = loader_alloc(l, 1, sizeof(*m), err);
	struct vec coefficients = {0};
	int r;

	if (!m)
		return E_NOMEM;
	m->offset = NO_SLOT;
	r = load_link(l, m, err);
	if (r == 0 && !member_null(l, "offset"))
		r = member_input(l, "offset", COLUMNS_NUMBER, &m->offset, err);
	if (r == 0)
		r = predictor_load(l, COLUMN_DOUBLE, &m->predictor, err);
	if (r == 0)
		r = member_vec(l, "coefficients", m->predictor.size, &coefficients, err);
	if (r == 0)
		r = member_number(l, "intercept", &m->intercept, err);
	if (r == 0)
		r = predictor_column(l, "link_prediction", COLUMN_DOUBLE, 1, &m->link_prediction,
				     err);
	m->coefficients = coefficients.v;
	*ret = m;
	return r;
}

/* NaN passes. */
static double keep_within(double v, const struct family *f)
{
	return v < f->min ? f->min : v > f->max ? f->max : v;
}

static void set_null(const struct batch *b, size_t slot, size_t row)
{
	if (slot != NO_SLOT)
		b->cells[slot].nulls[row] = 1;
}

static void predict(const struct glm *m, struct batch *b, size_t row, const double *x)
{
	double eta = dot(x, m->coefficients, m->predictor.size) + m->intercept;

	if (m->offset != NO_SLOT && cells_null(b, m->offset, row)) {
		set_null(b, m->predictor.prediction, row);
		set_null(b, m->link_prediction, row);
		return;
	}
	if (m->offset != NO_SLOT)
		eta += b->cells[m->offset].numbers[row];
	if (m->link_prediction != NO_SLOT)
		cells_set(b, m->link_prediction, row, eta);
	predictor_set(&m->predictor, b, row, keep_within(m->link->inverse(m, eta), m->family));
}

static int run_glm(const void *state, struct batch *b, struct err *err)
{
	const struct glm *m = state;

	batch_each (b, row) {
		const double *x = predictor_features(&m->predictor, b, row, err);

		if (!x)
			return E_INPUT;
		predict(m, b, row, x);
	}
	return 0;
}

const struct kind kind_glm = {"GeneralizedLinearRegression", load_glm, run_glm};
