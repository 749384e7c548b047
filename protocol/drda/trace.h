/*
 * The readable wire trace: a line for each DDM object, with direction,
 * correlation id, names and lengths.  Passwords and parameter values are
 * never shown, literals in statement texts are masked.
 *
 *	> 1 EXCSAT 87 {EXTNAM "x" SRVNAM "h" … }
 *	< 3 SQLCARD 11 null
 *
 * In stable mode everything that differs from run to run is left out, so that
 * traces can be compared with golden files.
 */
#ifndef DRDA_TRACE_H
#define DRDA_TRACE_H

#include "protocol/drda/ddm.h"

struct drda_trace {
	int fd; /* borrowed; -1: no trace */
	bool stable;
	bool utf8; /* texts are UTF-8 now, no longer EBCDIC */
};

enum drda_direction { DRDA_SENT = '>', DRDA_RECEIVED = '<' };

/* A chain as it stands in a writer. */
void drda_trace_chain(const struct drda_trace *t, const struct buf *chain);
/* One object; body NULL when only its length is known or worth telling. */
void drda_trace_object(const struct drda_trace *t, enum drda_direction direction,
		       const struct ddm_head *head, const struct rd *body);
/* A remark between the objects. */
void drda_trace_note(const struct drda_trace *t, const char *text);

#endif
