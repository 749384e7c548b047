/* The memory against replays. */
#include "protocol/jupyter/replay.h"

#include <stdbool.h>
#include <stdlib.h>

void replay_release(struct replay *r)
{
	free(r->now.slots);
	free(r->before.slots);
	*r = (struct replay){0};
}

/* The slot that holds the key, or the free one where it belongs. */
static uint64_t *find(const struct replay_set *s, uint64_t key)
{
	uint32_t at = (uint32_t)key & (s->n_slots - 1);

	while (s->slots[at] && s->slots[at] != key)
		at = (at + 1) & (s->n_slots - 1);
	return &s->slots[at];
}

static bool has(const struct replay_set *s, uint64_t key)
{
	return s->n_slots && *find(s, key) == key;
}

static int grow(struct replay_set *s, struct err *err)
{
	struct replay_set bigger = {.n_slots = s->n_slots ? s->n_slots * 2 : 64};

	bigger.slots = calloc(bigger.n_slots, sizeof(*bigger.slots));
	if (!bigger.slots)
		return err_nomem(err);
	for (uint32_t i = 0; i < s->n_slots; i++)
		if (s->slots[i])
			*find(&bigger, s->slots[i]) = s->slots[i];
	bigger.used = s->used;
	free(s->slots);
	*s = bigger;
	return 0;
}

int replay_add(struct replay *r, uint64_t signature, struct err *err)
{
	uint64_t key = signature ? signature : 1;

	if (has(&r->now, key) || has(&r->before, key))
		return 0;
	if (r->now.used == REPLAY_GENERATION) {
		free(r->before.slots);
		r->before = r->now;
		r->now = (struct replay_set){0};
	}
	if (r->now.used * 2 >= r->now.n_slots && grow(&r->now, err) < 0)
		return E_NOMEM;
	*find(&r->now, key) = key;
	r->now.used++;
	return 1;
}
