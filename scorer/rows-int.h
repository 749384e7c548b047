/* What the readers of the two formats share. */
#ifndef SCORER_ROWS_INT_H
#define SCORER_ROWS_INT_H

#include "scorer/json-reader.h"
#include "scorer/rows.h"

/* Columns of a request, those that the model ignores among them. */
enum { ROWS_COLUMNS_MAX = 1 << 17 };

/* A column of the request. */
struct header {
	struct text name;
	size_t slot; /* or NAMES_NONE for one that the model does not know */
};

struct rows {
	const struct model *model; /* borrowed */
	size_t count;              /* rows so far */
	bool want_all;
	bool ended; /* the last row was read */
	/* The next row into place `row` of the batch: 1, or 0 behind the last one. */
	int (*next)(struct rows *s, struct batch *b, size_t row, struct err *err);

	struct header *headers; /* owned */
	size_t n_headers, headers_room;
	uint8_t *seen; /* by slot: some row has the column; owned */

	struct json_reader json; /* at the list of rows */
	bool first;              /* no row read yet */
	char *p, *end;           /* CSV: the next line */
};

/* Add a column; E_INPUT when it is there already. */
int rows_add_header(struct rows *s, const struct text *name, struct err *err) _must_check_;
/* E_INPUT that names the columns of the model that were not seen. */
int rows_check_seen(const struct rows *s, struct err *err) _must_check_;

int rows_open_json(struct rows *s, char *body, size_t n, struct err *err) _must_check_;
int rows_open_csv(struct rows *s, char *body, size_t n, struct err *err) _must_check_;

#endif
