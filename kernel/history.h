/*
 * What was typed in this session, for history_request (messaging, "History").
 * Kept in memory, the newest HISTORY_MAX inputs or HISTORY_BYTES of them.  I/O thread only.
 */
#ifndef KERNEL_HISTORY_H
#define KERNEL_HISTORY_H

#include "base/json.h"
#include "base/limits.h"

enum { HISTORY_MAX = 10000 };
#define HISTORY_BYTES MIB(32)

struct history;

int history_new(struct history **ret, struct err *err) _must_check_;
void history_free(struct history *h);
/* Remember one input; a larger one than HISTORY_BYTES is not, and out of memory forgets it. */
void history_add(struct history *h, int line, const char *input);
/* The reply's content for a request's content; new.  NULL when out of memory. */
json_t *history_reply(const struct history *h, const json_t *request);

#endif
