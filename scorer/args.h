/* Words of the command line: --name VALUE. */
#ifndef SCORER_ARGS_H
#define SCORER_ARGS_H

#include "base/cleanup.h"
#include "base/err.h"

struct arg {
	const char *name;   /* "--model" */
	const char **value; /* borrowed from the words; unchanged when the word is not there */
};

/* `args` ends with a NULL name.  E_USAGE for a word that is not in it. */
int args_parse(char *const *words, const struct arg *args, struct err *err) _must_check_;
/* A whole number within min and max; NULL leaves *ret.  E_USAGE otherwise. */
int args_number(const char *name, const char *value, int min, int max, int *ret,
		struct err *err) _must_check_;

#endif
