/*
 * A layer: files as a gzipped tar, the same bytes on every machine and at
 * every time.  Entries are sorted, folders come by themselves, times are 0,
 * owner is root without a name, and the gzip header holds neither time nor
 * system.  (The bytes also depend on zlib: another build of it may compress
 * otherwise, which costs one upload and nothing else.)
 *
 * Specification: OCI Image Specification 1.0, "Image Layer Filesystem
 * Changeset"; POSIX ustar.
 */
#ifndef PROTOCOL_OCI_LAYER_H
#define PROTOCOL_OCI_LAYER_H

#include "base/cancel.h"
#include "protocol/oci/layout.h"

/* One entry; everything borrowed.  With neither source nor data it is a folder. */
struct oci_file {
	const char *path;   /* in the image: "usr/bin/x", no slash in front, no dots as names */
	unsigned mode;      /* permission bits; 0: 0755 */
	const char *source; /* file of this machine, or */
	const void *data;   /* bytes */
	size_t size;
};

struct oci_layer {
	struct oci_blob blob;          /* what is stored and sent */
	char diff_id[OCI_DIGEST_SIZE]; /* of the tar before compression */
};

/*
 * Write the layer into the layout.  The order of files does not matter;
 * E_INPUT for a path twice or one that leaves the root.
 */
int oci_layer_write(const char *layout, const struct oci_file *files, size_t n,
		    struct cancel *cancel, struct oci_layer *ret, struct err *err) _must_check_;

#endif
