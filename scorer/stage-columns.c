/* Stages that only rearrange columns: VectorAssembler and SelectColumns. */
#include "scorer/kind.h"

#include <math.h>
#include <string.h>

struct assembler {
	struct slots inputs;
	size_t output;
	enum invalid invalid;
};

static int check_sizes(struct loader *l, const struct slots *inputs, size_t *ret_total,
		       struct err *err)
{
	struct vec sizes;
	int r = member_vec(l, "sizes", inputs->n, &sizes, err);

	if (r < 0)
		return r;
	*ret_total = 0;
	for (size_t i = 0; i < inputs->n; i++) {
		const struct slot *s = &l->model->slots[inputs->v[i]];

		if (sizes.v[i] != (double)s->width)
			return member_refuse("sizes", err, "column \"%.100s\" has size %zu, not %g",
					     s->name, s->width, sizes.v[i]);
		*ret_total += s->width;
	}
	return 0;
}

static int load_assembler(struct loader *l, const void **ret, struct err *err)
{
	struct assembler *a = loader_alloc(l, 1, sizeof(*a), err);
	size_t size = 0;
	int r;

	if (!a)
		return E_NOMEM;
	r = member_inputs(l, "inputs", COLUMNS_NUMBER | COLUMNS_VECTOR, &a->inputs, err);
	if (r == 0)
		r = check_sizes(l, &a->inputs, &size, err);
	if (r == 0)
		r = member_invalid(l, &a->invalid, err);
	if (r == 0)
		r = member_output(l, "output", COLUMN_VECTOR, size, &a->output, err);
	*ret = a;
	return r;
}

/* Spark looks for NaN in numbers only, not within vectors. */
static const char *find_fault(const struct batch *b, size_t slot, size_t row)
{
	if (cells_null(b, slot, row))
		return "null";
	if (b->slots[slot].type != COLUMN_VECTOR && isnan(b->cells[slot].numbers[row]))
		return "NaN";
	return NULL;
}

static int assemble_row(const struct assembler *a, struct batch *b, size_t row, struct err *err)
{
	double *to = cells_row(b, a->output, row);

	for (size_t i = 0; i < a->inputs.n; i++) {
		size_t slot = a->inputs.v[i], width = b->slots[slot].width;
		const char *fault = find_fault(b, slot, row);

		if (fault && a->invalid == INVALID_ERROR)
			return batch_refuse(b, row, slot, err,
					    "VectorAssembler was fitted to refuse %s", fault);
		if (fault && a->invalid == INVALID_SKIP) {
			b->skipped[row] = 1;
			return 0;
		}
		if (fault) {
			for (size_t j = 0; j < width; j++)
				to[j] = NAN;
		} else {
			memcpy(to, cells_row(b, slot, row), width * sizeof(*to));
		}
		to += width;
	}
	b->cells[a->output].nulls[row] = 0;
	return 0;
}

static int run_assembler(const void *state, struct batch *b, struct err *err)
{
	int r;

	batch_each (b, row) {
		r = assemble_row(state, b, row, err);
		if (r < 0)
			return r;
	}
	return 0;
}

const struct kind kind_vector_assembler = {"VectorAssembler", load_assembler, run_assembler};

/* --- SelectColumns: names change, the columns stay where they are --- */

/* A chosen column under its new name. */
struct choice {
	size_t slot;
	const char *as;
};

struct select {
	size_t n;
	const struct choice *choices;
	const size_t *copies; /* slots that bear the new names */
};

static int load_choice(struct loader *l, const json_t *j, struct choice *ret, struct err *err)
{
	struct loader inner = *l;
	int r;

	if (!json_is_object(j))
		return member_refuse("columns", err,
				     "an object with \"from\" and \"as\" belongs "
				     "here");
	inner.object = j;
	r = member_input(&inner, "from", COLUMNS_SCALAR | COLUMNS_VECTOR, &ret->slot, err);
	return r < 0 ? r : member_text(&inner, "as", &ret->as, err);
}

static int load_select(struct loader *l, const void **ret, struct err *err)
{
	const json_t *list = json_object_get(l->object, "columns");
	struct select *s = loader_alloc(l, 1, sizeof(*s), err);
	size_t n = json_array_size(list), *copies;
	struct choice *choices;
	bool keep_all;
	int r = member_bool(l, "keep_all", &keep_all, err);

	if (!s || r < 0)
		return s ? r : E_NOMEM;
	if (!json_is_array(list))
		return member_refuse("columns", err, "a list belongs here");
	choices = loader_alloc(l, n, sizeof(*choices), err);
	copies = loader_alloc(l, n, sizeof(*copies), err);
	if (!choices || !copies)
		return E_NOMEM;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = load_choice(l, json_array_get(list, i), &choices[i], err);
	if (r == 0 && !keep_all)
		loader_hide_all(l);
	for (size_t i = 0; r == 0 && i < n; i++)
		r = loader_alias(l, choices[i].as, choices[i].slot, &copies[i], err);
	*s = (struct select){.n = n, .choices = choices, .copies = copies};
	*ret = s;
	return r;
}

static void copy_column(const struct batch *b, size_t from, size_t to)
{
	const struct cells *source = &b->cells[from], *target = &b->cells[to];
	size_t width = b->slots[from].width;

	memcpy(target->nulls, source->nulls, b->rows);
	if (source->texts)
		memcpy(target->texts, source->texts, b->rows * sizeof(*source->texts));
	else
		memcpy(target->numbers, source->numbers,
		       b->rows * width * sizeof(*source->numbers));
}

static int run_select(const void *state, struct batch *b, struct err *err)
{
	const struct select *s = state;

	(void)err;
	for (size_t i = 0; i < s->n; i++)
		copy_column(b, s->choices[i].slot, s->copies[i]);
	return 0;
}

const struct kind kind_select_columns = {"SelectColumns", load_select, run_select};
