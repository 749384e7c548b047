/*
 * The image of a chart: SVG 1.1, no script, no outside reference.  It brings
 * its own background because an image does not inherit the page's theme, and
 * is dark where the viewer asks for dark.  Every slice and bar is named
 * beside it, so that nothing depends on telling colours apart.
 */
#include "display/chart-int.h"

#include "display/bundle.h"
#include "display/text-int.h"

#include <math.h>

enum {
	MARGIN = 24,
	PIE_RADIUS = 96,
	PIE_HEIGHT = 264,
	LABEL_STEP = 36, /* two lines of text */
	LABEL_RADIUS = PIE_RADIUS + 14,
	LABEL_REACH = 142, /* from the pie's centre to a label */
	BAR_STEP = 32,
	BAR_HEIGHT = 20,
	BAR_LEFT = 210,
	BAR_LONGEST = 320,
};

static const double thin_slice = 0.06; /* radians: an outline would cover it */

/* Okabe and Ito's palette, which colour-blind people can tell apart; yellow late, it is faint. */
static const char *const palette[] = {
	"#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#999999", "#F0E442",
};

static const char style[] =
	"<style>text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:#222}"
	".b{font-weight:600}.m{fill:#5c5c5c;font-size:12px}.c{fill:#fff;stroke:#d5d5d5}"
	".s{stroke:#fff;stroke-width:1.5;stroke-linejoin:round}.o{stroke:#555;stroke-width:1.5;fill:none}"
	".l{stroke:#888;fill:none}"
	"@media(prefers-color-scheme:dark){text{fill:#e6e6e6}.m{fill:#aaa}"
	".c{fill:#1b1b1b;stroke:#3a3a3a}.s{stroke:#1b1b1b}.o{stroke:#ccc}}</style>";
static const char hatch[] =
	"<defs><pattern id=\"h\" width=\"7\" height=\"7\" patternUnits=\"userSpaceOnUse\" "
	"patternTransform=\"rotate(45)\"><path d=\"M0 0V7\" stroke=\"#fff\" stroke-width=\"4\"/>"
	"</pattern></defs>";

const char *chart_color(const struct chart *c, size_t item, bool *ret_hatched)
{
	*ret_hatched = c->kind == CHART_PIE && item >= ARRAY_LEN(palette);
	return palette[c->kind == CHART_PIE ? item % ARRAY_LEN(palette) : 0];
}

struct slice {
	const struct chart_item *item;
	size_t index;
	double from, to; /* radians, clockwise from 12 o'clock */
	double label_y;  /* of its label, below the centre */
};

/* What is drawn: slices that are not empty, those of the right half first. */
struct pie {
	const struct chart *c;
	struct slice slices[CHART_MOST];
	size_t n, n_right;
	double cx, cy;
	int height;
};

static double middle_of(const struct slice *s)
{
	return (s->from + s->to) / 2;
}

/*
 * Labels of one side, from the top: as near to their slices as a distance of
 * LABEL_STEP between them allows.  That is an isotonic regression of the
 * wished heights less what the labels above take; solved by pooling
 * neighbours that are out of order.
 */
static void place_labels(struct slice *const *side, size_t n)
{
	double mean[CHART_MOST];
	size_t size[CHART_MOST], pools = 0, at = 0;

	for (size_t i = 0; i < n; i++) {
		mean[pools] = -LABEL_RADIUS * cos(middle_of(side[i])) - (double)i * LABEL_STEP;
		size[pools++] = 1;
		for (; pools > 1 && mean[pools - 2] > mean[pools - 1]; pools--) {
			size_t a = size[pools - 2], b = size[pools - 1];

			mean[pools - 2] =
				(mean[pools - 2] * (double)a + mean[pools - 1] * (double)b) /
				(double)(a + b);
			size[pools - 2] = a + b;
		}
	}
	for (size_t pool = 0; pool < pools; pool++)
		for (size_t i = 0; i < size[pool]; i++, at++)
			side[at]->label_y = mean[pool] + (double)at * LABEL_STEP;
}

static void place_sides(struct pie *p)
{
	struct slice *right[CHART_MOST], *left[CHART_MOST];
	double top = -PIE_HEIGHT / 2.0, bottom = PIE_HEIGHT / 2.0;

	for (size_t i = 0; i < p->n_right; i++)
		right[i] = &p->slices[i];
	for (size_t i = 0; i < p->n - p->n_right; i++) /* from the top: clockwise backwards */
		left[i] = &p->slices[p->n - 1 - i];
	place_labels(right, p->n_right);
	place_labels(left, p->n - p->n_right);
	for (size_t i = 0; i < p->n; i++) {
		top = fmin(top, p->slices[i].label_y - LABEL_STEP);
		bottom = fmax(bottom, p->slices[i].label_y + LABEL_STEP);
	}
	p->cy = ceil(-top);
	p->height = (int)ceil(bottom - top);
}

static struct pie pie_of(const struct chart *c)
{
	struct pie p = {.c = c, .cx = CHART_WIDTH / 2.0};
	double at = 0;

	for (size_t i = 0; i < c->n; i++) {
		double angle = c->items[i].share / 100 * 2 * M_PI;

		if (angle > 0)
			p.slices[p.n++] = (struct slice){&c->items[i], i, at, at + angle, 0};
		p.n_right += angle > 0 && at + angle / 2 < M_PI;
		at += angle;
	}
	place_sides(&p);
	return p;
}

int chart_height(const struct chart *c)
{
	return c->kind == CHART_PIE ? pie_of(c).height : (int)c->n * BAR_STEP + 2 * MARGIN;
}

/* "x y" of a point at `radius` from the centre */
static void put_point(struct buf *out, const struct pie *p, double angle, double radius)
{
	buf_printf(out, "%.1f %.1f", p->cx + radius * sin(angle), p->cy - radius * cos(angle));
}

/* At most half of the circle at a time: SVG draws no arc whose ends fall together. */
static void put_arc(struct buf *out, const struct pie *p, double to)
{
	buf_printf(out, "A%d %d 0 0 1 ", PIE_RADIUS, PIE_RADIUS);
	put_point(out, p, to, PIE_RADIUS);
}

static void put_slice_shape(struct buf *out, const struct pie *p, const struct slice *s,
			    const char *attributes)
{
	if (p->n == 1) {
		buf_printf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%d\" %s/>", p->cx, p->cy,
			   PIE_RADIUS, attributes);
		return;
	}
	buf_printf(out, "<path d=\"M%.1f %.1fL", p->cx, p->cy);
	put_point(out, p, s->from, PIE_RADIUS);
	if (s->to - s->from > M_PI)
		put_arc(out, p, middle_of(s));
	put_arc(out, p, s->to);
	buf_printf(out, "Z\" %s/>", attributes);
}

static void put_slice(struct buf *out, const struct pie *p, const struct slice *s)
{
	bool hatched, thin = s->to - s->from < thin_slice;
	const char *color = chart_color(p->c, s->index, &hatched);
	char attributes[80];

	snprintf(attributes, sizeof(attributes),
		 thin ? "fill=\"%s\" stroke=\"%s\"" : "fill=\"%s\" class=\"s\"", color, color);
	put_slice_shape(out, p, s, attributes);
	if (hatched && !thin)
		put_slice_shape(out, p, s, "fill=\"url(#h)\" fill-opacity=\"0.55\"");
}

static void put_text(struct buf *out, double x, double y, const char *attributes,
		     const struct buf *text)
{
	buf_printf(out, "<text x=\"%.1f\" y=\"%.1f\" %s>", x, y, attributes);
	text_fails_with(out, text);
	html_escape(out, (const char *)text->data, text->len);
	buf_put_str(out, "</text>");
}

/* Name over "284,315 · 99.83 %", and a line from the slice to them. */
static void put_slice_label(struct buf *out, const struct pie *p, const struct slice *s)
{
	bool right = middle_of(s) < M_PI;
	double x = p->cx + (right ? LABEL_REACH : -LABEL_REACH), y = p->cy + s->label_y;
	_cleanup_buf_ struct buf name, number;

	buf_init(&name, out->max);
	buf_init(&number, out->max);
	buf_put_str(out, "<path class=\"l\" d=\"M");
	put_point(out, p, middle_of(s), PIE_RADIUS + 2);
	buf_put_u8(out, 'L');
	put_point(out, p, middle_of(s), LABEL_RADIUS);
	buf_printf(out, "L%.1f %.1f\"/>", x + (right ? -6 : 6), y);
	chart_label(&name, s->item, CHART_LABEL_COLUMNS);
	chart_number(&number, s->item);
	buf_put_str(&number, " \xC2\xB7 ");
	chart_share(&number, p->c, s->item);
	put_text(out, x, y - 2, right ? "class=\"b\"" : "class=\"b\" text-anchor=\"end\"", &name);
	put_text(out, x, y + 14, right ? "class=\"m\"" : "class=\"m\" text-anchor=\"end\"",
		 &number);
	buf_put_u8(out, '\n');
}

static void put_pie(struct buf *out, const struct pie *p)
{
	for (int thin = 0; thin <= 1; thin++) /* thin ones last, on top of their neighbours */
		for (size_t i = 0; i < p->n; i++)
			if ((p->slices[i].to - p->slices[i].from < thin_slice) == thin)
				put_slice(out, p, &p->slices[i]);
	buf_printf(out, "<circle class=\"o\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"/>\n", p->cx, p->cy,
		   PIE_RADIUS);
	for (size_t i = 0; i < p->n; i++)
		put_slice_label(out, p, &p->slices[i]);
}

static void put_bar(struct buf *out, const struct chart *c, size_t i)
{
	const struct chart_item *item = &c->items[i];
	double length = item->value / c->largest * BAR_LONGEST;
	double y = MARGIN + (double)i * BAR_STEP + BAR_STEP / 2.0;
	bool hatched;
	const char *color = chart_color(c, i, &hatched);
	_cleanup_buf_ struct buf name, number;

	buf_init(&name, out->max);
	buf_init(&number, out->max);
	chart_label(&name, item, CHART_LABEL_COLUMNS);
	chart_number(&number, item);
	if (item->value > 0)
		buf_printf(out,
			   "<rect x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>",
			   BAR_LEFT, y - BAR_HEIGHT / 2.0, fmax(length, 1), BAR_HEIGHT, color);
	put_text(out, BAR_LEFT - 10, y + 4.5, "text-anchor=\"end\"", &name);
	put_text(out, BAR_LEFT + length + 8, y + 4.5, "class=\"b\"", &number);
	buf_put_u8(out, '\n');
}

static void put_bars(struct buf *out, const struct chart *c)
{
	for (size_t i = 0; i < c->n; i++)
		put_bar(out, c, i);
	buf_printf(out, "<path class=\"l\" d=\"M%d %dV%d\"/>\n", BAR_LEFT, MARGIN - 6,
		   MARGIN + (int)c->n * BAR_STEP + 6);
}

void chart_svg(struct buf *out, const struct chart *c)
{
	int height = chart_height(c);

	buf_printf(out,
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		   "viewBox=\"0 0 %d %d\">",
		   CHART_WIDTH, height, CHART_WIDTH, height);
	buf_put_str(out, style);
	buf_put_str(out, c->kind == CHART_PIE && c->n > ARRAY_LEN(palette) ? hatch : "");
	buf_printf(
		out,
		"\n<rect class=\"c\" x=\"0.5\" y=\"0.5\" width=\"%d\" height=\"%d\" rx=\"8\"/>\n",
		CHART_WIDTH - 1, height - 1);
	if (c->kind == CHART_PIE) {
		struct pie p = pie_of(c);

		put_pie(out, &p);
	} else {
		put_bars(out, c);
	}
	buf_put_str(out, "</svg>\n");
}
