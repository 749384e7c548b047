/*
 * Fields of an imported file to values of a table's columns.  Nothing is
 * allocated for a field: values point into the record or into the
 * converter's own scratch space, valid until the next row.
 */
#ifndef NOTEBOOK_CONVERT_H
#define NOTEBOOK_CONVERT_H

#include "base/cleanup.h"
#include "base/value.h"
#include "notebook/csv.h"

struct convert;

struct convert_options {
	const char *timestamp_format; /* Java patterns; NULL: yyyy-MM-dd HH:mm:ss[.fraction] */
	const char *date_format;      /* NULL: yyyy-MM-dd */
	const char *time_format;      /* NULL: HH:mm:ss */
};

/* columns are borrowed.  E_INPUT for a pattern that is none; E_UNSUPPORTED for a column's type. */
int convert_new(const struct column *columns, size_t n, const struct convert_options *options,
		struct convert **ret, struct err *err) _must_check_;
void convert_free(struct convert *c);
CLEANUP_DEFINE(struct convert *, convert_free)

enum { FLAW_TEXT_MAX = 256 };

/* Why a record is refused: what goes into the bad-record file. */
struct flaw {
	char state[6];
	char text[FLAW_TEXT_MAX];
	size_t column; /* from 1; 0: none in particular */
};

/*
 * A whole record: true and *ret (n values), or false and *flaw.  An empty
 * field without quotes is NULL; so is one with quotes for anything but text.
 * Further fields than columns are allowed as long as they are empty (a
 * delimiter at the end of the line).
 */
bool convert_record(struct convert *c, const struct csv_record *record, const struct value **ret,
		    struct flaw *flaw);

#endif
