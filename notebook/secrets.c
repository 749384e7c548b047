/* Secrets, found by what stands around them. */
#include "notebook/secrets.h"

#include "base/buf.h"
#include "base/str.h"

#include <string.h>
#include <strings.h>

/* A text being copied; `from` is where the next byte to copy stands. */
struct hider {
	const char *text, *end, *from;
	const char *line, *seen; /* where the line of `seen` begins; names are met in their order */
	struct buf out;
	bool hidden;
};

/* Parts of names whose value is a secret. */
static const struct {
	const char *part;
	bool listed; /* the value may follow after a comma: option("password", "x") */
} parts[] = {
	{"password", true},    {"passwd", true},     {"secret", true},     {"derby.user.", true},
	{"private_key", true}, {"access_key", true}, {"access.key", true}, {"api_key", true},
	{"apikey", true},      {"token", false},     {"pwd", false},
};

static void hide(struct hider *h, const char *from, const char *to)
{
	if (from >= to || from < h->from)
		return;
	buf_put(&h->out, h->from, (size_t)(from - h->from));
	buf_put_str(&h->out, "***");
	h->from = to;
	h->hidden = true;
}

static bool is_name_char(char c)
{
	return str_is_word(c) || c == '.' || c == '-';
}

static bool is_quote(char c)
{
	return c == '"' || c == '\'';
}

/* A word of its own, so that `tokens` and `tokenizer` are none. */
static bool stands_alone(const char *name, size_t n, const char *at, size_t part)
{
	bool before = at > name && str_is_alpha(at[-1]);
	bool behind = at + part < name + n && str_is_alpha(at[part]);

	return !before && !behind;
}

static bool is_secret_name(const char *name, size_t n, bool *ret_listed)
{
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		size_t part = strlen(parts[i].part);

		for (const char *at = name; at + part <= name + n; at++)
			if (strncasecmp(at, parts[i].part, part) == 0 &&
			    (parts[i].listed || stands_alone(name, n, at, part))) {
				*ret_listed = parts[i].listed;
				return true;
			}
	}
	return false;
}

static const char *skip_blanks(const struct hider *h, const char *p)
{
	while (p < h->end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* The same over the ends of lines, as within brackets. */
static const char *skip_space(const struct hider *h, const char *p)
{
	while (p < h->end && (str_is_space(*p) || (*p == '\\' && p + 1 < h->end && p[1] == '\n')))
		p++;
	return p;
}

/* The end of what is quoted at p, its closing quotes not included; a lone quote ends at the line's
 * end. */
static const char *quoted_end(const struct hider *h, const char *p, const char **ret_from)
{
	char quote = *p;
	bool thrice = h->end - p >= 6 && p[1] == quote && p[2] == quote;

	for (p = *ret_from = p + (thrice ? 3 : 1); p < h->end; p++) {
		if (*p == '\\' && p + 1 < h->end)
			p++;
		else if (thrice ? h->end - p >= 3 && *p == quote && p[1] == quote && p[2] == quote
				: *p == quote || *p == '\n')
			return p;
	}
	return h->end;
}

/* The opening quote when p is at a literal, with r, b, f or u before it; else NULL. */
static const char *literal_at(const struct hider *h, const char *p)
{
	for (int i = 0; i < 2 && p < h->end && *p && strchr("rRbBfFuU", *p); i++)
		p++;
	return p < h->end && is_quote(*p) ? p : NULL;
}

/* Where a literal may go on behind `p`: `"a" "b"`, `"a" + "b"`, over lines unless a statement began
 * with the name. */
static const char *next_literal(const struct hider *h, const char *p, bool over_lines)
{
	const char *(*skip)(const struct hider *, const char *) =
		over_lines ? skip_space : skip_blanks;

	p = skip(h, p);
	if (p < h->end && *p == '+')
		p = skip(h, p + 1);
	return literal_at(h, p);
}

/* Hide the contents of the literals that begin at p, past a bracket; false when there is none. */
static bool hide_literals(struct hider *h, const char *p, bool over_lines)
{
	const char *at;

	if (p < h->end && *p == '(') {
		p = skip_space(h, p + 1);
		over_lines = true;
	}
	at = literal_at(h, p);
	if (!at)
		return false;
	while (at) {
		const char *from, *to = quoted_end(h, at, &from);
		bool thrice = from - at == 3;

		hide(h, from, to);
		to += thrice ? 3 : 1;
		at = to < h->end ? next_literal(h, to, over_lines) : NULL;
	}
	return true;
}

static void hide_bare(struct hider *h, const char *p)
{
	const char *to = p;

	while (to < h->end && !str_is_space(*to) && !is_quote(*to) && *to != ';' && *to != '&')
		to++;
	hide(h, p, to);
}

static const char *line_of(struct hider *h, const char *p)
{
	for (; h->seen < p; h->seen++)
		if (*h->seen == '\n')
			h->line = h->seen + 1;
	return h->line;
}

/* What IPython hands to the environment or to a shell as it stands. */
enum line_kind { LINE_CODE, LINE_ENV, LINE_SHELL };

static enum line_kind kind_of_line(const struct hider *h, const char *line)
{
	static const struct {
		const char *begin;
		enum line_kind kind;
	} kinds[] = {
		{"!", LINE_SHELL},      {"%sx", LINE_SHELL},  {"%system", LINE_SHELL},
		{"%%bash", LINE_SHELL}, {"%%sh", LINE_SHELL}, {"%%script", LINE_SHELL},
		{"%set_env", LINE_ENV}, {"%env", LINE_ENV},
	};

	line = skip_blanks(h, line);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t n = strlen(kinds[i].begin);

		if ((size_t)(h->end - line) > n && memcmp(line, kinds[i].begin, n) == 0)
			return kinds[i].kind;
	}
	return LINE_CODE;
}

/* A shell's whole cell, or a line. */
static enum line_kind kind_at(struct hider *h, const char *p)
{
	const char *first = skip_space(h, h->text);
	bool cell = h->end - first > 2 && memcmp(first, "%%", 2) == 0;

	return kind_of_line(h, cell ? first : line_of(h, p));
}

/* Whether `name` is the word behind the magic that begins its line. */
static bool is_first_argument(struct hider *h, const char *name)
{
	const char *p = skip_blanks(h, line_of(h, name));

	while (p < name && !str_is_space(*p))
		p++;
	return skip_blanks(h, p) == name;
}

/* `%env NAME value`, `--password value`: what stands behind blanks. */
static bool hide_word(struct hider *h, const char *name, const char *p, enum line_kind kind)
{
	const char *value = skip_blanks(h, p);
	bool takes = kind == LINE_ENV ? is_first_argument(h, name) : memcmp(name, "--", 2) == 0;

	if (!takes || value == p || value >= h->end || *value == '=')
		return false;
	if (!hide_literals(h, value, false) && *value != '-')
		hide_bare(h, value);
	return true;
}

/* Past the type of `password: str = "x"`, to the value; else where it was. */
static const char *skip_annotation(const struct hider *h, const char *type)
{
	const char *p = type;
	int depth = 0;

	for (; p < h->end && *p; p++) {
		depth += (*p == '[') - (*p == ']');
		if (!is_name_char(*p) && !strchr(depth > 0 ? " \t[]|," : " \t[]|", *p))
			break;
	}
	return p > type && p + 1 < h->end && *p == '=' && p[1] != '=' ? skip_space(h, p + 1) : type;
}

/* `name` ends at `p`: what follows may be its value. */
static void hide_value(struct hider *h, const char *name, const char *p, bool listed)
{
	char quote = name > h->text && is_quote(name[-1]) ? name[-1] : '\0';
	bool parameter = name > h->text && name[-1] && strchr(";?&", name[-1]);
	enum line_kind kind = kind_at(h, name);
	const char *value;

	if (quote && (p >= h->end || *p != quote)) /* a sentence that has the word */
		return;
	if (kind != LINE_CODE && !quote && hide_word(h, name, p, kind))
		return;
	p = skip_space(h, p + (quote != '\0'));
	if (p < h->end && *p == ']')
		p = skip_space(h, p + 1);
	if (p >= h->end || !*p || !strchr(listed ? "=:," : "=:", *p))
		return;
	if (p + 1 < h->end && p[1] == '=') /* a comparison */
		return;
	value = skip_space(h, p + 1);
	if (*p == ':' && !quote)
		value = skip_annotation(h, value);
	if (!hide_literals(h, value, name > line_of(h, name)) && !quote &&
	    (parameter || kind != LINE_CODE))
		hide_bare(h, skip_blanks(h, p + 1));
}

/* All texts up to the closing parenthesis. */
static void hide_arguments(struct hider *h, const char *p)
{
	const char *from = p;

	for (p = skip_blanks(h, p); p < h->end && *p != ')' && *p != ';'; p++)
		if (*p == '\'') {
			const char *to = quoted_end(h, p, &from);

			hide(h, from, to);
			p = to < h->end ? to : h->end - 1;
		}
}

static bool sets_password(const char *name, size_t n)
{
	static const char *const procedures[] = {"SYSCS_CREATE_USER", "SYSCS_RESET_PASSWORD",
						 "SYSCS_MODIFY_PASSWORD"};

	for (size_t i = 0; i < ARRAY_LEN(procedures); i++) {
		size_t len = strlen(procedures[i]);

		if (n >= len && strncasecmp(name + n - len, procedures[i], len) == 0)
			return true;
	}
	return false;
}

/* user:password@ behind "://". */
static void hide_userinfo(struct hider *h, const char *p)
{
	const char *colon = NULL, *at = NULL;

	for (; p < h->end && !str_is_space(*p) && !is_quote(*p) && *p != '/'; p++) {
		if (*p == ':' && !colon)
			colon = p;
		else if (*p == '@')
			at = p;
	}
	if (colon && at > colon)
		hide(h, colon + 1, at);
}

static const char *take_name(struct hider *h, const char *p)
{
	const char *name = p;
	bool listed = false;
	size_t n;

	while (p < h->end && is_name_char(*p))
		p++;
	n = (size_t)(p - name);
	if (sets_password(name, n))
		hide_arguments(h, p);
	else if (is_secret_name(name, n, &listed))
		hide_value(h, name, p, listed);
	return p;
}

int secrets_hide(const char *text, size_t n, char **ret, bool *ret_hidden, struct err *err)
{
	struct hider h = {.text = text, .end = text + n, .from = text, .line = text, .seen = text};
	int r;

	buf_init(&h.out, 4 * n + 1);
	for (const char *p = text; p < h.end;) {
		if (h.end - p > 3 && memcmp(p, "://", 3) == 0)
			hide_userinfo(&h, p += 3);
		else if (is_name_char(*p))
			p = take_name(&h, p);
		else
			p++;
	}
	if (h.from < h.end)
		buf_put(&h.out, h.from, (size_t)(h.end - h.from));
	r = buf_check(&h.out, "a cell", err);
	if (r == 0)
		*ret = buf_take_str(&h.out);
	buf_release(&h.out);
	if (r == 0 && !*ret)
		return err_nomem(err);
	*ret_hidden = h.hidden;
	return r;
}
