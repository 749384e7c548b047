/* Tracking operations as cells ask for them. */
#include "notebook/track.h"

#include "tracking/tracking.h"

static bool needs_server(const char *op)
{
	return !str_eq(op, "log") && !str_eq(op, "state") && !str_eq(op, "flush");
}

/* At once when MLFLOW_TRACKING_URI names a server, or the local one answers. */
static int start_server(struct notebook *nb, struct cancel *cancel, services_notice_fn *notice,
			void *userdata, struct err *err)
{
	const char *named = getenv("MLFLOW_TRACKING_URI");
	_cleanup_free_ char *url = NULL;

	if (named && *named)
		return 0;
	return services_ensure(nb->services, SERVICE_MLFLOW, cancel, notice, userdata, &url, err);
}

int notebook_track(struct notebook *nb, const char *op, const json_t *args, struct cancel *cancel,
		   services_notice_fn *notice, void *userdata, json_t **ret, struct err *err)
{
	int r = needs_server(op) ? start_server(nb, cancel, notice, userdata, err) : 0;

	return r < 0 ? r : tracking_call(nb->tracking, op, args, cancel, ret, err);
}
