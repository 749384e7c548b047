/* display/text.c */
#include "display/text-int.h"

#include "base/str.h"
#include "display/bundle.h"
#include "tests/harness.h"

enum { CAP = 4096 };

static char *visible(const char *s, size_t n, enum text_layout layout)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, CAP);
	text_visible(&b, s, n, layout);
	return buf_take_str(&b);
}

static char *fitted(const char *s, size_t width, const char *tail)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, CAP);
	(void)text_fitted(&b, s, strlen(s), width, tail);
	return buf_take_str(&b);
}

static char *escaped(const char *s, size_t n)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, CAP);
	html_escape(&b, s, n);
	return buf_take_str(&b);
}

TEST(controls_are_shown)
{
	static const struct {
		const char *in, *line, *keep;
	} cases[] = {
		{"plain", "plain", "plain"},
		{"a\nb\tc", "a\u240Ab\u2409c", "a\nb\tc"},
		{"\033[31mred\r", "\u241B[31mred\u240D", "\u241B[31mred\u240D"},
		{"\x7F", "\u2421", "\u2421"},
		{"a\u202Eb", "a\u2039U+202E\u203Ab", "a\u2039U+202E\u203Ab"},
		{"\u2066x\u2069", "\u2039U+2066\u203Ax\u2039U+2069\u203A",
		 "\u2039U+2066\u203Ax\u2039U+2069\u203A"},
		{"\xC2\x85\xEF\xBB\xBF\xEF\xBF\xBF",
		 "\u2039U+0085\u203A\u2039U+FEFF\u203A\u2039U+FFFF\u203A",
		 "\u2039U+0085\u203A\u2039U+FEFF\u203A\u2039U+FFFF\u203A"},
		{"\xFFok\xE2\x82", "\uFFFDok\uFFFD\uFFFD", "\uFFFDok\uFFFD\uFFFD"},
		{"\u65E5\u672C \U0001F600", "\u65E5\u672C \U0001F600", "\u65E5\u672C \U0001F600"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_free_ char *line = visible(cases[i].in, strlen(cases[i].in), TEXT_LINE);
		_cleanup_free_ char *keep =
			visible(cases[i].in, strlen(cases[i].in), TEXT_KEEP_LAYOUT);

		CHECK_STR(line, cases[i].line);
		CHECK_STR(keep, cases[i].keep);
	}
}

TEST(nul_bytes_are_shown)
{
	_cleanup_free_ char *line = visible("a\0b", 3, TEXT_LINE);
	_cleanup_free_ char *html = escaped("a\0b", 3);

	CHECK_STR(line, "a\u2400b");
	CHECK_STR(html, "a\u2400b");
}

TEST(html_is_escaped)
{
	static const char in[] = "<b title=\"x\" id='y'>&amp;\n</b>\x1B";
	_cleanup_free_ char *html = escaped(in, sizeof(in) - 1);

	CHECK_STR(html, "&lt;b title=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;\n&lt;/b&gt;\u241B");
}

TEST(no_byte_sequence_gets_through_as_markup)
{
	char s[3];

	for (unsigned i = 0; i < 256 * 256; i++) {
		_cleanup_free_ char *html = NULL;

		s[0] = (char)(i >> 8);
		s[1] = (char)i;
		s[2] = '<';
		html = escaped(s, 3);
		REQUIRE(html && utf8_valid(html, strlen(html)));
		REQUIRE(!strpbrk(html, "<>\"'\r\033"));
	}
}

TEST(fitted_counts_columns_not_bytes)
{
	static const struct {
		const char *in, *tail;
		size_t width;
		const char *want;
	} cases[] = {
		{"abc", "\u2026", 3, "abc"},
		{"abcd", "\u2026", 3, "ab\u2026"},
		{"\u65E5\u672C\u8A9E", "\u2026", 6, "\u65E5\u672C\u8A9E"},
		{"\u65E5\u672C\u8A9E", "\u2026", 5, "\u65E5\u672C\u2026"},
		{"\u65E5\u672C\u8A9E", "\u2026", 4, "\u65E5\u2026"},
		{"e\u0301e\u0301e\u0301", "\u2026", 3, "e\u0301e\u0301e\u0301"},
		{"abcdefghij", "\u2026(10)", 8, "abc\u2026(10)"},
		{"abcdefghij", "\u2026(10)", 2, "a\u2026(10)"},
		{"", "\u2026", 1, ""},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_free_ char *s = fitted(cases[i].in, cases[i].width, cases[i].tail);

		CHECK_STR(s, cases[i].want);
	}
}

TEST(cut_counts_characters)
{
	CHECK_INT(text_cut("abc", 3, 5), 3);
	CHECK_INT(text_cut("abc", 3, 2), 2);
	CHECK_INT(text_cut("\u65E5\u672C\u8A9E", 9, 2), 6);
	CHECK_INT(text_cut("\xFF\xFFz", 3, 2), 2);
	CHECK_INT(text_cut("", 0, 2), 0);
}

TEST(a_buffer_that_failed_stays_failed)
{
	_cleanup_buf_ struct buf b;
	struct err err = ERR_INIT;

	buf_init(&b, 4);
	html_escape(&b, "<<", 2);
	CHECK_INT(buf_check(&b, "it", &err), E_TOOBIG);
	buf_clear(&b);
	(void)text_fitted(&b, "123456", 6, 3, "\u2026");
	CHECK_INT(buf_check(&b, "it", &err), E_TOOBIG);
}

TEST_MAIN()
