/*
 * Several statements that take effect together or not at all, with or without
 * a transaction of the user's around them: a transaction of its own when
 * autocommit is on, else a savepoint.
 */
#ifndef NOTEBOOK_UNIT_H
#define NOTEBOOK_UNIT_H

#include "notebook/db.h"

struct unit {
	struct db *db;
	bool own; /* autocommit was on, and is again afterwards */
};

/* Units do not nest. */
int unit_begin(struct unit *u, struct db *db, struct cancel *cancel, struct err *err) _must_check_;
/* Keep what was done.  After a failure, call unit_undo. */
int unit_keep(struct unit *u, struct err *err) _must_check_;
/* Take back what was done; `err` is the failure that led here and keeps its text. */
void unit_undo(struct unit *u, struct err *err);

/* Run a statement whose result does not matter. */
int unit_run(struct db *db, const char *sql, struct cancel *cancel, struct err *err) _must_check_;

#endif
