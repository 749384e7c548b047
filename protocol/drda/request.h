/*
 * The requests of a statement's life, one function each: they append to the
 * chain in c->out and return the correlation id that the answer will carry.
 * Failures are those of the buffer and of the encoding, which conn_send
 * tells; a request whose names cannot be encoded is refused at connect.
 */
#ifndef DRDA_REQUEST_H
#define DRDA_REQUEST_H

#include "protocol/drda/conn-int.h"
#include "protocol/drda/fdoca.h"

/* PRPSQLSTT: prepare, and describe the columns. */
unsigned request_prepare(struct drda *c, unsigned section, const char *sql, size_t n);
/* DSCSQLSTT: describe the parameters. */
unsigned request_describe_params(struct drda *c, unsigned section);
/* EXCSQLIMM: run a text that has no parameters and is no query. */
unsigned request_execute_immediate(struct drda *c, unsigned section, const char *sql, size_t n);

enum request_results {
	RESULTS_NONE,
	RESULTS_SETS,   /* a CALL's result sets */
	RESULTS_OUTPUT, /* a CALL's output parameters */
};

/* What binds values to the markers: descriptions and values, n of each. */
struct request_params {
	const struct fdoca_param *params;
	const struct value *values;
	size_t n;
};

/* EXCSQLSTT: run what was prepared. */
unsigned request_execute(struct drda *c, unsigned section, const struct request_params *p,
			 enum request_results results);
/* OPNQRY: the same for a query; the first block of rows comes with the answer. */
unsigned request_open(struct drda *c, unsigned section, const struct request_params *p);

/* A cursor as the server names it in OPNQRYRM or RSLSETRM. */
struct request_cursor {
	uint8_t package[2048]; /* PKGNAMCSN */
	size_t n_package;
	uint8_t instance[8]; /* QRYINSID */
};

/* CNTQRY: more rows.  CLSQRY: no more. */
unsigned request_fetch(struct drda *c, const struct request_cursor *cursor);
unsigned request_close(struct drda *c, const struct request_cursor *cursor);
/* The package and section that request_open used. */
int request_own_cursor(struct drda *c, unsigned section, struct request_cursor *ret,
		       struct err *err) _must_check_;

unsigned request_commit(struct drda *c);
unsigned request_rollback(struct drda *c);

/* Whether PKGNAMCSN can be written for this connection's database; checked at connect. */
int request_check(struct drda *c, struct err *err) _must_check_;

#endif
