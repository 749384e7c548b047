/*
 * Keeps the first rows of a result as text and counts the others.  A value is
 * turned into text when it arrives, so that what is kept is what will be
 * shown and no more; rendering is in table-html.c and table-plain.c.
 */
#include "display/table-int.h"

#include "base/limits.h"
#include "base/str.h"
#include "display/text-int.h"

enum { CELL_HTML_BYTES = 9 }; /* "<td></td>" */

static int copy_columns(struct table *t, const struct column *columns, struct err *err)
{
	t->columns = calloc(t->n_columns ? t->n_columns : 1, sizeof(*t->columns));
	if (!t->columns)
		return err_nomem(err);
	for (size_t i = 0; i < t->n_columns; i++) {
		const struct column *from = &columns[i];
		struct table_column *to = &t->columns[i];

		to->type = from->type;
		to->name = str_dup(from->name ? from->name : "");
		to->type_name =
			str_dup(from->type_name && *from->type_name ? from->type_name
								    : value_type_name(from->type));
		if (!to->name || !to->type_name)
			return err_nomem(err);
	}
	return 0;
}

int table_new(const struct column *columns, size_t n_columns, const struct table_options *options,
	      struct table **ret, struct err *err)
{
	static const struct table_options defaults = {0};
	const struct table_options *o = options ? options : &defaults;
	_cleanup_(table_freep) struct table *t = calloc(1, sizeof(*t));
	int r;

	if (!t)
		return err_nomem(err);
	t->all_columns = n_columns;
	t->n_columns = n_columns < TABLE_COLUMNS ? n_columns : TABLE_COLUMNS;
	t->keep = o->keep ? o->keep : TABLE_KEEP;
	t->cell_chars = o->cell_chars ? o->cell_chars : TABLE_CELL_CHARS;
	t->chart = o->chart;
	buf_init(&t->text, LIMIT_DISPLAY_HTML);
	r = copy_columns(t, columns, err);
	if (r == 0)
		r = str_replace(&t->title, o->title, err);
	if (r == 0)
		r = str_replace(&t->note, o->note, err);
	if (r == 0)
		*ret = TAKE(t);
	return r;
}

void table_free(struct table *t)
{
	if (!t)
		return;
	for (size_t i = 0; t->columns && i < t->n_columns; i++) {
		free(t->columns[i].name);
		free(t->columns[i].type_name);
	}
	free(t->columns);
	free(t->cells);
	free(t->title);
	free(t->note);
	buf_release(&t->text);
	free(t);
}

static int room_for_row(struct table *t, struct err *err)
{
	size_t rows = t->cap_rows ? t->cap_rows * 2 : 16;
	struct cell *cells;

	if (t->n_rows < t->cap_rows)
		return 0;
	cells = reallocarray(t->cells, rows * (t->n_columns ? t->n_columns : 1), sizeof(*cells));
	if (!cells)
		return err_nomem(err);
	t->cells = cells;
	t->cap_rows = rows;
	return 0;
}

static struct cell keep_value(struct table *t, const struct value *v)
{
	struct cell c = {.at = t->text.len, .null = v->null};

	if (!v->null)
		c.cut = format_value(&t->text, v, t->cell_chars);
	c.len = t->text.len - c.at;
	return c;
}

static int keep_row(struct table *t, const struct value *row, struct err *err)
{
	size_t before = t->text.len;
	struct cell *cells;
	int r = room_for_row(t, err);

	if (r < 0)
		return r;
	cells = t->cells + t->n_rows * t->n_columns;
	for (size_t i = 0; i < t->n_columns; i++)
		cells[i] = keep_value(t, &row[i]);
	r = t->text.failed;
	if (r == 0) {
		t->n_rows++;
		return 0;
	}
	t->text.len = before;
	t->text.failed = 0;
	t->oversize = r == E_TOOBIG;
	return t->oversize ? 0 : err_nomem(err);
}

bool table_full(const struct table *t)
{
	return t->n_rows >= t->keep || t->oversize;
}

int table_add(struct table *t, const struct value *row, struct err *err)
{
	size_t least = t->text.len + t->n_rows * t->n_columns * CELL_HTML_BYTES;
	int r = 0;

	/* Rows that could not be shown anyway are not kept either. */
	if (t->n_rows < t->keep && least >= LIMIT_DISPLAY_HTML)
		t->oversize = true;
	if (!table_full(t))
		r = keep_row(t, row, err);
	if (r == 0)
		t->rows++;
	return r;
}

void table_add_unseen(struct table *t, uint64_t rows)
{
	t->rows += rows;
}

int table_set_note(struct table *t, const char *note, struct err *err)
{
	return str_replace(&t->note, note, err);
}

uint64_t table_rows(const struct table *t)
{
	return t->rows;
}

const struct cell *table_cell(const struct table *t, size_t row, size_t column)
{
	return &t->cells[row * t->n_columns + column];
}

const char *table_text(const struct table *t, const struct cell *c)
{
	return c->len ? (const char *)t->text.data + c->at : "";
}

void table_count_line(struct buf *out, const struct table *t, uint64_t shown, const char *why)
{
	static const char dot[] = " \xC2\xB7 ";

	if (shown < t->rows) {
		format_count(out, shown);
		buf_put_str(out, " of ");
	}
	format_counted(out, t->rows, "rows");
	buf_put_str(out, shown < t->rows && why ? why : "");
	buf_put_str(out, dot);
	if (t->n_columns < t->all_columns) {
		format_count(out, t->n_columns);
		buf_put_str(out, " of ");
	}
	format_counted(out, t->all_columns, "columns");
	if (t->note && *t->note) {
		buf_put_str(out, dot);
		text_visible(out, t->note, text_cut(t->note, strlen(t->note), TABLE_TITLE_CHARS),
			     TEXT_LINE);
	}
}

static int render_both(const struct table *t, const struct chart *chart, struct bundle *b,
		       struct err *err)
{
	_cleanup_buf_ struct buf html, plain;
	int r;

	buf_init(&html, TABLE_BYTES_MOST);
	buf_init(&plain, TABLE_BYTES_MOST);
	r = table_html(t, chart, &html, err);
	if (r == 0)
		r = table_plain(t, chart, &plain, err);
	if (r == 0)
		r = bundle_set_text(b, "text/html", (const char *)html.data, html.len, err);
	if (r == 0)
		r = bundle_set_text(b, "text/plain", (const char *)plain.data, plain.len, err);
	return r;
}

int table_render(const struct table *t, struct bundle *b, struct err *err)
{
	struct chart chart;
	int r = chart_of_table(t, &chart, err);

	return r < 0 ? r : render_both(t, r ? &chart : NULL, b, err);
}
