/*
 * A server that plays Splice Machine's side wherever it differs from Derby:
 * identity and client ids, the cancel token and its two procedures, warnings
 * with code +100, errors as reply DSSs with code -1, OPNQFLRM behind a failed
 * prepare, DECIMAL of 38 digits, ROWID.  It knows a handful of statements
 * (drda_splice.c has the table) and the user splice with password admin.
 */
#ifndef TESTS_SERVERS_DRDA_SPLICE_H
#define TESTS_SERVERS_DRDA_SPLICE_H

#include "base/err.h"

#include <stdbool.h>

struct drda_splice_options {
	bool old;             /* release 2.0: takes DNC clients only, and has no token */
	bool ebcdic;          /* does not grant Unicode */
	bool refuse_token;    /* SYSCS_KILL_DRDA_OPERATION is 4251P: only the local one works */
	bool cannot_kill;     /* neither does */
	const char *database; /* the only one there is; NULL: "splicedb" */
};

struct drda_splice;

int drda_splice_start(const struct drda_splice_options *options, struct drda_splice **ret,
		      struct err *err) __attribute__((warn_unused_result));
int drda_splice_port(const struct drda_splice *s);
/* Connections made so far. */
int drda_splice_connections(const struct drda_splice *s);
void drda_splice_stop(struct drda_splice *s);

#endif
