/* What a table holds, for its renderers. */
#ifndef DISPLAY_TABLE_INT_H
#define DISPLAY_TABLE_INT_H

#include "base/limits.h"
#include "display/chart-int.h"
#include "display/format-int.h"
#include "display/table.h"

enum {
	TABLE_KEEP = 1000,
	TABLE_CELL_CHARS = 500,
	TABLE_COLUMNS = 1012, /* shown of one table: the most that Derby and Splice return */
	TABLE_NAME_CHARS = 128,
	TABLE_TITLE_CHARS = 300,
};

/* Rows stop at LIMIT_DISPLAY_HTML; headings, chart and a last row go on top of it. */
#define TABLE_BYTES_MOST (2 * LIMIT_DISPLAY_HTML)

struct cell {
	size_t at; /* in table.text */
	size_t len;
	struct format_cut cut;
	bool null;
};

struct table_column {
	char *name;
	char *type_name;
	enum value_type type;
};

struct table {
	struct table_column *columns;
	size_t n_columns;   /* shown */
	size_t all_columns; /* that the result has */
	struct cell *cells; /* n_rows * n_columns */
	size_t n_rows;      /* kept */
	size_t cap_rows;    /* room in cells */
	uint64_t rows;      /* that the result has */
	struct buf text;    /* the kept values as text */
	bool oversize;      /* rows are only counted from now on: they would not fit */
	size_t keep;
	size_t cell_chars;
	enum chart_kind chart;
	char *title; /* may be NULL */
	char *note;  /* may be NULL */
};

/* Borrowed; cells of one row follow each other. */
const struct cell *table_cell(const struct table *t, size_t row, size_t column);
const char *table_text(const struct table *t, const struct cell *c);
/* "1,000 of 284,807 rows · 31 columns · 0.24 s"; visible text, not escaped. */
void table_count_line(struct buf *out, const struct table *t, uint64_t shown, const char *why);

/* chart may be NULL. */
int table_html(const struct table *t, const struct chart *chart, struct buf *out,
	       struct err *err) _must_check_;
int table_plain(const struct table *t, const struct chart *chart, struct buf *out,
		struct err *err) _must_check_;

/*
 * The chart of a table by the rule in table.h; its texts are borrowed from t.
 * 1 when there is one, 0 when none is asked for or none fits, E_INPUT when one
 * is asked for and does not fit.
 */
int chart_of_table(const struct table *t, struct chart *ret, struct err *err) _must_check_;

#endif
