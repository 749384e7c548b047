/*
 * What the cells of one notebook share, whichever language they are written
 * in: settings, the log, the tracking client, the local services, and per
 * subshell a database session.
 *
 * The struct is made once by the kernel.  Members say which thread may use
 * them; a session belongs to its subshell's worker.
 */
#ifndef NOTEBOOK_NOTEBOOK_H
#define NOTEBOOK_NOTEBOOK_H

#include "base/config.h"
#include "base/log.h"
#include "base/str.h"

struct files;
struct kept;
struct tracking;
struct services;
struct session;

struct notebook {
	const struct config *config; /* any thread */
	const struct log *log;       /* any thread */
	struct tracking *tracking;   /* any thread (locks itself) */
	struct services *services;   /* any thread (locks itself); see notebook/services.h */
	struct files *files;         /* any thread; see notebook/files.h */
	struct kept *kept;           /* any thread (locks itself); see notebook/kept.h */
	const char *path;            /* the notebook's file (JPY_SESSION_NAME), or NULL */
};

#endif
