/*
 * What a notebook remembers of its session for the models that it logs: the
 * cells that ran and the queries that read tables, each with the run that was
 * active.  docs/BRIDGE.md, `track.kept`, says what becomes of it.
 *
 * In memory only, the newest LIMIT_KEPT bytes of each (base/limits.h).
 * Secrets are hidden on the way in (notebook/secrets.h).  Out of memory
 * forgets an entry; no cell fails of it.  A NULL record keeps nothing.  Any thread.
 */
#ifndef NOTEBOOK_KEPT_H
#define NOTEBOOK_KEPT_H

#include "base/cleanup.h"
#include "base/json.h"

#include <stdint.h>

struct kept;
struct tracking;

/* `tracking` is borrowed: it knows the active run. */
int kept_new(struct tracking *tracking, struct kept **ret, struct err *err) _must_check_;
void kept_free(struct kept *k);
CLEANUP_DEFINE(struct kept *, kept_free)

/*
 * A cell begins; magic is NULL for Python without one.  The number, never 0,
 * goes to kept_end, which keeps it or, when it failed, forgets it; 0 there is
 * a cell that is not kept.  One that has not ended yet counts as good.
 */
uint64_t kept_begin(struct kept *k, int execution_count, const char *magic, const char *source);
void kept_end(struct kept *k, uint64_t number, bool ok);

enum kept_from { KEPT_CELL, KEPT_FRAME };

/* A statement has run.  From a cell it is kept only when it reads a table. */
void kept_statement(struct kept *k, enum kept_from from, const char *sql, size_t n);

/* {"cells", "statements", "forgotten"} of docs/BRIDGE.md; new. */
int kept_json(struct kept *k, json_t **ret, struct err *err) _must_check_;

#endif
