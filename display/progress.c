/*
 * Progress lines.  The HTML bar is <progress>, which every front end draws in
 * its own theme and JupyterLab's sanitizer keeps.
 */
#include "display/progress.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "display/format-int.h"
#include "display/text-int.h"

enum { WHAT_CHARS = 200, BAR_COLUMNS = 24 };

static bool in_bytes(const struct progress *p)
{
	return str_eq(p->unit, "bytes");
}

static bool has_total(const struct progress *p)
{
	return !p->finished && p->total > 0;
}

/* 0 to 1; a source that grew meanwhile is not more than all of it. */
static double part(const struct progress *p)
{
	return p->done < p->total ? (double)p->done / (double)p->total : 1;
}

static void put_done(struct buf *out, const struct progress *p)
{
	if (in_bytes(p)) {
		format_bytes(out, p->done, has_total(p) ? p->total : 0);
	} else if (has_total(p)) {
		format_count(out, p->done);
		buf_put_str(out, " of ");
		format_counted(out, p->total, p->unit);
	} else {
		format_counted(out, p->done, p->unit);
	}
	if (has_total(p)) /* rounded down: 100 % is all of it */
		buf_printf(out, " (%d %%)", (int)(part(p) * 100));
}

/* "importing x.csv: 120,000 rows, 67.2 of 150.1 MB (45 %), 2 bad records · 3.1 s" */
static void put_line(struct buf *out, const struct progress *p)
{
	char elapsed[40];

	(void)text_fitted(out, p->what, strlen(p->what), WHAT_CHARS, TEXT_ELLIPSIS);
	buf_put_str(out, p->failed ? ": stopped after " : ": ");
	if (p->item_unit) {
		format_counted(out, p->items, p->item_unit);
		buf_put_str(out, ", ");
	}
	put_done(out, p);
	if (p->detail_unit) {
		buf_put_str(out, ", ");
		format_counted(out, p->detail, p->detail_unit);
	}
	clock_duration(elapsed, sizeof(elapsed), p->elapsed_ms);
	buf_printf(out, " \xC2\xB7 %s", elapsed);
}

static void put_html(struct buf *out, const struct progress *p, const struct buf *line)
{
	buf_put_str(out, "<div>");
	if (!p->finished && !p->failed && p->total)
		buf_printf(out,
			   "<progress max=\"100\" value=\"%.1f\" "
			   "style=\"width:160px;vertical-align:middle\"></progress> ",
			   part(p) * 100);
	html_escape(out, (const char *)line->data, line->len);
	buf_put_str(out, "</div>");
}

static void put_plain(struct buf *out, const struct progress *p, const struct buf *line)
{
	if (!p->finished && !p->failed && p->total) {
		size_t filled = (size_t)(part(p) * BAR_COLUMNS);

		buf_put_u8(out, '[');
		text_repeat(out, "#", filled);
		text_repeat(out, ".", BAR_COLUMNS - filled);
		buf_put_str(out, "] ");
	}
	buf_put(out, line->data, line->len);
}

int progress_render(const struct progress *p, struct bundle *b, struct err *err)
{
	_cleanup_buf_ struct buf line, html, plain;
	int r;

	buf_init(&line, KIB(64));
	buf_init(&html, KIB(64));
	buf_init(&plain, KIB(64));
	put_line(&line, p);
	r = buf_check(&line, "the progress line", err);
	if (r < 0)
		return r;
	put_html(&html, p, &line);
	put_plain(&plain, p, &line);
	r = buf_check(&html, "the progress line", err);
	if (r == 0)
		r = buf_check(&plain, "the progress line", err);
	if (r == 0)
		r = bundle_set_text(b, "text/html", (const char *)html.data, html.len, err);
	if (r == 0)
		r = bundle_set_text(b, "text/plain", (const char *)plain.data, plain.len, err);
	return r;
}
