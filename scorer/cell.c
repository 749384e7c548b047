/* Values of a request. */
#include "scorer/cell.h"

#include "base/str.h"
#include "scorer/number.h"

#include <math.h>
#include <string.h>
#include <strings.h>

enum { SHOWN_MAX = 40 };

static const char *const token_names[] = {
	[JSON_TOKEN_END] = "nothing",          [JSON_TOKEN_OBJECT] = "an object",
	[JSON_TOKEN_ARRAY] = "a list",         [JSON_TOKEN_TEXT] = "a text",
	[JSON_TOKEN_NUMBER] = "a number",      [JSON_TOKEN_TRUE] = "true",
	[JSON_TOKEN_FALSE] = "false",          [JSON_TOKEN_NULL] = "null",
	[JSON_TOKEN_OTHER] = "something else",
};

void cell_null(const struct batch *b, size_t slot, size_t row)
{
	b->cells[slot].nulls[row] = 1;
}

/* The start of a text, cut between characters. */
static int shown(const struct text *t)
{
	size_t n = t->n > SHOWN_MAX ? SHOWN_MAX : t->n;

	while (n && n < t->n && ((unsigned char)t->p[n] & 0xC0) == 0x80)
		n--;
	return (int)n;
}

static int refuse_text(const struct batch *b, size_t slot, size_t row, const struct text *t,
		       const char *wanted, struct err *err)
{
	return batch_refuse(b, row, slot, err, "%s belongs here, not the text \"%.*s\"", wanted,
			    shown(t), t->p);
}

/* --- numbers --- */

static int set_number(const struct batch *b, size_t slot, size_t row, double v, struct err *err)
{
	enum column_type type = b->slots[slot].type;
	double min, max;

	if (column_type_range(type, &min, &max)) {
		if (!(v >= min && v <= max) || v != trunc(v))
			return batch_refuse(b, row, slot, err,
					    "%.17g is no whole number of type %s", v,
					    column_type_name(type));
	} else if (type == COLUMN_FLOAT) {
		v = (double)(float)v;
	}
	cells_set(b, slot, row, v);
	return 0;
}

/* NaN and the infinities as words; `any_case` also takes "nan" and "inf". */
static bool read_word(const struct text *t, bool any_case, double *ret)
{
	static const struct {
		const char *word;
		bool strict;
		double v;
	} words[] = {
		{"NaN", true, NAN},
		{"Infinity", true, INFINITY},
		{"-Infinity", true, -INFINITY},
		{"inf", false, INFINITY},
		{"-inf", false, -INFINITY},
	};
	char word[16];

	if (t->n >= sizeof(word))
		return false;
	snprintf(word, sizeof(word), "%.*s", (int)t->n, t->p);
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (any_case ? str_eq_ci(word, words[i].word)
			     : words[i].strict && str_eq(word, words[i].word)) {
			*ret = words[i].v;
			return true;
		}
	}
	return false;
}

static bool takes_words(enum column_type type)
{
	return type == COLUMN_DOUBLE || type == COLUMN_FLOAT;
}

static bool read_decimal(const struct text *t, double *ret)
{
	return number_read(t->p, t->p + t->n, ret) == t->n && t->n;
}

/* A text is a number only as the words that JSON lacks, and for decimals, which JSON lacks too. */
static int number_text(struct json_reader *j, const struct batch *b, size_t slot, size_t row,
		       struct err *err)
{
	enum column_type type = b->slots[slot].type;
	struct text t;
	double v;
	int r = json_reader_text(j, &t, err);

	if (r < 0)
		return r;
	if ((takes_words(type) && read_word(&t, /* any_case= */ false, &v)) ||
	    (type == COLUMN_DECIMAL && read_decimal(&t, &v)))
		return set_number(b, slot, row, v, err);
	return refuse_text(b, slot, row, &t, "a number", err);
}

static int number_json(struct json_reader *j, enum json_token token, const struct batch *b,
		       size_t slot, size_t row, struct err *err)
{
	double v;
	int r;

	if (token == JSON_TOKEN_TEXT)
		return number_text(j, b, slot, row, err);
	if (token != JSON_TOKEN_NUMBER)
		return batch_refuse(b, row, slot, err, "a number belongs here, not %s",
				    token_names[token]);
	r = json_reader_number(j, &v, err);
	return r < 0 ? r : set_number(b, slot, row, v, err);
}

/* --- vectors --- */

static int vector_item(struct json_reader *j, double *ret, struct err *err)
{
	struct text t;
	int r;

	if (json_reader_peek(j) != JSON_TOKEN_TEXT)
		return json_reader_number(j, ret, err);
	r = json_reader_text(j, &t, err);
	if (r < 0)
		return r;
	return read_word(&t, /* any_case= */ false, ret)
		       ? 0
		       : json_reader_fail(j, err, "a number belongs here");
}

static int vector_json(struct json_reader *j, enum json_token token, const struct batch *b,
		       size_t slot, size_t row, struct err *err)
{
	size_t width = b->slots[slot].width, n = 0;
	double *to = cells_row(b, slot, row);
	bool first = true;
	int r;

	if (token != JSON_TOKEN_ARRAY)
		return batch_refuse(b, row, slot, err, "a list of %zu numbers belongs here, not %s",
				    width, token_names[token]);
	r = json_reader_enter(j, '[', err);
	while (r == 0 && (r = json_reader_more(j, ']', &first, err)) == 1) {
		double v = 0;

		r = vector_item(j, &v, err);
		if (n < width)
			to[n] = v;
		n++;
	}
	if (r < 0)
		return err_prefix(err, "row %zu, column \"%s\"", b->first_row + row,
				  b->slots[slot].name);
	if (n != width)
		return batch_refuse(b, row, slot, err,
				    "a list of %zu numbers belongs here, not of %zu", width, n);
	b->cells[slot].nulls[row] = 0;
	return 0;
}

/* --- texts and booleans --- */

static void set_text(const struct batch *b, size_t slot, size_t row, const struct text *t)
{
	b->cells[slot].texts[row] = *t;
	b->cells[slot].nulls[row] = 0;
}

static int text_json(struct json_reader *j, enum json_token token, const struct batch *b,
		     size_t slot, size_t row, struct err *err)
{
	struct text t;
	int r;

	if (token != JSON_TOKEN_TEXT)
		return batch_refuse(b, row, slot, err, "a text belongs here, not %s",
				    token_names[token]);
	r = json_reader_text(j, &t, err);
	if (r == 0)
		set_text(b, slot, row, &t);
	return r;
}

static int boolean_json(struct json_reader *j, enum json_token token, const struct batch *b,
			size_t slot, size_t row, struct err *err)
{
	if (token != JSON_TOKEN_TRUE && token != JSON_TOKEN_FALSE)
		return batch_refuse(b, row, slot, err, "true or false belongs here, not %s",
				    token_names[token]);
	cells_set(b, slot, row, token == JSON_TOKEN_TRUE);
	return json_reader_skip(j, err);
}

int cell_json(struct json_reader *j, const struct batch *b, size_t slot, size_t row,
	      struct err *err)
{
	enum json_token token = json_reader_peek(j);

	if (token == JSON_TOKEN_NULL) {
		cell_null(b, slot, row);
		return json_reader_skip(j, err);
	}
	switch (b->slots[slot].type) {
	case COLUMN_STRING:
		return text_json(j, token, b, slot, row, err);
	case COLUMN_VECTOR:
		return vector_json(j, token, b, slot, row, err);
	case COLUMN_BOOLEAN:
		return boolean_json(j, token, b, slot, row, err);
	default:
		return number_json(j, token, b, slot, row, err);
	}
}

/* --- CSV --- */

static void trim(struct text *t)
{
	while (t->n && str_is_space(t->p[0])) {
		t->p++;
		t->n--;
	}
	while (t->n && str_is_space(t->p[t->n - 1]))
		t->n--;
}

/* "+1", ".5" and "1." are numbers here as well. */
static bool read_loosely(const struct text *t, double *ret)
{
	char copy[64];

	if (t->n >= sizeof(copy))
		return false;
	snprintf(copy, sizeof(copy), "%.*s", (int)t->n, t->p);
	return str_parse_f64(copy, ret, /* err= */ NULL) == 0;
}

static int number_csv(const struct text *t, const struct batch *b, size_t slot, size_t row,
		      struct err *err)
{
	double v;

	if (read_decimal(t, &v) || read_loosely(t, &v) ||
	    (takes_words(b->slots[slot].type) && read_word(t, /* any_case= */ true, &v)))
		return set_number(b, slot, row, v, err);
	return refuse_text(b, slot, row, t, "a number", err);
}

static int boolean_csv(const struct text *t, const struct batch *b, size_t slot, size_t row,
		       struct err *err)
{
	bool yes = t->n == 4 && strncasecmp(t->p, "true", 4) == 0;
	bool no = t->n == 5 && strncasecmp(t->p, "false", 5) == 0;

	if (!yes && !no)
		return refuse_text(b, slot, row, t, "true or false", err);
	cells_set(b, slot, row, yes);
	return 0;
}

static int vector_csv(const struct text *t, const struct batch *b, size_t slot, size_t row,
		      struct err *err)
{
	struct json_reader j;
	int r = json_reader_init(&j, (char *)t->p, t->n, err);

	if (r == 0)
		r = vector_json(&j, json_reader_peek(&j), b, slot, row, err);
	return r < 0 ? r : json_reader_finish(&j, err);
}

int cell_csv(struct text *t, bool quoted, const struct batch *b, size_t slot, size_t row,
	     struct err *err)
{
	enum column_type type = b->slots[slot].type;

	if (type != COLUMN_STRING)
		trim(t);
	if (t->n == 0 && !(type == COLUMN_STRING && quoted)) {
		cell_null(b, slot, row);
		return 0;
	}
	switch (type) {
	case COLUMN_STRING:
		set_text(b, slot, row, t);
		return 0;
	case COLUMN_VECTOR:
		return vector_csv(t, b, slot, row, err);
	case COLUMN_BOOLEAN:
		return boolean_csv(t, b, slot, row, err);
	default:
		return number_csv(t, b, slot, row, err);
	}
}
