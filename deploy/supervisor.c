/* Questions to splice-manager. */
#include "deploy/supervisor.h"

#include "base/str.h"

int supervisor_ask(enum manager_op op, const char *service, struct cancel *cancel,
		   manager_notice_fn *notice, void *userdata, json_t **ret, struct err *err)
{
	_cleanup_(manager_client_freep) struct manager_client *c = NULL;
	struct manager_request q = {.op = op};
	int r = manager_client_open(MANAGER_KIND_CLI, cancel, &c, err);

	if (r == E_NOTFOUND) {
		err_set(err, E_CLOSED, "splice-manager is not running");
		err_set_hint(err, "splice-manager start manager");
		return E_CLOSED;
	}
	if (r < 0)
		return r;
	if (strlen(service) >= sizeof(q.service))
		return err_set(err, E_INPUT, "\"%.40s…\" is no service", service);
	memcpy(q.service, service, strlen(service) + 1);
	return manager_client_call(c, &q, cancel, notice, userdata, ret, err);
}

int supervisor_tracking_uri(struct cancel *cancel, manager_notice_fn *notice, void *userdata,
			    char **ret, struct err *err)
{
	const char *named = getenv("MLFLOW_TRACKING_URI");
	json_auto_t *answer = NULL;
	char *uri;
	int r;

	if (named && *named) {
		uri = str_dup(named);
	} else {
		r = supervisor_ask(MANAGER_ENSURE, "mlflow", cancel, notice, userdata, &answer,
				   err);
		if (r < 0)
			return err_prefix(err, "the tracking server");
		uri = str_dup(json_get_str(answer, "url", ""));
	}
	if (!uri)
		return err_nomem(err);
	*ret = uri;
	return 0;
}
