/* What models share. */
#include "scorer/predictor.h"

#include <math.h>
#include <string.h>

int predictor_column(struct loader *l, const char *member, enum column_type type, size_t width,
		     size_t *ret, struct err *err)
{
	*ret = NO_SLOT;
	return member_null(l, member) ? 0 : member_output(l, member, type, width, ret, err);
}

int predictor_load(struct loader *l, enum column_type type, struct predictor *ret, struct err *err)
{
	int r = member_input(l, "features", COLUMNS_VECTOR, &ret->features, err);

	if (r < 0)
		return r;
	ret->size = l->model->slots[ret->features].width;
	if (!member_null(l, "sparse"))
		r = member_bool(l, "sparse", &ret->sparse, err);
	return r < 0 ? r : predictor_column(l, "prediction", type, 1, &ret->prediction, err);
}

const double *predictor_features(const struct predictor *p, const struct batch *b, size_t row,
				 struct err *err)
{
	if (!cells_null(b, p->features, row))
		return cells_row(b, p->features, row);
	(void)batch_refuse(b, row, p->features, err, "is null");
	return NULL;
}

double predictor_margin(const struct predictor *p, const double *coefficients, const double *x)
{
	double sum = 0;

	if (!p->sparse)
		return dot(x, coefficients, p->size);
	for (size_t i = 0; i < p->size; i++)
		if (coefficients[i] != 0)
			sum += x[i] * coefficients[i];
	return sum;
}

void predictor_set(const struct predictor *p, const struct batch *b, size_t row, double v)
{
	if (p->prediction != NO_SLOT)
		cells_set(b, p->prediction, row, v);
}

int classifier_classes(struct loader *l, size_t min, size_t *ret, struct err *err)
{
	return member_whole(l, "classes", min, 1u << 20, ret, err);
}

int classifier_load(struct loader *l, size_t classes, size_t scratch, struct classifier *c,
		    struct err *err)
{
	int r = predictor_load(l, COLUMN_DOUBLE, &c->predictor, err);

	c->classes = classes;
	c->probability = NO_SLOT;
	loader_scratch(l, 2 * classes + scratch);
	if (r == 0)
		r = predictor_column(l, "raw", COLUMN_VECTOR, classes, &c->raw, err);
	if (r == 0 && c->normalize)
		r = predictor_column(l, "probability", COLUMN_VECTOR, classes, &c->probability,
				     err);
	if (r == 0 && c->normalize)
		r = member_vec_or_none(l, "thresholds", classes, &c->thresholds, err);
	return r;
}

size_t argmax(const double *v, size_t n)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (v[i] > v[best])
			best = i;
	return best;
}

double dot(const double *a, const double *b, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += a[i] * b[i];
	return sum;
}

void softmax(double *v, size_t n)
{
	double max = v[argmax(v, n)], sum = 0;

	for (size_t i = 0; i < n; i++) {
		v[i] = exp(v[i] - max);
		sum += v[i];
	}
	for (size_t i = 0; i < n; i++)
		v[i] /= sum;
}

void logistic(double *v, double slope)
{
	v[0] = 1 / (1 + exp(-slope * v[0]));
	v[1] = 1 - v[0];
}

/* Each probability counts in relation to its class's threshold; 0 / 0 never wins. */
static size_t decide_scaled(const struct classifier *c, const double *probability)
{
	double max = -INFINITY;
	size_t best = 0;

	for (size_t i = 0; i < c->classes; i++) {
		double scaled = probability[i] / c->thresholds.v[i];

		if (scaled > max) {
			max = scaled;
			best = i;
		}
	}
	return best;
}

static double decide(const struct classifier *c, const double *raw, const double *probability)
{
	bool by_raw = c->raw != NO_SLOT || c->probability == NO_SLOT;

	if (c->decide)
		return c->decide(c, raw, probability);
	if (c->thresholds.n)
		return (double)decide_scaled(c, probability);
	return (double)argmax(by_raw ? raw : probability, c->classes);
}

static void put_vector(const struct batch *b, size_t slot, size_t row, const double *v)
{
	if (slot == NO_SLOT)
		return;
	memcpy(cells_row(b, slot, row), v, b->slots[slot].width * sizeof(*v));
	b->cells[slot].nulls[row] = 0;
}

int classifier_run(const void *state, struct batch *b, struct err *err)
{
	const struct classifier *c = state;
	double *raw = b->scratch, *probability = raw + c->classes;
	int r;

	batch_each (b, row) {
		const double *x = predictor_features(&c->predictor, b, row, err);

		if (!x)
			return E_INPUT;
		r = c->raw_of(c, b, row, x, raw, probability + c->classes, err);
		if (r < 0)
			return r;
		put_vector(b, c->raw, row, raw);
		memcpy(probability, raw, c->classes * sizeof(*raw));
		if (c->normalize)
			c->normalize(c, probability);
		put_vector(b, c->probability, row, probability);
		predictor_set(&c->predictor, b, row, decide(c, raw, probability));
	}
	return 0;
}
