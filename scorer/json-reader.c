/* Reading JSON in place. */
#include "scorer/json-reader.h"

#include "base/str.h"
#include "scorer/number.h"

#include <math.h>
#include <string.h>

int json_reader_init(struct json_reader *r, char *text, size_t n, struct err *err)
{
	*r = (struct json_reader){.start = text, .p = text, .end = text + n};
	return utf8_valid(text, n) ? 0 : err_set(err, E_INPUT, "the body is not UTF-8");
}

int json_reader_fail(const struct json_reader *r, struct err *err, const char *what)
{
	return err_set(err, E_INPUT, "the body is not valid JSON at byte %zu: %s",
		       (size_t)(r->p - r->start), what);
}

bool text_is(const struct text *t, const char *s)
{
	return t->n == strlen(s) && memcmp(t->p, s, t->n) == 0;
}

static void skip_space(struct json_reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\n' || *r->p == '\r' || *r->p == '\t'))
		r->p++;
}

static bool next_is(const struct json_reader *r, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(r->end - r->p) >= n && memcmp(r->p, word, n) == 0;
}

static const struct {
	const char *word;
	enum json_token token;
	double v;
} words[] = {
	{"true", JSON_TOKEN_TRUE, 0},
	{"false", JSON_TOKEN_FALSE, 0},
	{"null", JSON_TOKEN_NULL, 0},
	{"NaN", JSON_TOKEN_NUMBER, NAN},
	{"Infinity", JSON_TOKEN_NUMBER, INFINITY},
	{"-Infinity", JSON_TOKEN_NUMBER, -INFINITY},
};

static size_t find_word(const struct json_reader *r)
{
	size_t i = 0;

	while (i < ARRAY_LEN(words) && !next_is(r, words[i].word))
		i++;
	return i;
}

enum json_token json_reader_peek(struct json_reader *r)
{
	size_t word;

	skip_space(r);
	if (r->p == r->end)
		return JSON_TOKEN_END;
	switch (*r->p) {
	case '{':
		return JSON_TOKEN_OBJECT;
	case '[':
		return JSON_TOKEN_ARRAY;
	case '"':
		return JSON_TOKEN_TEXT;
	default:
		break;
	}
	if (str_is_digit(*r->p) || (*r->p == '-' && !next_is(r, "-I")))
		return JSON_TOKEN_NUMBER;
	word = find_word(r);
	return word < ARRAY_LEN(words) ? words[word].token : JSON_TOKEN_OTHER;
}

int json_reader_enter(struct json_reader *r, char bracket, struct err *err)
{
	skip_space(r);
	if (r->p == r->end || *r->p != bracket)
		return json_reader_fail(r, err,
					bracket == '{' ? "an object belongs here"
						       : "a list belongs here");
	r->p++;
	return 0;
}

int json_reader_more(struct json_reader *r, char bracket, bool *first, struct err *err)
{
	bool comma = !*first;

	*first = false;
	skip_space(r);
	if (r->p == r->end)
		return json_reader_fail(r, err, "it ends too early");
	if (*r->p == bracket) {
		r->p++;
		return 0;
	}
	if (comma && *r->p++ != ',') {
		r->p--;
		return json_reader_fail(r, err, "a comma belongs here");
	}
	return 1;
}

int json_reader_key(struct json_reader *r, struct text *ret, struct err *err)
{
	int n = json_reader_text(r, ret, err);

	if (n < 0)
		return n;
	skip_space(r);
	if (r->p == r->end || *r->p != ':')
		return json_reader_fail(r, err, "a colon belongs here");
	r->p++;
	return 0;
}

/* --- texts --- */

/* Behind the closing quote; checks, and unescapes nothing. */
static int pass_text(struct json_reader *r, bool *ret_escaped, struct err *err)
{
	*ret_escaped = false;
	skip_space(r);
	if (r->p == r->end || *r->p != '"')
		return json_reader_fail(r, err, "a text belongs here");
	for (r->p++; r->p < r->end && *r->p != '"'; r->p++) {
		if ((unsigned char)*r->p < ' ')
			return json_reader_fail(r, err, "a control character within a text");
		if (*r->p == '\\') {
			*ret_escaped = true;
			if (++r->p == r->end)
				break;
		}
	}
	if (r->p == r->end)
		return json_reader_fail(r, err, "a text does not end");
	r->p++;
	return 0;
}

/* Four hexadecimal digits, or -1. */
static int32_t read_hex4(const char *p, const char *end)
{
	int32_t v = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = str_hex_digit(p[i]);

		if (digit < 0)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

static char *put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return to;
	}
	if (c < 0x800) {
		*to++ = (char)(0xC0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*to++ = (char)(0xE0 | c >> 12);
		} else {
			*to++ = (char)(0xF0 | c >> 18);
			*to++ = (char)(0x80 | (c >> 12 & 0x3F));
		}
		*to++ = (char)(0x80 | (c >> 6 & 0x3F));
	}
	*to++ = (char)(0x80 | (c & 0x3F));
	return to;
}

/* At the first hex digit of \uXXXX; a half of a surrogate pair alone becomes U+FFFD. */
static const char *read_unicode(const char *p, const char *end, char **to)
{
	int32_t c = read_hex4(p, end), low = -1;

	if (c < 0)
		return NULL;
	p += 4;
	if (c >= 0xD800 && c < 0xDC00 && end - p >= 6 && p[0] == '\\' && p[1] == 'u')
		low = read_hex4(p + 2, end);
	if (low >= 0xDC00 && low < 0xE000) {
		c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
		p += 6;
	} else if (c >= 0xD800 && c < 0xE000) {
		c = 0xFFFD;
	}
	*to = put_utf8(*to, (uint32_t)c);
	return p;
}

/* In place: an escape is never shorter than what it stands for. */
static char *unescape(char *start, const char *end)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	const char *p = start, *found;
	char *to = start;

	while (p < end) {
		if (*p != '\\') {
			*to++ = *p++;
			continue;
		}
		p++; /* pass_text has seen the character after it */
		found = memchr(from, *p, sizeof(from) - 1);
		if (found) {
			*to++ = into[found - from];
			p++;
		} else {
			p = *p == 'u' ? read_unicode(p + 1, end, &to) : NULL;
			if (!p)
				return NULL;
		}
	}
	return to;
}

int json_reader_text(struct json_reader *r, struct text *ret, struct err *err)
{
	char *start, *end;
	bool escaped;
	int n;

	skip_space(r);
	start = r->p + 1;
	n = pass_text(r, &escaped, err);
	if (n < 0)
		return n;
	end = r->p - 1;
	if (escaped)
		end = unescape(start, end);
	if (!end)
		return json_reader_fail(r, err, "a text with an escape that JSON does not know");
	*ret = (struct text){.p = start, .n = (size_t)(end - start)};
	return 0;
}

/* --- numbers and words --- */

int json_reader_number(struct json_reader *r, double *ret, struct err *err)
{
	size_t n, word;

	skip_space(r);
	n = number_read(r->p, r->end, ret);
	if (n == 0) {
		word = find_word(r);
		if (word == ARRAY_LEN(words) || words[word].token != JSON_TOKEN_NUMBER)
			return json_reader_fail(r, err, "a number belongs here");
		*ret = words[word].v;
		n = strlen(words[word].word);
	}
	r->p += n;
	return 0;
}

/* --- passing over --- */

/* One value that holds no other, or a bracket that opens. */
static int skip_one(struct json_reader *r, char *open, size_t *depth, struct err *err)
{
	enum json_token token = json_reader_peek(r);
	bool escaped;
	double v;

	switch (token) {
	case JSON_TOKEN_OBJECT:
	case JSON_TOKEN_ARRAY:
		if (*depth == JSON_READER_DEPTH)
			return json_reader_fail(r, err, "it is nested too deeply");
		open[(*depth)++] = *r->p++;
		return 0;
	case JSON_TOKEN_TEXT:
		return pass_text(r, &escaped, err);
	case JSON_TOKEN_TRUE:
	case JSON_TOKEN_FALSE:
	case JSON_TOKEN_NULL:
		r->p += strlen(words[find_word(r)].word);
		return 0;
	case JSON_TOKEN_NUMBER:
		return json_reader_number(r, &v, err);
	default:
		return json_reader_fail(r, err, "a value belongs here");
	}
}

static int skip_key(struct json_reader *r, struct err *err)
{
	bool escaped;
	int n = pass_text(r, &escaped, err);

	if (n < 0)
		return n;
	skip_space(r);
	if (r->p == r->end || *r->p != ':')
		return json_reader_fail(r, err, "a colon belongs here");
	r->p++;
	return 0;
}

int json_reader_skip(struct json_reader *r, struct err *err)
{
	char open[JSON_READER_DEPTH];
	bool first = true; /* nothing in the innermost one yet */
	size_t depth = 0, before;
	int n;

	do {
		if (depth) {
			n = json_reader_more(r, open[depth - 1] == '{' ? '}' : ']', &first, err);
			if (n < 0)
				return n;
			if (n == 0) {
				depth--;
				continue;
			}
			n = open[depth - 1] == '{' ? skip_key(r, err) : 0;
			if (n < 0)
				return n;
		}
		before = depth;
		n = skip_one(r, open, &depth, err);
		if (n < 0)
			return n;
		first = depth > before;
	} while (depth);
	return 0;
}

int json_reader_finish(struct json_reader *r, struct err *err)
{
	return json_reader_peek(r) == JSON_TOKEN_END
		       ? 0
		       : json_reader_fail(r, err, "something follows the end");
}
