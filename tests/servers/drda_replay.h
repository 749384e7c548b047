/*
 * A DRDA server that plays a recorded session: it answers the client's k-th
 * chain with the recording's k-th answer, after comparing what the client
 * sent byte for byte.  Faults can be put into what it sends.  The same thread
 * can instead record such a session, between a client and a real server.
 *
 * A recording is pairs of records, request then answer, each a big-endian
 * length of four bytes and so many bytes.
 */
#ifndef TESTS_SERVERS_DRDA_REPLAY_H
#define TESTS_SERVERS_DRDA_REPLAY_H

#include "base/buf.h"

struct drda_fault {
	size_t cut;    /* close after so many bytes sent; SIZE_MAX: never */
	size_t slice;  /* send so many bytes at a time; 0: all */
	size_t poke;   /* overwrite two bytes at this offset of all that is sent … */
	unsigned with; /* … with these, and close when the answer is sent; SIZE_MAX: do not */
};

#define DRDA_NO_FAULT ((struct drda_fault){.cut = SIZE_MAX, .poke = SIZE_MAX})

struct drda_replay;

/* Listen on a free port of the loopback, for one client. */
int drda_replay_start(const struct buf *recording, struct drda_fault fault,
		      struct drda_replay **ret, struct err *err) _must_check_;
/* The same, forwarding to a real server; *recording is written when the client has left. */
int drda_record_start(struct buf *recording, int server_port, struct drda_replay **ret,
		      struct err *err) _must_check_;
int drda_replay_port(const struct drda_replay *r);
/*
 * Wait for the thread and free.  0, or E_PROTO with the place where the
 * client's bytes differ from the recording (not with a fault).
 */
int drda_replay_stop(struct drda_replay *r, struct err *err) _must_check_;

/* Offsets in all that the server sends of every length of a DSS, a segment and a DDM object. */
size_t drda_replay_lengths(const struct buf *recording, size_t *offsets, size_t max);
/* Bytes that the server sends. */
size_t drda_replay_size(const struct buf *recording);

#endif
