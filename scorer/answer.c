/* Writing answers. */
#include "scorer/answer.h"

#include "base/json.h"
#include "scorer/number.h"

#include <math.h>

/* --- values --- */

/* JSON has no words for them; texts stand for them, as in the model file. */
static void put_number(struct buf *b, double v, bool csv)
{
	bool quote = !csv && !isfinite(v);

	if (quote)
		buf_put_u8(b, '"');
	number_write(b, v);
	if (quote)
		buf_put_u8(b, '"');
}

static void put_escaped(struct buf *b, unsigned char c)
{
	if (c == '"' || c == '\\') {
		buf_put_u8(b, '\\');
		buf_put_u8(b, c);
	} else if (c < ' ') {
		buf_printf(b, "\\u%04x", c);
	} else {
		buf_put_u8(b, c);
	}
}

static void put_json_text(struct buf *b, const struct text *t)
{
	buf_put_u8(b, '"');
	for (size_t i = 0; i < t->n; i++)
		put_escaped(b, (unsigned char)t->p[i]);
	buf_put_u8(b, '"');
}

static void put_csv_text(struct buf *b, const struct text *t)
{
	buf_put_u8(b, '"');
	for (size_t i = 0; i < t->n; i++) {
		if (t->p[i] == '"')
			buf_put_u8(b, '"');
		buf_put_u8(b, (unsigned char)t->p[i]);
	}
	buf_put_u8(b, '"');
}

/* A list, also within a cell of CSV (without quotes of its own, so they need no doubling). */
static void put_vector(struct buf *b, const double *v, size_t n, bool csv)
{
	buf_put_str(b, csv ? "\"[" : "[");
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_put_str(b, ", ");
		put_number(b, v[i], csv);
	}
	buf_put_str(b, csv ? "]\"" : "]");
}

static void put_value(struct buf *b, const struct batch *batch, size_t slot, size_t row, bool csv)
{
	const struct slot *s = &batch->slots[slot];
	const struct cells *c = &batch->cells[slot];
	double min, max;

	if (c->nulls[row])
		buf_put_str(b, csv ? "" : "null");
	else if (s->type == COLUMN_VECTOR)
		put_vector(b, cells_row(batch, slot, row), s->width, csv);
	else if (s->type == COLUMN_STRING && csv)
		put_csv_text(b, &c->texts[row]);
	else if (s->type == COLUMN_STRING)
		put_json_text(b, &c->texts[row]);
	else if (s->type == COLUMN_BOOLEAN)
		buf_put_str(b, c->numbers[row] != 0 ? "true" : "false");
	else if (column_type_range(s->type, &min, &max))
		buf_printf(b, "%.0f", c->numbers[row]);
	else
		put_number(b, c->numbers[row], csv);
}

/* --- rows --- */

/* The columns of a whole answer, under the names that do not depend on the model. */
struct column_of {
	const char *name;
	const struct output *output;
};

enum { COLUMNS_MAX = 3 };

static size_t list_columns(const struct answer *a, struct column_of *ret)
{
	const struct model *m = a->model;
	const struct column_of all[COLUMNS_MAX] = {{"prediction", &m->prediction},
						   {"probability", &m->probability},
						   {"rawPrediction", &m->raw}};
	size_t n = 0;

	for (size_t i = 0; i < (a->all ? COLUMNS_MAX : 1); i++)
		if (all[i].output->name)
			ret[n++] = all[i];
	return n;
}

static void put_json_row(struct answer *a, const struct batch *b, size_t row)
{
	struct column_of columns[COLUMNS_MAX];
	size_t n = list_columns(a, columns);

	buf_put_str(&a->text, a->any ? ", " : "");
	if (b->skipped[row]) {
		buf_put_str(&a->text, "null");
		return;
	}
	if (!a->all) {
		put_value(&a->text, b, a->model->prediction.slot, row, /* csv= */ false);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		buf_printf(&a->text, "%s\"%s\": ", i ? ", " : "{", columns[i].name);
		put_value(&a->text, b, columns[i].output->slot, row, /* csv= */ false);
	}
	buf_put_u8(&a->text, '}');
}

/* A line with one empty cell shows it by quotes, as readers pass over empty lines. */
static void put_csv_row(struct answer *a, const struct batch *b, size_t row)
{
	struct column_of columns[COLUMNS_MAX];
	size_t n = list_columns(a, columns), before = a->text.len;

	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_put_u8(&a->text, ',');
		if (!b->skipped[row])
			put_value(&a->text, b, columns[i].output->slot, row, /* csv= */ true);
	}
	buf_put_str(&a->text, a->text.len == before ? "\"\"\n" : "\n");
}

void answer_begin(struct answer *a)
{
	struct column_of columns[COLUMNS_MAX];
	size_t n = list_columns(a, columns);

	if (!a->csv) {
		buf_put_str(&a->text, "{\"predictions\": [");
		return;
	}
	for (size_t i = 0; i < n; i++)
		buf_printf(&a->text, "%s%s", i ? "," : "", columns[i].name);
	buf_put_u8(&a->text, '\n');
}

void answer_rows(struct answer *a, const struct batch *b)
{
	for (size_t row = 0; row < b->rows; row++) {
		if (a->csv)
			put_csv_row(a, b, row);
		else
			put_json_row(a, b, row);
		a->any = true;
	}
}

void answer_end(struct answer *a)
{
	if (!a->csv)
		buf_put_str(&a->text, "]}");
}

void answer_error(struct buf *b, const char *code, const char *message)
{
	json_auto_t *j = json_pack("{s:s, s:o}", "error_code", code, "message", json_strz(message));
	_cleanup_free_ char *text = j ? json_text(j) : NULL;

	buf_put_str(b, text ? text : "{\"error_code\":\"INTERNAL_ERROR\",\"message\":\"\"}");
}
