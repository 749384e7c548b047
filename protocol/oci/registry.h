/*
 * A client of image registries: what an image lacks there is uploaded, then
 * its manifest.
 *
 * Layers go in parts, and an upload that was cut is gone on with where the
 * registry says that it has them; one that the registry lost, or whose digest
 * does not fit, starts over.  Requests that met a full or broken server (429,
 * 5xx, a lost connection) are sent again with growing, random waits, or after
 * the time that Retry-After names.  Whoever asks for credentials gets them by
 * the challenge's own scheme: Basic, or a token fetched with Basic.  They are
 * sent to the registry and to its realm alone.
 *
 * Errors that the registry reports carry its code as err->name:
 *   E_NOTFOUND  NAME_UNKNOWN, MANIFEST_UNKNOWN, BLOB_UNKNOWN
 *   E_AUTH      UNAUTHORIZED, DENIED
 *   E_EXISTS    a tag that may not be changed (TAG_INVALID of an immutable repository)
 *   E_SERVER    anything else it reports
 *   E_PROTO     an answer that the specification does not allow
 * A client belongs to one thread at a time.
 *
 * Specification: OCI Distribution Specification 1.1; Distribution's "HTTP API V2".
 */
#ifndef PROTOCOL_OCI_REGISTRY_H
#define PROTOCOL_OCI_REGISTRY_H

#include "base/cancel.h"
#include "protocol/oci/image.h"

#include <stdbool.h>

struct registry;

struct registry_options {
	const char *url;             /* "https://host", "http://host:5000": no path; required */
	const char *user, *password; /* NULL: anonymous */
	const char *ca_file;         /* NULL: the system's */
	size_t part;                 /* bytes of one part of an upload; 0: 8 MiB */
	int retry_ms;                /* first wait; 0: 200 ms */
	int stall_ms;                /* longest silence; 0: 60 s */
};

/* Everything is copied.  E_INPUT for an address that is no http(s) origin. */
int registry_new(const struct registry_options *options, struct registry **ret,
		 struct err *err) _must_check_;
void registry_free(struct registry *r);
CLEANUP_DEFINE(struct registry *, registry_free)

/* Whether it is there, speaks the protocol and takes the credentials. */
int registry_ping(struct registry *r, struct cancel *cancel, struct err *err) _must_check_;

int registry_has_blob(struct registry *r, const char *repository, const char *digest,
		      struct cancel *cancel, bool *ret, struct err *err) _must_check_;
/* The digest that a tag stands for; E_NOTFOUND. */
int registry_resolve(struct registry *r, const char *repository, const char *tag,
		     struct cancel *cancel, char ret[OCI_DIGEST_SIZE],
		     struct err *err) _must_check_;

/* What has been sent or was there already, of all that belongs to the image, in bytes. */
typedef void registry_progress_fn(void *userdata, uint64_t done, uint64_t total);

struct registry_push {
	const char *repository;         /* "splice-scorer" */
	const char *tag;                /* 1 … 128 of letters, digits, `_`, `.`, `-` */
	registry_progress_fn *progress; /* may be NULL */
	void *userdata;
	struct cancel *cancel; /* may be NULL */
};
/* Blobs that are not there, then the manifest under the tag.  Safe to repeat. */
int registry_push(struct registry *r, const struct oci_image *image,
		  const struct registry_push *push, struct err *err) _must_check_;

#endif
