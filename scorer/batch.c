/* Memory of a batch: an array for each column. */
#include "scorer/batch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Rows enough that the cost of a stage's call vanishes; numbers few enough to stay in a cache. */
enum { ROWS_MAX = 256, BATCH_BYTES = 1 << 20 };

static size_t row_bytes(const struct slot *s)
{
	size_t text = s->type == COLUMN_STRING ? sizeof(struct text) : 0;

	return s->width * sizeof(double) + text + 1;
}

static size_t choose_capacity(const struct slot *slots, size_t n_slots)
{
	size_t bytes = 1, rows;

	for (size_t i = 0; i < n_slots; i++)
		bytes += row_bytes(&slots[i]);
	rows = BATCH_BYTES / bytes;
	return rows < 1 ? 1 : rows > ROWS_MAX ? ROWS_MAX : rows;
}

static bool add_cells(struct cells *c, const struct slot *s, size_t rows)
{
	c->nulls = calloc(rows, 1);
	if (s->type == COLUMN_STRING)
		c->texts = calloc(rows, sizeof(*c->texts));
	else
		c->numbers = calloc(rows * s->width, sizeof(*c->numbers));
	return c->nulls && (c->texts || c->numbers);
}

int batch_new(const struct slot *slots, size_t n_slots, size_t scratch, struct batch **ret,
	      struct err *err)
{
	_cleanup_(batch_freep) struct batch *b = calloc(1, sizeof(*b));

	if (!b)
		return err_nomem(err);
	b->slots = slots;
	b->capacity = choose_capacity(slots, n_slots);
	b->cells = calloc(n_slots + 1, sizeof(*b->cells));
	b->skipped = calloc(b->capacity, 1);
	b->scratch = calloc(scratch + 1, sizeof(*b->scratch));
	if (!b->cells || !b->skipped || !b->scratch)
		return err_nomem(err);
	for (; b->n_slots < n_slots; b->n_slots++)
		if (!add_cells(&b->cells[b->n_slots], &slots[b->n_slots], b->capacity)) {
			b->n_slots++;
			return err_nomem(err);
		}
	*ret = TAKE(b);
	return 0;
}

void batch_free(struct batch *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n_slots; i++) {
		free(b->cells[i].numbers);
		free(b->cells[i].texts);
		free(b->cells[i].nulls);
	}
	free(b->cells);
	free(b->skipped);
	free(b->scratch);
	free(b);
}

void batch_clear(struct batch *b, size_t first_row)
{
	memset(b->skipped, 0, b->capacity);
	b->rows = 0;
	b->first_row = first_row;
}

int batch_refuse(const struct batch *b, size_t row, size_t slot, struct err *err, const char *fmt,
		 ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(err, E_INPUT, "row %zu, column \"%s\": %s", b->first_row + row,
		       b->slots[slot].name, what);
}
