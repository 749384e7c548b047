/*
 * The XML answers of S3: an error, and one page of a listing.  Read with
 * expat; a document type declaration is refused, and unknown elements are
 * passed over.
 */
#ifndef PROTOCOL_AWS_S3_XML_H
#define PROTOCOL_AWS_S3_XML_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `{0}` is empty.  Members that the answer lacks are NULL. */
struct s3_error {
	char *code;    /* "NoSuchKey" */
	char *message; /* English, for people */
	char *region;  /* where the bucket is, when S3 says */
};

void s3_error_release(struct s3_error *e);
#define _cleanup_s3_error_ _cleanup_(s3_error_release)

struct s3_entry {
	char *key;     /* the whole key; of a prefix, with its delimiter */
	uint64_t size; /* 0 for a prefix */
	bool prefix;   /* keys go on below it */
};

struct s3_page {
	struct s3_entry *entries; /* in S3's order: UTF-8 bytes, keys and prefixes apart */
	size_t len;
	char *next; /* token of the page that follows; NULL at the end */
};

void s3_page_release(struct s3_page *p);
#define _cleanup_s3_page_ _cleanup_(s3_page_release)

/* E_PROTO when the text is no XML or no <Error>. */
int s3_xml_error(const void *text, size_t n, struct s3_error *ret, struct err *err) _must_check_;
/* E_PROTO when the text is no XML or no <ListBucketResult>. */
int s3_xml_page(const void *text, size_t n, struct s3_page *ret, struct err *err) _must_check_;

#endif
