/*
 * Charts of a few labelled numbers.  Drawn as an SVG image of their own
 * colours (a front end's theme does not reach into an image), as HTML around
 * it, and as bars of characters for a terminal.
 */
#ifndef DISPLAY_CHART_INT_H
#define DISPLAY_CHART_INT_H

#include "base/buf.h"
#include "display/table.h"

enum { CHART_LEAST = 2, CHART_MOST = 12, CHART_LABEL_COLUMNS = 22 };

struct chart_item {
	const char *label; /* borrowed, raw; not NUL-terminated */
	size_t label_len;
	const char *number; /* borrowed: the value as the table shows it */
	size_t number_len;
	double value;
	double share; /* percent of the sum */
};

struct chart {
	enum chart_kind kind;   /* CHART_PIE or CHART_BAR */
	bool open;              /* shown at once, not folded */
	const char *label_name; /* borrowed */
	const char *value_name;
	int decimals; /* of shares */
	double largest;
	struct chart_item items[CHART_MOST];
	size_t n;
};

/* An item's label, at most `width` columns wide; its number with commas; "99.83 %". */
void chart_label(struct buf *out, const struct chart_item *item, size_t width);
void chart_number(struct buf *out, const struct chart_item *item);
void chart_share(struct buf *out, const struct chart *c, const struct chart_item *item);

/* Colour of an item and whether it is hatched, as colours come round again. */
const char *chart_color(const struct chart *c, size_t item, bool *ret_hatched);

enum { CHART_WIDTH = 680 };
int chart_height(const struct chart *c);
void chart_svg(struct buf *out, const struct chart *c);
/* A folded section with the image and a table of its numbers. */
void chart_html(struct buf *out, const struct chart *c);
void chart_plain(struct buf *out, const struct chart *c);

#endif
