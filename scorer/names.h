/* The names of a model's inputs: which column of a request is which. */
#ifndef SCORER_NAMES_H
#define SCORER_NAMES_H

#include "scorer/loader.h"

/* No input has that name. */
#define NAMES_NONE SIZE_MAX

struct names;

/* Of all slots that the model has so far. */
int names_new(struct loader *l, const struct names **ret, struct err *err) _must_check_;
/* The slot whose name is equal, or else equal without regard to ASCII case; or NAMES_NONE. */
size_t names_find(const struct names *n, const struct text *name);

#endif
