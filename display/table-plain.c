/*
 * A table for a terminal of 80 columns.  Three forms: a grid where it fits; a
 * grid cut into groups of columns, each with the row numbers, where it does
 * not; and one line per value for a row or two.
 *
 *     2 rows · 2 columns · 0.24 s
 *      CLASS_RESULT │      2
 *     ──────────────┼────────
 *                 0 │ 284315
 */
#include "display/table-int.h"

#include "base/str.h"
#include "display/text-int.h"

enum {
	SCREEN_COLUMNS = 80,
	GRID_ROWS = 60,      /* shown of a grid that fits */
	GROUPED_LINES = 120, /* of all groups together, so that one table is a few screens */
	GROUPED_LEAST = 5,   /* rows of a group, however many groups there are */
	RECORD_ROWS = 2,     /* shown value by value when the grid does not fit */
	RECORD_NAME = 30,
	BRIEF_TEXT = 26, /* columns of a text in a grouped grid */
};

#define LINE "\xE2\x94\x80"  /* ─ */
#define CROSS "\xE2\x94\xBC" /* ┼ */
#define BAR "\xE2\x94\x82"   /* │ */

/* One way to lay a table out. */
struct grid {
	const struct table *t;
	size_t rows;
	size_t cap;     /* widest text; SIZE_MAX when nothing is cut */
	bool brief;     /* floating point to six digits */
	size_t number;  /* width of the row number, 0 when rows are not numbered */
	size_t *widths; /* owned, one per column */
};

static void grid_release(struct grid *g)
{
	free(g->widths);
}

static bool is_float(enum value_type type)
{
	return type == VALUE_REAL || type == VALUE_DOUBLE;
}

/* "…(512)": that the text is longer, and how long it is. */
static void put_tail(struct buf *out, const char *text, const struct cell *c)
{
	buf_put_str(out, TEXT_ELLIPSIS "(");
	format_count(out, c->cut.whole ? c->cut.whole : utf8_count(text, c->len));
	buf_put_str(out, c->cut.bytes ? " bytes)" : ")");
	buf_put_u8(out, 0);
}

static void put_text_cell(struct buf *out, const char *text, const struct cell *c, size_t cap)
{
	_cleanup_buf_ struct buf tail;

	buf_init(&tail, out->max);
	put_tail(&tail, text, c);
	text_fails_with(out, &tail);
	if (!tail.failed && !text_fitted(out, text, c->len, cap, (const char *)tail.data) &&
	    c->cut.whole)
		buf_put_str(out, (const char *)tail.data);
}

static void put_brief(struct buf *out, const char *text, size_t n)
{
	char copy[40];
	double d;

	snprintf(copy, sizeof(copy), "%.*s", (int)n, text);
	if (str_parse_f64(copy, &d, /* err= */ NULL) == 0)
		format_brief(out, d);
	else
		buf_put(out, text, n); /* NaN and the infinities */
}

static void put_grid_cell(struct buf *out, const struct grid *g, size_t row, size_t column)
{
	const struct cell *c = table_cell(g->t, row, column);
	const char *text = table_text(g->t, c);
	enum value_type type = g->t->columns[column].type;

	if (c->null)
		buf_put_str(out, "NULL");
	else if (g->brief && is_float(type))
		put_brief(out, text, c->len);
	else if (value_is_number(type))
		text_visible(out, text, c->len, TEXT_LINE); /* a number is never cut */
	else
		put_text_cell(out, text, c, g->cap);
}

static void put_name(struct buf *out, const struct table_column *c, size_t cap)
{
	(void)text_fitted(out, c->name, strlen(c->name),
			  cap < TABLE_NAME_CHARS ? cap : TABLE_NAME_CHARS, TEXT_ELLIPSIS);
}

/* A failure stays in `cell`. */
static size_t widest(struct buf *cell, const struct grid *g, size_t column)
{
	size_t width;

	buf_clear(cell);
	put_name(cell, &g->t->columns[column], g->cap);
	width = text_buf_width(cell);
	for (size_t row = 0; row < g->rows && !cell->failed; row++) {
		buf_clear(cell);
		put_grid_cell(cell, g, row, column);
		if (text_buf_width(cell) > width)
			width = text_buf_width(cell);
	}
	return width;
}

static int grid_measure(struct grid *g, struct err *err)
{
	_cleanup_buf_ struct buf cell;
	int r = 0;

	buf_init(&cell, LIMIT_DISPLAY_HTML);
	free(g->widths);
	g->widths = calloc(g->t->n_columns ? g->t->n_columns : 1, sizeof(*g->widths));
	if (!g->widths)
		return err_nomem(err);
	for (size_t i = 0; i < g->t->n_columns && r == 0; i++) {
		g->widths[i] = widest(&cell, g, i);
		r = buf_check(&cell, "a value", err);
	}
	return r;
}

/* The columns from `first` that fit on the screen beside each other; at least one. */
static size_t group_end(const struct grid *g, size_t first)
{
	size_t used = g->number ? g->number + 3 : 0, end = first;

	while (end < g->t->n_columns) {
		used += g->widths[end] + 2 + (end > first);
		if (used > SCREEN_COLUMNS && end > first)
			break;
		end++;
	}
	return end;
}

static void end_line(struct buf *out)
{
	while (out->len && out->data[out->len - 1] == ' ')
		out->len--;
	buf_put_u8(out, '\n');
}

/* A cell with its blanks; `last` is without the separator. */
static void put_field(struct buf *out, const struct buf *cell, size_t width, bool right, bool last)
{
	buf_put_u8(out, ' ');
	text_padded(out, cell, width, right);
	buf_put_str(out, last ? " " : " " BAR);
}

static void put_number(struct buf *out, const struct grid *g, size_t row)
{
	if (g->number && row == 0)
		buf_printf(out, " %*s " BAR, (int)g->number, "#");
	else if (g->number)
		buf_printf(out, " %*zu " BAR, (int)g->number, row);
}

static void put_rule(struct buf *out, const struct grid *g, size_t first, size_t end)
{
	if (g->number) {
		text_repeat(out, LINE, g->number + 2);
		buf_put_str(out, CROSS);
	}
	for (size_t i = first; i < end; i++) {
		text_repeat(out, LINE, g->widths[i] + 2);
		buf_put_str(out, i + 1 < end ? CROSS : "\n");
	}
}

static void put_grid(struct buf *out, const struct grid *g, size_t first, size_t end)
{
	_cleanup_buf_ struct buf cell;

	buf_init(&cell, out->max);
	for (size_t line = 0; line <= g->rows && !out->failed; line++) {
		put_number(out, g, line);
		for (size_t i = first; i < end; i++) {
			buf_clear(&cell);
			if (line == 0)
				put_name(&cell, &g->t->columns[i], g->cap);
			else
				put_grid_cell(&cell, g, line - 1, i);
			put_field(out, &cell, g->widths[i], value_is_number(g->t->columns[i].type),
				  i + 1 == end);
		}
		end_line(out);
		if (line == 0)
			put_rule(out, g, first, end);
	}
}

static void put_top(struct buf *out, const struct grid *g)
{
	const struct table *t = g->t;
	bool shortened = false;

	for (size_t i = 0; g->brief && i < t->n_columns; i++)
		shortened = shortened || is_float(t->columns[i].type);
	if (t->title && *t->title) {
		(void)text_fitted(out, t->title, strlen(t->title), TABLE_TITLE_CHARS,
				  TEXT_ELLIPSIS);
		buf_put_u8(out, '\n');
	}
	table_count_line(out, t, g->rows, /* why= */ NULL);
	buf_put_str(out, shortened ? " \xC2\xB7 numbers to 6 digits\n" : "\n");
}

/* A text that keeps its line breaks, the further lines indented like the first. */
static void put_record_value(struct buf *out, const char *text, size_t n, size_t indent)
{
	while (n) {
		const char *newline = memchr(text, '\n', n);
		size_t line = newline ? (size_t)(newline - text) : n;

		text_visible(out, text, line, TEXT_LINE);
		if (!newline || line + 1 == n)
			break;
		end_line(out);
		buf_put_fill(out, ' ', indent);
		text += line + 1;
		n -= line + 1;
	}
}

static void put_record(struct buf *out, const struct table *t, size_t row, size_t name_width)
{
	_cleanup_buf_ struct buf name;

	buf_init(&name, out->max);
	for (size_t i = 0; i < t->n_columns; i++) {
		const struct cell *c = table_cell(t, row, i);

		buf_clear(&name);
		put_name(&name, &t->columns[i], RECORD_NAME);
		buf_put_u8(out, ' ');
		text_padded(out, &name, name_width, /* right= */ false);
		buf_put_str(out, "  ");
		if (c->null)
			buf_put_str(out, "NULL");
		put_record_value(out, table_text(t, c), c->len, name_width + 3);
		if (c->cut.whole) {
			buf_put_str(out, TEXT_ELLIPSIS " (");
			format_counted(out, c->cut.whole, c->cut.bytes ? "bytes" : "characters");
			buf_put_u8(out, ')');
		}
		end_line(out);
	}
}

static void put_records(struct buf *out, const struct grid *g)
{
	size_t name_width = 0;

	for (size_t i = 0; i < g->t->n_columns; i++) {
		_cleanup_buf_ struct buf name;

		buf_init(&name, out->max);
		put_name(&name, &g->t->columns[i], RECORD_NAME);
		text_fails_with(out, &name);
		if (text_buf_width(&name) > name_width)
			name_width = text_buf_width(&name);
	}
	for (size_t row = 0; row < g->rows; row++) {
		if (g->rows > 1)
			buf_printf(out, LINE LINE " row %zu " LINE LINE "\n", row + 1);
		put_record(out, g->t, row, name_width);
	}
}

static void put_groups(struct buf *out, struct grid *g)
{
	size_t groups = 0, rows;

	for (size_t at = 0; at < g->t->n_columns; at = group_end(g, at))
		groups++;
	rows = GROUPED_LINES / groups;
	rows = rows > GROUPED_LEAST + 3 ? rows - 3 : GROUPED_LEAST; /* 3: names, rule, blank */
	if (rows < g->rows)
		g->rows = rows;
	put_top(out, g);
	for (size_t at = 0, end; at < g->t->n_columns; at = end) {
		end = group_end(g, at);
		buf_put_str(out, at ? "\n" : "");
		put_grid(out, g, at, end);
	}
}

/*
 * The widest cut of texts with which the grid fits.  A single column is never
 * cut: it may be a plan.  Nor is a row or two, which have room below each
 * other: the path of a file is of no use when it is cut.
 */
static int grid_fit(struct grid *g, bool *ret_fits, struct err *err)
{
	static const size_t caps[] = {60, 40, 24, 16};
	size_t tries = g->rows <= RECORD_ROWS ? 1 : ARRAY_LEN(caps);

	*ret_fits = false;
	for (size_t i = 0; i < tries && !*ret_fits; i++) {
		int r;

		g->cap = g->t->n_columns == 1 ? SIZE_MAX : caps[i];
		r = grid_measure(g, err);
		if (r < 0)
			return r;
		*ret_fits = group_end(g, 0) == g->t->n_columns;
	}
	return 0;
}

static int put_table(struct buf *out, struct grid *g, struct err *err)
{
	bool fits;
	int r = grid_fit(g, &fits, err);

	if (r < 0)
		return r;
	if (fits &&
	    (g->t->n_columns > 1 || g->rows > RECORD_ROWS || g->widths[0] + 2 <= SCREEN_COLUMNS)) {
		put_top(out, g);
		put_grid(out, g, 0, g->t->n_columns);
		return 0;
	}
	if (g->rows <= RECORD_ROWS) {
		put_top(out, g);
		put_records(out, g);
		return 0;
	}
	g->brief = true;
	g->cap = BRIEF_TEXT;
	g->number = 2;
	r = grid_measure(g, err);
	if (r == 0)
		put_groups(out, g);
	return r;
}

int table_plain(const struct table *t, const struct chart *chart, struct buf *out, struct err *err)
{
	_cleanup_(grid_release) struct grid g = {.t = t,
						 .rows = t->n_rows < GRID_ROWS ? t->n_rows
									       : GRID_ROWS};
	int r = 0;

	if (t->n_columns == 0)
		put_top(out, &g);
	else
		r = put_table(out, &g, err);
	if (chart) {
		buf_put_u8(out, '\n');
		chart_plain(out, chart);
	}
	return r < 0 ? r : buf_check(out, "the table", err);
}
