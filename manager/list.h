/*
 * The services of a manager: those of a table, which are always there, and an
 * entry for each endpoint, which come and go with their endpoint.json.
 */
#ifndef MANAGER_LIST_H
#define MANAGER_LIST_H

#include "manager/service.h"

struct service_list {
	struct service *items[SERVICES_MAX];
	struct service_def *owned[SERVICES_MAX]; /* of endpoints; NULL for those of the table */
	size_t len;
	const struct log *log; /* borrowed */
	service_notice_fn *notice;
	void *userdata;
};

/* What it holds; the members above are the caller's to set before the first call. */
void service_list_release(struct service_list *l);

int service_list_add(struct service_list *l, const struct service_def *def,
		     struct err *err) _must_check_;
/* The index; l->len when there is none of this name. */
size_t service_list_find(const struct service_list *l, const char *name);
/*
 * The same, but an endpoint that has come to be is added.  E_NOTFOUND when
 * there is no such service, E_TOOBIG when there are SERVICES_MAX.
 */
int service_list_get(struct service_list *l, const char *name, size_t *ret,
		     struct err *err) _must_check_;
/* Have every endpoint there is on the way to ready.  Says what cannot be in the log. */
void service_list_start_endpoints(struct service_list *l);
/* The first endpoint at rest whose endpoint.json has gone; l->len when there is none. */
size_t service_list_gone(const struct service_list *l);
/* Forget the one at this index; those behind it move up. */
void service_list_remove(struct service_list *l, size_t index);

#endif
