/* Any bytes as a file, in pieces, through conversion to every kind of column. */
#include "base/limits.h"
#include "notebook/convert.h"
#include "notebook/csv.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct pieces {
	const uint8_t *p;
	size_t n;
};

static int read_piece(void *userdata, char *p, size_t n, size_t *ret_n, struct err *err)
{
	struct pieces *s = userdata;

	(void)err;
	n = n > 7 ? 7 : n;
	n = n > s->n ? s->n : n;
	if (n)
		memcpy(p, s->p, n);
	s->p += n;
	s->n -= n;
	*ret_n = n;
	return 0;
}

#define COLUMN(t)                                                                                  \
	{                                                                                          \
		.name = (char *)"C", .type_name = (char *)"T", .type = (t), .nullable = true       \
	}

static const struct column columns[] = {
	COLUMN(VALUE_INTEGER),
	COLUMN(VALUE_DOUBLE),
	COLUMN(VALUE_VARCHAR),
	COLUMN(VALUE_DATE),
	COLUMN(VALUE_TIME),
	COLUMN(VALUE_TIMESTAMP),
	COLUMN(VALUE_BOOLEAN),
	COLUMN(VALUE_BIGINT),
	{.name = (char *)"D",
	 .type_name = (char *)"T",
	 .type = VALUE_DECIMAL,
	 .precision = 31,
	 .scale = 7},
};

/* The first two bytes choose the options and how many columns the table has. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	struct csv_options options = {.delimiter = data[0] & 1 ? ',' : '\t',
				      .quote = data[0] & 2 ? '"' : '\0',
				      .lines = data[0] & 4,
				      .max_record = data[0] & 8 ? 16 : 0};
	size_t first = data[1] % (sizeof(columns) / sizeof(columns[0]));
	struct pieces pieces = {data + 2, size - 2};
	_cleanup_(csv_freep) struct csv *c = NULL;
	_cleanup_(convert_freep) struct convert *convert = NULL;
	struct convert_options formats = {0};
	const struct csv_record *record;
	const struct value *values;
	struct flaw flaw;
	struct err err = ERR_INIT;

	if (csv_new(&options, read_piece, &pieces, &c, &err) < 0 ||
	    convert_new(columns + first, sizeof(columns) / sizeof(columns[0]) - first, &formats,
			&convert, &err) < 0)
		return 0;
	while (csv_next(c, &record, &err) == 1)
		(void)convert_record(convert, record, &values, &flaw);
	return 0;
}
