/* Chunks, each larger than what is asked for at once. */
#include "scorer/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 16, ALIGNMENT = alignof(max_align_t) };

struct arena_chunk {
	struct arena_chunk *next;
	size_t used, size;
	alignas(max_align_t) unsigned char bytes[];
};

static struct arena_chunk *add_chunk(struct arena *a, size_t n)
{
	size_t size = n > CHUNK_BYTES / 4 ? n : CHUNK_BYTES;
	struct arena_chunk *c = calloc(1, sizeof(*c) + size);

	if (!c)
		return NULL;
	c->size = size;
	/* A large object fills its chunk: the one with room left stays in front. */
	if (size == n && a->chunks) {
		c->next = a->chunks->next;
		a->chunks->next = c;
	} else {
		c->next = a->chunks;
		a->chunks = c;
	}
	return c;
}

void *arena_alloc(struct arena *a, size_t count, size_t size)
{
	struct arena_chunk *c = a->chunks;
	size_t n;

	if (__builtin_mul_overflow(count, size, &n) || n > SIZE_MAX / 2)
		return NULL;
	n = (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	n = n ? n : ALIGNMENT;
	if (!c || c->size - c->used < n)
		c = add_chunk(a, n);
	if (!c)
		return NULL;
	c->used += n;
	return c->bytes + c->used - n;
}

char *arena_text(struct arena *a, const char *p, size_t n)
{
	char *copy = arena_alloc(a, n + 1, 1);

	if (copy && n)
		memcpy(copy, p, n);
	return copy;
}

void arena_release(struct arena *a)
{
	for (struct arena_chunk *c = a->chunks, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	*a = (struct arena){0};
}
