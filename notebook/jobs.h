/*
 * The Jobs Tracker as cells ask for it, whichever language they are written
 * in: the local one, started first if need be, or the one that the setting
 * jobs.url names.  Operations and their JSON: docs/BRIDGE.md, "Jobs".
 */
#ifndef NOTEBOOK_JOBS_H
#define NOTEBOOK_JOBS_H

#include "base/json.h"
#include "notebook/notebook.h"
#include "notebook/services.h"

/*
 * One operation by its name without "jobs.": args is borrowed and may be
 * NULL, *ret is new.  Errors as in protocol/jobs/jobs.h; E_USAGE for an
 * unknown operation or a missing argument.  Any thread.
 */
int notebook_jobs(struct notebook *nb, const char *op, const json_t *args, struct cancel *cancel,
		  services_notice_fn *notice, void *userdata, json_t **ret,
		  struct err *err) _must_check_;

#endif
