/* Stages from one vector to another: scalers, Normalizer and PCA. */
#include "scorer/kind.h"

#include <math.h>

/* What all of them share; the first member of each state. */
struct map {
	size_t input, output, size; /* size: of the input */
};

/* Input and output of the same size. */
static int load_map(struct loader *l, struct map *m, struct err *err)
{
	int r = member_input(l, "input", COLUMNS_VECTOR, &m->input, err);

	if (r < 0)
		return r;
	m->size = l->model->slots[m->input].width;
	return member_output(l, "output", COLUMN_VECTOR, m->size, &m->output, err);
}

/* Call fn with the row's input and output; a null stays one. */
static int run_map(const struct map *m, struct batch *b,
		   void (*fn)(const void *state, const double *x, double *y))
{
	batch_each (b, row) {
		b->cells[m->output].nulls[row] = b->cells[m->input].nulls[row];
		if (!cells_null(b, m->input, row))
			fn(m, cells_row(b, m->input, row), cells_row(b, m->output, row));
	}
	return 0;
}

/* --- StandardScaler and MaxAbsScaler: (x - shift) * factor --- */

struct scaler {
	struct map map;
	const double *shift, *factor; /* NULL: 0 and 1 */
};

/* 1 / divisor; what stands for the factor where the divisor is 0 differs. */
static int make_factors(struct loader *l, const struct vec *divisors, double if_zero,
			const double **ret, struct err *err)
{
	double *factors = loader_alloc(l, divisors->n, sizeof(*factors), err);

	if (!factors)
		return E_NOMEM;
	for (size_t i = 0; i < divisors->n; i++)
		factors[i] = divisors->v[i] == 0 ? if_zero : 1 / divisors->v[i];
	*ret = factors;
	return 0;
}

static int load_standard(struct loader *l, const void **ret, struct err *err)
{
	struct scaler *s = loader_alloc(l, 1, sizeof(*s), err);
	struct vec mean = {0}, std = {0};
	bool with_mean, with_std;
	int r;

	if (!s)
		return E_NOMEM;
	r = load_map(l, &s->map, err);
	if (r == 0)
		r = member_bool(l, "with_mean", &with_mean, err);
	if (r == 0)
		r = member_bool(l, "with_std", &with_std, err);
	if (r == 0)
		r = member_vec(l, "mean", s->map.size, &mean, err);
	if (r == 0)
		r = member_vec(l, "std", s->map.size, &std, err);
	if (r == 0 && with_std)
		r = make_factors(l, &std, /* if_zero= */ 0, &s->factor, err);
	if (r < 0)
		return r;
	s->shift = with_mean ? mean.v : NULL;
	*ret = s;
	return 0;
}

static int load_max_abs(struct loader *l, const void **ret, struct err *err)
{
	struct scaler *s = loader_alloc(l, 1, sizeof(*s), err);
	struct vec max_abs = {0};
	int r;

	if (!s)
		return E_NOMEM;
	r = load_map(l, &s->map, err);
	if (r == 0)
		r = member_vec(l, "max_abs", s->map.size, &max_abs, err);
	if (r == 0)
		r = make_factors(l, &max_abs, /* if_zero= */ 1, &s->factor, err);
	*ret = s;
	return r;
}

static void scale(const void *state, const double *x, double *y)
{
	const struct scaler *s = state;

	for (size_t i = 0; i < s->map.size; i++) {
		double v = s->shift ? x[i] - s->shift[i] : x[i];

		y[i] = s->factor ? v * s->factor[i] : v;
	}
}

static int run_scaler(const void *state, struct batch *b, struct err *err)
{
	(void)err;
	return run_map(state, b, scale);
}

const struct kind kind_standard_scaler = {"StandardScaler", load_standard, run_scaler};
const struct kind kind_max_abs_scaler = {"MaxAbsScaler", load_max_abs, run_scaler};

/* --- MinMaxScaler --- */

struct min_max {
	struct map map;
	const double *low, *factor; /* a factor of 0: the feature was constant */
	double min, constant;
};

static int make_ranges(struct loader *l, struct min_max *m, double range, const struct vec *high,
		       struct err *err)
{
	double *factors = loader_alloc(l, m->map.size, sizeof(*factors), err);

	if (!factors)
		return E_NOMEM;
	for (size_t i = 0; i < m->map.size; i++) {
		double original = high->v[i] - m->low[i];

		factors[i] = original != 0 ? range / original : 0;
	}
	m->factor = factors;
	return 0;
}

static int load_min_max(struct loader *l, const void **ret, struct err *err)
{
	struct min_max *m = loader_alloc(l, 1, sizeof(*m), err);
	struct vec low = {0}, high = {0};
	double max = 0;
	int r;

	if (!m)
		return E_NOMEM;
	r = load_map(l, &m->map, err);
	if (r == 0)
		r = member_number(l, "min", &m->min, err);
	if (r == 0)
		r = member_number(l, "max", &max, err);
	if (r == 0)
		r = member_vec(l, "original_min", m->map.size, &low, err);
	if (r == 0)
		r = member_vec(l, "original_max", m->map.size, &high, err);
	if (r < 0)
		return r;
	m->low = low.v;
	m->constant = (m->min + max) / 2;
	*ret = m;
	return make_ranges(l, m, max - m->min, &high, err);
}

static void scale_min_max(const void *state, const double *x, double *y)
{
	const struct min_max *m = state;

	for (size_t i = 0; i < m->map.size; i++) {
		if (isnan(x[i]))
			y[i] = x[i];
		else if (m->factor[i] == 0)
			y[i] = m->constant;
		else
			y[i] = (x[i] - m->low[i]) * m->factor[i] + m->min;
	}
}

static int run_min_max(const void *state, struct batch *b, struct err *err)
{
	(void)err;
	return run_map(state, b, scale_min_max);
}

const struct kind kind_min_max_scaler = {"MinMaxScaler", load_min_max, run_min_max};

/* --- Normalizer --- */

struct normalizer {
	struct map map;
	double p;
};

static int load_normalizer(struct loader *l, const void **ret, struct err *err)
{
	struct normalizer *n = loader_alloc(l, 1, sizeof(*n), err);
	int r;

	if (!n)
		return E_NOMEM;
	r = load_map(l, &n->map, err);
	if (r == 0)
		r = member_number(l, "p", &n->p, err);
	if (r == 0 && !(n->p >= 1))
		r = member_refuse("p", err, "is %g, less than 1", n->p);
	*ret = n;
	return r;
}

static double norm(const double *x, size_t n, double p)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		double v = fabs(x[i]);

		if (isinf(p))
			sum = v > sum ? v : sum;
		else
			sum += p == 1 ? v : p == 2 ? v * v : pow(v, p);
	}
	return isinf(p) || p == 1 ? sum : p == 2 ? sqrt(sum) : pow(sum, 1 / p);
}

static void normalize(const void *state, const double *x, double *y)
{
	const struct normalizer *n = state;
	double length = norm(x, n->map.size, n->p);

	for (size_t i = 0; i < n->map.size; i++)
		y[i] = length != 0 ? x[i] / length : x[i];
}

static int run_normalizer(const void *state, struct batch *b, struct err *err)
{
	(void)err;
	return run_map(state, b, normalize);
}

const struct kind kind_normalizer = {"Normalizer", load_normalizer, run_normalizer};

/* --- PCA --- */

struct pca {
	struct map map;
	struct mat components; /* features × k */
};

static int load_pca(struct loader *l, const void **ret, struct err *err)
{
	struct pca *p = loader_alloc(l, 1, sizeof(*p), err);
	int r;

	if (!p)
		return E_NOMEM;
	r = member_input(l, "input", COLUMNS_VECTOR, &p->map.input, err);
	if (r < 0)
		return r;
	p->map.size = l->model->slots[p->map.input].width;
	r = member_mat(l, "components", p->map.size, SIZE_ANY, &p->components, err);
	if (r == 0)
		r = member_output(l, "output", COLUMN_VECTOR, p->components.cols, &p->map.output,
				  err);
	*ret = p;
	return r;
}

static void project(const void *state, const double *x, double *y)
{
	const struct pca *p = state;
	const double *row = p->components.v;

	for (size_t k = 0; k < p->components.cols; k++)
		y[k] = 0;
	for (size_t i = 0; i < p->components.rows; i++, row += p->components.cols)
		for (size_t k = 0; k < p->components.cols; k++)
			y[k] += x[i] * row[k];
}

static int run_pca(const void *state, struct batch *b, struct err *err)
{
	(void)err;
	return run_map(state, b, project);
}

const struct kind kind_pca = {"PCA", load_pca, run_pca};
