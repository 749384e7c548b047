/*
 * The memory against replays: which signatures were seen among the last
 * 32,768 to 65,536 messages, in two generations of hashes.  A signature is
 * an HMAC, so that its first 64 bits cannot be chosen by a peer without the
 * key.
 */
#ifndef PROTOCOL_JUPYTER_REPLAY_H
#define PROTOCOL_JUPYTER_REPLAY_H

#include "base/err.h"

#include <stdint.h>

enum { REPLAY_GENERATION = 32768 };

struct replay_set {
	uint64_t *slots; /* open addressing; 0 is free */
	uint32_t n_slots, used;
};

struct replay {
	struct replay_set now, before;
};

void replay_release(struct replay *r);
/* 1 when the signature is new (and remembered now), 0 when it was seen, or E_NOMEM. */
int replay_add(struct replay *r, uint64_t signature, struct err *err)
	__attribute__((warn_unused_result));

#endif
