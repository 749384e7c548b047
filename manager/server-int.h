/*
 * What the files of the server share: server.c (socket, links, bytes) and
 * server-request.c (requests and answers).
 */
#ifndef MANAGER_SERVER_INT_H
#define MANAGER_SERVER_INT_H

#include "manager/server.h"
#include "protocol/manager/wire.h"

#include <sys/un.h>

enum { WAITS_MAX = 16 }; /* requests of one link that are under way */

/* A request that is answered later. */
struct wait {
	json_int_t id;
	enum manager_op op;      /* ensure, reload or stop */
	struct service *service; /* NULL: all, for stop */
	bool reloaded;           /* it ran, and was told */
};

struct link {
	int fd;
	pid_t pid; /* of the peer */
	bool greeted;
	enum manager_kind kind;
	struct buf in, out;
	struct wait waits[WAITS_MAX];
	size_t n_waits;
	int restarts_told[SERVICES_MAX]; /* per service; -1 before the process's first ensure */
	struct link *next;
};

struct server {
	struct server_options o;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int fd; /* -1 once closed */
	struct link *links;
	size_t n_links;
	bool stop_wanted;
	int64_t last_use;
	int64_t since;
};

/* Handle one line of a link; what it answers goes to l->out. */
void server_take_line(struct server *s, struct link *l, const char *line, size_t n);
/* Answer those of a link's waits that are over. */
void server_settle(const struct server *s, struct link *l);

#endif
