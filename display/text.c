/* Visible text and HTML escaping.  Knows nothing of tables. */
#include "display/text-int.h"

#include "base/html.h"
#include "base/str.h"
#include "display/bundle.h"

#include <string.h>

/*
 * Characters written as their code point: C1 controls, Unicode's
 * Bidi_Control property, line and paragraph separator, byte order mark, and
 * what XML 1.0 (our charts) cannot hold.
 */
static const struct {
	uint32_t first, last;
} spelled_out[] = {
	{0x80, 0x9F},     {0x061C, 0x061C}, {0x200E, 0x200F}, {0x2028, 0x202E},
	{0x2066, 0x2069}, {0xFEFF, 0xFEFF}, {0xFFFE, 0xFFFF},
};

static bool is_spelled_out(uint32_t cp)
{
	for (size_t i = 0; i < ARRAY_LEN(spelled_out); i++)
		if (cp >= spelled_out[i].first && cp <= spelled_out[i].last)
			return true;
	return false;
}

/* The first character of s; its length there is returned. */
static size_t put_visible(struct buf *out, const char *s, size_t n, enum text_layout layout)
{
	size_t len;
	uint32_t cp = utf8_decode(s, n, &len);

	if (layout == TEXT_KEEP_LAYOUT && (cp == '\n' || cp == '\t'))
		buf_put_u8(out, cp);
	else if (cp < 0x20) /* U+2400 CONTROL PICTURES */
		buf_put(out, (char[]){'\xE2', '\x90', (char)(0x80 + cp)}, 3);
	else if (cp == 0x7F)
		buf_put_str(out, "\xE2\x90\xA1");
	else if (is_spelled_out(cp))
		buf_printf(out, "\xE2\x80\xB9U+%04X\xE2\x80\xBA", (unsigned)cp);
	else if (cp == 0xFFFD)
		buf_put_str(out, "\xEF\xBF\xBD");
	else
		buf_put(out, s, len);
	return len;
}

static bool is_plain(char c)
{
	return c >= 0x20 && c < 0x7F;
}

/* Bytes at the beginning that stand for themselves: most text is nothing else. */
static size_t plain_run(const char *s, size_t n)
{
	size_t at = 0;

	while (at < n && is_plain(s[at]))
		at++;
	return at;
}

void text_visible(struct buf *out, const char *s, size_t n, enum text_layout layout)
{
	while (n) {
		size_t len = plain_run(s, n);

		if (len)
			buf_put(out, s, len);
		else
			len = put_visible(out, s, n, layout);
		s += len;
		n -= len;
	}
}

size_t text_width(const char *s, size_t n)
{
	size_t width = 0;

	while (n) {
		size_t len = plain_run(s, n);

		if (len)
			width += len;
		else
			width += (size_t)utf8_width(utf8_decode(s, n, &len));
		s += len;
		n -= len;
	}
	return width;
}

size_t text_buf_width(const struct buf *text)
{
	return text->len ? text_width((const char *)text->data, text->len) : 0;
}

void text_fails_with(struct buf *out, const struct buf *part)
{
	if (part->failed)
		out->failed = part->failed;
}

/* Bytes of visible text that `width` columns hold. */
static size_t bytes_within(const struct buf *text, size_t width)
{
	const char *s = (const char *)text->data;
	size_t at = 0, used = 0;

	while (at < text->len) {
		size_t len;

		used += (size_t)utf8_width(utf8_decode(s + at, text->len - at, &len));
		if (used > width)
			break;
		at += len;
	}
	return at;
}

bool text_fitted(struct buf *out, const char *s, size_t n, size_t width, const char *tail)
{
	size_t tail_width = text_width(tail, strlen(tail));
	_cleanup_buf_ struct buf text;
	bool cut;

	buf_init(&text, out->max);
	text_visible(&text, s, n, TEXT_LINE);
	cut = text_buf_width(&text) > width;
	text_fails_with(out, &text);
	if (cut)
		text.len = bytes_within(&text, width > tail_width ? width - tail_width : 1);
	buf_put(out, text.data, text.len);
	buf_put_str(out, cut ? tail : "");
	return cut;
}

size_t text_cut(const char *s, size_t n, size_t chars)
{
	size_t at = 0;

	if (n <= chars)
		return n;
	while (at < n && chars--) {
		size_t len;

		(void)utf8_decode(s + at, n - at, &len);
		at += len;
	}
	return at;
}

void text_padded(struct buf *out, const struct buf *text, size_t width, bool right)
{
	size_t used = text_buf_width(text);
	size_t pad = width > used ? width - used : 0;

	text_fails_with(out, text);
	if (right)
		buf_put_fill(out, ' ', pad);
	buf_put(out, text->data, text->len);
	if (!right)
		buf_put_fill(out, ' ', pad);
}

void text_repeat(struct buf *out, const char *character, size_t n)
{
	while (n--)
		buf_put_str(out, character);
}

/* Bytes at the beginning that need neither an entity nor to be made visible. */
static size_t unescaped_run(const char *s, size_t n)
{
	size_t at = 0;

	while (at < n && is_plain(s[at]) && !html_entity(s[at]))
		at++;
	return at;
}

void html_escape(struct buf *out, const char *s, size_t n)
{
	while (n) {
		size_t len = unescaped_run(s, n);
		const char *entity = html_entity(*s);

		if (len) {
			buf_put(out, s, len);
		} else if (entity) {
			buf_put_str(out, entity);
			len = 1;
		} else {
			len = put_visible(out, s, n, TEXT_KEEP_LAYOUT);
		}
		s += len;
		n -= len;
	}
}

void html_escape_cut(struct buf *out, const char *s, size_t chars)
{
	size_t n = strlen(s), kept = text_cut(s, n, chars);

	html_escape(out, s, kept);
	if (kept < n)
		buf_put_str(out, TEXT_ELLIPSIS);
}
