/*
 * Starting a service's processes: settings, folders, a port, the log, the
 * command.  What happens afterwards is manager/service.h's.
 */
#ifndef MANAGER_LAUNCH_H
#define MANAGER_LAUNCH_H

#include "manager/def.h"

#include <sys/types.h>

/* Paths of the service; makes nothing. */
int site_init(struct service_site *site, const struct service_def *def,
	      struct err *err) _must_check_;
void site_release(struct service_site *site);

/* "SPLICE_SERVICE=database:/home/…": in the environment of each of its processes; caller frees. */
char *site_mark(const struct service_site *site, const struct service_def *def);

/*
 * "SPLICE_MANAGED=/home/…": in the environment of all processes of all services, by which the guard
 * finds them; caller frees.
 */
int managed_mark(char **ret, struct err *err) _must_check_;

/* The port that it would get if it is free: the one it had, else that of the settings. */
int launch_port(const struct service_def *def, struct service_site *site, int *ret,
		struct err *err) _must_check_;

struct launched {
	pid_t pid;
	off_t log_start; /* its output begins here in site->log */
	int wanted_port; /* of the settings; site->port is the one it got */
};

/* site->port is kept when it is free, so that addresses outlive a restart. */
int launch(const struct service_def *def, struct service_site *site, struct launched *ret,
	   struct err *err) _must_check_;

#endif
