/*
 * SQLCA, the outcome of a statement (SQLCARD, and in front of rows).
 */
#ifndef DRDA_SQLCA_H
#define DRDA_SQLCA_H

#include "base/buf.h"

enum { SQLCA_ERRMC_MAX = 2400 };

struct sqlca {
	int32_t code;     /* negative: error; positive: warning or end of data */
	char state[6];    /* SQLSTATE; "00000" for a null SQLCA */
	char proc[9];     /* the server's product id */
	uint32_t errd[6]; /* [2] and, as its upper half, [3]: rows changed */
	char warn[12];
	uint16_t errmc_len;
	char errmc[SQLCA_ERRMC_MAX + 1]; /* arguments of the message, with 0x14 between them */
};

/* Read a SQLCAGRP; E_PROTO when it is cut short or its texts are too long. */
int sqlca_read(struct sqlca *ca, struct rd *r, struct err *err) _must_check_;

/* Errors have negative codes; what a code of +100 means, the state tells (Splice warns with it). */
bool sqlca_is_error(const struct sqlca *ca);
bool sqlca_is_end(const struct sqlca *ca); /* SQLSTATE 02000: no more rows */
bool sqlca_is_warning(const struct sqlca *ca);
/* The class of errors after which the server has rolled the transaction back. */
bool sqlca_is_rollback(const struct sqlca *ca);
int64_t sqlca_count(const struct sqlca *ca);

/*
 * Text made of the message's arguments alone, for when the server cannot be
 * asked for its own: "42X05: NOSUCH".
 */
void sqlca_text(const struct sqlca *ca, char *dst, size_t size);

#endif
