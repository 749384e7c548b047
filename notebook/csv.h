/*
 * Records of a delimited file, streamed: memory holds one block and one
 * record, whatever the file's size.  Fields point into the block and are
 * valid until the next record.
 */
#ifndef NOTEBOOK_CSV_H
#define NOTEBOOK_CSV_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct csv_field {
	const char *p;
	size_t n;
	bool quoted; /* "" is an empty text, nothing at all is no value */
};

/* What keeps a record from being used. */
enum csv_flaw {
	CSV_GOOD,
	CSV_OPEN_QUOTE,  /* a quote is never closed (in its line, when lines are records) */
	CSV_AFTER_QUOTE, /* text between a closing quote and the delimiter */
	CSV_TOO_LONG,    /* longer than LIMIT_IMPORT_RECORD; raw holds its beginning */
};

struct csv_record {
	const struct csv_field *fields;
	size_t n_fields;
	const char *raw; /* the record as it stands in the file, without its line end */
	size_t raw_n;
	uint64_t line; /* its first line's number, from 1 */
	enum csv_flaw flaw;
};

struct csv_options {
	char delimiter;
	char quote;        /* 0: none */
	bool lines;        /* a record never spans lines */
	size_t max_record; /* 0: LIMIT_IMPORT_RECORD */
};

/* Up to n bytes (n is at least 8: any one character fits); *ret_n is 0 at the end only. */
typedef int csv_source_fn(void *userdata, char *p, size_t n, size_t *ret_n, struct err *err);

struct csv;

int csv_new(const struct csv_options *options, csv_source_fn *source, void *userdata,
	    struct csv **ret, struct err *err) _must_check_;
void csv_free(struct csv *c);
CLEANUP_DEFINE(struct csv *, csv_free)

/*
 * 1 and the next record, 0 at the end, or the source's error.  Empty lines
 * and a byte order mark at the beginning are passed over.
 */
int csv_next(struct csv *c, const struct csv_record **ret, struct err *err) _must_check_;
/* The block read ahead, for a look at the first bytes before the first record. */
int csv_peek(struct csv *c, const char **ret, size_t *ret_n, struct err *err) _must_check_;

#endif
