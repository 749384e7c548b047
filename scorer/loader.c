/* Names and slots while a model is loaded. */
#include "scorer/loader.h"

#include "base/limits.h"
#include "base/str.h"

#include <string.h>

void *loader_alloc(struct loader *l, size_t count, size_t size, struct err *err)
{
	void *p = arena_alloc(&l->model->arena, count, size);

	if (!p)
		(void)err_nomem(err);
	return p;
}

void loader_release(struct loader *l)
{
	free(l->names);
	l->names = NULL;
}

void loader_scratch(struct loader *l, size_t n)
{
	if (n > l->model->scratch)
		l->model->scratch = n;
}

void loader_hide_all(struct loader *l)
{
	l->n_names = 0;
}

/* The newest column whose name is equal in the sense of `eq`. */
static bool find(const struct loader *l, const char *name, bool (*eq)(const char *, const char *),
		 size_t *ret)
{
	for (size_t i = l->n_names; i-- > 0;) {
		if (eq(l->model->slots[l->names[i]].name, name)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static int add_name(struct loader *l, size_t slot, struct err *err)
{
	const char *name = l->model->slots[slot].name;
	size_t *names, at;

	if (find(l, name, str_eq, &at)) {
		l->names[at] = slot;
		return 0;
	}
	names = reallocarray(l->names, l->n_names + 1, sizeof(*names));
	if (!names)
		return err_nomem(err);
	l->names = names;
	names[l->n_names++] = slot;
	return 0;
}

int loader_add(struct loader *l, const char *name, enum column_type type, size_t width, size_t *ret,
	       struct err *err)
{
	struct model *m = l->model;
	char *copy = arena_text(&m->arena, name, strlen(name));

	if (width >= LIMIT_SCORER_ROW - l->numbers)
		return err_set(err, E_TOOBIG, "column \"%.100s\": a row has more than %zu numbers",
			       name, LIMIT_SCORER_ROW);
	if (!copy)
		return err_nomem(err);
	if (m->n_slots == l->slots_room) {
		size_t room = l->slots_room ? 2 * l->slots_room : 64;
		struct slot *slots = loader_alloc(l, room, sizeof(*slots), err);

		if (!slots)
			return E_NOMEM;
		if (m->n_slots)
			memcpy(slots, m->slots, m->n_slots * sizeof(*slots));
		m->slots = slots;
		l->slots_room = room;
	}
	m->slots[m->n_slots] = (struct slot){.name = copy, .type = type, .width = width};
	l->numbers += width + 1;
	*ret = m->n_slots++;
	return add_name(l, *ret, err);
}

int loader_find(const struct loader *l, const char *member, const char *name, size_t *ret,
		struct err *err)
{
	size_t at;

	if (!find(l, name, str_eq, &at) && !find(l, name, str_eq_ci, &at))
		return member_refuse(member, err, "there is no column \"%.100s\" at this stage",
				     name);
	*ret = l->names[at];
	return 0;
}

int loader_alias(struct loader *l, const char *name, size_t slot, size_t *ret, struct err *err)
{
	const struct slot *s = &l->model->slots[slot];

	return loader_add(l, name, s->type, s->width, ret, err);
}
