/* Completion, inspection and is_complete. */
#include "kernel/complete.h"

#include "base/str.h"
#include "kernel/child.h"

#include <string.h>

/* A cell's text and a position in it, in bytes and code points. */
struct place {
	struct cell cell;
	bool parsed;
	const char *code;
	size_t at;   /* byte offset of the cursor */
	size_t body; /* byte offset of the body; 0 for a cell without a magic line */
};

static void place_init(struct place *p, const struct subshell *s, const json_t *content)
{
	const json_t *code = json_object_get(content, "code");
	struct err err = ERR_INIT;
	size_t n;

	*p = (struct place){.code = json_is_string(code) ? json_string_value(code) : ""};
	n = strlen(p->code);
	p->at = n;
	if (json_is_integer(json_object_get(content, "cursor_pos"))) {
		json_int_t pos = json_get_int(content, "cursor_pos", 0);

		p->at = utf8_offset(p->code, n, pos < 0 ? 0 : (size_t)pos);
	}
	/* A magic line that is still being typed may not parse: then it is no magic yet. */
	p->parsed = cell_parse(p->code, s->after_sql, &p->cell, &err) == 0;
	if (p->parsed && p->cell.kind == CELL_MAGIC)
		p->body = (size_t)(p->cell.call.body - p->cell.text);
}

static void place_release(struct place *p)
{
	cell_release(&p->cell);
}

static bool is_python(const struct place *p)
{
	return !p->parsed || p->cell.kind != CELL_MAGIC ||
	       str_eq(p->cell.call.magic->name, "spark.pyspark");
}

/* --- magic names and options --------------------------------------------------------------- */

static bool starts_with(const char *name, const char *prefix, size_t n)
{
	return strncmp(name, prefix, n) == 0;
}

static int complete_names(const char *word, size_t n, struct strv *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && magics_all[i]; i++)
		if (starts_with(magics_all[i]->name, word, n))
			r = strv_add(ret, magics_all[i]->name, err);
	return r;
}

static int complete_options(const struct magic *m, const char *word, size_t n, struct strv *ret,
			    struct err *err)
{
	int r = starts_with("--help", word, n) ? strv_add(ret, "--help", err) : 0;

	for (const struct magic_option *o = m->options; r == 0 && o && o->name; o++) {
		char *name = str_fmt("--%s", o->name);

		if (name && !starts_with(name, word, n))
			free(name);
		else
			r = strv_take(ret, name, err);
	}
	return r;
}

/* The magic that a line names, whether or not the rest of it makes sense yet. */
static const struct magic *line_magic(const char *line)
{
	while (*line == '%')
		line++;
	return magic_find(line, strcspn(line, " \t\r\n"));
}

/* Matches on the magic line before byte `at`; *ret_start is where the word begins. */
static int complete_line(const struct place *p, struct strv *ret, size_t *ret_start,
			 struct err *err)
{
	size_t line = 0, start = p->at, name = 0;
	const struct magic *m;

	while (str_is_space(p->code[line]))
		line++;
	while (start > line && !str_is_space(p->code[start - 1]))
		start--;
	*ret_start = start;
	if (start == line) {
		while (p->code[start + name] == '%' && name < 2)
			name++;
		*ret_start = start + name;
		return complete_names(p->code + start + name, p->at - start - name, ret, err);
	}
	m = line_magic(p->code + line);
	if (m && p->code[start] == '-')
		return complete_options(m, p->code + start, p->at - start, ret, err);
	return 0;
}

static bool on_magic_line(const struct place *p)
{
	size_t line = 0;

	while (str_is_space(p->code[line]))
		line++;
	return p->code[line] == '%' && p->at > line &&
	       p->at <= line + strcspn(p->code + line, "\n");
}

static bool reply_matches(struct kernel *k, struct request *q, const struct place *p,
			  const struct strv *matches, size_t start)
{
	json_t *list = json_array();

	for (size_t i = 0; i < matches->len; i++)
		(void)json_array_append_new(list, json_strz(matches->items[i]));
	kernel_reply(k, q, "complete_reply",
		     json_pack("{ss so si si s{}}", "status", "ok", "matches", list, "cursor_start",
			       (int)utf8_count(p->code, start), "cursor_end",
			       (int)utf8_count(p->code, p->at), "metadata"));
	return true;
}

/* The request for the child: the body alone, the cursor counted from its start. */
static bool ask_python(struct kernel *k, struct request *q, const json_t *content,
		       const struct place *p)
{
	json_auto_t *copy = json_copy((json_t *)(uintptr_t)content);
	size_t prefix = utf8_count(p->code, p->body);

	if (!copy || p->at < p->body)
		return false;
	(void)json_object_set_new(copy, "code", json_strz(p->code + p->body));
	(void)json_object_set_new(copy, "cursor_pos",
				  json_integer((json_int_t)utf8_count(p->code + p->body,
								      p->at - p->body)));
	return child_ask(k, q, copy, prefix);
}

bool complete_request(struct kernel *k, struct request *q, const json_t *content)
{
	_cleanup_(place_release) struct place p;
	_cleanup_strv_ struct strv matches = {0};
	struct err err = ERR_INIT;
	size_t start;

	place_init(&p, q->subshell, content);
	start = p.at;
	if (on_magic_line(&p) && complete_line(&p, &matches, &start, &err) == 0 && matches.len)
		return reply_matches(k, q, &p, &matches, start);
	if (is_python(&p) && ask_python(k, q, content, &p))
		return false;
	if (!is_python(&p) && p.cell.call.magic->complete && p.at >= p.body) {
		if (p.cell.call.magic->complete(k->nb, p.code + p.body, p.at - p.body, &matches,
						&start, &err) == 0)
			start += p.body;
		else
			start = p.at;
	}
	return reply_matches(k, q, &p, &matches, start);
}

/* --- inspection -------------------------------------------------------------------------- */

bool inspect_request(struct kernel *k, struct request *q, const json_t *content)
{
	_cleanup_(place_release) struct place p;
	_cleanup_free_ char *help = NULL;
	json_t *data;

	place_init(&p, q->subshell, content);
	if (p.parsed && p.cell.kind == CELL_MAGIC && on_magic_line(&p))
		help = magic_help(p.cell.call.magic);
	if (!help && is_python(&p) && ask_python(k, q, content, &p))
		return false;
	data = help ? json_pack("{ss}", "text/plain", help) : json_object();
	kernel_reply(k, q, "inspect_reply",
		     json_pack("{ss sb so s{}}", "status", "ok", "found", help != NULL, "data",
			       data, "metadata"));
	return true;
}

/* --- is_complete ------------------------------------------------------------------------- */

struct scan {
	int depth;  /* open brackets */
	char quote; /* of a string that is not closed */
	bool triple;
	bool continued; /* ends in a backslash */
	char last;      /* last character that is no space or comment */
};

static size_t skip_comment(const char *s)
{
	return strcspn(s, "\n");
}

static void scan_quote(struct scan *state, const char **s)
{
	char c = **s;

	if (!state->quote) {
		state->quote = c;
		state->triple = (*s)[1] == c && (*s)[2] == c;
		*s += state->triple ? 2 : 0;
	} else if (c == state->quote && (!state->triple || ((*s)[1] == c && (*s)[2] == c))) {
		*s += state->triple ? 2 : 0;
		state->quote = 0;
	}
}

static struct scan scan_python(const char *s)
{
	struct scan state = {0};

	for (; *s; s++) {
		if (state.quote && *s == '\\' && s[1])
			s++;
		else if (*s == '\'' || *s == '"')
			scan_quote(&state, &s);
		else if (state.quote && *s == '\n' && !state.triple)
			state.quote = 0;
		else if (!state.quote && *s == '#')
			s += skip_comment(s) - 1;
		else if (!state.quote && strchr("([{", *s))
			state.depth++;
		else if (!state.quote && strchr(")]}", *s))
			state.depth--;
		state.continued = !state.quote && *s == '\\' && (s[1] == '\n' || !s[1]);
		if (!str_is_space(*s))
			state.last = *s;
	}
	return state;
}

static bool ends_in_indented_line(const char *code)
{
	const char *line = strrchr(code, '\n');

	return line && (line[1] == ' ' || line[1] == '\t');
}

const char *complete_guess(const char *code)
{
	struct scan state = scan_python(code);

	if (state.depth < 0)
		return "invalid";
	if (state.depth > 0 || state.quote || state.continued || state.last == ':' ||
	    ends_in_indented_line(code))
		return "incomplete";
	return "complete";
}

/* SQL is complete behind a semicolon or an empty line. */
static const char *sql_state(const char *body)
{
	size_t n = strlen(body);

	if (n && body[n - 1] == '\n')
		return "complete";
	while (n && str_is_space(body[n - 1]))
		n--;
	return n && body[n - 1] == ';' ? "complete" : "incomplete";
}

bool is_complete_request(struct kernel *k, struct request *q, const json_t *content)
{
	_cleanup_(place_release) struct place p;
	const char *status;

	place_init(&p, q->subshell, content);
	if (!p.parsed)
		status = "invalid";
	else if (p.cell.kind == CELL_EMPTY || p.cell.help)
		status = "complete";
	else if (is_python(&p) && p.at >= p.body && ask_python(k, q, content, &p))
		return false;
	else if (is_python(&p))
		status = complete_guess(p.code + p.body);
	else if (str_eq(p.cell.call.magic->name, "splicemachine"))
		status = sql_state(p.code + p.body);
	else
		status = "complete";
	kernel_reply(k, q, "is_complete_reply",
		     str_eq(status, "incomplete")
			     ? json_pack("{ss ss}", "status", status, "indent", "")
			     : json_pack("{ss}", "status", status));
	return true;
}
