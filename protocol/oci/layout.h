/*
 * A folder in the OCI image layout: blobs named by their digest, an index of
 * manifests.  Everything an image consists of is written here once and pushed
 * from here; tools such as skopeo read it as `oci:FOLDER:TAG`.
 *
 * Blobs are written beside and renamed, so a folder that was left behind half
 * done is gone on with.  Specification: OCI Image Layout 1.0.
 */
#ifndef PROTOCOL_OCI_LAYOUT_H
#define PROTOCOL_OCI_LAYOUT_H

#include "protocol/oci/digest.h"

#include <stdint.h>

struct oci_blob {
	char digest[OCI_DIGEST_SIZE];
	uint64_t size;
};

/* Make the folder, or take one that is there. */
int oci_layout_make(const char *layout, struct err *err) _must_check_;
/* The blob's file; the caller frees. */
int oci_layout_path(const char *layout, const char *digest, char **ret,
		    struct err *err) _must_check_;
/* A small blob from memory. */
int oci_layout_put(const char *layout, const void *p, size_t n, struct oci_blob *ret,
		   struct err *err) _must_check_;

/* A blob that is written piece by piece.  Released without finish, it leaves nothing. */
struct oci_blob_writer {
	int fd;
	char *temporary;
	const char *layout; /* borrowed */
	struct oci_hash hash;
	uint64_t size;
};
int oci_blob_begin(const char *layout, struct oci_blob_writer *ret, struct err *err) _must_check_;
int oci_blob_write(struct oci_blob_writer *w, const void *p, size_t n,
		   struct err *err) _must_check_;
int oci_blob_finish(struct oci_blob_writer *w, struct oci_blob *ret, struct err *err) _must_check_;
void oci_blob_writer_release(struct oci_blob_writer *w);
#define _cleanup_oci_blob_writer_ _cleanup_(oci_blob_writer_release)

#endif
