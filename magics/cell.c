/* From a cell's text to what runs it. */
#include "magics/cell.h"

#include "notebook/sql-detect.h"

#include <string.h>

static bool is_name_char(char c)
{
	return str_is_word(c) || c == '.';
}

static const char *skip_blank_lines(const char *s)
{
	while (str_is_space(*s))
		s++;
	return s;
}

/* The magic's name behind % or %%; *ret_n is 0 when there is none. */
static const char *magic_name(const char *s, size_t *ret_n)
{
	*ret_n = 0;
	if (*s != '%')
		return s;
	s += s[1] == '%' ? 2 : 1;
	while (is_name_char(s[*ret_n]))
		(*ret_n)++;
	return s;
}

static int usage_error(struct err *err, const struct magic *m, const char *what)
{
	int r = err_set(err, E_USAGE, "%%%s: %s", m->name, what);

	err_set_hint(err, "%%%s --help shows what it takes", m->name);
	return r;
}

/* A typing mistake away from one of ours is no magic of IPython's. */
static int check_near_miss(const char *name, size_t n, struct err *err)
{
	_cleanup_free_ char *copy = str_ndup(name, n);
	int r;

	if (!copy)
		return err_nomem(err);
	for (size_t i = 0; magics_all[i]; i++) {
		size_t distance = str_distance(copy, magics_all[i]->name);

		if (distance == 0 || distance > 2 || n < 4)
			continue;
		r = err_set(err, E_USAGE, "there is no magic %%%s", copy);
		err_set_hint(err, "did you mean %%%s?", magics_all[i]->name);
		return r;
	}
	return 0;
}

static const struct magic_option *find_option(const struct magic *m, const char *token)
{
	for (const struct magic_option *o = m->options; o && o->name; o++) {
		if (str_starts(token, "--") ? str_eq(token + 2, o->name)
					    : token[1] == o->letter && !token[2])
			return o;
	}
	return NULL;
}

/* True when the value is one of the words in "a|b|c"; other kinds are checked by the magic. */
static bool value_allowed(const char *spec, const char *value)
{
	size_t n = strlen(value);

	if (!strchr(spec, '|'))
		return true;
	while (*spec) {
		size_t len = strcspn(spec, "|");

		if (len == n && memcmp(spec, value, n) == 0)
			return true;
		spec += len + (spec[len] == '|');
	}
	return false;
}

/* One word of the magic line: quotes group, a backslash is nothing special. */
static int next_token(const char **at, const char *end, struct strv *ret, struct err *err)
{
	_cleanup_buf_ struct buf word;
	char quote = 0;

	buf_init(&word, (size_t)(end - *at) + 1);
	for (; *at < end && (quote || !str_is_space(**at)); (*at)++) {
		if (quote ? **at == quote : **at == '"' || **at == '\'')
			quote = quote ? 0 : **at;
		else
			buf_put(&word, *at, 1);
	}
	if (quote)
		return err_set(err, E_USAGE, "the quote %c has no end on the magic line", quote);
	return strv_take(ret, buf_take_str(&word), err);
}

struct line_parser {
	struct cell *cell;
	const struct magic *magic;
	const char *at, *end; /* of the magic line */
};

static const char *last_token(const struct line_parser *p)
{
	return p->cell->tokens.items[p->cell->tokens.len - 1];
}

static int add_option(struct line_parser *p, const char *token, struct err *err)
{
	const struct magic_option *o = find_option(p->magic, token);
	struct magic_call *call = &p->cell->call;
	_cleanup_free_ char *what = NULL;
	const char *value = NULL;
	int r;

	if (!o) {
		what = str_fmt("there is no option %s", token);
		return what ? usage_error(err, p->magic, what) : err_nomem(err);
	}
	if (o->value) {
		while (p->at < p->end && str_is_space(*p->at))
			p->at++;
		if (p->at == p->end) {
			what = str_fmt("--%s wants a value (%s)", o->name, o->value);
			return what ? usage_error(err, p->magic, what) : err_nomem(err);
		}
		r = next_token(&p->at, p->end, &p->cell->tokens, err);
		if (r < 0)
			return r;
		value = last_token(p);
		if (!value_allowed(o->value, value)) {
			what = str_fmt("--%s is one of %s, not %.40s", o->name, o->value, value);
			return what ? usage_error(err, p->magic, what) : err_nomem(err);
		}
	}
	p->cell->args[call->n_args++] = (struct magic_arg){o, value};
	return 0;
}

static bool looks_like_option(const char *at, const char *end)
{
	/* `--splice-properties` and `-- comment` of inline SQL are no options. */
	return end - at >= 2 && at[0] == '-' &&
	       (str_is_alpha(at[1]) || (at[1] == '-' && end - at > 2 && str_is_alpha(at[2])));
}

static int parse_line(struct line_parser *p, struct err *err)
{
	struct strv words = {0};
	int r = 0;

	while (r == 0) {
		while (p->at < p->end && str_is_space(*p->at))
			p->at++;
		if (p->at == p->end)
			break;
		bool option = looks_like_option(p->at, p->end);

		if (!option && p->magic->inline_body)
			break;
		r = next_token(&p->at, p->end, option ? &p->cell->tokens : &words, err);
		if (r < 0 || !option)
			continue;
		if (str_eq(last_token(p), "--help") || str_eq(last_token(p), "-h"))
			p->cell->help = true;
		else
			r = add_option(p, last_token(p), err);
	}
	if (r == 0 && words.len && !p->magic->takes_words) {
		_cleanup_free_ char *what =
			str_fmt("\"%.60s\" is not expected here", words.items[0]);

		r = what ? usage_error(err, p->magic, what) : err_nomem(err);
	}
	/* The words go to the end of the tokens, which call->words points into. */
	p->cell->call.n_words = words.len;
	for (size_t i = 0; i < words.len; i++) {
		int taken = strv_take(&p->cell->tokens, words.items[i], err);

		r = r < 0 ? r : taken;
	}
	free(words.items);
	return r;
}

static int line_number(const char *start, const char *at)
{
	int line = 1;

	for (; start < at; start++)
		line += *start == '\n';
	return line;
}

static int parse_magic(struct cell *c, const struct magic *m, const char *behind_name,
		       struct err *err)
{
	struct line_parser p = {.cell = c, .magic = m, .at = behind_name};
	int r;

	c->kind = CELL_MAGIC;
	c->call.magic = m;
	p.end = p.at + strcspn(p.at, "\n");
	/* No more options than pairs of characters on the line. */
	c->args = calloc((size_t)(p.end - p.at) / 2 + 1, sizeof(*c->args));
	if (!c->args)
		return err_nomem(err);
	c->call.args = c->args;
	r = parse_line(&p, err);
	if (r < 0)
		return r;
	if (c->call.n_words)
		c->call.words =
			(const char *const *)&c->tokens.items[c->tokens.len - c->call.n_words];
	c->call.body = m->inline_body && p.at < p.end ? p.at : p.end + (*p.end == '\n');
	return 0;
}

static void take_whole(struct cell *c, enum cell_kind kind, const struct magic *m)
{
	c->kind = kind;
	c->call.magic = m;
	c->call.body = c->text;
}

static int parse_any(struct cell *c, bool after_sql, struct err *err)
{
	const char *start = skip_blank_lines(c->text);
	const struct magic *m;
	const char *name;
	size_t n;
	int r;

	name = magic_name(start, &n);
	m = n ? magic_find(name, n) : NULL;
	if (m)
		return parse_magic(c, m, name + n, err);
	if (n) {
		r = check_near_miss(name, n, err);
		if (r < 0)
			return r;
	}
	m = magic_find("splicemachine", strlen("splicemachine"));
	if (!*start)
		take_whole(c, CELL_EMPTY, NULL);
	else if (m && sql_looks_like(start, strlen(start), after_sql))
		take_whole(c, CELL_MAGIC, m);
	else
		take_whole(c, CELL_PYTHON, NULL);
	return 0;
}

int cell_parse(const char *code, bool after_sql, struct cell *ret, struct err *err)
{
	static const char *const no_words[] = {NULL};
	struct cell c = {0};
	int r;

	c.text = str_dup(code);
	if (!c.text)
		return err_nomem(err);
	c.call.words = no_words;
	c.call.cell = c.text;
	r = parse_any(&c, after_sql, err);
	if (r < 0) {
		cell_release(&c);
		return r;
	}
	c.call.body_len = strlen(c.call.body);
	c.call.body_line = line_number(c.text, c.call.body);
	*ret = c;
	return 0;
}

void cell_release(struct cell *c)
{
	free(c->call.relay);
	json_decref(c->call.relay_metadata);
	free(c->args);
	strv_release(&c->tokens);
	free(c->text);
	*c = (struct cell){0};
}
