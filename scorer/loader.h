/*
 * What a stage's load function works with: the members of its JSON object,
 * checked as they are read, and the names of the columns there are so far.
 *
 * Every function fails with E_INPUT and a text that names the member (the
 * stage is put in front by model.c).  What they return lives in the model's
 * arena.
 */
#ifndef SCORER_LOADER_H
#define SCORER_LOADER_H

#include "base/json.h"
#include "scorer/model.h"

struct vec {
	size_t n;
	const double *v;
};

struct mat {
	size_t rows, cols;
	const double *v; /* row after row */
};

struct labels {
	size_t n;
	const struct text *v;
};

struct slots {
	size_t n;
	const size_t *v;
};

/* Any length of a vector. */
#define SIZE_ANY SIZE_MAX

enum invalid { INVALID_ERROR, INVALID_KEEP, INVALID_SKIP };

struct loader {
	struct model *model;
	const json_t *object; /* borrowed: where members are looked up */
	size_t *names;        /* slots that have a name now, the newest last; owned */
	size_t n_names;
	size_t slots_room; /* allocated length of the model's slots */
	size_t numbers;    /* of a row in all slots */
};

void *loader_alloc(struct loader *l, size_t count, size_t size, struct err *err) _must_check_;
void loader_release(struct loader *l);
/* At least n numbers of the batch's scratch. */
void loader_scratch(struct loader *l, size_t n);
/* Forget all names (the columns stay where they are). */
void loader_hide_all(struct loader *l);
/* A further name for a column. */
int loader_alias(struct loader *l, const char *name, size_t slot, size_t *ret,
		 struct err *err) _must_check_;
/* A new column.  A column that has the name already is hidden by it. */
int loader_add(struct loader *l, const char *name, enum column_type type, size_t width, size_t *ret,
	       struct err *err) _must_check_;
/* The column of a name, exactly or else without regard to case. */
int loader_find(const struct loader *l, const char *member, const char *name, size_t *ret,
		struct err *err) _must_check_;

/* --- members --- */

bool member_null(const struct loader *l, const char *name); /* null or absent */
int member_number(const struct loader *l, const char *name, double *ret, struct err *err);
int member_whole(const struct loader *l, const char *name, size_t min, size_t max, size_t *ret,
		 struct err *err);
int member_bool(const struct loader *l, const char *name, bool *ret, struct err *err);
int member_text(struct loader *l, const char *name, const char **ret, struct err *err);
/* The place of the text in `words`, which ends with NULL. */
int member_word(const struct loader *l, const char *name, const char *const *words, unsigned *ret,
		struct err *err);
int member_invalid(const struct loader *l, enum invalid *ret, struct err *err);
/* A list of n numbers (SIZE_ANY: of one at least). */
int member_vec(struct loader *l, const char *name, size_t n, struct vec *ret, struct err *err);
/* The same, or an empty vector for null or an absent member. */
int member_vec_or_none(struct loader *l, const char *name, size_t n, struct vec *ret,
		       struct err *err);
/* A list of exactly n lists of numbers. */
int member_vecs(struct loader *l, const char *name, size_t n, const struct vec **ret,
		struct err *err);
int member_mat(struct loader *l, const char *name, size_t rows, size_t cols, struct mat *ret,
	       struct err *err);
/* A list of texts. */
int member_labels(struct loader *l, const char *name, struct labels *ret, struct err *err);
/* A list of exactly n lists of texts. */
int member_labels_lists(struct loader *l, const char *name, size_t n, const struct labels **ret,
			struct err *err);

/* --- members that name columns; `types` is a set as in column.h --- */

int member_input(const struct loader *l, const char *name, unsigned types, size_t *ret,
		 struct err *err);
int member_inputs(struct loader *l, const char *name, unsigned types, struct slots *ret,
		  struct err *err);
int member_output(struct loader *l, const char *name, enum column_type type, size_t width,
		  size_t *ret, struct err *err);
/* A list of as many names as there are inputs; texts that the caller adds with loader_add. */
int member_names(struct loader *l, const char *name, size_t n, const char *const **ret,
		 struct err *err);

/* A wrong member: E_INPUT with `member "x": …`. */
int member_refuse(const char *name, struct err *err, const char *fmt, ...) ERR_PRINTF(3, 4);

/* --- JSON values, for what has a shape of its own --- */

/* A number, or one of the texts NaN, Infinity and -Infinity. */
bool json_is_value(const json_t *j, double *ret);

#endif
