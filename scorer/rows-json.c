/*
 * JSON bodies.  First the whole text is checked and the places of the members
 * are noted, as they may come in any order; then the rows are read.
 */
#include "scorer/cell.h"
#include "scorer/names.h"
#include "scorer/rows-int.h"

#include <string.h>

enum frame { FRAME_NONE, FRAME_SPLIT, FRAME_RECORDS, FRAME_INSTANCES };

/* Places of what the body holds. */
struct places {
	enum frame frame;
	char *rows;    /* the list of rows (of "dataframe_split": its object) */
	char *columns; /* "columns" and "data" of "dataframe_split"; NULL when absent */
	char *data;
};

/* --- rows --- */

/* The value at place k of a row that is a list. */
static int list_cell(struct rows *s, struct batch *b, size_t k, size_t row, struct err *err)
{
	if (k < s->n_headers && s->headers[k].slot != NAMES_NONE)
		return cell_json(&s->json, b, s->headers[k].slot, row, err);
	return json_reader_skip(&s->json, err);
}

static int next_list(struct rows *s, struct batch *b, size_t row, struct err *err)
{
	bool first = true;
	size_t n = 0;
	int r = json_reader_enter(&s->json, '[', err);

	while (r == 0 && (r = json_reader_more(&s->json, ']', &first, err)) == 1)
		r = list_cell(s, b, n++, row, err);
	if (r == 0 && n != s->n_headers)
		r = err_set(err, E_INPUT, "row %zu has %zu values for %zu columns",
			    b->first_row + row, n, s->n_headers);
	return r < 0 || s->n_headers ? r : rows_check_seen(s, err);
}

/* The slot of a record's k-th key, which is mostly that of the record before. */
static int find_key(struct rows *s, const struct text *key, size_t k, size_t *ret, struct err *err)
{
	const struct header *h = k < s->n_headers ? &s->headers[k] : NULL;

	if (h && h->name.n == key->n && memcmp(h->name.p, key->p, key->n) == 0) {
		*ret = h->slot;
		return 0;
	}
	*ret = names_find(s->model->names, key);
	if (*ret != NAMES_NONE && s->seen[*ret])
		return 0; /* in another order than before */
	return k == s->n_headers && k < ROWS_COLUMNS_MAX ? rows_add_header(s, key, err) : 0;
}

static int record_cell(struct rows *s, struct batch *b, size_t k, size_t row, struct err *err)
{
	struct text key;
	size_t slot = NAMES_NONE;
	int r = json_reader_key(&s->json, &key, err);

	if (r == 0)
		r = find_key(s, &key, k, &slot, err);
	if (r < 0)
		return r;
	if (slot == NAMES_NONE)
		return json_reader_skip(&s->json, err);
	s->seen[slot] = 1;
	return cell_json(&s->json, b, slot, row, err);
}

static int next_record(struct rows *s, struct batch *b, size_t row, struct err *err)
{
	bool first = true;
	size_t n = 0;
	int r = json_reader_enter(&s->json, '{', err);

	while (r == 0 && (r = json_reader_more(&s->json, '}', &first, err)) == 1)
		r = record_cell(s, b, n++, row, err);
	return r;
}

/* A list: its values are in the order of the model's inputs. */
static int next_instance(struct rows *s, struct batch *b, size_t row, struct err *err)
{
	bool first = true;
	size_t n = 0, n_inputs = s->model->n_inputs;
	int r;

	if (json_reader_peek(&s->json) != JSON_TOKEN_ARRAY)
		return next_record(s, b, row, err);
	r = json_reader_enter(&s->json, '[', err);
	while (r == 0 && (r = json_reader_more(&s->json, ']', &first, err)) == 1) {
		r = n < n_inputs ? cell_json(&s->json, b, n, row, err)
				 : json_reader_skip(&s->json, err);
		n++;
	}
	if (r == 0 && n != n_inputs)
		return err_set(err, E_INPUT, "row %zu has %zu values, the model takes %zu",
			       b->first_row + row, n, n_inputs);
	for (size_t i = 0; i < n_inputs; i++)
		s->seen[i] = 1;
	return r;
}

/* From row to row; behind the last one the columns are looked at that only records may lack. */
static int next_of(struct rows *s, struct batch *b, size_t row, struct err *err,
		   int (*read)(struct rows *, struct batch *, size_t, struct err *))
{
	int r = json_reader_more(&s->json, ']', &s->first, err);

	if (r == 1)
		r = read(s, b, row, err);
	else if (r == 0)
		return s->count ? rows_check_seen(s, err) : 0;
	return r < 0 ? r : 1;
}

static int next_split_row(struct rows *s, struct batch *b, size_t row, struct err *err)
{
	return next_of(s, b, row, err, next_list);
}

static int next_record_row(struct rows *s, struct batch *b, size_t row, struct err *err)
{
	return next_of(s, b, row, err, next_record);
}

static int next_instance_row(struct rows *s, struct batch *b, size_t row, struct err *err)
{
	return next_of(s, b, row, err, next_instance);
}

/* --- the frame --- */

static int read_param(struct rows *s, struct json_reader *j, struct err *err)
{
	struct text key, value;
	int r = json_reader_key(j, &key, err);

	if (r < 0)
		return r;
	if (!text_is(&key, "output"))
		return json_reader_skip(j, err);
	r = json_reader_text(j, &value, err);
	if (r < 0)
		return r;
	s->want_all = text_is(&value, "all");
	if (!s->want_all && !text_is(&value, "prediction"))
		return err_set(err, E_INPUT,
			       "\"output\" within \"params\" is \"all\" or \"prediction\"");
	return 0;
}

static int read_params(struct rows *s, struct json_reader *j, struct err *err)
{
	bool first = true;
	int r;

	if (json_reader_peek(j) == JSON_TOKEN_NULL)
		return json_reader_skip(j, err);
	r = json_reader_enter(j, '{', err);
	while (r == 0 && (r = json_reader_more(j, '}', &first, err)) == 1)
		r = read_param(s, j, err);
	return r;
}

static enum frame frame_of(const struct text *key)
{
	static const char *const names[] = {[FRAME_SPLIT] = "dataframe_split",
					    [FRAME_RECORDS] = "dataframe_records",
					    [FRAME_INSTANCES] = "instances"};

	for (unsigned i = FRAME_SPLIT; i < ARRAY_LEN(names); i++)
		if (text_is(key, names[i]))
			return (enum frame)i;
	return FRAME_NONE;
}

static int read_member(struct rows *s, struct json_reader *j, struct places *p, struct err *err)
{
	struct text key;
	enum frame frame;
	int r = json_reader_key(j, &key, err);

	if (r < 0)
		return r;
	if (text_is(&key, "params"))
		return read_params(s, j, err);
	frame = frame_of(&key);
	if (frame != FRAME_NONE && p->frame != FRAME_NONE)
		return err_set(err, E_INPUT,
			       "the body holds two tables: only one of "
			       "\"dataframe_split\", \"dataframe_records\" and "
			       "\"instances\" belongs there");
	if (frame != FRAME_NONE) {
		p->frame = frame;
		p->rows = j->p;
	}
	return json_reader_skip(j, err);
}

static int read_frame(struct rows *s, struct json_reader *j, struct places *p, struct err *err)
{
	bool first = true;
	int r = json_reader_enter(j, '{', err);

	while (r == 0 && (r = json_reader_more(j, '}', &first, err)) == 1)
		r = read_member(s, j, p, err);
	if (r == 0)
		r = json_reader_finish(j, err);
	if (r == 0 && p->frame == FRAME_NONE)
		r = err_set(err, E_INPUT,
			    "the body holds none of \"dataframe_split\", "
			    "\"dataframe_records\" and \"instances\"");
	return r;
}

/* --- dataframe_split --- */

static int find_split(struct json_reader *j, struct places *p, struct err *err)
{
	bool first = true;
	int r = json_reader_enter(j, '{', err);

	while (r == 0 && (r = json_reader_more(j, '}', &first, err)) == 1) {
		struct text key;

		r = json_reader_key(j, &key, err);
		if (r < 0)
			break;
		if (text_is(&key, "columns"))
			p->columns = j->p;
		else if (text_is(&key, "data"))
			p->data = j->p;
		r = json_reader_skip(j, err);
	}
	if (r == 0 && (!p->columns || !p->data))
		r = err_set(err, E_INPUT, "\"dataframe_split\" holds no \"%s\"",
			    p->columns ? "data" : "columns");
	return r;
}

static int read_columns(struct rows *s, struct err *err)
{
	bool first = true;
	int r = json_reader_enter(&s->json, '[', err);

	while (r == 0 && (r = json_reader_more(&s->json, ']', &first, err)) == 1) {
		struct text name;

		r = json_reader_text(&s->json, &name, err);
		if (r == 0)
			r = rows_add_header(s, &name, err);
	}
	/* A frame without rows may be one without columns. */
	return r < 0 || s->n_headers == 0 ? r : rows_check_seen(s, err);
}

static int open_split(struct rows *s, struct places *p, struct err *err)
{
	int r;

	s->json.p = p->rows;
	r = find_split(&s->json, p, err);
	if (r < 0)
		return r;
	s->json.p = p->columns;
	r = read_columns(s, err);
	s->json.p = p->data;
	s->next = next_split_row;
	return r;
}

int rows_open_json(struct rows *s, char *body, size_t n, struct err *err)
{
	struct places p = {0};
	int r = json_reader_init(&s->json, body, n, err);

	if (r == 0)
		r = read_frame(s, &s->json, &p, err);
	if (r < 0)
		return r;
	s->json.p = p.rows;
	s->next = p.frame == FRAME_RECORDS ? next_record_row : next_instance_row;
	if (p.frame == FRAME_SPLIT)
		r = open_split(s, &p, err);
	return r < 0 ? r : json_reader_enter(&s->json, '[', err);
}
