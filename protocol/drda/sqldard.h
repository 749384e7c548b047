/*
 * Column descriptions: SQLDARD (of a prepared statement) and SQLCINRD (of a
 * result set that a CALL returns), both in the extended form.
 */
#ifndef DRDA_SQLDARD_H
#define DRDA_SQLDARD_H

#include "base/value.h"
#include "protocol/drda/sqlca.h"

/* `{0}` is empty. */
struct sqldard {
	struct column *columns; /* owned */
	size_t n;
};

void sqldard_release(struct sqldard *d);

/* A SQLDARD; its SQLCA is stored in *ca. */
int sqldard_read(struct sqldard *ret, struct sqlca *ca, struct rd *r, struct err *err) _must_check_;
/* A SQLCINRD: the same without a SQLCA. */
int sqldard_read_result_set(struct sqldard *ret, struct rd *r, struct err *err) _must_check_;

#endif
