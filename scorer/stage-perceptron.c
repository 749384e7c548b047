/* MultilayerPerceptron: affine layers, the logistic function between them, softmax at the end. */
#include "base/limits.h"
#include "scorer/kind.h"
#include "scorer/predictor.h"

#include <math.h>
#include <string.h>

struct perceptron {
	struct classifier classifier;
	struct vec layers;     /* sizes, the features' first */
	const double *weights; /* of each layer: in × out weights, then out biases */
	size_t widest;
};

/* y = W x + bias, W column by column as Spark keeps it.  Returns the end of the weights. */
static const double *affine(const double *w, const double *x, size_t in, double *y, size_t out)
{
	memcpy(y, w + in * out, out * sizeof(*y));
	for (size_t i = 0; i < in; i++, w += out)
		for (size_t j = 0; j < out; j++)
			y[j] += x[i] * w[j];
	return w + out;
}

static int perceptron_raw(const struct classifier *c, const struct batch *b, size_t row,
			  const double *x, double *raw, double *scratch, struct err *err)
{
	const struct perceptron *m = (const struct perceptron *)c;
	const double *w = m->weights;
	size_t last = m->layers.n - 1;

	(void)b, (void)row, (void)err;
	for (size_t i = 1; i <= last; i++) {
		size_t in = (size_t)m->layers.v[i - 1], out = (size_t)m->layers.v[i];
		double *y = i == last ? raw : scratch + (i % 2) * m->widest;

		w = affine(w, x, in, y, out);
		for (size_t j = 0; i < last && j < out; j++)
			y[j] = 1 / (1 + exp(-y[j]));
		x = y;
	}
	return 0;
}

static void perceptron_normalize(const struct classifier *c, double *v)
{
	softmax(v, c->classes);
}

/* How many weights the layers have, and the widest of them. */
static int measure(struct perceptron *m, size_t *ret_weights, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < m->layers.n; i++) {
		double v = m->layers.v[i];

		if (!(v >= 1 && v <= (double)LIMIT_SCORER_ROW && v == floor(v)))
			return member_refuse("layers", err, "item %zu is no size of a layer", i);
		m->widest = (size_t)v > m->widest ? (size_t)v : m->widest;
		if (i > 0)
			n += ((size_t)m->layers.v[i - 1] + 1) * (size_t)v;
	}
	*ret_weights = n;
	return 0;
}

static int load_perceptron(struct loader *l, const void **ret, struct err *err)
{
	struct perceptron *m = loader_alloc(l, 1, sizeof(*m), err);
	struct vec weights = {0};
	size_t n_weights = 0;
	int r;

	if (!m)
		return E_NOMEM;
	m->classifier.raw_of = perceptron_raw;
	m->classifier.normalize = perceptron_normalize;
	r = member_vec(l, "layers", SIZE_ANY, &m->layers, err);
	if (r == 0 && m->layers.n < 2)
		r = member_refuse("layers", err, "two layers at least belong here");
	if (r == 0)
		r = measure(m, &n_weights, err);
	if (r == 0)
		r = member_vec(l, "weights", n_weights, &weights, err);
	if (r == 0)
		r = classifier_load(l, (size_t)m->layers.v[m->layers.n - 1], 2 * m->widest,
				    &m->classifier, err);
	if (r == 0 && (double)m->classifier.predictor.size != m->layers.v[0])
		r = member_refuse("layers", err, "the first layer does not have the %zu features",
				  m->classifier.predictor.size);
	m->weights = weights.v;
	*ret = m;
	return r;
}

const struct kind kind_perceptron = {"MultilayerPerceptron", load_perceptron, classifier_run};
