/* The words of a command line. */
#include "magics/mlmanager/mlmanager-int.h"

#include "base/limits.h"

#include <string.h>

/* One word from *p on into b; *p ends behind it. */
static int take_word(const char **p, const char *end, struct buf *b, struct err *err)
{
	char quote = 0;

	if (**p == '{' || **p == '[') {
		buf_put(b, *p, (size_t)(end - *p));
		*p = end;
	}
	for (; *p < end && (quote || !str_is_space(**p)); (*p)++) {
		char c = **p;

		if (!quote && (c == '"' || c == '\'')) {
			quote = c;
		} else if (quote && c == quote) {
			quote = 0;
		} else {
			if (quote == '"' && c == '\\' && *p + 1 < end)
				c = *++(*p);
			buf_put_u8(b, (unsigned char)c);
		}
	}
	if (quote)
		return err_set(err, E_USAGE, "a quote (%c) is not closed", quote);
	return 0;
}

int words_split(const char *line, size_t n, struct strv *ret, struct err *err)
{
	const char *end = line + n;

	for (;;) {
		_cleanup_buf_ struct buf b = {0};
		int r;

		while (line < end && str_is_space(*line))
			line++;
		if (line == end)
			return 0;
		buf_init(&b, LIMIT_BRIDGE_MESSAGE);
		r = take_word(&line, end, &b, err);
		if (r == 0)
			r = strv_take(ret, buf_take_str(&b), err);
		if (r < 0)
			return r;
	}
}

char *words_join(const struct strv *words, size_t first)
{
	_cleanup_buf_ struct buf b = {0};

	buf_init(&b, LIMIT_BRIDGE_MESSAGE);
	for (size_t i = first; i < words->len; i++) {
		if (i > first)
			buf_put_u8(&b, ' ');
		buf_put_str(&b, words->items[i]);
	}
	return buf_take_str(&b);
}

static bool is_option(const char *word, const char *name)
{
	return str_starts(word, "--") && str_eq(word + 2, name);
}

int words_option(struct strv *words, const char *name, char **ret_value, struct err *err)
{
	for (size_t i = 1; i < words->len; i++) {
		if (!is_option(words->items[i], name))
			continue;
		if (i + 1 == words->len)
			return err_set(err, E_USAGE, "--%s needs a value", name);
		*ret_value = words->items[i + 1];
		words->items[i + 1] = NULL;
		strv_remove(words, i + 1);
		strv_remove(words, i);
		return 0;
	}
	return 0;
}

bool words_switch(struct strv *words, const char *name)
{
	for (size_t i = 1; i < words->len; i++)
		if (is_option(words->items[i], name)) {
			strv_remove(words, i);
			return true;
		}
	return false;
}

int words_no_options(const struct strv *words, struct err *err)
{
	for (size_t i = 1; i < words->len; i++)
		if (str_starts(words->items[i], "--")) {
			int r = err_set(err, E_USAGE, "there is no option %.60s", words->items[i]);

			err_set_hint(err, "%%mlmanager help lists them");
			return r;
		}
	return 0;
}
