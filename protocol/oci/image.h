/*
 * An image: a configuration, layers, and the manifest that names them.  The
 * same input gives the same bytes: JSON with sorted keys and without blanks,
 * no time of making.
 *
 * Two manifests describe the same blobs.  The layout folder gets an OCI one
 * (OCI Image Specification 1.0), since that is what a layout holds.  What is
 * pushed is Docker's image manifest V2 schema 2: SageMaker refuses OCI's
 * media types ("Unsupported manifest media type"), and ECR and every other
 * registry take both.
 */
#ifndef PROTOCOL_OCI_IMAGE_H
#define PROTOCOL_OCI_IMAGE_H

#include "protocol/oci/layer.h"

#define OCI_DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"

struct oci_label {
	const char *name;
	const char *value; /* NULL: left out */
};

/* Everything borrowed. */
struct oci_config {
	const char *architecture;      /* "amd64" */
	const char *user;              /* "65532:65532"; numbers need no /etc/passwd */
	const char *const *entrypoint; /* exec form, NULL-terminated */
	const char *const *cmd;        /* arguments unless others are given; may be NULL */
	const char *const *env;        /* "NAME=value", NULL-terminated; may be NULL */
	int port;                      /* exposed; 0: none */
	const struct oci_label *labels;
	size_t n_labels;
};

/* `{0}` is empty.  Owns its memory, not the layout. */
struct oci_image {
	char *layout;
	struct oci_blob config;
	struct oci_layer *layers;
	size_t n_layers;
	char *manifest; /* the one to push: OCI_DOCKER_MANIFEST */
	char digest[OCI_DIGEST_SIZE];
};
void oci_image_release(struct oci_image *i);
#define _cleanup_oci_image_ _cleanup_(oci_image_release)

/* Configuration, manifests and index into the layout, which holds the layers; tag names the image
 * there. */
int oci_image_write(const char *layout, const struct oci_config *config,
		    const struct oci_layer *layers, size_t n, const char *tag,
		    struct oci_image *ret, struct err *err) _must_check_;

#endif
