/*
 * A front end in memory: what a magic puts out, as text.  Streams as they
 * are, bundles as their text/plain, a line each; their HTML is kept apart.
 */
#ifndef TESTS_SERVERS_SINK_H
#define TESTS_SERVERS_SINK_H

#include "base/buf.h"
#include "magics/magic.h"

struct sink {
	struct output out; /* first: its callbacks get it */
	struct buf plain;
	struct buf html;
	char *relay; /* Python that the last cell left to the child; NULL for none */
};

void sink_init(struct sink *s);
void sink_release(struct sink *s);

/* Run a cell's body; what it shows replaces what was there. */
int sink_run(struct sink *s, const struct magic *magic, struct notebook *nb, const char *body,
	     struct cancel *cancel, struct err *err) _must_check_;

/* Whether it shows the part; says what is there when not. */
bool sink_shown(const struct buf *b, const char *part);

#endif
