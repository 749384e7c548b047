/*
 * The connection as the files of this folder see it: one place that sends
 * chains, waits, and reads replies.
 *
 * Replies come in the order of the chains sent.  Each chain sent leaves an
 * `exchange` behind, which says who reads its answer; conn_await reads the
 * answers up to the one wanted.  So a request may be sent before the answer
 * to an earlier one has been read (the next block of rows, the second chain
 * of a batch, a commit), by whatever object, without the two knowing of each
 * other.
 *
 * A negative code from the functions that read means that the line is out of
 * step or gone: the connection is closed then and every later call fails.
 * Errors of SQL never come that way; whoever reads the answer keeps them.
 */
#ifndef DRDA_CONN_INT_H
#define DRDA_CONN_INT_H

#include "protocol/drda/ddm.h"
#include "protocol/drda/drda.h"
#include "protocol/drda/link.h"
#include "protocol/drda/sqlca.h"
#include "protocol/drda/trace.h"

enum {
	CONN_OWED_MAX = 8,      /* chains whose answers have not been read */
	CONN_SECTION_MAX = 384, /* statements open at a time */
	CONN_DEFAULT_BLOCK = 512 << 10,
	CONN_DEFAULT_TIMEOUT_MS = 10000,
	CONN_GRACE_MS = 300,    /* for an answer that is under way when a cancel comes */
	CONN_KILLED_MS = 10000, /* for the answer of a statement that was killed */
};

/* Read the whole answer to one chain (conn_read_chain). */
typedef int conn_reader_fn(void *who, struct drda *c, struct err *err);

struct exchange {
	conn_reader_fn *read;
	void *who;
};

struct drda {
	struct drda_link link;
	struct dss_reader in;
	struct dss_writer out;
	struct drda_trace trace;
	struct drda_options options; /* texts owned; the password is wiped */
	enum drda_server server;
	char *server_name;
	char *schema;
	char *token; /* RDBINTTKN, Splice's handle for cancelling; may be NULL */
	uint32_t block_size;
	bool broken;
	struct err why; /* what broke it */
	bool in_transaction;
	uint64_t rollbacks;   /* counts what closes all cursors */
	uint64_t round_trips; /* answers that were waited for */
	bool taken;           /* the data of the object being read */
	struct exchange owed[CONN_OWED_MAX];
	size_t n_owed;
	struct cancel *cancel; /* of the running call; may be NULL */
	bool interrupted;      /* it fired during this call, and the server was told */
	int64_t deadline_ms;   /* of the monotonic clock, for what is being waited for; -1: none */
	bool sections[CONN_SECTION_MAX];
	struct sqlca late; /* what a commit that nobody waited for said */
};

/* An empty connection without a link; drda_free ends it. */
void conn_init(struct drda *c);
/* Forget the link and what was said on it, for another try to connect. */
void conn_restart(struct drda *c);

/* Begin a public call: E_CLOSED when the connection broke, E_CANCEL when the token has fired. */
int conn_begin(struct drda *c, struct cancel *cancel, struct err *err) _must_check_;

/* The same for a call that may need no server at all, and so cannot fail here. */
void conn_enter(struct drda *c, struct cancel *cancel);

/* Send what was written to c->out; `read` is called with `who` for its answer. */
int conn_send(struct drda *c, conn_reader_fn *read, void *who, struct err *err) _must_check_;
/* Read answers until none is owed to `who`. */
int conn_await(struct drda *c, const void *who, struct err *err) _must_check_;
/* Read all of them. */
int conn_settle(struct drda *c, struct err *err) _must_check_;
bool conn_owes(const struct drda *c, const void *who);
/* Close the line for good because of `code` (and err); returns the code. */
int conn_break(struct drda *c, int code, const struct err *err);

/* What the server sent does not fit: E_PROTO with `what`, and the line is closed. */
int conn_out_of_step(struct drda *c, const char *what, struct err *err);

/*
 * Read one reply chain.  `each` is called for every object that the
 * connection itself has no use for; it takes the data by conn_body or
 * conn_append, or leaves it.
 */
typedef int conn_object_fn(void *who, struct drda *c, const struct ddm_head *head, struct err *err);
int conn_read_chain(struct drda *c, conn_object_fn *each, void *who, struct err *err) _must_check_;
int conn_body(struct drda *c, const struct ddm_head *head, struct rd *ret,
	      struct err *err) _must_check_;
int conn_append(struct drda *c, const struct ddm_head *head, struct buf *dst, uint64_t keep,
		uint64_t *ret_total, struct err *err) _must_check_;
/* Read a SQLCARD. */
int conn_sqlca(struct drda *c, const struct ddm_head *head, struct sqlca *ret,
	       struct err *err) _must_check_;

/* Whether the reply refuses a command as such (SYNTAXRM …), which is a fault of ours or theirs. */
bool conn_is_refusal(unsigned cp);
/* A reply that refuses a command (SYNTAXRM …): E_PROTO with its name and parameters. */
int conn_refused(struct drda *c, const struct ddm_head *head, struct err *err) _must_check_;

/* Text in the connection's encoding as one DDM object, padded with blanks to `width`. */
int conn_put_text(struct drda *c, enum codepoint cp, const char *text, size_t width,
		  struct err *err) _must_check_;
/* The same without an object around it. */
int conn_put_chars(struct drda *c, const char *text, size_t width, struct err *err) _must_check_;
/* Text of n bytes in the connection's encoding; the caller frees; NULL when out of memory. */
char *conn_get_text(const struct drda *c, const uint8_t *p, size_t n);

/* A free section number, 0 when all are taken. */
unsigned conn_section_take(struct drda *c);
void conn_section_give(struct drda *c, unsigned section);

/* interrupt.c: ask the server to stop what runs; false when it cannot. */
bool interrupt_server(struct drda *c);

/*
 * message.c: turn a SQLCA into err (E_SERVER, E_CANCEL for what was
 * interrupted), with the server's own text, which is asked for when the line
 * is in order; `commit`: end the transaction with it.  Returns the code.
 */
int message_error(struct drda *c, const struct sqlca *ca, bool commit, struct err *err);
/* "42Y55: text" of a warning; the caller frees; NULL when out of memory or out of step. */
char *message_warning(struct drda *c, const struct sqlca *ca, bool commit);

#endif
