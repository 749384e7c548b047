/*
 * What a statement without rows did, in a few words: "3 rows inserted",
 * "table CC_FRAUD.T created".
 */
#ifndef MAGICS_SPLICEMACHINE_WORDS_H
#define MAGICS_SPLICEMACHINE_WORDS_H

#include "magics/splicemachine/run.h"

/* count: rows changed; -1 when there is none. */
void words_done(struct sql_run *run, const struct sql_statement *st, int64_t count);

#endif
