/*
 * For tests: a session over a connection that they made.
 */
#ifndef NOTEBOOK_SESSION_INT_H
#define NOTEBOOK_SESSION_INT_H

#include "notebook/session.h"

/* Takes db. */
void session_adopt(struct session *s, struct db *db);

#endif
