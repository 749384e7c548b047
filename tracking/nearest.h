/*
 * "Did you mean …?": the names most like a given one.  Pure; keeps copies of
 * at most NEAREST_MAX short names.
 */
#ifndef TRACKING_NEAREST_H
#define TRACKING_NEAREST_H

#include <stdbool.h>
#include <stddef.h>

enum { NEAREST_MAX = 3, NEAREST_BYTES = 64 };

struct nearest {
	char text[NEAREST_BYTES];
	size_t n;
	struct {
		char name[NEAREST_BYTES];
		unsigned distance;
	} best[NEAREST_MAX]; /* nearest first */
};

/* A text or name of NEAREST_BYTES or more is like no other. */
void nearest_init(struct nearest *n, const char *text);
void nearest_offer(struct nearest *n, const char *name);
/* "one", "two" or "three" in quotes; false when nothing is near. */
bool nearest_text(const struct nearest *n, char *dst, size_t size);

#endif
