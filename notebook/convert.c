/* One function for each kind of column, chosen once for the whole file. */
#include "notebook/convert.h"

#include "base/str.h"
#include "notebook/date-pattern.h"
#include "notebook/number.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { SCRATCH = 48 };

struct target;

/* NULL, or the SQLSTATE of what is wrong with the field. */
typedef const char *convert_fn(struct target *t, const struct csv_field *f, struct value *v);

/* One column and its place for texts that are not in the record as they are. */
struct target {
	const struct column *column;
	convert_fn *convert;
	const struct date_pattern *pattern;
	char scratch[SCRATCH];
};

struct convert {
	struct target *targets;
	struct value *values;
	size_t n;
	struct date_pattern timestamp, date, time;
};

static const char *number_state(enum number_result r)
{
	static const char *const states[] = {
		[NUMBER_OK] = NULL, [NUMBER_BAD] = "22018", [NUMBER_RANGE] = "22003"};

	return states[r];
}

static const char *integer(struct target *t, const struct csv_field *f, struct value *v)
{
	static const int64_t max[] = {[VALUE_SMALLINT] = INT16_MAX,
				      [VALUE_INTEGER] = INT32_MAX,
				      [VALUE_BIGINT] = INT64_MAX};
	int64_t top = max[t->column->type];

	return number_state(number_integer(f->p, f->n, -top - 1, top, &v->i));
}

/* Neither infinite nor, unless it is, zero as a REAL: the servers refuse both. */
static bool fits_real(double d)
{
	return fabs(d) <= (double)FLT_MAX && (d == 0 || (float)d != 0);
}

static const char *real(struct target *t, const struct csv_field *f, struct value *v)
{
	enum number_result r = number_double(f->p, f->n, &v->d);

	if (r == NUMBER_OK && t->column->type == VALUE_REAL && !fits_real(v->d))
		r = NUMBER_RANGE;
	return number_state(r);
}

static const char *decimal(struct target *t, const struct csv_field *f, struct value *v)
{
	v->s.p = t->scratch;
	return number_state(number_decimal(f->p, f->n, t->column->precision, t->column->scale,
					   t->scratch, &v->s.n));
}

static const char *boolean(struct target *t, const struct csv_field *f, struct value *v)
{
	char word[8];
	bool on;

	(void)t;
	if (f->n >= sizeof(word))
		return "22018";
	memcpy(word, f->p, f->n);
	word[f->n] = '\0';
	if (f->n == 1 && strchr("tTfF", *word))
		on = *word == 't' || *word == 'T';
	else if (str_parse_bool(word, &on, NULL) < 0)
		return "22018";
	v->i = on;
	return NULL;
}

/* No byte above 0x7F, eight at a time. */
static bool is_ascii(const char *p, size_t n)
{
	uint64_t bits = 0, word;

	for (; n >= sizeof(word); n -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		bits |= word;
	}
	for (; n > 0; n--)
		bits |= (unsigned char)*p++;
	return !(bits & UINT64_C(0x8080808080808080));
}

static const char *text(struct target *t, const struct csv_field *f, struct value *v)
{
	size_t max = (size_t)t->column->length;

	v->s.p = f->p;
	v->s.n = f->n;
	if (!is_ascii(f->p, f->n) && !utf8_valid(f->p, f->n))
		return "22021";
	/* Longer ones are left to the server, which cuts blanks; but not beyond what a text
	 * parameter can carry. */
	if (t->column->type != VALUE_CLOB && f->n > 32700 && max > 0 &&
	    utf8_count(f->p, f->n) > max)
		return "22001";
	return NULL;
}

static const char *date(struct target *t, const struct csv_field *f, struct value *v)
{
	struct date_time when;

	if (!date_pattern_read(t->pattern, f->p, f->n, &when))
		return "22007";
	v->s.p = t->scratch;
	if (t->column->type == VALUE_DATE)
		v->s.n = date_put_date(t->scratch, &when);
	else if (t->column->type == VALUE_TIME)
		v->s.n = date_put_time(t->scratch, &when);
	else
		v->s.n = date_put_timestamp(t->scratch, &when);
	return NULL;
}

static const struct kind {
	convert_fn *convert; /* NULL: cannot be imported */
	bool text;           /* an empty text in quotes is a value */
} kinds[] = {
	[VALUE_BOOLEAN] = {boolean, false}, [VALUE_SMALLINT] = {integer, false},
	[VALUE_INTEGER] = {integer, false}, [VALUE_BIGINT] = {integer, false},
	[VALUE_REAL] = {real, false},       [VALUE_DOUBLE] = {real, false},
	[VALUE_DECIMAL] = {decimal, false}, [VALUE_CHAR] = {text, true},
	[VALUE_VARCHAR] = {text, true},     [VALUE_CLOB] = {text, true},
	[VALUE_DATE] = {date, false},       [VALUE_TIME] = {date, false},
	[VALUE_TIMESTAMP] = {date, false},  [VALUE_BINARY] = {NULL, false},
	[VALUE_BLOB] = {NULL, false},       [VALUE_ROWID] = {NULL, false},
	[VALUE_OPAQUE] = {NULL, false},
};

static int init_patterns(struct convert *c, const struct convert_options *o, struct err *err)
{
	int r = date_pattern_parse(o->timestamp_format ? o->timestamp_format
						       : "yyyy-MM-dd HH:mm:ss",
				   "timestampFormat", &c->timestamp, err);

	if (r == 0)
		r = date_pattern_parse(o->date_format ? o->date_format : "yyyy-MM-dd", "dateFormat",
				       &c->date, err);
	if (r == 0)
		r = date_pattern_parse(o->time_format ? o->time_format : "HH:mm:ss", "timeFormat",
				       &c->time, err);
	c->timestamp.open_fraction = !o->timestamp_format;
	return r;
}

static int init_target(struct convert *c, struct target *t, const struct column *column,
		       struct err *err)
{
	t->column = column;
	t->convert = kinds[column->type].convert;
	t->pattern = column->type == VALUE_DATE   ? &c->date
		     : column->type == VALUE_TIME ? &c->time
						  : &c->timestamp;
	if (!t->convert) {
		err_set(err, E_UNSUPPORTED, "column %s: a file cannot fill a column of type %s",
			column->name, column->type_name);
		err_set_hint(err, "Name the other columns in insertColumnList.");
		return E_UNSUPPORTED;
	}
	return 0;
}

int convert_new(const struct column *columns, size_t n, const struct convert_options *options,
		struct convert **ret, struct err *err)
{
	_cleanup_(convert_freep) struct convert *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_nomem(err);
	c->n = n;
	c->targets = calloc(n ? n : 1, sizeof(*c->targets));
	c->values = calloc(n ? n : 1, sizeof(*c->values));
	if (!c->targets || !c->values)
		return err_nomem(err);
	r = init_patterns(c, options, err);
	for (size_t i = 0; r == 0 && i < n; i++) {
		c->values[i].type = columns[i].type;
		r = init_target(c, &c->targets[i], &columns[i], err);
	}
	if (r < 0)
		return r;
	*ret = TAKE(c);
	return 0;
}

void convert_free(struct convert *c)
{
	if (!c)
		return;
	free(c->targets);
	free(c->values);
	free(c);
}

__attribute__((format(printf, 4, 5))) static bool set_flaw(struct flaw *flaw, const char *state,
							   size_t column, const char *fmt, ...)
{
	va_list ap;

	(void)snprintf(flaw->state, sizeof(flaw->state), "%s", state);
	flaw->column = column;
	va_start(ap, fmt);
	(void)vsnprintf(flaw->text, sizeof(flaw->text), fmt, ap);
	va_end(ap);
	return false;
}

/* The first byte that is no UTF-8, and where. */
static bool bad_byte(struct flaw *flaw, const struct target *t, const struct csv_field *f)
{
	size_t at = 0, n;

	while (at < f->n && (n = utf8_seq(f->p + at, f->n - at)) > 0)
		at += n;
	return set_flaw(flaw, "22021", flaw->column,
			"Byte 0x%02X (number %zu of column %s) is not valid in the file's charset",
			at < f->n ? (unsigned char)f->p[at] : 0, at + 1, t->column->name);
}

static bool explain(struct flaw *flaw, const struct target *t, const struct csv_field *f,
		    const char *state, size_t column)
{
	static const struct {
		const char *state;
		const char *text; /* %s is the column's type */
	} texts[] = {
		{"22018", "Invalid character string format for type"},
		{"22003", "The value is outside the range of type"},
		{"22007", "The value does not fit the format of type"},
		{"22001", "The text is too long for type"},
	};

	flaw->column = column;
	if (strcmp(state, "22021") == 0)
		return bad_byte(flaw, t, f);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (strcmp(state, texts[i].state) == 0)
			return set_flaw(flaw, state, column, "%s %s", texts[i].text,
					t->column->type_name);
	return set_flaw(flaw, state, column, "Bad value");
}

static bool convert_field(struct target *t, const struct csv_field *f, size_t column,
			  struct value *v, struct flaw *flaw)
{
	const char *state;

	v->null = f->n == 0 && !(f->quoted && kinds[t->column->type].text);
	if (v->null) {
		if (t->column->nullable)
			return true;
		return set_flaw(flaw, "23502", column, "Column %s cannot accept a NULL value",
				t->column->name);
	}
	state = t->convert(t, f, v);
	return state ? explain(flaw, t, f, state, column) : true;
}

static bool check_shape(const struct convert *c, const struct csv_record *r, struct flaw *flaw)
{
	bool extra = false;

	if (r->flaw == CSV_OPEN_QUOTE)
		return set_flaw(flaw, "XIE0J", r->n_fields, "A quote is opened and never closed");
	if (r->flaw == CSV_AFTER_QUOTE)
		return set_flaw(flaw, "XIE09", 0,
				"Text stands between a closing quote and the delimiter");
	if (r->flaw == CSV_TOO_LONG)
		return set_flaw(flaw, "XIE0R", 0,
				"The record is longer than %zu bytes; its beginning is shown",
				r->raw_n);
	for (size_t i = c->n; i < r->n_fields; i++)
		extra |= r->fields[i].n > 0;
	if (r->n_fields < c->n || extra)
		return set_flaw(flaw, "XIE0A", 0, "The record has %zu %s, the table takes %zu",
				r->n_fields, r->n_fields == 1 ? "column" : "columns", c->n);
	return true;
}

bool convert_record(struct convert *c, const struct csv_record *record, const struct value **ret,
		    struct flaw *flaw)
{
	if (!check_shape(c, record, flaw))
		return false;
	for (size_t i = 0; i < c->n; i++)
		if (!convert_field(&c->targets[i], &record->fields[i], i + 1, &c->values[i], flaw))
			return false;
	*ret = c->values;
	return true;
}
