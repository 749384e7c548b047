/* A hash table with open addressing, at most half full. */
#include "scorer/label-index.h"

#include "base/str.h"

#include <math.h>
#include <string.h>

struct label_index {
	const struct text *labels;
	const double *values;   /* of numbers; NULL for texts */
	const uint32_t *places; /* 1 + place of the label; 0 is free */
	size_t mask;
};

/* FNV-1a with a final mix, as the low bits choose the place. */
static size_t hash(const void *p, size_t n)
{
	const unsigned char *s = p;
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < n; i++)
		h = (h ^ s[i]) * 0x100000001b3;
	return (size_t)(h ^ h >> 32);
}

static size_t hash_number(double v)
{
	return hash(&v, sizeof(v));
}

static size_t hash_text(const struct text *t)
{
	return hash(t->p, t->n);
}

/* All NaNs are one; 0 and -0 are two, as their texts differ. */
static bool same_number(double a, double b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static bool same_text(const struct text *a, const struct text *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

static size_t find_number(const struct label_index *x, double v)
{
	size_t at = hash_number(v) & x->mask;

	while (x->places[at] && !same_number(x->values[x->places[at] - 1], v))
		at = (at + 1) & x->mask;
	return at;
}

static size_t find_text(const struct label_index *x, const struct text *t)
{
	size_t at = hash_text(t) & x->mask;

	while (x->places[at] && !same_text(&x->labels[x->places[at] - 1], t))
		at = (at + 1) & x->mask;
	return at;
}

/* --- labels of numbers --- */

static size_t count_digits(const char *s)
{
	size_t n = 0;

	while (str_is_digit(s[n]))
		n++;
	return n;
}

/* "-12" of whole types; "-1.25" and "1.0E-5" of float and double; any of them of decimal. */
static bool java_writes(const char *s, enum column_type type)
{
	double min, max;
	bool whole = column_type_range(type, &min, &max);
	size_t n;

	s += *s == '-';
	n = count_digits(s);
	if (n == 0 || (*s == '0' && n > 1))
		return false;
	s += n;
	if (whole || (type == COLUMN_DECIMAL && !*s))
		return !*s;
	if (*s++ != '.' || !(n = count_digits(s)))
		return false;
	s += n;
	if (*s == 'E') {
		s += s[1] == '-' ? 2 : 1;
		n = count_digits(s);
		return n && !s[n];
	}
	return !*s;
}

static const double no_number = -NAN;

static bool parse_word(const char *s, enum column_type type, double *ret)
{
	static const struct {
		const char *word;
		double v;
		bool boolean;
	} words[] = {
		{"NaN", NAN, false},
		{"Infinity", INFINITY, false},
		{"-Infinity", -INFINITY, false},
		{"true", 1, true},
		{"false", 0, true},
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (str_eq(words[i].word, s) && words[i].boolean == (type == COLUMN_BOOLEAN)) {
			*ret = words[i].v;
			return true;
		}
	}
	return false;
}

static double parse_label(const struct text *t, enum column_type type)
{
	double v;

	if (parse_word(t->p, type, &v))
		return v;
	if (type == COLUMN_BOOLEAN || !java_writes(t->p, type))
		return no_number;
	v = type == COLUMN_FLOAT ? (double)strtof(t->p, NULL) : strtod(t->p, NULL);
	return v;
}

static int parse_labels(struct loader *l, const struct labels *labels, enum column_type type,
			const double **ret, struct err *err)
{
	double *values = loader_alloc(l, labels->n, sizeof(*values), err);

	if (!values)
		return E_NOMEM;
	for (size_t i = 0; i < labels->n; i++)
		values[i] = parse_label(&labels->v[i], type);
	*ret = values;
	return 0;
}

/* --- the table --- */

int label_index_new(struct loader *l, const struct labels *labels, enum column_type type,
		    const struct label_index **ret, struct err *err)
{
	struct label_index *x = loader_alloc(l, 1, sizeof(*x), err);
	size_t room = 2;
	uint32_t *places;
	int r;

	if (!x)
		return E_NOMEM;
	if (labels->n > UINT32_MAX / 4)
		return err_set(err, E_TOOBIG, "there are too many labels");
	while (room < 2 * labels->n + 1)
		room *= 2;
	places = loader_alloc(l, room, sizeof(*places), err);
	if (!places)
		return E_NOMEM;
	*x = (struct label_index){.labels = labels->v, .places = places, .mask = room - 1};
	if (type != COLUMN_STRING) {
		r = parse_labels(l, labels, type, &x->values, err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < labels->n; i++) { /* the last of two equal ones counts */
		size_t at = x->values ? find_number(x, x->values[i]) : find_text(x, &x->labels[i]);

		places[at] = (uint32_t)i + 1;
	}
	*ret = x;
	return 0;
}

double label_index_find_text(const struct label_index *x, const struct text *t)
{
	return (double)x->places[find_text(x, t)] - 1;
}

double label_index_find(const struct label_index *x, const struct cells *cells, size_t row)
{
	double v;

	if (!x->values)
		return label_index_find_text(x, &cells->texts[row]);
	v = cells->numbers[row];
	return (double)x->places[find_number(x, isnan(v) ? (double)NAN : v)] - 1;
}
