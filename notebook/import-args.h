/*
 * The arguments of SYSCS_UTIL.IMPORT_DATA and its siblings, read from the
 * CALL statement or given one by one (the bridge).
 */
#ifndef NOTEBOOK_IMPORT_ARGS_H
#define NOTEBOOK_IMPORT_ARGS_H

#include "base/cleanup.h"
#include "base/str.h"

enum { IMPORT_ARGS = 13 };

struct import_args {
	char *schema;        /* as the catalog holds it; NULL: the current one */
	char *table;         /* as the catalog holds it */
	struct strv columns; /* the same; empty: all */
	char *file;          /* URL of a file or folder */
	char delimiter;
	char quote;             /* 0: none */
	char *timestamp_format; /* NULL: the default */
	char *date_format;
	char *time_format;
	int64_t max_bad; /* -1: any number */
	char *bad_dir;   /* NULL: where the file is */
	bool one_line;
	char *charset; /* NULL: UTF-8 */
	bool replace;  /* LOAD_REPLACE: the table is emptied first */
};

/* values[i] is NULL for a null argument.  E_INPUT naming the argument. */
int import_args_set(const char *const values[IMPORT_ARGS], struct import_args *ret,
		    struct err *err) _must_check_;
/* From `call SYSCS_UTIL.NAME (…)`; the two further arguments of BULK_IMPORT_HFILE are ignored. */
int import_args_parse(const char *sql, size_t n, struct import_args *ret,
		      struct err *err) _must_check_;
void import_args_release(struct import_args *a);

#define _cleanup_import_args_ _cleanup_(import_args_release)

#endif
