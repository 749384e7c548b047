/* Stages from numbers to numbers: Imputer, Bucketizer, Binarizer. */
#include "scorer/kind.h"

#include <math.h>

/* Columns and what each of them becomes. */
struct pairs {
	struct slots inputs;
	size_t *outputs;
};

/* Outputs of type double, or of the input's own type and width. */
static int load_pairs(struct loader *l, unsigned types, bool keep_type, struct pairs *ret,
		      struct err *err)
{
	const char *const *names = NULL;
	int r = member_inputs(l, "inputs", types, &ret->inputs, err);

	if (r == 0)
		r = member_names(l, "outputs", ret->inputs.n, &names, err);
	if (r < 0)
		return r;
	ret->outputs = loader_alloc(l, ret->inputs.n, sizeof(*ret->outputs), err);
	if (!ret->outputs)
		return E_NOMEM;
	for (size_t i = 0; r == 0 && i < ret->inputs.n; i++) {
		struct slot s = l->model->slots[ret->inputs.v[i]];

		if (s.type != COLUMN_VECTOR && !keep_type)
			s.type = COLUMN_DOUBLE;
		r = loader_add(l, names[i], s.type, s.width, &ret->outputs[i], err);
	}
	return r;
}

/* --- Imputer --- */

struct imputer {
	struct pairs pairs;
	double missing;
	const double *surrogates; /* as the column's type holds them */
};

static int load_imputer(struct loader *l, const void **ret, struct err *err)
{
	struct imputer *m = loader_alloc(l, 1, sizeof(*m), err);
	struct vec surrogates = {0};
	double *cast;
	int r;

	if (!m)
		return E_NOMEM;
	r = load_pairs(l, COLUMNS_NUMBER, /* keep_type= */ true, &m->pairs, err);
	if (r == 0)
		r = member_number(l, "missing_value", &m->missing, err);
	if (r == 0)
		r = member_vec(l, "surrogates", m->pairs.inputs.n, &surrogates, err);
	if (r < 0)
		return r;
	cast = loader_alloc(l, surrogates.n, sizeof(*cast), err);
	if (!cast)
		return E_NOMEM;
	for (size_t i = 0; i < surrogates.n; i++)
		cast[i] = column_type_cast(l->model->slots[m->pairs.outputs[i]].type,
					   surrogates.v[i]);
	m->surrogates = cast;
	*ret = m;
	return 0;
}

/* SQL's equality, in which NaN is equal to itself. */
static bool same(double a, double b)
{
	return a == b || (isnan(a) && isnan(b));
}

static int run_imputer(const void *state, struct batch *b, struct err *err)
{
	const struct imputer *m = state;

	(void)err;
	for (size_t i = 0; i < m->pairs.inputs.n; i++) {
		size_t from = m->pairs.inputs.v[i];

		batch_each (b, row) {
			double v = b->cells[from].numbers[row];
			bool missing = cells_null(b, from, row) || same(v, m->missing);

			cells_set(b, m->pairs.outputs[i], row, missing ? m->surrogates[i] : v);
		}
	}
	return 0;
}

const struct kind kind_imputer = {"Imputer", load_imputer, run_imputer};

/* --- Bucketizer --- */

struct bucketizer {
	struct pairs pairs;
	const struct vec *splits; /* one for each input, rising */
	enum invalid invalid;
};

static int check_splits(const struct vec *v, struct err *err)
{
	if (v->n < 3)
		return member_refuse("splits", err, "three numbers at least belong here");
	for (size_t i = 1; i < v->n; i++)
		if (!(v->v[i - 1] < v->v[i]))
			return member_refuse("splits", err,
					     "number %zu is not larger than the "
					     "one before",
					     i);
	return 0;
}

static int load_bucketizer(struct loader *l, const void **ret, struct err *err)
{
	struct bucketizer *z = loader_alloc(l, 1, sizeof(*z), err);
	int r;

	if (!z)
		return E_NOMEM;
	r = load_pairs(l, COLUMNS_NUMBER, /* keep_type= */ false, &z->pairs, err);
	if (r == 0)
		r = member_vecs(l, "splits", z->pairs.inputs.n, &z->splits, err);
	if (r == 0)
		r = member_invalid(l, &z->invalid, err);
	for (size_t i = 0; r == 0 && i < z->pairs.inputs.n; i++)
		r = check_splits(&z->splits[i], err);
	*ret = z;
	return r;
}

/* Java's order of doubles, in which -0 is below 0. */
static bool is_below(double a, double b)
{
	return a < b || (a == b && signbit(a) && !signbit(b));
}

/* The bucket of v, or -1. */
static double find_bucket(const struct vec *splits, double v)
{
	size_t low = 0, high = splits->n;

	if (v == splits->v[splits->n - 1])
		return (double)(splits->n - 2);
	while (low < high) { /* how many splits are not above v */
		size_t middle = low + (high - low) / 2;

		if (is_below(v, splits->v[middle]))
			high = middle;
		else
			low = middle + 1;
	}
	return low == 0 || low == splits->n ? -1 : (double)(low - 1);
}

static int bucketize(const struct bucketizer *z, size_t i, struct batch *b, size_t row,
		     struct err *err)
{
	size_t from = z->pairs.inputs.v[i], to = z->pairs.outputs[i];
	const struct vec *splits = &z->splits[i];
	double v = b->cells[from].numbers[row], bucket;

	b->cells[to].nulls[row] = 1;
	if (z->invalid == INVALID_SKIP && (cells_null(b, from, row) || isnan(v))) {
		b->skipped[row] = 1;
		return 0;
	}
	if (cells_null(b, from, row))
		return 0;
	if (isnan(v) && z->invalid == INVALID_ERROR)
		return batch_refuse(b, row, from, err, "Bucketizer was fitted to refuse NaN");
	bucket = isnan(v) ? (double)(splits->n - 1) : find_bucket(splits, v);
	if (bucket < 0)
		return batch_refuse(b, row, from, err, "%g is outside of the buckets, %g to %g", v,
				    splits->v[0], splits->v[splits->n - 1]);
	cells_set(b, to, row, bucket);
	return 0;
}

static int run_bucketizer(const void *state, struct batch *b, struct err *err)
{
	const struct bucketizer *z = state;
	int r;

	for (size_t i = 0; i < z->pairs.inputs.n; i++) {
		batch_each (b, row) {
			r = bucketize(z, i, b, row, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

const struct kind kind_bucketizer = {"Bucketizer", load_bucketizer, run_bucketizer};

/* --- Binarizer --- */

struct binarizer {
	struct pairs pairs;
	const double *thresholds;
};

static int load_binarizer(struct loader *l, const void **ret, struct err *err)
{
	struct binarizer *z = loader_alloc(l, 1, sizeof(*z), err);
	struct vec thresholds = {0};
	int r;

	if (!z)
		return E_NOMEM;
	r = load_pairs(l, COLUMNS_NUMBER | COLUMNS_VECTOR, /* keep_type= */ false, &z->pairs, err);
	if (r == 0)
		r = member_vec(l, "thresholds", z->pairs.inputs.n, &thresholds, err);
	z->thresholds = thresholds.v;
	*ret = z;
	return r;
}

/* Spark sets the elements of a vector that are not at most a negative threshold: NaN as well. */
static bool is_above(double v, double threshold, bool in_vector)
{
	return in_vector && threshold < 0 ? !(v <= threshold) : v > threshold;
}

/* A null number is not above the threshold; a null vector stays null. */
static void binarize(const struct batch *b, size_t from, size_t to, size_t row, double threshold)
{
	const double *x = cells_row(b, from, row);
	double *y = cells_row(b, to, row);
	bool null = cells_null(b, from, row), vector = b->slots[from].type == COLUMN_VECTOR;

	for (size_t i = 0; i < b->slots[from].width; i++)
		y[i] = !null && is_above(x[i], threshold, vector) ? 1 : 0;
	b->cells[to].nulls[row] = null && vector;
}

static int run_binarizer(const void *state, struct batch *b, struct err *err)
{
	const struct binarizer *z = state;

	(void)err;
	for (size_t i = 0; i < z->pairs.inputs.n; i++)
		batch_each (b, row)
			binarize(b, z->pairs.inputs.v[i], z->pairs.outputs[i], row,
				 z->thresholds[i]);
	return 0;
}

const struct kind kind_binarizer = {"Binarizer", load_binarizer, run_binarizer};
