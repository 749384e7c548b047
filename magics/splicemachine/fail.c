/* Error texts with their place in the cell. */
#include "magics/splicemachine/fail.h"

#include "base/buf.h"
#include "base/limits.h"

#include <string.h>

enum {
	LINE_COLUMNS = 100, /* terminal columns shown of a long line */
	LEAD_COLUMNS = 60,  /* of these, before the caret */
};

/* The line of the statement that holds `at`, cut so that the place is in view. */
static const char *line_around(const struct sql_statement *st, size_t at, size_t *ret_n,
			       bool *ret_cut)
{
	const char *start = st->text + at;
	const char *end = start;
	size_t width = 0;

	while (start > st->text && start[-1] != '\n' && width < LEAD_COLUMNS) {
		start--;
		width += ((unsigned char)*start & 0xC0) != 0x80;
	}
	while (((unsigned char)*start & 0xC0) == 0x80 && start > st->text)
		start--;
	*ret_cut = start > st->text && start[-1] != '\n';
	while (end < st->text + st->n && *end != '\n' &&
	       (width < LINE_COLUMNS || ((unsigned char)*end & 0xC0) == 0x80)) {
		width += ((unsigned char)*end & 0xC0) != 0x80;
		end++;
	}
	*ret_n = (size_t)(end - start);
	return start;
}

/* Blanks as wide as the text before the caret; tabs stay tabs, so that they line up. */
static void put_pad(struct buf *b, const char *p, const char *to)
{
	while (p < to) {
		size_t n;
		uint32_t cp = utf8_decode(p, (size_t)(to - p), &n);

		if (cp == '\t')
			buf_put_u8(b, '\t');
		else
			buf_put_fill(b, ' ', (size_t)utf8_width(cp));
		p += n;
	}
}

static int line_of(const struct sql_statement *st, size_t at)
{
	int line = st->line;

	for (size_t i = 0; i < at; i++)
		line += st->text[i] == '\n';
	return line;
}

static void put_where(struct buf *b, const struct sql_run *run, int line)
{
	if (run->n_statements > 1)
		buf_printf(b, "\nin statement %zu of %zu, line %d of the cell", run->index + 1,
			   run->n_statements, line);
	else
		buf_printf(b, "\nin line %d of the cell", line);
}

static void put_caret(struct buf *b, const struct sql_statement *st, size_t at)
{
	bool cut;
	size_t n;
	const char *p = line_around(st, at, &n, &cut);

	buf_printf(b, ":\n  %s%.*s\n  %s", cut ? "…" : "", (int)n, p, cut ? " " : "");
	put_pad(b, p, st->text + at);
	buf_put_str(b, "^");
}

/* What we refuse ourselves by the name that the servers have for it. */
static void set_name(struct err *err)
{
	if (!*err->name && err->code == E_UNSUPPORTED)
		err_set_name(err, "0A000");
}

int fail_statement(const struct sql_run *run, const struct sql_statement *st,
		   const struct sql_adapted *a, struct err *err)
{
	_cleanup_buf_ struct buf b;
	size_t at = 0;
	bool placed = a && err->code == E_SERVER && sql_error_place(a, st->n, err, &at);

	buf_init(&b, ERR_TEXT_MAX);
	if (err->code == E_CANCEL)
		return err->code;
	set_name(err);
	put_where(&b, run, line_of(st, at));
	if (placed)
		put_caret(&b, st, at);
	buf_put_u8(&b, 0);
	if (!b.failed) {
		size_t n = strlen(err->text);

		/* A message that fills the text is cut for the sake of the place. */
		if (n + b.len > sizeof(err->text))
			n = sizeof(err->text) - b.len;
		memcpy(err->text + n, b.data, b.len);
	}
	sql_add_hint(db_server(run->db), st->text, st->n, err);
	if (err->code == E_CLOSED && !*err->hint)
		err_set_hint(err, "The next SQL cell connects again; what was not committed is "
				  "gone.");
	return err->code;
}
