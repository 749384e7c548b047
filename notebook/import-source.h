/*
 * The bytes of a file to import as UTF-8: read from its URL, unpacked when it
 * is gzip (told by its first bytes), converted from its charset.  A character
 * that the charset does not know becomes 0xFF, which is never part of UTF-8, so
 * that the record it stands in is refused and no other.
 */
#ifndef NOTEBOOK_IMPORT_SOURCE_H
#define NOTEBOOK_IMPORT_SOURCE_H

#include "notebook/files.h"

struct import_source;

/* charset: an IANA or Java name; NULL is UTF-8.  E_INPUT for an unknown one. */
int import_source_open(struct files *files, const char *url, const char *charset,
		       const struct files_call *call, struct import_source **ret,
		       struct err *err) _must_check_;
void import_source_free(struct import_source *s);
CLEANUP_DEFINE(struct import_source *, import_source_free)

/* As csv_source_fn wants it; userdata is the source, n at least 8. */
int import_source_read(void *userdata, char *p, size_t n, size_t *ret_n,
		       struct err *err) _must_check_;
/* Bytes of the file read so far, and its size (-1: unknown). */
uint64_t import_source_done(const struct import_source *s);
int64_t import_source_size(const struct import_source *s);

#endif
