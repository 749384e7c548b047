/*
 * A link to the manager of this user.  One request at a time; a client
 * belongs to one thread at a time.
 */
#ifndef PROTOCOL_MANAGER_CLIENT_H
#define PROTOCOL_MANAGER_CLIENT_H

#include "base/cancel.h"
#include "protocol/manager/wire.h"

struct manager_client;

typedef void manager_notice_fn(void *userdata, const char *text);

/*
 * Connect and say hello.  E_NOTFOUND when no manager answers (also when only
 * a stale socket is there); E_AUTH when somebody else's process does.
 */
int manager_client_open(enum manager_kind kind, struct cancel *cancel, struct manager_client **ret,
			struct err *err) _must_check_;
void manager_client_free(struct manager_client *c);
CLEANUP_DEFINE(struct manager_client *, manager_client_free)

/*
 * Send a request (its id is chosen here) and wait for its answer, passing on
 * notices.  *ret (may be NULL) is a new reference to the answer.  After
 * E_CANCEL, E_TIMEOUT, E_CLOSED or E_PROTO the client can only be freed;
 * freeing it tells the manager that nobody waits any more.
 */
int manager_client_call(struct manager_client *c, struct manager_request *q, struct cancel *cancel,
			manager_notice_fn *notice, void *userdata, json_t **ret,
			struct err *err) _must_check_;

/* False once the manager has gone or spoken out of turn.  Never waits. */
bool manager_client_alive(const struct manager_client *c);

/* Wait until the manager closes the link.  E_TIMEOUT. */
int manager_client_wait_end(struct manager_client *c, int timeout_ms, struct err *err) _must_check_;

#endif
