/* What %mlmanager shows: links and tables of text. */
#include "magics/mlmanager/mlmanager-int.h"

#include "base/limits.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void escape(struct buf *b, const char *text)
{
	html_escape(b, text, strlen(text));
}

static void put_link_html(struct buf *b, const char *label, const char *name, const char *note,
			  const char *url, const char *place)
{
	buf_put_str(b, "<div>");
	escape(b, label);
	buf_put_str(b, " <b>");
	escape(b, name);
	buf_put_str(b, "</b> ");
	escape(b, note);
	if (url) {
		buf_put_str(b, " · <a href=\"");
		escape(b, url);
		buf_put_str(b, "\" target=\"_blank\" rel=\"noopener\">");
		escape(b, place);
		buf_put_str(b, "</a>");
	}
	buf_put_str(b, "</div>");
}

int show_link(struct magic_call *call, const char *label, const char *name, const char *note,
	      const char *url, const char *place, struct err *err)
{
	_cleanup_bundle_ struct bundle bundle = {0};
	_cleanup_buf_ struct buf html = {0};
	_cleanup_free_ char *plain =
		str_fmt("%s %s %s%s%s", label, name, note, url ? "\n" : "", url ? url : "");
	int r;

	buf_init(&html, MIB(1));
	put_link_html(&html, label, name, note, url, place);
	r = plain ? buf_check(&html, "the output", err) : err_nomem(err);
	if (r == 0)
		r = bundle_init(&bundle, err);
	if (r == 0)
		r = bundle_set_text(&bundle, "text/plain", plain, strlen(plain), err);
	if (r == 0)
		r = bundle_set_text(&bundle, "text/html", (const char *)html.data, html.len, err);
	if (r == 0)
		call->out->display(call->out, &bundle, NULL, /* update= */ false);
	return r;
}

int text_table_init(struct text_table *t, const char *const *columns, size_t n, const char *title,
		    struct err *err)
{
	struct column cols[TEXT_TABLE_COLUMNS] = {0};
	struct table_options options = {.chart = CHART_NONE, .title = title};

	if (n > TEXT_TABLE_COLUMNS)
		return err_set(err, E_INPUT, "more than %d columns", TEXT_TABLE_COLUMNS);
	for (size_t i = 0; i < n; i++) {
		/* table_new only reads the names. */
		cols[i].name = (char *)(uintptr_t)columns[i];
		cols[i].type = VALUE_VARCHAR;
		cols[i].nullable = true;
	}
	t->n_columns = n;
	return table_new(cols, n, &options, &t->table, err);
}

void text_table_release(struct text_table *t)
{
	table_free(t->table);
}

int text_table_add(struct text_table *t, const char *const *texts, struct err *err)
{
	struct value row[TEXT_TABLE_COLUMNS] = {0};

	for (size_t i = 0; i < t->n_columns; i++) {
		row[i].type = VALUE_VARCHAR;
		row[i].null = !texts[i];
		row[i].s.p = texts[i];
		row[i].s.n = texts[i] ? strlen(texts[i]) : 0;
	}
	return table_add(t->table, row, err);
}

int text_table_show(struct text_table *t, struct output *out, struct err *err)
{
	_cleanup_bundle_ struct bundle b = {0};
	int r = bundle_init(&b, err);

	if (r == 0)
		r = table_render(t->table, &b, err);
	if (r == 0)
		out->display(out, &b, NULL, /* update= */ false);
	return r;
}

void time_text(char dst[TIME_TEXT], json_int_t ms)
{
	time_t s = (time_t)(ms / 1000);
	struct tm tm;

	dst[0] = '\0';
	if (ms && localtime_r(&s, &tm))
		(void)strftime(dst, TIME_TEXT, "%Y-%m-%d %H:%M:%S", &tm);
}

void metric_text(char dst[METRIC_TEXT], const json_t *value)
{
	double d = json_number_value(value);

	if (json_is_integer(value))
		snprintf(dst, METRIC_TEXT, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else if (json_is_real(value) && floor(d) >= d && fabs(d) < 1e15)
		snprintf(dst, METRIC_TEXT, "%.0f", d);
	else if (json_is_real(value))
		snprintf(dst, METRIC_TEXT, "%.10g", d);
	else
		snprintf(dst, METRIC_TEXT, "%s",
			 json_is_string(value) ? json_string_value(value) : "");
}
