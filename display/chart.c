/*
 * Which tables a chart fits, and the HTML and plain text of a chart.  The
 * image is drawn in chart-svg.c.
 */
#include "display/chart-int.h"

#include "base/str.h"
#include "display/bundle.h"
#include "display/format-int.h"
#include "display/table-int.h"
#include "display/text-int.h"

#include <inttypes.h>
#include <math.h>

static const char *chart_word(enum chart_kind kind)
{
	return kind == CHART_BAR ? "bar" : "pie";
}

static int no_fit(const struct chart *c, struct err *err, const char *why)
{
	err_set(err, E_INPUT, "this result cannot be shown as a %s chart: %s", chart_word(c->kind),
		why);
	err_set_hint(
		err,
		"A chart needs two columns, a label (text or whole number) and a number of 0 or "
		"more, in %d to %d rows; e.g. select kind, count(*) from t group by kind.",
		CHART_LEAST, CHART_MOST);
	return E_INPUT;
}

static bool can_label(enum value_type type)
{
	return (value_is_text(type) && type != VALUE_OPAQUE) || type == VALUE_BOOLEAN ||
	       type == VALUE_SMALLINT || type == VALUE_INTEGER || type == VALUE_BIGINT;
}

/* The value is the last numeric column of the two, the label the other. */
static int choose_columns(const struct table *t, struct chart *c, size_t *ret_value,
			  struct err *err)
{
	char why[128];
	size_t value;

	if (t->all_columns != 2) {
		snprintf(why, sizeof(why), "it has %zu column%s", t->all_columns,
			 t->all_columns == 1 ? "" : "s");
		return no_fit(c, err, why);
	}
	value = value_is_number(t->columns[1].type) ? 1 : 0;
	if (!value_is_number(t->columns[value].type))
		return no_fit(c, err, "neither of its columns is a number");
	if (!can_label(t->columns[1 - value].type))
		return no_fit(c, err, "neither of its columns can be the label");
	if (t->rows < CHART_LEAST || t->rows > CHART_MOST || t->n_rows < t->rows) {
		snprintf(why, sizeof(why), "it has %" PRIu64 " row%s", t->rows,
			 t->rows == 1 ? "" : "s");
		return no_fit(c, err, why);
	}
	c->label_name = t->columns[1 - value].name;
	c->value_name = t->columns[value].name;
	*ret_value = value;
	return 0;
}

static int read_item(const struct table *t, size_t row, size_t value, struct chart *c,
		     struct err *err)
{
	const struct cell *label = table_cell(t, row, 1 - value);
	const struct cell *number = table_cell(t, row, value);
	struct chart_item *item = &c->items[row];
	char text[64];

	if (number->null || number->len >= sizeof(text))
		return no_fit(c, err, "a value is NULL or too long");
	memcpy(text, table_text(t, number), number->len);
	text[number->len] = '\0';
	if (str_parse_f64(text, &item->value, /* err= */ NULL) < 0)
		return no_fit(c, err, "a value is not a finite number");
	if (item->value < 0)
		return no_fit(c, err, "a value is negative");
	item->label = label->null ? "NULL" : table_text(t, label);
	item->label_len = label->null ? strlen("NULL") : label->len;
	item->number = table_text(t, number);
	item->number_len = number->len;
	return 0;
}

/* Digits that tell shares apart; more than two would only claim to matter. */
static int share_decimals(const struct chart *c)
{
	int decimals = 0;

	for (size_t i = 0; i < c->n; i++) {
		double share = c->items[i].share;

		if (share > 0 && share < 1)
			return 2;
		if (fabs(share - round(share)) > 1e-9)
			decimals = 1;
	}
	return decimals;
}

static int read_items(const struct table *t, size_t value, struct chart *c, struct err *err)
{
	double sum = 0;

	for (c->n = 0; c->n < t->n_rows; c->n++) {
		int r = read_item(t, c->n, value, c, err);

		if (r < 0)
			return r;
		sum += c->items[c->n].value;
		if (c->items[c->n].value > c->largest)
			c->largest = c->items[c->n].value;
	}
	if (!(sum > 0) || isinf(sum))
		return no_fit(c, err, sum > 0 ? "its sum is too large" : "its values are all 0");
	for (size_t i = 0; i < c->n; i++)
		c->items[i].share = c->items[i].value / sum * 100;
	c->decimals = share_decimals(c);
	return 0;
}

int chart_of_table(const struct table *t, struct chart *ret, struct err *err)
{
	bool asked = t->chart == CHART_PIE || t->chart == CHART_BAR;
	size_t value = 0;
	int r;

	if (t->chart == CHART_NONE)
		return 0;
	*ret = (struct chart){.kind = asked ? t->chart : CHART_PIE, .open = asked};
	r = choose_columns(t, ret, &value, asked ? err : NULL);
	if (r == 0)
		r = read_items(t, value, ret, asked ? err : NULL);
	return r == 0 ? 1 : asked ? r : 0;
}

void chart_label(struct buf *out, const struct chart_item *item, size_t width)
{
	(void)text_fitted(out, item->label, item->label_len, width, TEXT_ELLIPSIS);
}

void chart_number(struct buf *out, const struct chart_item *item)
{
	format_grouped(out, item->number, item->number_len);
}

void chart_share(struct buf *out, const struct chart *c, const struct chart_item *item)
{
	format_share(out, item->share, c->decimals);
}

/* "Pie chart of COUNT by CLASS_RESULT: 0: 284,315 (99.83 %), 1: 492 (0.17 %)", for who cannot see.
 */
static void put_alt(struct buf *out, const struct chart *c)
{
	buf_put_str(out, c->kind == CHART_BAR ? "Bar" : "Pie");
	buf_put_str(out, " chart of ");
	html_escape_cut(out, c->value_name, TABLE_NAME_CHARS);
	buf_put_str(out, " by ");
	html_escape_cut(out, c->label_name, TABLE_NAME_CHARS);
	for (size_t i = 0; i < c->n; i++) {
		const struct chart_item *item = &c->items[i];

		buf_put_str(out, i ? ", " : ": ");
		html_escape(out, item->label, text_cut(item->label, item->label_len, 60));
		buf_put_str(out, ": ");
		chart_number(out, item);
		buf_put_str(out, " (");
		chart_share(out, c, item);
		buf_put_str(out, ")");
	}
}

/* RFC 4648 section 4 */
static void put_base64(struct buf *out, const uint8_t *p, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		size_t left = n - i;
		uint32_t bits = (uint32_t)p[i] << 16;

		bits |= left > 1 ? (uint32_t)p[i + 1] << 8 : 0;
		bits |= left > 2 ? p[i + 2] : 0;
		buf_put_u8(out, (unsigned char)digits[bits >> 18]);
		buf_put_u8(out, (unsigned char)digits[bits >> 12 & 63]);
		buf_put_u8(out, left > 1 ? (unsigned char)digits[bits >> 6 & 63] : '=');
		buf_put_u8(out, left > 2 ? (unsigned char)digits[bits & 63] : '=');
	}
}

static void put_image(struct buf *out, const struct chart *c)
{
	_cleanup_buf_ struct buf svg;

	buf_init(&svg, out->max);
	chart_svg(&svg, c);
	text_fails_with(out, &svg);
	buf_printf(
		out,
		"<img width=\"%d\" height=\"%d\" style=\"max-width:100%%;height:auto;margin-top:6px\"",
		CHART_WIDTH, chart_height(c));
	buf_put_str(out, " src=\"data:image/svg+xml;base64,");
	put_base64(out, svg.data, svg.len);
	buf_put_str(out, "\" alt=\"");
	put_alt(out, c);
	buf_put_str(out, "\">\n");
}

static void put_legend_row(struct buf *out, const struct chart *c, size_t i)
{
	static const char *const marks[] = {"\xE2\x96\xA0", "\xE2\x96\xA8"}; /* ■ ▨ */
	bool hatched;
	const char *color = chart_color(c, i, &hatched);
	const struct chart_item *item = &c->items[i];

	buf_printf(out, "<tr><td style=\"text-align:left\"><span style=\"color:%s\">%s</span> ",
		   color, marks[hatched]);
	html_escape(out, item->label, text_cut(item->label, item->label_len, TABLE_NAME_CHARS));
	buf_put_str(out, "</td><td>");
	chart_number(out, item);
	buf_put_str(out, "</td><td>");
	chart_share(out, c, item);
	buf_put_str(out, "</td></tr>\n");
}

static void put_legend(struct buf *out, const struct chart *c)
{
	buf_put_str(out,
		    "<table cellpadding=\"6\" style=\"margin:4px 0;text-align:right\"><thead><tr>"
		    "<th scope=\"col\" style=\"text-align:left\">");
	html_escape_cut(out, c->label_name, TABLE_NAME_CHARS);
	buf_put_str(out, "</th><th scope=\"col\" style=\"text-align:right\">");
	html_escape_cut(out, c->value_name, TABLE_NAME_CHARS);
	buf_put_str(out, "</th><th scope=\"col\" style=\"text-align:right\">share</th></tr></thead>"
			 "<tbody style=\"text-align:right\">\n");
	for (size_t i = 0; i < c->n; i++)
		put_legend_row(out, c, i);
	buf_put_str(out, "</tbody></table>\n");
}

void chart_html(struct buf *out, const struct chart *c)
{
	buf_printf(out,
		   "<details%s style=\"margin:8px 0\">"
		   "<summary style=\"cursor:pointer\">%s chart</summary>\n",
		   c->open ? " open" : "", c->kind == CHART_BAR ? "Bar" : "Pie");
	put_image(out, c);
	put_legend(out, c);
	buf_put_str(out, "</details>\n");
}

enum { PLAIN_LABEL, PLAIN_NUMBER, PLAIN_SHARE, PLAIN_COLUMNS };

/* The texts of a plain chart and the width of each column of them. */
struct plain {
	struct buf texts[CHART_MOST][PLAIN_COLUMNS];
	size_t widths[PLAIN_COLUMNS];
};

static void plain_init(struct plain *p, const struct chart *c, size_t cap)
{
	*p = (struct plain){0};
	for (size_t i = 0; i < c->n; i++) {
		struct buf *texts = p->texts[i];

		for (size_t k = 0; k < PLAIN_COLUMNS; k++)
			buf_init(&texts[k], cap);
		chart_label(&texts[PLAIN_LABEL], &c->items[i], CHART_LABEL_COLUMNS);
		chart_number(&texts[PLAIN_NUMBER], &c->items[i]);
		chart_share(&texts[PLAIN_SHARE], c, &c->items[i]);
		for (size_t k = 0; k < PLAIN_COLUMNS; k++)
			if (text_buf_width(&texts[k]) > p->widths[k])
				p->widths[k] = text_buf_width(&texts[k]);
	}
}

static void plain_release(struct plain *p)
{
	for (size_t i = 0; i < CHART_MOST; i++)
		for (size_t k = 0; k < PLAIN_COLUMNS; k++)
			buf_release(&p->texts[i][k]);
}

/* A bar in eighths of a column; anything above 0 shows. */
static void put_plain_bar(struct buf *out, double part)
{
	enum { COLUMNS = 30, EIGHTHS = 8 };
	size_t eighths = (size_t)(part * COLUMNS * EIGHTHS + 0.5);
	size_t blank = COLUMNS;

	if (eighths == 0 && part > 0)
		eighths = 1;
	text_repeat(out, "\xE2\x96\x88", eighths / EIGHTHS);
	blank -= eighths / EIGHTHS;
	if (eighths % EIGHTHS) { /* U+2588 full block … U+258F one eighth */
		buf_put(out, (char[]){'\xE2', '\x96', (char)(0x90 - eighths % EIGHTHS)}, 3);
		blank--;
	}
	buf_put_fill(out, ' ', blank);
}

void chart_plain(struct buf *out, const struct chart *c)
{
	_cleanup_(plain_release) struct plain p;

	plain_init(&p, c, out->max);
	for (size_t i = 0; i < c->n; i++) {
		const struct chart_item *item = &c->items[i];

		buf_put_u8(out, ' ');
		text_padded(out, &p.texts[i][PLAIN_LABEL], p.widths[PLAIN_LABEL],
			    /* right= */ false);
		buf_put_str(out, "  ");
		put_plain_bar(out,
			      c->kind == CHART_BAR ? item->value / c->largest : item->share / 100);
		for (size_t k = PLAIN_NUMBER; k <= PLAIN_SHARE; k++) {
			buf_put_str(out, "  ");
			text_padded(out, &p.texts[i][k], p.widths[k], /* right= */ true);
		}
		buf_put_u8(out, '\n');
	}
}
