/*
 * The Python child: an ipykernel in a process and session of its own, to
 * which this kernel is a client over ipc with a key of its own.  Started by
 * the first cell that needs it, started anew after it died.  child.c owns its
 * life, relay.c what is sent to it, relay-back.c what comes back,
 * child-subshell.c its subshells.  I/O thread only.
 *
 * Nothing of the child outlives the kernel: it gets SIGKILL when the kernel
 * dies (prctl(2), PR_SET_PDEATHSIG), and its JVM ends when its standard input
 * closes.
 */
#ifndef KERNEL_CHILD_H
#define KERNEL_CHILD_H

#include "kernel/kernel.h"

int child_new(struct kernel *k, struct child **ret, struct err *err) _must_check_;
/* Ends the process: SIGTERM, after half a second SIGKILL for its whole group. */
void child_stop(struct child *c);
/* Stops it and frees everything; no worker runs any more. */
void child_free(struct child *c);

/* Relay the cell of q; starts the child when there is none. */
void child_execute(struct kernel *k, struct request *q);
/*
 * Relay a complete, inspect or is_complete request over the child's control
 * channel, which answers while a cell runs.  False when no child is ready: the caller answers.
 */
bool child_ask(struct kernel *k, struct request *q, const json_t *content, size_t prefix);
/* Pass on comm_open, comm_msg or comm_close, finished when the child has handled it; false when
 * no child is ready. */
bool child_comm(struct kernel *k, struct request *q);
/* The answer to the child's input_request. */
void child_input(struct kernel *k, const struct jupyter_msg *reply);
/* Interrupt its cells and comm messages, of one subshell or (NULL) of all. */
void child_interrupt(struct kernel *k, struct subshell *only);
/* Whether an answer for the subshell is still to come. */
bool child_uses(const struct kernel *k, const struct subshell *s);
/* The subshell is about to be freed. */
void child_forget(struct kernel *k, struct subshell *s);

/* The request that the child's message id belongs to, or NULL.  Borrowed. */
struct request *child_request(struct kernel *k, const char *child_msg_id);

enum { CHILD_POLL_ITEMS = 4 };
/* Sockets to poll; returns how many items were filled in. */
int child_poll(const struct child *c, zmq_pollitem_t *items);
/* Handle what has arrived, for TURN_MS at most, and what is due. */
void child_read(struct kernel *k);
/* Milliseconds until child_read wants to be called; -1: when there is something to read. */
int child_timeout(const struct child *c);
/* True when the event belongs to the child's start (and is handled now). */
bool child_event(struct kernel *k, struct subshell *s, struct event *e);
/* A process ended (SIGCHLD). */
void child_reap(struct kernel *k);

#endif
