/*
 * %splicemachine: SQL on Splice Machine or Derby.
 */
#ifndef MAGICS_SPLICEMACHINE_SPLICEMACHINE_H
#define MAGICS_SPLICEMACHINE_SPLICEMACHINE_H

#include "magics/magic.h"

extern const struct magic magic_splicemachine;

#endif
