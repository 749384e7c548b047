/*
 * SYSCS_UTIL.IMPORT_DATA done here: its progress, and its result row.
 */
#ifndef MAGICS_SPLICEMACHINE_LOAD_H
#define MAGICS_SPLICEMACHINE_LOAD_H

#include "magics/splicemachine/run.h"

/* call: the CALL statement. */
int load_run(struct sql_run *run, const char *call, struct err *err) _must_check_;

#endif
