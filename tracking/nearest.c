/* Levenshtein's distance over bytes, ignoring ASCII case. */
#include "tracking/nearest.h"

#include <stdio.h>
#include <string.h>

static unsigned char lower(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

static unsigned distance(const char *a, const char *b)
{
	unsigned row[NEAREST_BYTES + 1];
	size_t nb = strlen(b);

	for (unsigned j = 0; j <= nb; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= nb; j++) {
			unsigned above = row[j];

			row[j] = min3(above + 1, row[j - 1] + 1,
				      diagonal + (lower(a[i - 1]) != lower(b[j - 1])));
			diagonal = above;
		}
	}
	return row[nb];
}

void nearest_init(struct nearest *n, const char *text)
{
	*n = (struct nearest){0};
	if (strlen(text) < NEAREST_BYTES)
		snprintf(n->text, sizeof(n->text), "%s", text);
}

void nearest_offer(struct nearest *n, const char *name)
{
	size_t len = strlen(n->text);
	unsigned d;
	size_t at;

	if (!len || !*name || strlen(name) >= NEAREST_BYTES)
		return;
	d = distance(n->text, name);
	/* A third of the letters may differ; the beginning of a name is always like it. */
	if (d > (len + 2) / 3 && strncmp(name, n->text, len) != 0)
		return;
	for (at = n->n; at > 0 && n->best[at - 1].distance > d; at--)
		;
	if (at == NEAREST_MAX)
		return;
	if (n->n < NEAREST_MAX)
		n->n++;
	memmove(&n->best[at + 1], &n->best[at], (n->n - at - 1) * sizeof(n->best[0]));
	snprintf(n->best[at].name, sizeof(n->best[at].name), "%s", name);
	n->best[at].distance = d;
}

bool nearest_text(const struct nearest *n, char *dst, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < n->n && used < size; i++)
		used += (size_t)snprintf(dst + used, size - used, "%s\"%s\"",
					 i == 0          ? ""
					 : i + 1 == n->n ? " or "
							 : ", ",
					 n->best[i].name);
	return n->n > 0;
}
