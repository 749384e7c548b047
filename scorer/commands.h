/* The commands of splice-scorer, one table. */
#ifndef SCORER_COMMANDS_H
#define SCORER_COMMANDS_H

#include "base/err.h"

enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
	const char *name;
	const char *usage; /* what follows the name */
	const char *help;
	/* E_USAGE for wrong words, which end with NULL. */
	int (*run)(char *const *words, struct err *err);
};

extern const struct command commands_all[]; /* ends with a NULL name */

#endif
