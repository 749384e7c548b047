/*
 * What a service is: an entry of a table.  All that Derby and MLflow differ in
 * stands in their entries; the state machine (manager/service.h) and the
 * rest know only this struct.
 */
#ifndef MANAGER_DEF_H
#define MANAGER_DEF_H

#include "base/buf.h"
#include "base/config.h"
#include "base/str.h"

#include <stdbool.h>

/* One service's own data, for its table functions. */
struct service_site {
	struct config *config; /* owned; read anew before each start */
	char *data;            /* owned; the folder of its data */
	char *log;             /* owned; file of its output */
	char *secret;          /* owned; what `prepare` found or made; wiped */
	int preferred;         /* port that `prepare` wants; 0: the setting's */
	int port;              /* 0 before the first start */
};

struct service_def {
	const char *name;         /* "database": what people and messages call it */
	const char *folder;       /* of its data, below PLACE_DATA; NULL: its name */
	const char *title;        /* "the local Derby server" */
	const char *port_setting; /* "db.port" */
	const char *advice;       /* hint under an error of a start */
	bool page;                /* its address is one that people open */
	int start_ms;             /* it must answer within this time */
	int stop_ms;              /* and end within this time after SIGTERM */
	bool on_demand;           /* a plain `splice-manager start` leaves it alone */
	bool stays;               /* while it runs, the manager does not go idle */
	bool reloads;             /* SIGHUP has it read its files again */
	/* Make folders and files; before each start. */
	int (*prepare)(struct service_site *site, struct err *err);
	/* Program and arguments, and "NAME=value" for its environment. */
	int (*command)(const struct service_site *site, struct strv *argv, struct strv *env,
		       struct err *err);
	/* A question that only a ready server answers, and whether this is its answer. */
	void (*ask)(const struct service_site *site, struct buf *b);
	bool (*answers)(const uint8_t *reply, size_t n);
	/* A request to end; NULL where SIGTERM is the way. */
	void (*farewell)(const struct service_site *site, struct buf *b);
	/* The address for clients, credentials included; the caller frees; NULL: no memory. */
	char *(*url)(const struct service_site *site);
};

extern const struct service_def derby_def;
extern const struct service_def mlflow_def;
extern const struct service_def jobs_def;

/* Those of the table, and endpoints: each of these holds its models in memory. */
enum { SERVICES_MAX = 64 };
/* Those that there always are, ending with NULL. */
extern const struct service_def *const services_all[];

#endif
