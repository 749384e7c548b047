/*
 * The tracking server of this notebook, started if need be, with notices of
 * what takes time.  Call it before an operation of tracking/ that needs the
 * server and may be the first: tracking itself would start it without a word.
 */
#ifndef NOTEBOOK_SERVER_H
#define NOTEBOOK_SERVER_H

#include "notebook/notebook.h"
#include "notebook/services.h"

/* 0 at once when MLFLOW_TRACKING_URI names a server, or a local one answers.  Any thread. */
int notebook_tracking_server(struct notebook *nb, struct cancel *cancel, services_notice_fn *notice,
			     void *userdata, struct err *err) _must_check_;

#endif
