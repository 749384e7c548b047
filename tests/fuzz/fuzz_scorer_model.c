/*
 * Any bytes as a model file; a model that is taken answers rows of zeros,
 * nulls and texts without reading or writing outside.
 */
#include "base/limits.h"
#include "scorer/model.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Batches of models that a fuzzer makes wide take time and find nothing. */
enum { NUMBERS_MAX = 100000 };

static bool is_small(const struct model *m)
{
	size_t n = m->scratch;

	for (size_t i = 0; i < m->n_slots; i++)
		n += m->slots[i].width;
	return n < NUMBERS_MAX;
}

static void fill(struct batch *b, size_t n_inputs)
{
	static const struct text texts[] = {{"", 0}, {"a", 1}, {"1.0", 3}};

	batch_clear(b, 1);
	for (size_t row = 0; row < b->capacity && row < 8; row++, b->rows++) {
		for (size_t i = 0; i < n_inputs; i++) {
			b->cells[i].nulls[row] = row == 7;
			if (b->cells[i].texts)
				b->cells[i].texts[row] = texts[row % 3];
			for (size_t k = 0; k < b->slots[i].width; k++)
				cells_row(b, i, row)[k] = (double)row - 2;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(model_freep) struct model *m = NULL;
	_cleanup_(batch_freep) struct batch *b = NULL;
	struct err err = ERR_INIT;

	if (model_parse((const char *)data, size, &m, &err) < 0 || !is_small(m) ||
	    model_batch_new(m, &b, &err) < 0)
		return 0;
	fill(b, m->n_inputs);
	if (model_run(m, b, &err) < 0 && !err.text[0])
		abort();
	return 0;
}
