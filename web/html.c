/* The one writer of HTML. */
#include "web/html.h"

#include "base/html.h"
#include "base/str.h"
#include "protocol/http/http.h"

#include <assert.h>
#include <inttypes.h>

static bool is_control(char c)
{
	return ((unsigned char)c < ' ' && c != '\n' && c != '\t') || c == 0x7F;
}

void html_text(struct buf *b, const char *s)
{
	size_t n = s ? strlen(s) : 0;

	while (n) {
		size_t len = utf8_seq(s, n);
		const char *name = html_entity(*s);

		if (!len)
			buf_put_str(b, "\xEF\xBF\xBD");
		else if (name)
			buf_put_str(b, name);
		else if (is_control(*s))
			buf_put_u8(b, ' ');
		else
			buf_put(b, s, len);
		len += !len;
		s += len;
		n -= len;
	}
}

void html_part(struct buf *b, const char *s)
{
	http_escape(b, s, strlen(s), "");
}

/* One conversion, of which `spec` is what follows the percent sign; returns its length. */
static size_t put_argument(struct buf *b, const char *spec, va_list *ap)
{
	if (*spec == 's') {
		html_text(b, va_arg(*ap, const char *));
		return 1;
	}
	if (*spec == 'd') {
		buf_printf(b, "%d", va_arg(*ap, int));
		return 1;
	}
	if (str_starts(spec, "ld")) {
		buf_printf(b, "%ld", va_arg(*ap, long));
		return 2;
	}
	if (str_starts(spec, "zu")) {
		buf_printf(b, "%zu", va_arg(*ap, size_t));
		return 2;
	}
	assert(*spec == '%');
	buf_put_u8(b, '%');
	return 1;
}

void html_put(struct buf *b, const char *template, ...)
{
	va_list ap;

	va_start(ap, template);
	while (*template) {
		size_t n = strcspn(template, "%");

		buf_put(b, template, n);
		template += n;
		if (*template)
			template += 1 + put_argument(b, template + 1, &ap);
	}
	va_end(ap);
}

void html_link(struct buf *b, const char *url, const char *text)
{
	if (str_starts_ci(url, "http://") || str_starts_ci(url, "https://"))
		html(b, "<a href=\"%s\">%s</a>", url, text);
	else
		html_text(b, text);
}

void html_time(struct buf *b, int64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char iso[40], text[40];

	if (!ms || !gmtime_r(&seconds, &tm))
		return;
	(void)strftime(iso, sizeof(iso), "%Y-%m-%dT%H:%M:%SZ", &tm);
	(void)strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	html(b, "<time datetime=\"%s\">%s</time>", iso, text);
}
