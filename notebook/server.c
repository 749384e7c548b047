/* The tracking server of this notebook. */
#include "notebook/server.h"

int notebook_tracking_server(struct notebook *nb, struct cancel *cancel, services_notice_fn *notice,
			     void *userdata, struct err *err)
{
	const char *named = getenv("MLFLOW_TRACKING_URI");
	_cleanup_free_ char *url = NULL;

	if (named && *named)
		return 0;
	return services_ensure(nb->services, SERVICE_MLFLOW, cancel, notice, userdata, &url, err);
}
