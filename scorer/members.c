/* Members of a stage's JSON object. */
#include "base/limits.h"
#include "base/str.h"
#include "scorer/loader.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

int member_refuse(const char *name, struct err *err, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return err_set(err, E_INPUT, "member \"%s\": %s", name, what);
}

bool json_is_value(const json_t *j, double *ret)
{
	static const struct {
		const char *name;
		double v;
	} texts[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};

	if (json_is_number(j)) {
		*ret = json_number_value(j);
		return true;
	}
	for (size_t i = 0; json_is_string(j) && i < ARRAY_LEN(texts); i++) {
		if (str_eq(json_string_value(j), texts[i].name)) {
			*ret = texts[i].v;
			return true;
		}
	}
	return false;
}

/* The member, which must be there. */
static int get(const struct loader *l, const char *name, const json_t **ret, struct err *err)
{
	*ret = json_object_get(l->object, name);
	return *ret ? 0 : member_refuse(name, err, "is missing");
}

bool member_null(const struct loader *l, const char *name)
{
	const json_t *j = json_object_get(l->object, name);

	return !j || json_is_null(j);
}

int member_number(const struct loader *l, const char *name, double *ret, struct err *err)
{
	const json_t *j;
	int r = get(l, name, &j, err);

	if (r < 0)
		return r;
	return json_is_value(j, ret) ? 0 : member_refuse(name, err, "a number belongs here");
}

int member_whole(const struct loader *l, const char *name, size_t min, size_t max, size_t *ret,
		 struct err *err)
{
	double v;
	int r = member_number(l, name, &v, err);

	if (r < 0)
		return r;
	if (!(v >= (double)min && v <= (double)max && v == floor(v)))
		return member_refuse(name, err, "a whole number from %zu to %zu belongs here", min,
				     max);
	*ret = (size_t)v;
	return 0;
}

int member_bool(const struct loader *l, const char *name, bool *ret, struct err *err)
{
	const json_t *j;
	int r = get(l, name, &j, err);

	if (r < 0)
		return r;
	if (!json_is_boolean(j))
		return member_refuse(name, err, "true or false belongs here");
	*ret = json_is_true(j);
	return 0;
}

int member_text(struct loader *l, const char *name, const char **ret, struct err *err)
{
	const json_t *j;
	const char *copy;
	int r = get(l, name, &j, err);

	if (r < 0)
		return r;
	if (!json_is_string(j))
		return member_refuse(name, err, "a text belongs here");
	copy = arena_text(&l->model->arena, json_string_value(j), json_string_length(j));
	if (!copy)
		return err_nomem(err);
	*ret = copy;
	return 0;
}

static void join_words(const char *const *words, char *dst, size_t size)
{
	size_t n = 0;

	dst[0] = '\0';
	for (; *words && n < size; words++)
		n += (size_t)snprintf(dst + n, size - n, "%s%s", n ? ", " : "", *words);
}

int member_word(const struct loader *l, const char *name, const char *const *words, unsigned *ret,
		struct err *err)
{
	char list[256];
	const json_t *j;
	int r = get(l, name, &j, err);

	if (r < 0)
		return r;
	for (unsigned i = 0; json_is_string(j) && words[i]; i++) {
		if (str_eq(json_string_value(j), words[i])) {
			*ret = i;
			return 0;
		}
	}
	join_words(words, list, sizeof(list));
	return member_refuse(name, err, "one of %s belongs here", list);
}

int member_invalid(const struct loader *l, enum invalid *ret, struct err *err)
{
	static const char *const words[] = {
		[INVALID_ERROR] = "error", [INVALID_KEEP] = "keep", [INVALID_SKIP] = "skip", NULL};
	unsigned word;
	int r = member_word(l, "handle_invalid", words, &word, err);

	if (r == 0)
		*ret = (enum invalid)word;
	return r;
}

/* --- lists --- */

static int read_vec(struct loader *l, const char *name, const json_t *j, size_t n, struct vec *ret,
		    struct err *err)
{
	size_t len = json_array_size(j);
	double *v;

	if (!json_is_array(j) || (n == SIZE_ANY ? len == 0 : len != n))
		return n == SIZE_ANY
			       ? member_refuse(name, err, "a list of numbers belongs here")
			       : member_refuse(name, err, "a list of %zu numbers belongs here", n);
	v = loader_alloc(l, len, sizeof(*v), err);
	if (!v)
		return E_NOMEM;
	for (size_t i = 0; i < len; i++)
		if (!json_is_value(json_array_get(j, i), &v[i]))
			return member_refuse(name, err, "item %zu is not a number", i);
	*ret = (struct vec){.n = len, .v = v};
	return 0;
}

int member_vec(struct loader *l, const char *name, size_t n, struct vec *ret, struct err *err)
{
	const json_t *j;
	int r = get(l, name, &j, err);

	return r < 0 ? r : read_vec(l, name, j, n, ret, err);
}

int member_vec_or_none(struct loader *l, const char *name, size_t n, struct vec *ret,
		       struct err *err)
{
	*ret = (struct vec){0};
	return member_null(l, name) ? 0 : member_vec(l, name, n, ret, err);
}

/* A list of n lists. */
static int get_lists(const struct loader *l, const char *name, size_t n, const json_t **ret,
		     struct err *err)
{
	int r = get(l, name, ret, err);

	if (r < 0)
		return r;
	if (!json_is_array(*ret) || json_array_size(*ret) != n)
		return member_refuse(name, err, "a list of %zu lists belongs here", n);
	return 0;
}

int member_vecs(struct loader *l, const char *name, size_t n, const struct vec **ret,
		struct err *err)
{
	const json_t *lists;
	struct vec *vecs;
	int r = get_lists(l, name, n, &lists, err);

	if (r < 0)
		return r;
	vecs = loader_alloc(l, n, sizeof(*vecs), err);
	if (!vecs)
		return E_NOMEM;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = read_vec(l, name, json_array_get(lists, i), SIZE_ANY, &vecs[i], err);
	*ret = vecs;
	return r;
}

int member_mat(struct loader *l, const char *name, size_t rows, size_t cols, struct mat *ret,
	       struct err *err)
{
	struct loader inner = *l; /* its members are the matrix's */
	struct vec values;
	struct mat m = {0};
	int r = get(l, name, &inner.object, err);

	if (r < 0)
		return r;
	if (!json_is_object(inner.object))
		return member_refuse(name, err, "a matrix belongs here");
	r = member_whole(&inner, "rows", 1, LIMIT_SCORER_ROW, &m.rows, err);
	if (r == 0)
		r = member_whole(&inner, "cols", 1, LIMIT_SCORER_ROW, &m.cols, err);
	if (r == 0 &&
	    ((rows != SIZE_ANY && m.rows != rows) || (cols != SIZE_ANY && m.cols != cols)))
		return member_refuse(name, err, "the matrix is %zu × %zu, which does not fit",
				     m.rows, m.cols);
	if (r == 0)
		r = member_vec(&inner, "values", m.rows * m.cols, &values, err);
	if (r < 0)
		return err_prefix(err, "member \"%s\"", name);
	m.v = values.v;
	*ret = m;
	return 0;
}

static int read_labels(struct loader *l, const char *name, const json_t *j, struct labels *ret,
		       struct err *err)
{
	size_t n = json_array_size(j);
	struct text *v;

	if (!json_is_array(j))
		return member_refuse(name, err, "a list of texts belongs here");
	v = loader_alloc(l, n, sizeof(*v), err);
	if (!v)
		return E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		const json_t *item = json_array_get(j, i);

		if (!json_is_string(item))
			return member_refuse(name, err, "item %zu is not a text", i);
		v[i].n = json_string_length(item);
		v[i].p = arena_text(&l->model->arena, json_string_value(item), v[i].n);
		if (!v[i].p)
			return err_nomem(err);
	}
	*ret = (struct labels){.n = n, .v = v};
	return 0;
}

int member_labels(struct loader *l, const char *name, struct labels *ret, struct err *err)
{
	const json_t *j;
	int r = get(l, name, &j, err);

	return r < 0 ? r : read_labels(l, name, j, ret, err);
}

int member_labels_lists(struct loader *l, const char *name, size_t n, const struct labels **ret,
			struct err *err)
{
	const json_t *lists;
	struct labels *labels;
	int r = get_lists(l, name, n, &lists, err);

	if (r < 0)
		return r;
	labels = loader_alloc(l, n, sizeof(*labels), err);
	if (!labels)
		return E_NOMEM;
	for (size_t i = 0; r == 0 && i < n; i++)
		r = read_labels(l, name, json_array_get(lists, i), &labels[i], err);
	*ret = labels;
	return r;
}

/* --- columns --- */

static int check_type(const struct loader *l, const char *name, size_t slot, unsigned types,
		      struct err *err)
{
	const struct slot *s = &l->model->slots[slot];

	if (types & 1u << s->type)
		return 0;
	return member_refuse(name, err, "column \"%.100s\" is of type %s, which does not fit",
			     s->name, column_type_name(s->type));
}

int member_input(const struct loader *l, const char *name, unsigned types, size_t *ret,
		 struct err *err)
{
	const json_t *j;
	int r = get(l, name, &j, err);

	if (r < 0)
		return r;
	if (!json_is_string(j))
		return member_refuse(name, err, "a column's name belongs here");
	r = loader_find(l, name, json_string_value(j), ret, err);
	return r < 0 ? r : check_type(l, name, *ret, types, err);
}

int member_names(struct loader *l, const char *name, size_t n, const char *const **ret,
		 struct err *err)
{
	struct labels labels;
	const char **names;
	int r = member_labels(l, name, &labels, err);

	if (r < 0)
		return r;
	if (labels.n == 0 || (n != SIZE_ANY && labels.n != n))
		return n == SIZE_ANY
			       ? member_refuse(name, err, "a list of columns belongs here")
			       : member_refuse(name, err, "a list of %zu columns belongs here", n);
	names = loader_alloc(l, labels.n + 1, sizeof(*names), err);
	if (!names)
		return E_NOMEM;
	for (size_t i = 0; i < labels.n; i++)
		names[i] = labels.v[i].p;
	*ret = names;
	return 0;
}

int member_inputs(struct loader *l, const char *name, unsigned types, struct slots *ret,
		  struct err *err)
{
	const char *const *names;
	size_t n = 0, *v;
	int r = member_names(l, name, SIZE_ANY, &names, err);

	if (r < 0)
		return r;
	while (names[n])
		n++;
	v = loader_alloc(l, n, sizeof(*v), err);
	if (!v)
		return E_NOMEM;
	for (size_t i = 0; r == 0 && i < n; i++) {
		r = loader_find(l, name, names[i], &v[i], err);
		if (r == 0)
			r = check_type(l, name, v[i], types, err);
	}
	*ret = (struct slots){.n = n, .v = v};
	return r;
}

int member_output(struct loader *l, const char *name, enum column_type type, size_t width,
		  size_t *ret, struct err *err)
{
	const char *column;
	int r = member_text(l, name, &column, err);

	return r < 0 ? r : loader_add(l, column, type, width, ret, err);
}
