/*
 * The services' log files: PLACE_STATE/logs/NAME.log, one older file kept as
 * NAME.log.1 once the current one has grown large.
 */
#ifndef MANAGER_LOGFILE_H
#define MANAGER_LOGFILE_H

#include "base/cleanup.h"
#include "base/err.h"

#include <sys/types.h>

/* The path for a name; makes the folder; the caller frees. */
int logfile_path(const char *name, char **ret, struct err *err) _must_check_;

/* Open for appending, after rotation.  *ret_end is where the new text begins. */
int logfile_open(const char *path, int *ret_fd, off_t *ret_end, struct err *err) _must_check_;

/*
 * The last few telling lines from `start` on, joined by newlines, without
 * Java's stack frames; the caller frees.  An empty text when there are none.
 */
int logfile_tail(const char *path, off_t start, char **ret, struct err *err) _must_check_;

#endif
