/* What the files of the child share. */
#ifndef KERNEL_CHILD_INT_H
#define KERNEL_CHILD_INT_H

#include "kernel/child.h"

#include <sys/types.h>

enum child_state {
	CHILD_NONE,      /* not started, or it ended */
	CHILD_PREPARING, /* a worker writes its files */
	CHILD_STARTING,  /* no answer to kernel_info yet, or nothing on iopub */
	CHILD_READY,
};

enum relay_kind { RELAY_EXECUTE, RELAY_ASK, RELAY_COMM, RELAY_PROBE, RELAY_SUBSHELL };

/* A message sent to the child: answers and output come back under its id. */
struct relay {
	char id[JUPYTER_ID_SIZE];
	enum relay_kind kind;
	struct request *q;         /* owned reference; NULL when no front end asked */
	struct subshell *subshell; /* RELAY_SUBSHELL: whose opening it asks for; NULL: deleted */
	size_t prefix;             /* code points of the cell in front of what was sent */
	bool started;              /* the child is at it: SIGINT reaches it */
	bool interrupt;            /* RELAY_EXECUTE: asked for before it started */
	bool got_reply, got_idle;
	int64_t idle_at; /* clock_ms of idle */
	json_t *reply;   /* RELAY_EXECUTE: content of execute_reply */
	struct relay *next;
};

enum {
	RELAYS_KEPT = 256, /* for late output of threads that a cell left behind */
	REPLY_WAIT_MS =
		2000, /* a reply is sent before idle: behind it, it does not come any more */
};

struct child {
	enum child_state state;
	pid_t pid;
	char *dir;                            /* runtime folder of this kernel, 0700 */
	char *log_path;                       /* its standard output and error */
	struct jupyter_connection connection; /* while not CHILD_NONE */
	json_t *files; /* CHILD_PREPARING: arguments of child_write_files, lent to the worker */
	void *shell, *control, *stdin_, *iopub;
	struct jupyter_signer *signer;
	struct relay *relays; /* newest first */
	size_t n_relays;
	bool seen_info, seen_iopub;
	int64_t probed_at;
	bool awaits_reply; /* of a cell that is idle already */
	unsigned starts;   /* how often it was started */
};

/* What relay_send sends. */
struct relay_out {
	enum relay_kind kind;
	void *socket;
	const char *id; /* NULL: a new one */
	const char *msg_type;
	struct slice content, metadata;
	size_t prefix;
	struct subshell *subshell; /* RELAY_SUBSHELL */
};

/* child-launch.c: the process and the sockets to it; on an error the sockets are left to close. */
int child_launch(struct kernel *k, struct err *err) _must_check_;
void child_close_sockets(struct child *c);

/* relay.c, relay-back.c */
int relay_send(struct kernel *k, struct request *q, const struct relay_out *what,
	       struct err *err) _must_check_;
void relay_execute(struct kernel *k, struct request *q);
/* False when it could not be sent. */
bool relay_comm(struct kernel *k, struct request *q);
/* Something is still to come for it. */
bool relay_is_open(const struct relay *r);
/* The child runs it now. */
bool relay_is_at_work(const struct relay *r);
/* By the id it was sent under (NULL: none); NULL when it is not remembered. */
struct relay *relay_find(const struct child *c, const char *id);
/* Handle what has arrived, until clock_ms is `until`. */
void relay_read(struct kernel *k, int64_t until);
/* End the cells that are idle and got no reply in time. */
void relay_check_replies(struct kernel *k);
/* Forget all; the requests that wait for an answer fail with the error. */
void relay_fail_all(struct kernel *k, const struct err *error);

/* child-subshell.c: */
/* True when q can be sent; else it waits, and is sent or fails when its subshell has opened or not.
 */
bool child_subshell_ready(struct kernel *k, struct request *q);
/* The answer to what child_subshell_ready asked for. */
void child_subshell_opened(struct kernel *k, struct relay *r, const struct jupyter_msg *m);
/* The child is gone, and its subshells with it. */
void child_subshells_lost(struct kernel *k, const struct err *error);
/* Interrupt what the child is at, of one subshell or (NULL) of all; a cell that it has not begun
 * gets it when it does. */
void relay_interrupt(struct kernel *k, struct subshell *only);
/* Interrupt one that the child is at. */
void relay_stop(struct kernel *k, struct relay *r);

/* child-config.c: the files that the child starts with. */
enum child_file { CHILD_CONNECTION_FILE, CHILD_CONFIG_FILE };
/* Their paths in the child's folder; the caller frees. */
char *child_file_path(const char *dir, enum child_file file);
/* What is in the connection file; released by the caller. */
int child_connection(const char *dir, const char *key, struct jupyter_connection *ret,
		     struct err *err) _must_check_;
/* Arguments of child_write_files; new. */
json_t *child_files_args(const struct kernel *k);
/* Write both.  For a worker: it looks for AWS credentials, which may take seconds. */
int child_write_files(struct bridge_call *call, json_t **ret, struct err *err) _must_check_;

#endif
