/*
 * Logging to one file descriptor, a line an event:
 * `2026-01-31T12:00:00.123456Z level area: text`.  A line is written with one
 * write(2), so that threads and processes may share the file.  Folders below
 * kernel/ and manager/ log at debug level only; errors are returned.  Never
 * pass keys, passwords, signatures or SQL parameters.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

struct log {
	int fd; /* borrowed, -1 drops everything */
	enum log_level level;
};

/* NULL is a log that drops everything. */
void log_line(const struct log *log, enum log_level level, const char *area, const char *fmt, ...)
	ERR_PRINTF(4, 5);

/* "error", "warning", "info" or "debug"; E_INPUT for another word. */
int log_parse_level(const char *name, enum log_level *ret, struct err *err)
	__attribute__((warn_unused_result));

#endif
