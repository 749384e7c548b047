/*
 * A database that answers from a script and writes down what it was asked.
 * For tests of what runs SQL; what a real server does is seen in tests/live.
 */
#ifndef TESTS_SERVERS_FAKE_DB_H
#define TESTS_SERVERS_FAKE_DB_H

#include "base/buf.h"
#include "notebook/db.h"

/*
 * The answer to statements that begin with `sql` (in any case).  columns:
 * "NAME TYPE,…" with TYPE int, bigint, double, decimal or varchar; rows:
 * "a|b;c|d", "-" is NULL.
 */
struct fake_reply {
	const char *sql;
	const char *state; /* with text: it fails */
	const char *text;
	const char *columns; /* NULL: an update */
	const char *rows;
	const char *warning; /* "42Y55: …" */
	int64_t count;       /* of an update; -1: none */
	int rows_then_break; /* the line breaks behind this many rows; 0: never */
	int times;           /* the reply is used this often; 0: always */
};

struct fake_db {
	struct fake_reply *replies; /* ends with sql NULL; the first that fits is used */
	enum db_server server;
	const char *schema;       /* NULL: "APP" */
	uint64_t refuse_row;      /* batch row that fails, counted from 1; 0: none */
	const char *refuse_state; /* its SQLSTATE */
	bool rows_at_once;        /* the batch answers within batch_add, not at the flush */
	struct buf log; /* "sql\n" each; batch rows as "row a|b\n"; "commit", "rollback" */
	bool broken;
	bool open; /* within a transaction */
};

/* f lives longer than the connection; log is initialised here and released by the caller. */
struct db *fake_db_open(struct fake_db *f);
/* The log so far, NUL-terminated; borrowed. */
const char *fake_db_log(struct fake_db *f);

#endif
