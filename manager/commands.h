/*
 * What people type behind `splice-manager`: each command is a function in a
 * table, run with the words that follow it.
 */
#ifndef MANAGER_COMMANDS_H
#define MANAGER_COMMANDS_H

#include "base/cleanup.h"
#include "base/err.h"

/* Exit statuses, as documented in docs/MANAGER.md. */
enum { EXIT_FINE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NOT_RUNNING = 3 };

struct command {
	const char *name;
	const char *usage; /* the words behind the name */
	const char *help;
	/* words ends with NULL.  0, or an error; E_USAGE for wrong words, E_NOTFOUND for "not
	 * running". */
	int (*run)(char *const *words, struct err *err);
	int status_of_notfound; /* EXIT_NOT_RUNNING or EXIT_FAILED */
};

extern const struct command commands_all[]; /* ends with a NULL name */

#endif
