/* display/table-html.c; tests/live/test_display_html.py parses these golden files */
#include "display/table-int.h"

#include "base/limits.h"
#include "tests/display/sample.h"

#define LONG_TEXT                                                                                  \
	"It is a truth universally acknowledged, that a single man in possession of a good "       \
	"fortune, must be in want of a wife. However little known the feelings or views of such "  \
	"a man may be on his first entering a neighbourhood, this truth is so well fixed"

static struct table *all_types(void)
{
	static const struct column columns[] = {
		COL("FLAG", VALUE_BOOLEAN),
		COL("ID", VALUE_BIGINT),
		COL("SCORE", VALUE_DOUBLE),
		COL_AS("PRICE", VALUE_DECIMAL, "DECIMAL(10,2)"),
		COL_AS("NAME", VALUE_VARCHAR, "VARCHAR(200)"),
		COL("BORN", VALUE_DATE),
		COL("SEEN", VALUE_TIMESTAMP),
		COL_AS("KEY", VALUE_BINARY, "CHAR(40) FOR BIT DATA"),
		COL("OTHER", VALUE_OPAQUE),
	};
	static const struct value rows[] = {
		V_I(VALUE_BOOLEAN, 1),
		V_I(VALUE_BIGINT, 9007199254740993),
		V_D(-1.3598071336738),
		V_S(VALUE_DECIMAL, "149.62"),
		V_TEXT("\u65E5\u672C\u8A9E \U0001F600 caf\u00E9"),
		V_S(VALUE_DATE, "2026-01-31"),
		V_S(VALUE_TIMESTAMP, "2026-01-31 12:00:00.123456"),
		V_S(VALUE_BINARY, "\x01\x02\xFF"),
		V_S(VALUE_OPAQUE, "<UDT, 120 bytes>"),
		V_NULL(VALUE_BOOLEAN),
		V_NULL(VALUE_BIGINT),
		V_NULL(VALUE_DOUBLE),
		V_NULL(VALUE_DECIMAL),
		V_TEXT("NULL"),
		V_NULL(VALUE_DATE),
		V_NULL(VALUE_TIMESTAMP),
		V_S(VALUE_BINARY, "0123456789012345678901234567890123456789"),
		V_NULL(VALUE_OPAQUE),
		V_I(VALUE_BOOLEAN, 0),
		V_I(VALUE_BIGINT, -1),
		V_D(0.1),
		V_S(VALUE_DECIMAL, "-0.50"),
		V_TEXT(LONG_TEXT),
		V_S(VALUE_DATE, "0001-01-01"),
		V_S(VALUE_TIMESTAMP, "9999-12-31 23:59:59"),
		V_S(VALUE_BINARY, ""),
		V_S(VALUE_OPAQUE, ""),
		V_I(VALUE_BOOLEAN, 0),
		V_I(VALUE_BIGINT, 0),
		V_D(1e300),
		V_S(VALUE_DECIMAL, "0.00"),
		V_TEXT("two  blanks\n\tand a tab\x1B[31m\u202Egnp.exe"),
		V_NULL(VALUE_DATE),
		V_NULL(VALUE_TIMESTAMP),
		V_NULL(VALUE_BINARY),
		V_NULL(VALUE_OPAQUE),
	};
	struct table_options o = {.cell_chars = 200, .title = "All types", .note = "0.24 s"};

	return sample_table(columns, 9, rows, 4, &o);
}

TEST(every_type)
{
	sample_golden(all_types(), "types");
}

TEST(the_tutorials_table)
{
	struct table *t = sample_wide(5, 4);

	table_add_unseen(t, 284802);
	sample_golden(t, "wide");
}

TEST(empty_result)
{
	static const struct column columns[] = {COL("A", VALUE_INTEGER), COL("B", VALUE_VARCHAR)};
	struct table_options o = {.note = "0.01 s"};

	sample_golden(sample_table(columns, 2, NULL, 0, &o), "empty");
}

/* What markup would like to become: title, note, column name, type name, values and chart labels.
 */
TEST(hostile_text_stays_text)
{
	static const struct column columns[] = {
		COL_AS("<script>alert(1)</script>", VALUE_VARCHAR,
		       "\"><img src=x onerror=alert(2)>"),
		COL_AS("' style='position:absolute", VALUE_DOUBLE, "</small></th><svg/onload=a>"),
	};
	static const struct value rows[] = {
		V_TEXT("</td></tr></table><script>alert(3)</script>"),
		V_D(1),
		V_TEXT("\" onmouseover=\"alert(4)\" x=\""),
		V_D(2),
		V_TEXT("<!-- --><![CDATA[ ]]><style>*{display:none}</style>"),
		V_D(3),
		V_TEXT("&lt;b&gt; &#60;i&#62; &amp;"),
		V_D(4),
		V_TEXT("<a href='javascript:alert(5)'>x</a>\x1B[2J\x07\u202E\xFF\xC0\xBC"),
		V_D(5),
		V_TEXT("<iframe srcdoc=\"&lt;script&gt;\"></iframe>\0<b>"),
		V_D(6),
	};
	struct table_options o = {.chart = CHART_PIE,
				  .title = "</caption><h1 id=x>title</h1>",
				  .note = "</div><b onclick=alert(6)>note</b>"};

	sample_golden(sample_table(columns, 2, rows, 6, &o), "hostile");
}

TEST(null_is_not_the_text_null)
{
	_cleanup_(table_freep) struct table *t = all_types();
	_cleanup_free_ char *html = sample_render(t, "text/html");

	CHECK(strstr(html, "white-space:pre\">NULL</td>"));
	CHECK(strstr(html, "<i style=\"opacity:0.5\">NULL</i></td>"));
}

TEST(size_is_capped_by_showing_fewer_rows)
{
	static const struct column columns[] = {COL("T", VALUE_VARCHAR)};
	static const char ampersands[] = "&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&";
	struct table_options o = {.keep = 100000};
	_cleanup_(table_freep) struct table *t = sample_table(columns, 1, NULL, 0, &o);
	_cleanup_free_ char *html = NULL;
	struct value v = V_TEXT(ampersands);
	struct err err = ERR_INIT;
	size_t rows = 0;

	for (int i = 0; i < 30000; i++)
		REQUIRE_OK(table_add(t, &v, &err), &err);
	html = sample_render(t, "text/html");
	CHECK(strlen(html) > LIMIT_DISPLAY_HTML - KIB(4) &&
	      strlen(html) < LIMIT_DISPLAY_HTML + KIB(4));
	for (const char *at = html; (at = strstr(at, "&amp;</td></tr>")); at++)
		rows++;
	{
		_cleanup_free_ char *want = str_fmt(">%zu,%03zu of 30,000 rows (as many as fit) ",
						    rows / 1000, rows % 1000);

		CHECK(strstr(html, want));
	}
	CHECK(strstr(html, "</tbody></table></div>"));
}

TEST(long_names_are_cut)
{
	_cleanup_free_ char *name = malloc(100001);
	struct column columns[] = {{.type = VALUE_INTEGER}};
	_cleanup_(table_freep) struct table *t = NULL;
	_cleanup_free_ char *html = NULL;
	struct table_options o = {0};

	REQUIRE(name);
	memset(name, 'n', 100000);
	name[100000] = '\0';
	columns[0].name = columns[0].type_name = name;
	o.title = o.note = name;
	t = sample_table(columns, 1, NULL, 0, &o);
	html = sample_render(t, "text/html");
	CHECK(strlen(html) < 3000);
}

TEST_MAIN()
