/*
 * A result table: rows go in one at a time, a MIME bundle comes out.  The
 * table keeps the first `keep` rows (and counts the rest), so its memory does
 * not depend on the result's size.  Values are copied.
 *
 * It says what it does not show: "1,000 of 284,807 rows" stands above the
 * rows.  Text that is cut says its true length.  A result that a chart fits
 * (one text or whole-number column and one numeric column, 2 to 12 rows,
 * nothing negative) carries a pie chart one click away.
 *
 * Pure: no I/O, no clock.
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
	CHART_BAR,
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
/* Rows that exist but were not passed to table_add (a sampled frame); added to the count. */
void table_add_unseen(struct table *t, uint64_t rows);
/* Replace the note, e.g. when the elapsed time is known.  Copied. */
int table_set_note(struct table *t, const char *note, struct err *err) _must_check_;
uint64_t table_rows(const struct table *t);

/* text/html and text/plain of the table (and chart) into an initialised bundle. */
int table_render(const struct table *t, struct bundle *b, struct err *err) _must_check_;

#endif
