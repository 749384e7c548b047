/*
 * Status: as JSON on the wire, as a table for people.
 */
#ifndef MANAGER_STATUS_H
#define MANAGER_STATUS_H

#include "base/json.h"
#include "manager/list.h"

struct status_manager {
	int64_t uptime; /* ms */
	int kernels;    /* linked now */
	const char *version;
	const char *log;
};

/* The members of the answer to `status`: new; NULL when out of memory. */
json_t *status_json(const struct status_manager *m, const struct service_list *services);

/* Append the table for a status answer (borrowed). */
void status_table(const json_t *status, struct buf *b);

#endif
