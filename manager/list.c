/* The list of services. */
#include "manager/list.h"

#include "deploy/endpoint.h"
#include "manager/endpoint.h"

#include <string.h>

void service_list_release(struct service_list *l)
{
	while (l->len)
		service_list_remove(l, l->len - 1);
}

int service_list_add(struct service_list *l, const struct service_def *def, struct err *err)
{
	int r;

	if (l->len == SERVICES_MAX) {
		err_set(err, E_TOOBIG, "splice-manager keeps %d services at most", SERVICES_MAX);
		err_set_hint(err, "undeploy an endpoint that is not needed");
		return E_TOOBIG;
	}
	r = service_new(def, l->log, l->notice, l->userdata, &l->items[l->len], err);
	if (r < 0)
		return r;
	l->owned[l->len++] = NULL;
	return 0;
}

size_t service_list_find(const struct service_list *l, const char *name)
{
	size_t i = 0;

	while (i < l->len && !str_eq(service_def(l->items[i])->name, name))
		i++;
	return i;
}

static int add_endpoint(struct service_list *l, const char *app, struct err *err)
{
	struct service_def *def;
	int r = endpoint_def_new(app, &def, err);

	if (r < 0)
		return r;
	r = service_list_add(l, def, err);
	if (r < 0)
		endpoint_def_free(def);
	else
		l->owned[l->len - 1] = def;
	return r;
}

static int no_service(const char *name, struct err *err)
{
	err_set(err, E_NOTFOUND, "there is no service \"%s\"", name);
	if (endpoint_app(name))
		err_set_hint(err, "splice-manager endpoints lists the endpoints there are");
	return E_NOTFOUND;
}

int service_list_get(struct service_list *l, const char *name, size_t *ret, struct err *err)
{
	const char *app = endpoint_app(name);
	size_t i = service_list_find(l, name);
	int r = 0;

	if (i == l->len && (!app || !endpoint_exists(app)))
		return no_service(name, err);
	if (i == l->len)
		r = add_endpoint(l, app, err);
	if (r == 0)
		*ret = i;
	return r;
}

void service_list_start_endpoints(struct service_list *l)
{
	_cleanup_strv_ struct strv apps = {0};
	struct err err = ERR_INIT;

	if (endpoint_list(&apps, &err) < 0)
		log_line(l->log, LOG_ERROR, "manager", "endpoints: %s", err.text);
	for (size_t i = 0; i < apps.len; i++) {
		_cleanup_free_ char *name = endpoint_service(apps.items[i]);
		size_t at;

		if (name && service_list_get(l, name, &at, &err) == 0)
			service_ensure(l->items[at]);
		else
			log_line(l->log, LOG_ERROR, "manager", "endpoint %s: %s", apps.items[i],
				 err.text);
	}
}

size_t service_list_gone(const struct service_list *l)
{
	for (size_t i = 0; i < l->len; i++) {
		enum service_state state = service_state(l->items[i]);

		if (l->owned[i] && (state == SERVICE_STOPPED || state == SERVICE_FAILED) &&
		    !endpoint_exists(endpoint_app(l->owned[i]->name)))
			return i;
	}
	return l->len;
}

void service_list_remove(struct service_list *l, size_t index)
{
	size_t behind = l->len - index - 1;

	service_free(l->items[index]);
	endpoint_def_free(l->owned[index]);
	memmove(&l->items[index], &l->items[index + 1], behind * sizeof(l->items[0]));
	memmove(&l->owned[index], &l->owned[index + 1], behind * sizeof(l->owned[0]));
	l->len--;
}
