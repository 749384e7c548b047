/*
 * CSV bodies (RFC 4180): a comma between cells, quotes around what holds
 * commas, quotes or line ends; lines end in LF or CRLF.  Empty lines are
 * passed over, as pandas does.  Cells are unquoted in place.
 */
#include "base/str.h"
#include "scorer/cell.h"
#include "scorer/names.h"
#include "scorer/rows-int.h"

#include <string.h>

struct cell {
	struct text text;
	bool quoted;
	bool last; /* of its line */
};

static bool ends_line(const struct rows *s)
{
	return s->p == s->end || *s->p == '\n' ||
	       (*s->p == '\r' && (s->p + 1 == s->end || s->p[1] == '\n'));
}

static void pass_line_end(struct rows *s)
{
	if (s->p < s->end && *s->p == '\r')
		s->p++;
	if (s->p < s->end)
		s->p++;
}

/* Behind the opening quote, to behind the closing one; a doubled quote is one. */
static int read_quoted(struct rows *s, struct text *ret, struct err *err)
{
	char *to = s->p, *start = s->p;

	for (; s->p < s->end; s->p++) {
		if (*s->p == '"' && (s->p + 1 == s->end || s->p[1] != '"')) {
			s->p++;
			*ret = (struct text){.p = start, .n = (size_t)(to - start)};
			return 0;
		}
		s->p += *s->p == '"';
		*to++ = *s->p;
	}
	return err_set(err, E_INPUT, "row %zu: a quote is opened and not closed", s->count + 1);
}

static int read_cell(struct rows *s, struct cell *ret, struct err *err)
{
	char *start = s->p;
	int r = 0;

	*ret = (struct cell){.quoted = s->p < s->end && *s->p == '"'};
	if (ret->quoted) {
		s->p++;
		r = read_quoted(s, &ret->text, err);
		if (r == 0 && !ends_line(s) && *s->p != ',')
			r = err_set(err, E_INPUT, "row %zu: something follows a closing quote",
				    s->count + 1);
	} else {
		while (!ends_line(s) && *s->p != ',')
			s->p++;
		ret->text = (struct text){.p = start, .n = (size_t)(s->p - start)};
	}
	if (r < 0)
		return r;
	ret->last = ends_line(s);
	if (ret->last)
		pass_line_end(s);
	else
		s->p++;
	return 0;
}

static void pass_empty_lines(struct rows *s)
{
	while (s->p < s->end && ends_line(s))
		pass_line_end(s);
}

static int next_line(struct rows *s, struct batch *b, size_t row, struct err *err)
{
	struct cell cell = {.last = false};
	size_t n = 0;
	int r = 0;

	pass_empty_lines(s);
	if (s->p == s->end)
		return 0;
	while (r == 0 && !cell.last) {
		r = read_cell(s, &cell, err);
		if (r == 0 && n < s->n_headers && s->headers[n].slot != NAMES_NONE)
			r = cell_csv(&cell.text, cell.quoted, b, s->headers[n].slot, row, err);
		n++;
	}
	if (r == 0 && n != s->n_headers)
		r = err_set(err, E_INPUT, "row %zu has %zu cells for %zu columns",
			    b->first_row + row, n, s->n_headers);
	return r < 0 ? r : 1;
}

static int read_header(struct rows *s, struct err *err)
{
	struct cell cell = {.last = false};
	int r = 0;

	pass_empty_lines(s);
	if (s->p == s->end)
		return err_set(err, E_INPUT, "the body has no header line");
	while (r == 0 && !cell.last) {
		r = read_cell(s, &cell, err);
		if (r == 0)
			r = rows_add_header(s, &cell.text, err);
	}
	return r < 0 ? r : rows_check_seen(s, err);
}

int rows_open_csv(struct rows *s, char *body, size_t n, struct err *err)
{
	static const char bom[] = "\xEF\xBB\xBF";

	if (!utf8_valid(body, n))
		return err_set(err, E_INPUT, "the body is not UTF-8");
	s->p = body;
	s->end = body + n;
	if (n >= 3 && memcmp(body, bom, 3) == 0)
		s->p += 3;
	s->next = next_line;
	return read_header(s, err);
}
