/*
 * The manager's socket: clients' links, their requests, and who waits for
 * which service (protocol/manager/README.md).  Never blocks; a client that
 * does not read what it is sent is dropped.
 */
#ifndef MANAGER_SERVER_H
#define MANAGER_SERVER_H

#include "manager/list.h"

/* Links at a time; further clients wait in the socket's backlog. */
enum { SERVER_LINKS_MAX = 128 };

struct server;

struct server_options {
	const char *path;              /* of the socket; a stale one is replaced */
	const struct log *log;         /* borrowed */
	const char *log_path;          /* shown in status; borrowed */
	struct service_list *services; /* borrowed; an endpoint that is asked for is added */
};

int server_new(const struct server_options *options, struct server **ret,
	       struct err *err) _must_check_;
void server_free(struct server *s);
CLEANUP_DEFINE(struct server *, server_free)

/* Descriptors to poll; dst holds SERVER_LINKS_MAX + 1. */
size_t server_poll(const struct server *s, struct pollfd *dst);
/* Accept, read, answer, write: all that is possible now. */
void server_step(struct server *s);

/* Pass a service's notice on to those who wait for it. */
void server_notice(struct server *s, const struct service *service, const char *text);

/* A service is about to be removed from the list. */
void server_forget(struct server *s, size_t index);

/* No new clients, no new starts; the socket's file goes.  Waiting stops are answered yet. */
void server_close(struct server *s);

/* A client asked the manager to stop. */
bool server_stop_wanted(const struct server *s);
/* Kernels or jobs are linked, or somebody waits for a service. */
bool server_busy(const struct server *s);
/* Answers are still to be given or sent. */
bool server_owes(const struct server *s);
/* clock_ms of the last request that counts as use. */
int64_t server_last_use(const struct server *s);

#endif
