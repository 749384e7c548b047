/*
 * SYSCS_UTIL.IMPORT_DATA for servers that have none: files are read here,
 * converted to the table's types and sent as batched inserts.  Records that
 * do not convert, and rows that the server refuses, go to a bad-record file.
 *
 * All or nothing: with autocommit on, one transaction that is committed at
 * the end; within a transaction of the user's, a savepoint.  After any
 * failure (too many bad records, a bad-record file that cannot be written,
 * a cancel) the table is as it was before.
 */
#ifndef NOTEBOOK_IMPORT_H
#define NOTEBOOK_IMPORT_H

#include "notebook/db.h"
#include "notebook/files.h"
#include "notebook/import-args.h"

struct import_progress {
	const char *file;     /* URL being read */
	uint64_t bytes_done;  /* of all files so far */
	uint64_t bytes_total; /* 0: unknown */
	uint64_t rows;        /* read, bad ones included */
	uint64_t bad;
};

/* Heard of often (every few hundred rows); the hearer throttles.  Members may be NULL. */
struct import_hooks {
	void (*progress)(void *userdata, const struct import_progress *p);
	void (*notice)(void *userdata, const char *text);
	void *userdata;
	struct cancel *cancel;
};

/* The row that Splice Machine's procedure returns. */
struct import_result {
	uint64_t rows;    /* rowsImported */
	uint64_t failed;  /* failedRows */
	uint64_t files;   /* files */
	uint64_t bytes;   /* dataSize */
	char *failed_log; /* failedLog: the bad-record place or NONE; owned */
};

/*
 * Errors carry the names of the procedure's: SE009 too many bad records,
 * X0X14 no such file; the server's own otherwise (42X05 no such table).
 */
int import_run(struct db *db, struct files *files, const struct import_args *args,
	       const struct import_hooks *hooks, struct import_result *ret,
	       struct err *err) _must_check_;
void import_result_release(struct import_result *r);

#endif
