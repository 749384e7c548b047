/* Stages for categories: StringIndexer, IndexToString, OneHotEncoder. */
#include "base/str.h"
#include "scorer/kind.h"
#include "scorer/label-index.h"

#include <math.h>
#include <string.h>

/* Doubles hold the whole numbers up to here one by one. */
#define EXACT_MAX 0x1p53

/* --- StringIndexer --- */

struct indexer {
	struct slots inputs;
	size_t *outputs;
	const struct labels *labels;
	const struct label_index **indexes;
	enum invalid invalid;
};

static int load_columns(struct loader *l, struct indexer *x, struct err *err)
{
	const char *const *names = NULL;
	size_t n = x->inputs.n;
	int r = member_names(l, "outputs", n, &names, err);

	if (r < 0)
		return r;
	x->outputs = loader_alloc(l, n, sizeof(*x->outputs), err);
	x->indexes = loader_alloc(l, n, sizeof(const void *), err);
	if (!x->outputs || !x->indexes)
		return E_NOMEM;
	for (size_t i = 0; r == 0 && i < n; i++) {
		enum column_type type = l->model->slots[x->inputs.v[i]].type;

		r = label_index_new(l, &x->labels[i], type, &x->indexes[i], err);
		if (r == 0)
			r = loader_add(l, names[i], COLUMN_DOUBLE, 1, &x->outputs[i], err);
	}
	return r;
}

static int load_indexer(struct loader *l, const void **ret, struct err *err)
{
	struct indexer *x = loader_alloc(l, 1, sizeof(*x), err);
	int r;

	if (!x)
		return E_NOMEM;
	r = member_inputs(l, "inputs", COLUMNS_SCALAR, &x->inputs, err);
	if (r == 0)
		r = member_labels_lists(l, "labels", x->inputs.n, &x->labels, err);
	if (r == 0)
		r = member_invalid(l, &x->invalid, err);
	if (r == 0)
		r = load_columns(l, x, err);
	*ret = x;
	return r;
}

static int refuse_unseen(const struct batch *b, size_t slot, size_t row, struct err *err)
{
	const struct cells *c = &b->cells[slot];

	if (c->nulls[row])
		return batch_refuse(b, row, slot, err, "StringIndexer was fitted to refuse null");
	if (c->texts)
		return batch_refuse(b, row, slot, err,
				    "\"%.*s\" is a label that was not seen when "
				    "StringIndexer was fitted",
				    (int)(c->texts[row].n > 100 ? 100 : c->texts[row].n),
				    c->texts[row].p);
	if (fabs(c->numbers[row]) > EXACT_MAX)
		return batch_refuse(b, row, slot, err,
				    "%.0f is too large to be looked up as a "
				    "label",
				    c->numbers[row]);
	return batch_refuse(b, row, slot, err,
			    "%.17g is a label that was not seen when StringIndexer was fitted",
			    c->numbers[row]);
}

/* Whole numbers so large that several share a double cannot be told apart. */
static bool is_blurred(const struct batch *b, size_t slot, size_t row)
{
	return b->slots[slot].type == COLUMN_LONG && !cells_null(b, slot, row) &&
	       fabs(b->cells[slot].numbers[row]) > EXACT_MAX;
}

/* `skip` drops every NaN, as Spark's na.drop does, though "NaN" may be a label. */
static bool has_label(const struct indexer *x, const struct batch *b, size_t slot, size_t row)
{
	const struct cells *c = &b->cells[slot];

	return !c->nulls[row] &&
	       !(x->invalid == INVALID_SKIP && c->numbers && isnan(c->numbers[row]));
}

static int index_value(const struct indexer *x, size_t i, struct batch *b, size_t row,
		       struct err *err)
{
	size_t from = x->inputs.v[i];
	double place = -1;

	if (is_blurred(b, from, row))
		return refuse_unseen(b, from, row, err);
	if (has_label(x, b, from, row))
		place = label_index_find(x->indexes[i], &b->cells[from], row);
	if (place < 0 && x->invalid == INVALID_ERROR)
		return refuse_unseen(b, from, row, err);
	if (place < 0 && x->invalid == INVALID_SKIP)
		b->skipped[row] = 1;
	cells_set(b, x->outputs[i], row, place < 0 ? (double)x->labels[i].n : place);
	return 0;
}

static int run_indexer(const void *state, struct batch *b, struct err *err)
{
	const struct indexer *x = state;
	int r;

	for (size_t i = 0; i < x->inputs.n; i++) {
		batch_each (b, row) {
			r = index_value(x, i, b, row, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

const struct kind kind_string_indexer = {"StringIndexer", load_indexer, run_indexer};

/* --- IndexToString --- */

struct to_string {
	size_t input, output;
	struct labels labels;
};

static int load_to_string(struct loader *l, const void **ret, struct err *err)
{
	struct to_string *t = loader_alloc(l, 1, sizeof(*t), err);
	int r;

	if (!t)
		return E_NOMEM;
	r = member_input(l, "input", COLUMNS_NUMBER, &t->input, err);
	if (r == 0)
		r = member_labels(l, "labels", &t->labels, err);
	if (r == 0)
		r = member_output(l, "output", COLUMN_STRING, 0, &t->output, err);
	*ret = t;
	return r;
}

static int run_to_string(const void *state, struct batch *b, struct err *err)
{
	const struct to_string *t = state;

	batch_each (b, row) {
		double v = trunc(b->cells[t->input].numbers[row]);

		if (cells_null(b, t->input, row))
			return batch_refuse(b, row, t->input, err, "IndexToString takes no null");
		b->cells[t->output].nulls[row] = 0;
		if (!(v >= 0 && v < (double)t->labels.n))
			return batch_refuse(b, row, t->input, err, "there is no label %g", v);
		b->cells[t->output].texts[row] = t->labels.v[(size_t)v];
	}
	return 0;
}

const struct kind kind_index_to_string = {"IndexToString", load_to_string, run_to_string};

/* --- OneHotEncoder --- */

struct encoder {
	struct slots inputs;
	size_t *outputs;
	const double *sizes; /* categories of each */
	bool keep;
};

/* `keep` adds a category for what is invalid; `drop_last` leaves the last one out. */
static int add_vectors(struct loader *l, struct encoder *e, bool drop_last, struct err *err)
{
	const char *const *names = NULL;
	int r = member_names(l, "outputs", e->inputs.n, &names, err);

	if (r < 0)
		return r;
	e->outputs = loader_alloc(l, e->inputs.n, sizeof(*e->outputs), err);
	if (!e->outputs)
		return E_NOMEM;
	for (size_t i = 0; r == 0 && i < e->inputs.n; i++) {
		double size = e->sizes[i] + (e->keep ? 1 : 0) - (drop_last ? 1 : 0);

		if (!(size >= 1 && size < 0x1p31 && size == floor(size)))
			return member_refuse("sizes", err, "item %zu leaves no category", i);
		r = loader_add(l, names[i], COLUMN_VECTOR, (size_t)size, &e->outputs[i], err);
	}
	return r;
}

static int load_encoder(struct loader *l, const void **ret, struct err *err)
{
	struct encoder *e = loader_alloc(l, 1, sizeof(*e), err);
	enum invalid invalid = INVALID_ERROR;
	struct vec sizes = {0};
	bool drop_last = false;
	int r;

	if (!e)
		return E_NOMEM;
	r = member_inputs(l, "inputs", COLUMNS_NUMBER, &e->inputs, err);
	if (r == 0)
		r = member_vec(l, "sizes", e->inputs.n, &sizes, err);
	if (r == 0)
		r = member_bool(l, "drop_last", &drop_last, err);
	if (r == 0)
		r = member_invalid(l, &invalid, err);
	if (r == 0 && invalid == INVALID_SKIP)
		r = member_refuse("handle_invalid", err, "OneHotEncoder has no \"skip\"");
	if (r < 0)
		return r;
	e->sizes = sizes.v;
	e->keep = invalid == INVALID_KEEP;
	*ret = e;
	return add_vectors(l, e, drop_last, err);
}

static int encode(const struct encoder *e, size_t i, struct batch *b, size_t row, struct err *err)
{
	size_t from = e->inputs.v[i], to = e->outputs[i], width = b->slots[to].width;
	double *out = cells_row(b, to, row), v = b->cells[from].numbers[row];

	b->cells[to].nulls[row] = b->cells[from].nulls[row];
	if (cells_null(b, from, row))
		return 0;
	if (!(v >= 0 && v < e->sizes[i])) {
		if (!e->keep)
			return batch_refuse(b, row, from, err,
					    "%g is no category that OneHotEncoder was fitted with",
					    v);
		v = e->sizes[i];
	}
	memset(out, 0, width * sizeof(*out));
	if (v < (double)width)
		out[(size_t)v] = 1;
	return 0;
}

static int run_encoder(const void *state, struct batch *b, struct err *err)
{
	const struct encoder *e = state;
	int r;

	for (size_t i = 0; i < e->inputs.n; i++) {
		batch_each (b, row) {
			r = encode(e, i, b, row, err);
			if (r < 0)
				return r;
		}
	}
	return 0;
}

const struct kind kind_one_hot_encoder = {"OneHotEncoder", load_encoder, run_encoder};
