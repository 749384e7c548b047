/* Reading a model file. */
#include "scorer/model.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include "scorer/kind.h"
#include "scorer/names.h"

#include <string.h>

enum { FORMAT_VERSION = 1, INPUTS_MAX = 1 << 16, STAGES_MAX = 1 << 16 };

static const struct kind *find_kind(const char *name)
{
	for (const struct kind *const *k = kinds_all; *k; k++)
		if (str_eq((*k)->name, name))
			return *k;
	return NULL;
}

static int check_format(const struct loader *l, struct err *err)
{
	size_t version;
	int r;

	if (!str_eq(json_get_str(l->object, "format", ""), "splice-scorer"))
		return err_set(err, E_INPUT,
			       "this is not a model file: \"format\" is not \"splice-scorer\"");
	r = member_whole(l, "version", 1, 1u << 20, &version, err);
	if (r < 0)
		return r;
	if (version > FORMAT_VERSION)
		return err_set(err, E_UNSUPPORTED,
			       "the model file has version %zu, this program reads up to %d",
			       version, FORMAT_VERSION);
	return 0;
}

static int text_or_empty(struct loader *l, const char *name, const char **ret, struct err *err)
{
	*ret = "";
	return member_null(l, name) ? 0 : member_text(l, name, ret, err);
}

static int load_input(struct loader *l, struct err *err)
{
	const char *name, *type_name;
	enum column_type type;
	size_t width = 1, slot, n_names = l->n_names;
	int r = member_text(l, "name", &name, err);

	if (r == 0)
		r = member_text(l, "type", &type_name, err);
	if (r < 0)
		return r;
	type = column_type_find(type_name);
	if (type == COLUMN_TYPES)
		return member_refuse("type", err, "there is no type \"%.40s\"", type_name);
	if (type == COLUMN_VECTOR)
		r = member_whole(l, "size", 1, LIMIT_SCORER_ROW, &width, err);
	if (r == 0)
		r = loader_add(l, name, type, type == COLUMN_STRING ? 0 : width, &slot, err);
	if (r == 0 && l->n_names == n_names)
		r = member_refuse("name", err, "there are two columns \"%.100s\"", name);
	return r;
}

/* Call `load` for each object of a list. */
static int each_object(struct loader *l, const char *name, size_t max,
		       int (*load)(struct loader *, struct err *), struct err *err)
{
	const json_t *outer = l->object, *list = json_object_get(outer, name);
	int r = 0;

	if (!json_is_array(list))
		return member_refuse(name, err, "a list belongs here");
	if (json_array_size(list) > max)
		return member_refuse(name, err, "more than %zu of them", max);
	for (size_t i = 0; r == 0 && i < json_array_size(list); i++) {
		l->object = json_array_get(list, i);
		r = json_is_object(l->object) ? load(l, err)
					      : err_set(err, E_INPUT, "an object belongs here");
		if (r < 0)
			r = err_prefix(err, "%.*s %zu", (int)strlen(name) - 1, name, i + 1);
	}
	l->object = outer;
	return r;
}

static int load_stage(struct loader *l, struct err *err)
{
	struct model *m = l->model;
	struct stage *s = &m->stages[m->n_stages];
	const char *kind;
	int r = member_text(l, "kind", &kind, err);

	if (r == 0)
		r = text_or_empty(l, "uid", &s->uid, err);
	if (r < 0)
		return r;
	s->kind = find_kind(kind);
	if (!s->kind)
		return err_set(err, E_UNSUPPORTED, "there is no kind \"%.60s\"", kind);
	r = s->kind->load(l, &s->state, err);
	if (r < 0)
		return err_prefix(err, "(%s %s)", kind, s->uid);
	m->n_stages++;
	return 0;
}

static int load_output(struct loader *l, const char *name, unsigned types, struct output *ret,
		       struct err *err)
{
	int r;

	if (member_null(l, name))
		return 0;
	r = member_input(l, name, types, &ret->slot, err);
	return r < 0 ? r : member_text(l, name, &ret->name, err);
}

static int load_outputs(struct loader *l, struct err *err)
{
	struct model *m = l->model;
	int r;

	l->object = json_object_get(l->object, "outputs");
	if (!json_is_object(l->object))
		return member_refuse("outputs", err, "an object belongs here");
	r = load_output(l, "prediction", COLUMNS_SCALAR | COLUMNS_VECTOR, &m->prediction, err);
	if (r == 0 && !m->prediction.name)
		r = member_refuse("prediction", err, "is missing");
	if (r == 0)
		r = load_output(l, "probability", COLUMNS_VECTOR, &m->probability, err);
	if (r == 0)
		r = load_output(l, "raw", COLUMNS_VECTOR, &m->raw, err);
	return r < 0 ? err_prefix(err, "outputs") : 0;
}

static int load_all(struct loader *l, struct err *err)
{
	struct model *m = l->model;
	int r = check_format(l, err);

	if (r == 0)
		r = text_or_empty(l, "spark", &m->spark, err);
	if (r == 0)
		r = text_or_empty(l, "run_id", &m->run_id, err);
	if (r == 0)
		r = text_or_empty(l, "experiment_id", &m->experiment_id, err);
	if (r == 0)
		r = each_object(l, "inputs", INPUTS_MAX, load_input, err);
	if (r < 0)
		return r;
	m->n_inputs = m->n_slots;
	r = names_new(l, &m->names, err);
	if (r < 0)
		return r;
	m->stages = loader_alloc(l, json_array_size(json_object_get(l->object, "stages")),
				 sizeof(*m->stages), err);
	if (!m->stages)
		return E_NOMEM;
	r = each_object(l, "stages", STAGES_MAX, load_stage, err);
	return r < 0 ? r : load_outputs(l, err);
}

int model_parse(const char *text, size_t n, struct model **ret, struct err *err)
{
	_cleanup_(model_freep) struct model *m = calloc(1, sizeof(*m));
	_cleanup_(loader_release) struct loader l = {.model = m};
	json_auto_t *j = NULL;
	int r;

	if (!m)
		return err_nomem(err);
	r = json_parse(text, n, "the model file", &j, err);
	if (r < 0)
		return E_INPUT;
	l.object = j;
	r = load_all(&l, err);
	if (r < 0)
		return r;
	*ret = TAKE(m);
	return 0;
}

int model_load(const char *path, struct model **ret, struct err *err)
{
	_cleanup_buf_ struct buf b;
	int r;

	buf_init(&b, LIMIT_SCORER_MODEL);
	r = fs_read(path, &b, err);
	if (r < 0)
		return r;
	r = model_parse((const char *)b.data, b.len, ret, err);
	return r < 0 ? err_prefix(err, "%s", path) : 0;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	arena_release(&m->arena);
	free(m);
}

int model_run(const struct model *m, struct batch *b, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < m->n_stages; i++)
		if (m->stages[i].kind->run)
			r = m->stages[i].kind->run(m->stages[i].state, b, err);
	return r;
}
