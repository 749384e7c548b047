/*
 * Whatever a value, a name, a type, a title or a note holds, the HTML has the
 * same tags as with a harmless text, and both forms are UTF-8 without control
 * characters.
 */
#include "base/limits.h"
#include "base/str.h"
#include "display/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct bundle render(const char *text, size_t n, const char *zero_terminated)
{
	struct column columns[] = {
		{.name = (char *)(uintptr_t)zero_terminated,
		 .type_name = (char *)(uintptr_t)zero_terminated,
		 .type = VALUE_VARCHAR},
		{.name = (char *)(uintptr_t)zero_terminated, .type = VALUE_BIGINT},
	};
	struct value row[] = {{.type = VALUE_VARCHAR, .s = {text, n}},
			      {.type = VALUE_BIGINT, .i = 7}};
	struct table_options o = {.cell_chars = SIZE_MAX,
				  .title = zero_terminated,
				  .note = zero_terminated,
				  .chart = CHART_PIE};
	struct table *t = NULL;
	struct bundle b = {0};
	int r = table_new(columns, 2, &o, &t, NULL);

	for (int i = 0; i < 3 && r == 0; i++)
		r = table_add(t, row, NULL);
	if (r == 0)
		r = bundle_init(&b, NULL);
	if (r == 0)
		r = table_render(t, &b, NULL);
	if (r < 0)
		abort();
	table_free(t);
	return b;
}

static size_t count(const char *text, char c)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == c;
	return n;
}

static void check_clean(const char *text)
{
	if (!utf8_valid(text, strlen(text)))
		abort();
	for (; *text; text++)
		if (((unsigned char)*text < 0x20 && *text != '\n' && *text != '\t') ||
		    *text == 0x7F)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	_cleanup_free_ char *name = str_ndup(text, size);
	_cleanup_bundle_ struct bundle hostile = {0}, tame = {0};
	const char *html, *tame_html;

	if (!name || size > KIB(64))
		return 0;
	hostile = render(text, size, name);
	tame = render("x", 1, *name ? "x" : "");
	html = json_get_str(hostile.data, "text/html", "");
	tame_html = json_get_str(tame.data, "text/html", "");
	check_clean(html);
	check_clean(json_get_str(hostile.data, "text/plain", ""));
	if (count(html, '<') != count(tame_html, '<') ||
	    count(html, '>') != count(tame_html, '>') || count(html, '"') != count(tame_html, '"'))
		abort();
	return 0;
}
