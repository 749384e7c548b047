/* Two tables of names: as they are, and in lower case. */
#include "scorer/names.h"

#include "scorer/label-index.h"

#include <string.h>

/* A longer name is found exactly or not at all. */
enum { NAME_FOLDED_MAX = 256 };

struct names {
	const struct label_index *exact, *folded;
};

static void fold(char *to, const struct text *t)
{
	for (size_t i = 0; i < t->n; i++)
		to[i] = (char)(t->p[i] >= 'A' && t->p[i] <= 'Z' ? t->p[i] - 'A' + 'a' : t->p[i]);
}

static int fold_all(struct loader *l, const struct labels *names, struct text *to, struct err *err)
{
	for (size_t i = 0; i < names->n; i++) {
		char *copy = arena_text(&l->model->arena, names->v[i].p, names->v[i].n);

		if (!copy)
			return err_nomem(err);
		fold(copy, &names->v[i]);
		to[i] = (struct text){.p = copy, .n = names->v[i].n};
	}
	return 0;
}

int names_new(struct loader *l, const struct names **ret, struct err *err)
{
	const struct model *m = l->model;
	struct names *n = loader_alloc(l, 1, sizeof(*n), err);
	struct text *exact = loader_alloc(l, m->n_slots, sizeof(*exact), err);
	struct text *folded = loader_alloc(l, m->n_slots, sizeof(*folded), err);
	struct labels list = {.n = m->n_slots, .v = exact};
	int r;

	if (!n || !exact || !folded)
		return E_NOMEM;
	for (size_t i = 0; i < m->n_slots; i++)
		exact[i] = (struct text){.p = m->slots[i].name, .n = strlen(m->slots[i].name)};
	r = fold_all(l, &list, folded, err);
	if (r == 0)
		r = label_index_new(l, &list, COLUMN_STRING, &n->exact, err);
	list.v = folded;
	if (r == 0)
		r = label_index_new(l, &list, COLUMN_STRING, &n->folded, err);
	*ret = n;
	return r;
}

size_t names_find(const struct names *n, const struct text *name)
{
	char folded[NAME_FOLDED_MAX];
	double at = label_index_find_text(n->exact, name);

	if (at < 0 && name->n <= sizeof(folded)) {
		fold(folded, name);
		at = label_index_find_text(n->folded, &(struct text){.p = folded, .n = name->n});
	}
	return at < 0 ? NAMES_NONE : (size_t)at;
}
