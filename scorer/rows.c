/* Rows into batches, whatever the format. */
#include "scorer/rows-int.h"

#include "scorer/cell.h"
#include "scorer/names.h"

#include <string.h>

int rows_add_header(struct rows *s, const struct text *name, struct err *err)
{
	size_t slot = names_find(s->model->names, name);

	if (slot != NAMES_NONE && s->seen[slot])
		return err_set(err, E_INPUT, "the column \"%s\" is there twice",
			       s->model->slots[slot].name);
	if (s->n_headers == ROWS_COLUMNS_MAX)
		return err_set(err, E_TOOBIG, "a row has more than %d columns", ROWS_COLUMNS_MAX);
	if (s->n_headers == s->headers_room) {
		size_t room = s->headers_room ? 2 * s->headers_room : 64;
		struct header *headers = reallocarray(s->headers, room, sizeof(*headers));

		if (!headers)
			return err_nomem(err);
		s->headers = headers;
		s->headers_room = room;
	}
	s->headers[s->n_headers++] = (struct header){.name = *name, .slot = slot};
	if (slot != NAMES_NONE)
		s->seen[slot] = 1;
	return 0;
}

int rows_check_seen(const struct rows *s, struct err *err)
{
	char list[512] = "";
	size_t n = 0, missing = 0;

	for (size_t i = 0; i < s->model->n_inputs; i++) {
		if (s->seen[i])
			continue;
		if (missing++ && n < sizeof(list))
			n += (size_t)snprintf(list + n, sizeof(list) - n, ", ");
		if (n < sizeof(list))
			n += (size_t)snprintf(list + n, sizeof(list) - n, "\"%s\"",
					      s->model->slots[i].name);
	}
	if (!missing)
		return 0;
	return err_set(err, E_INPUT, "%s missing: %s%s",
		       missing == 1 ? "a column is" : "columns are", list,
		       n < sizeof(list) ? "" : "…");
}

int rows_new(const struct model *m, enum body_type type, char *body, size_t n, struct rows **ret,
	     struct err *err)
{
	_cleanup_(rows_freep) struct rows *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return err_nomem(err);
	s->model = m;
	s->first = true;
	s->seen = calloc(m->n_inputs + 1, 1);
	if (!s->seen)
		return err_nomem(err);
	r = type == BODY_JSON ? rows_open_json(s, body, n, err) : rows_open_csv(s, body, n, err);
	if (r < 0)
		return r;
	*ret = TAKE(s);
	return 0;
}

void rows_free(struct rows *s)
{
	if (!s)
		return;
	free(s->headers);
	free(s->seen);
	free(s);
}

int rows_next(struct rows *s, struct batch *b, struct err *err)
{
	int r = 1;

	batch_clear(b, s->count + 1);
	while (!s->ended && b->rows < b->capacity) {
		for (size_t i = 0; i < s->model->n_inputs; i++)
			cell_null(b, i, b->rows);
		r = s->next(s, b, b->rows, err);
		s->ended = r != 1;
		if (s->ended)
			break;
		b->rows++;
		s->count++;
	}
	return r < 0 ? r : 0;
}

int rows_explain(struct rows *s, struct batch *b, int failed, struct err *err)
{
	struct err later = ERR_INIT;
	int r;

	if (rows_check_seen(s, /* err= */ NULL) == 0)
		return failed;
	do {
		r = rows_next(s, b, &later);
	} while (r == 0 && b->rows);
	if (r < 0)
		*err = later;
	return failed;
}

bool rows_want_all(const struct rows *s)
{
	return s->want_all;
}

size_t rows_count(const struct rows *s)
{
	return s->count;
}
