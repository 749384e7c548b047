/* KMeans: the nearest center. */
#include "scorer/kind.h"
#include "scorer/predictor.h"

#include <math.h>

struct kmeans {
	struct predictor predictor;
	struct mat centers;
	const double *norms; /* of the centers */
	bool cosine;
};

static int load_kmeans(struct loader *l, const void **ret, struct err *err)
{
	static const char *const distances[] = {"euclidean", "cosine", NULL};
	struct kmeans *m = loader_alloc(l, 1, sizeof(*m), err);
	unsigned distance = 0;
	double *norms;
	int r;

	if (!m)
		return E_NOMEM;
	r = predictor_load(l, COLUMN_INT, &m->predictor, err);
	if (r == 0)
		r = member_word(l, "distance", distances, &distance, err);
	if (r == 0)
		r = member_mat(l, "centers", SIZE_ANY, m->predictor.size, &m->centers, err);
	if (r < 0)
		return r;
	norms = loader_alloc(l, m->centers.rows, sizeof(*norms), err);
	if (!norms)
		return E_NOMEM;
	for (size_t i = 0; i < m->centers.rows; i++) {
		const double *c = m->centers.v + i * m->centers.cols;

		norms[i] = sqrt(dot(c, c, m->centers.cols));
		if (distance && !(norms[i] > 0))
			return member_refuse("centers", err, "center %zu has no direction", i);
	}
	m->norms = norms;
	m->cosine = distance;
	*ret = m;
	return 0;
}

/* Difference by difference, as Spark does with dense vectors, so that ties stay ties. */
static double square_distance(const double *a, const double *b, size_t n)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sum;
}

static double distance_to(const struct kmeans *m, size_t center, const double *x, double norm)
{
	const double *c = m->centers.v + center * m->centers.cols;

	if (m->cosine)
		return 1 - dot(c, x, m->centers.cols) / m->norms[center] / norm;
	return square_distance(c, x, m->centers.cols);
}

static size_t find_nearest(const struct kmeans *m, const double *x, double norm)
{
	double best = INFINITY;
	size_t nearest = 0;

	for (size_t i = 0; i < m->centers.rows; i++) {
		double d = distance_to(m, i, x, norm);

		if (d < best) {
			best = d;
			nearest = i;
		}
	}
	return nearest;
}

static int run_kmeans(const void *state, struct batch *b, struct err *err)
{
	const struct kmeans *m = state;

	batch_each (b, row) {
		const double *x = predictor_features(&m->predictor, b, row, err);
		double norm;

		if (!x)
			return E_INPUT;
		norm = sqrt(dot(x, x, m->predictor.size));
		if (m->cosine && norm == 0)
			return batch_refuse(b, row, m->predictor.features, err,
					    "KMeans with the cosine distance takes no vector of "
					    "zeros");
		if (isnan(norm))
			return batch_refuse(b, row, m->predictor.features, err,
					    "KMeans takes no NaN");
		predictor_set(&m->predictor, b, row, (double)find_nearest(m, x, norm));
	}
	return 0;
}

const struct kind kind_kmeans = {"KMeans", load_kmeans, run_kmeans};
