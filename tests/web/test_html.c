/* web/html.c: what becomes of texts */
#include "web/html.h"

#include "base/limits.h"
#include "base/str.h"
#include "tests/harness.h"

static void check_text(const char *text, const char *want)
{
	_cleanup_buf_ struct buf b;
	_cleanup_free_ char *got = NULL;

	buf_init(&b, KIB(64));
	html(&b, "%s", text);
	got = buf_take_str(&b);
	CHECK_STR(got ? got : "", want);
}

TEST(markup_becomes_references)
{
	check_text("<script>alert(\"1\" & '2')</script>",
		   "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;");
	check_text("plain é 日本 \U0001F600", "plain é 日本 \U0001F600");
	check_text(NULL, "");
}

TEST(odd_bytes_cannot_break_out)
{
	check_text("a\xff\xfe<\xc3", "a\xEF\xBF\xBD\xEF\xBF\xBD&lt;\xEF\xBF\xBD");
	check_text("a\x01\x1b[31mb\x7f\n\t", "a  [31mb \n\t");
}

TEST(templates_take_numbers)
{
	_cleanup_buf_ struct buf b;
	_cleanup_free_ char *got = NULL;

	buf_init(&b, KIB(1));
	html(&b, "<p title=\"%s\">%d %ld %zu 100%%</p>", "\"><b>", -1, 5000000000L, (size_t)7);
	got = buf_take_str(&b);
	CHECK_STR(got, "<p title=\"&quot;&gt;&lt;b&gt;\">-1 5000000000 7 100%</p>");
}

TEST(links_lead_to_http_only)
{
	_cleanup_buf_ struct buf b;
	_cleanup_free_ char *got = NULL;

	buf_init(&b, KIB(1));
	html_link(&b, "javascript:alert(1)", "x");
	html_link(&b, "https://a/\"b", "<y>");
	got = buf_take_str(&b);
	CHECK_STR(got, "x<a href=\"https://a/&quot;b\">&lt;y&gt;</a>");
}

TEST(moments_are_utc)
{
	_cleanup_buf_ struct buf b;
	_cleanup_free_ char *got = NULL;

	buf_init(&b, KIB(1));
	html_time(&b, 0);
	html_time(&b, 1700000000999);
	got = buf_take_str(&b);
	CHECK_STR(got, "<time datetime=\"2023-11-14T22:13:20Z\">2023-11-14 22:13:20 UTC</time>");
}

TEST(a_page_beyond_its_cap_is_an_error)
{
	_cleanup_buf_ struct buf b;
	struct err err = ERR_INIT;

	buf_init(&b, 10);
	html(&b, "%s", "0123456789a");
	CHECK_INT(buf_check(&b, "the page", &err), E_TOOBIG);
}

TEST_MAIN()
