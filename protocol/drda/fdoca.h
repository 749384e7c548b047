/*
 * FD:OCA, the description of data on the wire: which columns a QRYDSC
 * announces, rows read by it, and parameters written with a description of
 * our own (FDODSC, FDODTA).
 */
#ifndef DRDA_FDOCA_H
#define DRDA_FDOCA_H

#include "base/value.h"
#include "protocol/drda/dss.h"

/* How a column lies on the wire. */
enum fdoca_form {
	FORM_INT2,
	FORM_INT4,
	FORM_INT8,
	FORM_FLOAT4,
	FORM_FLOAT8,
	FORM_BOOLEAN,
	FORM_DECIMAL,   /* packed, precision and scale */
	FORM_FIXED,     /* `length` bytes */
	FORM_TIMESTAMP, /* `length` characters, to be put in our form */
	FORM_COUNTED,   /* two-byte length, bytes */
	FORM_OPAQUE,    /* two-byte length, bytes nobody here can read */
	FORM_LOB,       /* a placeholder of `length` bytes; the value comes as EXTDTA */
};

struct fdoca_column {
	enum fdoca_form form;
	enum value_type type;
	bool nullable;
	uint8_t precision, scale; /* FORM_DECIMAL */
	uint16_t length;          /* bytes on the wire, where fixed */
};

/* A row's description; `{0}` is empty. */
struct fdoca_row {
	struct fdoca_column *columns; /* owned */
	size_t n;
	size_t n_lobs;
};

void fdoca_row_release(struct fdoca_row *row);

/*
 * Read a QRYDSC.  E_UNSUPPORTED for a type that nobody here knows (the text
 * says which column), E_PROTO for what is no description.
 */
int fdoca_read_description(struct fdoca_row *ret, struct rd *r, struct err *err) _must_check_;

/*
 * Memory for the texts of one row (decimals, placeholders).  Sized once by
 * fdoca_scratch_size, so that rows cost no allocation.
 */
size_t fdoca_scratch_size(const struct fdoca_row *row);

/*
 * Read one row's columns (behind its SQLCA and data indicator) into
 * values[row->n].  Texts and bytes stay in the data or in scratch; a
 * timestamp is put into our form in place, so the data is written to.  A LOB
 * with a value has s.p NULL and s.n 1 until its EXTDTA is there; an empty one
 * s.n 0.  r->short_ is set when the data ends within the row.  E_PROTO for
 * what fits no value.
 */
int fdoca_read_row(const struct fdoca_row *row, struct rd *r, struct value *values, char *scratch,
		   struct err *err) _must_check_;

/* Pass over one row's columns in the same place, without looking at their values. */
int fdoca_skip_row(const struct fdoca_row *row, struct rd *r, struct err *err) _must_check_;

/*
 * What a parameter is sent as.  Kept over the rows of a batch: a null does
 * not change it, so that the description seldom has to be made anew.
 */
struct fdoca_param {
	uint8_t type;             /* FD:OCA type, nullable */
	uint8_t precision, scale; /* of a decimal, by the server's description */
	bool lob;                 /* goes as EXTDTA */
};

/* What the server told about a parameter; `column` NULL when it was not asked. */
void fdoca_param_init(struct fdoca_param *p, const struct column *column);
/* Make p fit the value; true when it changed. */
bool fdoca_param_fit(struct fdoca_param *p, const struct value *v);

/* Append the description of n parameters (FDODSC's data). */
void fdoca_put_description(struct buf *b, const struct fdoca_param *params, size_t n);
/* Append the values (FDODTA's data); they fit their parameters. */
void fdoca_put_values(struct buf *b, const struct fdoca_param *params, const struct value *values,
		      size_t n);
/* Append the data of one EXTDTA. */
void fdoca_put_external(struct buf *b, const struct value *v);
/* The value is sent as EXTDTA. */
bool fdoca_is_external(const struct fdoca_param *p, const struct value *v);

#endif
