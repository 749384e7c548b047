/*
 * The bad-record files of an import: one for each input file that has bad
 * records, `FOLDER/FILE.bad_<32 hex>_0`, made with its first record.  A line
 * holds the SQLSTATE, the message, the number of columns of table and file,
 * the bad column with its value, and the record in brackets as it stands in
 * the file (line ends written as \n).
 */
#ifndef NOTEBOOK_IMPORT_BAD_H
#define NOTEBOOK_IMPORT_BAD_H

#include "notebook/convert.h"
#include "notebook/files.h"

struct import_bad;

/* folder: a URL; NULL is where the input file lies.  Nothing is written yet. */
int import_bad_new(struct files *files, const char *folder, const struct files_call *call,
		   struct import_bad **ret, struct err *err) _must_check_;
/* What is not finished stays on disk. */
void import_bad_free(struct import_bad *b);
CLEANUP_DEFINE(struct import_bad *, import_bad_free)

/* Records from now on are of this input file (a URL); the file before is finished. */
int import_bad_begin(struct import_bad *b, const char *url, struct err *err) _must_check_;

struct bad_record {
	const struct flaw *flaw;
	size_t table_columns;
	size_t file_columns;
	const struct csv_field *value; /* of the bad column; NULL when there is none */
	const char *raw;
	size_t raw_n;
	uint64_t line;
};

int import_bad_write(struct import_bad *b, const struct bad_record *record,
		     struct err *err) _must_check_;
/* Make all of it durable. */
int import_bad_finish(struct import_bad *b, struct err *err) _must_check_;
/* Where bad records are: the file, the folder when there are several, "NONE".  Borrowed. */
const char *import_bad_place(const struct import_bad *b);
/* The file's name is one that an import gives to its bad records, ours or a Splice server's. */
bool import_bad_is_log(const char *name);

#endif
