/*
 * A statement's error, as the cell shows it: which statement of the cell it
 * was, and a caret under the place where the server found fault.
 */
#ifndef MAGICS_SPLICEMACHINE_FAIL_H
#define MAGICS_SPLICEMACHINE_FAIL_H

#include "magics/splicemachine/run.h"

/* a: NULL when the statement could not be adapted.  Returns err's code. */
int fail_statement(const struct sql_run *run, const struct sql_statement *st,
		   const struct sql_adapted *a, struct err *err);

#endif
