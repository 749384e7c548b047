/*
 * A row description and rows by it: two bytes of length, the description, rows.
 * A row that can be read ends where the same row ends that is passed over.
 */
#include "protocol/drda/fdoca.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touch what a value points to, so that the sanitizer sees it. */
static unsigned touch(const struct value *v)
{
	unsigned sum = 0;

	if (v->null || v->type == VALUE_DOUBLE || v->type == VALUE_REAL || !v->s.p ||
	    v->type == VALUE_BOOLEAN || v->type == VALUE_SMALLINT || v->type == VALUE_INTEGER ||
	    v->type == VALUE_BIGINT)
		return 0;
	for (size_t i = 0; i < v->s.n; i++)
		sum += (unsigned char)v->s.p[i];
	return sum;
}

static void read_rows(const struct fdoca_row *row, struct rd *r)
{
	_cleanup_free_ struct value *values = calloc(row->n + 1, sizeof(*values));
	_cleanup_free_ char *scratch = malloc(fdoca_scratch_size(row));
	volatile unsigned sum = 0;

	while (values && scratch && row->n && r->n && !r->short_) {
		struct rd passed = *r;

		if (fdoca_read_row(row, r, values, scratch, NULL) < 0 || r->short_)
			return;
		if (fdoca_skip_row(row, &passed, NULL) < 0 || passed.p != r->p)
			abort();
		for (size_t i = 0; i < row->n; i++)
			sum += touch(&values[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(fdoca_row_release) struct fdoca_row row = {0};
	_cleanup_free_ uint8_t *copy = malloc(size + 1); /* rows are written to */
	struct rd r, description;

	if (!copy)
		return 0;
	for (size_t i = 0; i < size; i++)
		copy[i] = data[i];
	r = rd_make(copy, size);
	description = rd_sub(&r, rd_be16(&r));
	if (!r.short_ && fdoca_read_description(&row, &description, NULL) == 0)
		read_rows(&row, &r);
	return 0;
}
