/*
 * Memory that lives and dies together: all that a model keeps.  One owner;
 * nothing is freed but the whole.
 */
#ifndef SCORER_ARENA_H
#define SCORER_ARENA_H

#include <stddef.h>

struct arena {
	struct arena_chunk *chunks; /* owned; the newest first */
};

/* Zeroed room for `count` objects of `size` bytes, aligned for any; NULL when out of memory. */
void *arena_alloc(struct arena *a, size_t count, size_t size);
/* A NUL-terminated copy of n bytes; NULL when out of memory. */
char *arena_text(struct arena *a, const char *p, size_t n);
void arena_release(struct arena *a);

#endif
