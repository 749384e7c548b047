/*
 * What a job asks of splice-manager: start, reload and stop the endpoints on
 * this machine, and the address of the local tracking server.  Each call is a
 * link of its own (protocol/manager/client.h).
 */
#ifndef DEPLOY_SUPERVISOR_H
#define DEPLOY_SUPERVISOR_H

#include "base/cancel.h"
#include "protocol/manager/client.h"

/*
 * E_CLOSED when no manager runs, with what to do; else as the manager
 * answers.  *ret (may be NULL) is a new reference to its answer.
 */
int supervisor_ask(enum manager_op op, const char *service, struct cancel *cancel,
		   manager_notice_fn *notice, void *userdata, json_t **ret,
		   struct err *err) _must_check_;

/*
 * The tracking server: MLFLOW_TRACKING_URI where it names one, else the local
 * one, started if need be.  The caller frees.
 */
int supervisor_tracking_uri(struct cancel *cancel, manager_notice_fn *notice, void *userdata,
			    char **ret, struct err *err) _must_check_;

#endif
