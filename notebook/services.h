/*
 * The local services as a kernel asks for them: one call that returns when
 * the service answers, starting splice-manager first when none runs.  Safe
 * from any thread.  The kernel's link to the manager stays open for its whole
 * life: it is what keeps the manager from going idle.
 */
#ifndef NOTEBOOK_SERVICES_H
#define NOTEBOOK_SERVICES_H

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/config.h"
#include "base/log.h"

struct services;

enum service_id { SERVICE_DATABASE, SERVICE_MLFLOW, SERVICE_JOBS };

int services_new(const struct config *config, const struct log *log, struct services **ret,
		 struct err *err) _must_check_;
void services_free(struct services *s);
CLEANUP_DEFINE(struct services *, services_free)

typedef void services_notice_fn(void *userdata, const char *text);

/*
 * Ready service: its URL ("derby://127.0.0.1:1527/splicedb;create=true",
 * "http://127.0.0.1:5001", "http://127.0.0.1:5003/?token=…"), owned by the caller.  Notices tell
 * what takes time or differs from the default ("port 5001 is taken; MLflow uses 5004").
 */
int services_ensure(struct services *s, enum service_id id, struct cancel *cancel,
		    services_notice_fn *notice, void *userdata, char **ret_url,
		    struct err *err) _must_check_;

#endif
