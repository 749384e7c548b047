/*
 * %mlmanager: experiments, runs and what is logged to them, one command a
 * line.  Steers the notebook's tracking client, the same that MLManager in
 * Python cells uses.
 */
#ifndef MAGICS_MLMANAGER_MLMANAGER_H
#define MAGICS_MLMANAGER_MLMANAGER_H

#include "magics/magic.h"

extern const struct magic magic_mlmanager;

#endif
