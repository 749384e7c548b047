/* What the server's files share. */
#ifndef SCORER_SERVER_INT_H
#define SCORER_SERVER_INT_H

#include "scorer/server.h"

#include <microhttpd.h>

/* An open connection; in a list, so that slow ones are found. */
struct link {
	struct link *next, **prev;
	int fd;                     /* MHD's */
	atomic_int_least64_t since; /* ms: of its start or its last whole request */
};

struct server {
	struct server_options options;
	struct MHD_Daemon *daemon;
	int port;
	pthread_mutex_t lock; /* of endpoint and links */
	struct endpoint *endpoint;
	struct link *links;
	atomic_bool draining;
	atomic_ulong active;               /* requests begun and not completed */
	atomic_int_least64_t last_request; /* ms: when one was completed */
	atomic_size_t body_bytes;          /* of all bodies held now */
};

/* One request, from its headers to its answer. */
struct request {
	struct server *server;
	const struct route *route; /* NULL for an address that does not exist */
	const char *allow;         /* for 405: the methods there are */
	int refused;               /* status of a request refused before its body came; or 0 */
	size_t counted;            /* its part of the server's body_bytes */
	size_t dropped;            /* bytes of a body that is not wanted */
	struct buf body;
};

typedef enum MHD_Result handler_fn(struct request *q, struct MHD_Connection *c);

struct route {
	const char *path, *method;
	handler_fn *handle;
};

/* The route, or NULL with *ret_status 404 or 405; *ret_allow is then what 405 names. */
const struct route *routes_find(const char *path, const char *method, int *ret_status,
				const char **ret_allow);

/* Status of an invocation that need not be read, 0 otherwise. */
int request_check_headers(const struct request *q, struct MHD_Connection *c);

/* Queue an answer; takes the contents of b. */
enum MHD_Result respond_send(struct request *q, struct MHD_Connection *c, unsigned status,
			     const char *type, struct buf *b, const char *variant);
/* A JSON error of a variant's. */
enum MHD_Result respond_error(struct request *q, struct MHD_Connection *c, unsigned status,
			      const char *message, const char *variant);
/* The same of the server's; counts as refused. */
enum MHD_Result respond_refuse(struct request *q, struct MHD_Connection *c, unsigned status,
			       const char *message);
/* What a status without a better text says. */
const char *respond_text(int status);

#endif
