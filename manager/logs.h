/*
 * `splice-manager logs`.
 */
#ifndef MANAGER_LOGS_H
#define MANAGER_LOGS_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>

/*
 * Copy the end of the file to standard output; with `follow`, go on as it
 * grows or is replaced, until a write fails or a signal ends the program.
 */
int logs_show(const char *path, bool follow, struct err *err) _must_check_;

#endif
