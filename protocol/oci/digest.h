/*
 * Content digests: "sha256:" and 64 lower-case hex digits, as the registry
 * and the image formats name blobs (OCI Image Specification, "Digests").
 */
#ifndef PROTOCOL_OCI_DIGEST_H
#define PROTOCOL_OCI_DIGEST_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>

enum { OCI_DIGEST_SIZE = 72 };
#define OCI_DIGEST_PREFIX "sha256:"

/* A digest under way.  `{0}` may be released. */
struct oci_hash {
	void *ctx;
};

int oci_hash_init(struct oci_hash *h, struct err *err) _must_check_;
int oci_hash_add(struct oci_hash *h, const void *p, size_t n, struct err *err) _must_check_;
int oci_hash_end(struct oci_hash *h, char dst[OCI_DIGEST_SIZE], struct err *err) _must_check_;
void oci_hash_release(struct oci_hash *h);
#define _cleanup_oci_hash_ _cleanup_(oci_hash_release)

int oci_digest(const void *p, size_t n, char dst[OCI_DIGEST_SIZE], struct err *err) _must_check_;
/* Whether the text is a digest of this form; one that is may be part of a path. */
bool oci_digest_valid(const char *text);

#endif
