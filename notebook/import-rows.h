/*
 * Records of an import on their way into the table: converted, sent in a
 * batch, and written to the bad-record file when they do not convert or the
 * server refuses them.  Commits nothing and opens no input.
 */
#ifndef NOTEBOOK_IMPORT_ROWS_H
#define NOTEBOOK_IMPORT_ROWS_H

#include "notebook/csv.h"
#include "notebook/import-bad.h"
#include "notebook/import-table.h"

struct import_rows;

/* All but ret and err is borrowed for the life of the rows. */
int import_rows_new(struct db *db, const struct import_args *args, const struct import_table *table,
		    struct import_bad *bad, struct cancel *cancel, struct import_rows **ret,
		    struct err *err) _must_check_;
/* Rows that were not flushed are dropped. */
void import_rows_free(struct import_rows *r);
CLEANUP_DEFINE(struct import_rows *, import_rows_free)

/*
 * One record of the file `url`.  E_SERVER with the name SE009 when more
 * records are bad than the arguments allow; E_* of the bad-record file; the
 * server's own errors but for those that are a row's fault.
 */
int import_rows_add(struct import_rows *r, const char *url, const struct csv_record *record,
		    struct err *err) _must_check_;
/* Hear of all that was sent: what is refused goes into the file's log. */
int import_rows_flush(struct import_rows *r, struct err *err) _must_check_;

uint64_t import_rows_good(const struct import_rows *r); /* as of the last flush */
uint64_t import_rows_bad(const struct import_rows *r);

#endif
