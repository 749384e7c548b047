/*
 * A result table: rows go in one at a time, a MIME bundle comes out.  The
 * table keeps the first `keep` rows (and counts the rest), and never more than
 * can be shown, so its memory does not depend on the result's size.  Values
 * are copied.
 *
 * It says what it does not show: "1,000 of 284,807 rows" stands above the
 * rows.  Text that is cut says its true length, bytes their size.  The HTML's
 * rows end at LIMIT_DISPLAY_HTML, and "(as many as fit)" says so.  Plain text
 * is for a terminal of 80 columns: a grid of at most 60 rows, or groups of
 * columns (floating point to six digits then, and said so), or a list of
 * values for one or two wide rows.
 *
 * A result that a chart fits carries a pie chart one click away.  It fits when
 * there are exactly two columns and 2 to 12 rows, all of them kept.  The value
 * is the last numeric column; its numbers are finite, none is NULL or
 * negative, and their sum is above 0.  The label is the other column: text,
 * date or time, boolean or whole number (a class of 0 or 1 is a label).
 *
 * Pure: no I/O, no clock; the same rows give the same bytes.  A table belongs
 * to one thread at a time.
 */
#ifndef DISPLAY_TABLE_H
#define DISPLAY_TABLE_H

#include "base/value.h"
#include "display/bundle.h"

struct table;

enum chart_kind {
	CHART_AUTO, /* folded, when one fits */
	CHART_NONE,
	CHART_PIE, /* open; an error says why when the data does not fit */
	CHART_BAR, /* the same, as horizontal bars */
};

struct table_options {
	size_t keep;       /* rows kept for showing; 0 means 1,000 */
	size_t cell_chars; /* longest text shown of one value; 0 means 500 */
	enum chart_kind chart;
	const char *title; /* may be NULL */
	const char *note;  /* said after the row count, e.g. "0.24 s"; may be NULL */
};

/* Column names and types are copied. */
int table_new(const struct column *columns, size_t n_columns, const struct table_options *options,
	      struct table **ret, struct err *err) _must_check_;
void table_free(struct table *t);
CLEANUP_DEFINE(struct table *, table_free)

/* One row, n_columns values. */
int table_add(struct table *t, const struct value *row, struct err *err) _must_check_;
/* No further row will be shown: those to come need only be counted. */
bool table_full(const struct table *t);
/* Rows that exist but were not passed to table_add (passed over, or a sampled frame); added to the
 * count. */
void table_add_unseen(struct table *t, uint64_t rows);
/* Replace the note, e.g. when the elapsed time is known.  Copied. */
int table_set_note(struct table *t, const char *note, struct err *err) _must_check_;
uint64_t table_rows(const struct table *t);

/*
 * text/html and text/plain of the table (and chart) into an initialised
 * bundle.  E_INPUT when a chart was asked for that does not fit; the bundle is
 * untouched then.
 */
int table_render(const struct table *t, struct bundle *b, struct err *err) _must_check_;

#endif
