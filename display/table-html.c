/*
 * A table as HTML.  It has to look right with the front end's own table rules
 * (JupyterLab, VS Code, nbconvert) and without any, in light and dark, and
 * after JupyterLab's sanitizer has removed what it does not know; so: inline
 * styles, half-transparent greys, and numbers aligned by the rows' own
 * text-align, which saves a style in every cell.
 *
 * The one thing the sanitizer takes away is the sticky heading, together with
 * the background it needs.
 */
#include "display/table-int.h"

#include "base/str.h"
#include "display/text-int.h"

enum { SHORT_TEXT = 60 }; /* columns of text that stays on one line */

static const char head_style[] =
	"position:sticky;top:0;background:var(--jp-layout-color0,"
	"var(--vscode-notebook-outputContainerBackgroundColor,var(--vscode-editor-background,"
	"rgba(128,128,128,0.2))));backdrop-filter:blur(6px)";
static const char row_tag[] = "<tr style=\"border-top:1px solid rgba(128,128,128,0.25)\">";
static const char muted_tag[] = "<small style=\"font-weight:normal;opacity:0.65\">";

static void put_heading(struct buf *out, const struct table_column *c)
{
	buf_printf(
		out,
		"<th scope=\"col\" style=\"text-align:%s;vertical-align:bottom;white-space:nowrap\">",
		value_is_number(c->type) ? "right" : "left");
	html_escape_cut(out, c->name, TABLE_NAME_CHARS);
	buf_printf(out, "<br>%s", muted_tag);
	html_escape_cut(out, c->type_name, TABLE_NAME_CHARS);
	buf_put_str(out, "</small></th>");
}

/* White space that HTML would fold or wrap matters in plans, code and padded keys. */
static void put_cell_tag(struct buf *out, const struct table_column *column, const char *text,
			 size_t n)
{
	if (value_is_number(column->type))
		buf_put_str(out, "<td>");
	else if (value_is_bytes(column->type))
		buf_put_str(out,
			    "<td style=\"text-align:left;white-space:pre;font-family:monospace\">");
	else if (n <= SHORT_TEXT || text_width(text, n) <= SHORT_TEXT)
		buf_put_str(out, "<td style=\"text-align:left;white-space:pre\">");
	else
		buf_put_str(out, "<td style=\"text-align:left;white-space:pre-wrap;min-width:24em;"
				 "max-width:60em;overflow-wrap:break-word\">");
}

static void put_cell(struct buf *out, const struct table *t, size_t row, size_t column)
{
	const struct cell *c = table_cell(t, row, column);
	const char *text = table_text(t, c);

	put_cell_tag(out, &t->columns[column], text, c->len);
	if (c->null)
		buf_put_str(out, "<i style=\"opacity:0.5\">NULL</i>");
	html_escape(out, text, c->len);
	if (c->cut.whole) {
		buf_printf(out, "\xE2\x80\xA6 %s", muted_tag);
		format_counted(out, c->cut.whole, c->cut.bytes ? "bytes" : "characters");
		buf_put_str(out, "</small>");
	}
	buf_put_str(out, "</td>");
}

/* As many of the kept rows as stay below the cap; their number is returned. */
static size_t put_rows(struct buf *out, const struct table *t)
{
	_cleanup_buf_ struct buf row;
	size_t shown = 0;

	buf_init(&row, out->max);
	for (; shown < t->n_rows && !out->failed; shown++) {
		buf_clear(&row);
		buf_put_str(&row, row_tag);
		for (size_t i = 0; i < t->n_columns; i++)
			put_cell(&row, t, shown, i);
		buf_put_str(&row, "</tr>\n");
		if (row.failed == E_NOMEM)
			text_fails_with(out, &row);
		if (row.failed || out->len + row.len > LIMIT_DISPLAY_HTML)
			break;
		buf_put(out, row.data, row.len);
	}
	return shown;
}

static void put_top(struct buf *out, const struct table *t, size_t shown)
{
	_cleanup_buf_ struct buf line;
	bool limited = t->oversize || shown < t->n_rows;

	buf_init(&line, out->max);
	table_count_line(&line, t, shown, limited ? " (as many as fit)" : NULL);
	text_fails_with(out, &line);
	buf_put_str(out, "<div style=\"margin:2px 0 6px;font-size:12px;opacity:0.75\">");
	html_escape(out, (const char *)line.data, line.len);
	buf_put_str(out, "</div>\n");
}

static void put_table_head(struct buf *out, const struct table *t)
{
	buf_put_str(out, "<div style=\"max-height:480px;overflow:auto\">\n"
			 "<table cellpadding=\"6\" style=\"margin:0;border-collapse:collapse\">\n");
	if (t->title && *t->title) {
		buf_put_str(out, "<caption style=\"text-align:left;font-weight:bold\">");
		html_escape_cut(out, t->title, TABLE_TITLE_CHARS);
		buf_put_str(out, "</caption>\n");
	}
	buf_printf(out, "<thead style=\"%s\"><tr>", head_style);
	for (size_t i = 0; i < t->n_columns; i++)
		put_heading(out, &t->columns[i]);
	buf_put_str(out, "</tr></thead>\n<tbody style=\"text-align:right\">\n");
}

int table_html(const struct table *t, const struct chart *chart, struct buf *out, struct err *err)
{
	_cleanup_buf_ struct buf rows;
	size_t shown;

	buf_init(&rows, out->max);
	shown = put_rows(&rows, t);
	put_top(out, t, shown);
	put_table_head(out, t);
	buf_put(out, rows.data, rows.len);
	buf_put_str(out, "</tbody></table></div>\n");
	if (chart)
		chart_html(out, chart);
	text_fails_with(out, &rows);
	return buf_check(out, "the table", err);
}
