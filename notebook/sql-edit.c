/* Replacements in a text, kept so that error places can be taken back through them. */
#include "notebook/sql-edit.h"

#include "base/buf.h"
#include "base/limits.h"

#include <stdbool.h>

void sql_edits_release(struct sql_edits *e)
{
	free(e->items);
	*e = (struct sql_edits){0};
}

/* At one place, what is only put goes before what is cut. */
static bool comes_after(const struct sql_edit *e, size_t at, size_t cut)
{
	return e->at > at || (e->at == at && e->cut > 0 && cut == 0);
}

int sql_edits_add(struct sql_edits *e, size_t at, size_t cut, const char *put, size_t put_len,
		  struct err *err)
{
	size_t i;

	if (e->len == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 8;
		struct sql_edit *items = realloc(e->items, cap * sizeof(*items));

		if (!items)
			return err_nomem(err);
		e->items = items;
		e->cap = cap;
	}
	/* Edits come nearly in order: insertion is cheap. */
	for (i = e->len; i > 0 && comes_after(&e->items[i - 1], at, cut); i--)
		e->items[i] = e->items[i - 1];
	e->items[i] = (struct sql_edit){at, cut, put, put_len};
	e->len++;
	return 0;
}

int sql_edits_apply(struct sql_edits *e, const char *text, size_t n, char **ret, struct err *err)
{
	_cleanup_buf_ struct buf b;
	size_t done = 0;

	buf_init(&b, LIMIT_SQL_TEXT);
	for (size_t i = 0; i < e->len; i++) {
		buf_put(&b, text + done, e->items[i].at - done);
		buf_put(&b, e->items[i].put, e->items[i].put_len);
		done = e->items[i].at + e->items[i].cut;
	}
	buf_put(&b, text + done, n - done);
	if (buf_check(&b, "the statement", err) < 0)
		return err ? err->code : b.failed;
	*ret = buf_take_str(&b);
	return *ret ? 0 : err_nomem(err);
}

size_t sql_edits_origin(const struct sql_edits *e, size_t offset)
{
	size_t shift = 0; /* bytes that the edits so far made the text longer */

	for (size_t i = 0; i < e->len; i++) {
		size_t at = e->items[i].at + shift;

		if (offset < at)
			break;
		if (offset < at + e->items[i].put_len)
			return e->items[i].at;
		shift += e->items[i].put_len - e->items[i].cut;
	}
	return offset - shift;
}
