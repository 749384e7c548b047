/* Logging. */
#include "base/log.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = {
	[LOG_ERROR] = "error",
	[LOG_WARNING] = "warning",
	[LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};

void log_line(const struct log *log, enum log_level level, const char *area, const char *fmt, ...)
{
	char line[2048], date[CLOCK_ISO_SIZE];
	va_list ap;
	size_t n;

	if (!log || log->fd < 0 || level > log->level)
		return;
	clock_iso_now(date);
	n = (size_t)snprintf(line, sizeof(line), "%s %s %s: ", date, level_names[level], area);
	va_start(ap, fmt);
	(void)vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	n = strlen(line);
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ')
			line[i] = ' ';
	line[n] = '\n';
	/* A log that cannot be written has nowhere to complain. */
	if (write(log->fd, line, n + 1) < 0)
		return;
}

int log_parse_level(const char *name, enum log_level *ret, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(level_names); i++) {
		if (str_eq(name, level_names[i])) {
			*ret = (enum log_level)i;
			return 0;
		}
	}
	return err_set(err, E_INPUT, "log level \"%.40s\" is not error, warning, info or debug",
		       name);
}
