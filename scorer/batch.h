/*
 * A batch: some rows of a request on their way through a model, column by
 * column.  Made once for a model and used again and again, so that scoring a
 * row allocates nothing.  One thread at a time.
 *
 * Texts are borrowed from the request's body or from the model.
 */
#ifndef SCORER_BATCH_H
#define SCORER_BATCH_H

#include "base/cleanup.h"
#include "base/err.h"
#include "scorer/column.h"

#include <stdint.h>

struct text {
	const char *p; /* not NUL-terminated */
	size_t n;
};

/* One slot's values of all rows. */
struct cells {
	double *numbers;    /* the slot's width of them for each row */
	struct text *texts; /* of a text column */
	uint8_t *nulls;     /* 1 where the value is null; the rest of it is then anything */
};

struct batch {
	const struct slot *slots; /* borrowed from the model */
	struct cells *cells;      /* by slot */
	uint8_t *skipped;         /* 1 for a row that a stage has dropped */
	double *scratch;          /* as many as the model's stages asked for */
	size_t n_slots;
	size_t capacity;  /* rows that fit */
	size_t rows;      /* rows there are */
	size_t first_row; /* number of the first one within the request, from 1 */
};

/* `slots` must outlive the batch. */
int batch_new(const struct slot *slots, size_t n_slots, size_t scratch, struct batch **ret,
	      struct err *err) _must_check_;
void batch_free(struct batch *b);
CLEANUP_DEFINE(struct batch *, batch_free)

/* Forget the rows; the next one is number first_row. */
void batch_clear(struct batch *b, size_t first_row);

/* E_INPUT: "row 3, column "amount": …". */
int batch_refuse(const struct batch *b, size_t row, size_t slot, struct err *err, const char *fmt,
		 ...) ERR_PRINTF(5, 6);

/* The first row from `row` on that no stage has dropped; `rows` when there is none. */
static inline size_t batch_live(const struct batch *b, size_t row)
{
	while (row < b->rows && b->skipped[row])
		row++;
	return row;
}

/* for every row that is still there */
#define batch_each(b, row)                                                                         \
	for (size_t row = batch_live((b), 0); (row) < (b)->rows; (row) = batch_live((b), (row) + 1))

/* The numbers of one row. */
static inline double *cells_row(const struct batch *b, size_t slot, size_t row)
{
	return b->cells[slot].numbers + row * b->slots[slot].width;
}

static inline bool cells_null(const struct batch *b, size_t slot, size_t row)
{
	return b->cells[slot].nulls[row];
}

static inline void cells_set(const struct batch *b, size_t slot, size_t row, double v)
{
	b->cells[slot].numbers[row] = v;
	b->cells[slot].nulls[row] = 0;
}

#endif
