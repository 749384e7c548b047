/*
 * The manager as a process in the background.
 */
#ifndef MANAGER_BACKGROUND_H
#define MANAGER_BACKGROUND_H

#include "base/cleanup.h"
#include "base/err.h"

/* Return once a manager answers: the one that runs, or a new one.  Safe to call twice at once. */
int background_ensure(struct err *err) _must_check_;

/* Be the manager, in this process, logging to standard error, until it ends. */
int foreground_run(struct err *err) _must_check_;

#endif
