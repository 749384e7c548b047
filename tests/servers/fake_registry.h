/*
 * An image registry for tests, with faults: uploads in parts with their
 * state, blobs and manifests in memory, Basic or Bearer authentication.  It
 * checks digests and ranges as the Distribution Specification asks for.
 */
#ifndef TESTS_SERVERS_FAKE_REGISTRY_H
#define TESTS_SERVERS_FAKE_REGISTRY_H

#include "base/buf.h"
#include "tests/servers/fake_http.h"

enum fake_registry_kind {
	REGISTRY_FINE,
	REGISTRY_STATUS, /* answers `status`, `headers`, `body` and does nothing */
	REGISTRY_CUT,    /* of a PATCH keeps `n` bytes, then resets the connection */
	REGISTRY_KEEP,   /* of a PATCH keeps `n` bytes and says so */
	REGISTRY_LIE,    /* keeps all, and says that it has `n` bytes more */
	REGISTRY_RUIN,   /* keeps all, with a bit turned */
	REGISTRY_FORGET, /* does not know the upload any more */
	REGISTRY_LOSE,   /* acts, then resets the connection */
	REGISTRY_SILENT, /* nothing at all */
};

/* What happens to request number `nth` (from 1; 0: each) of a method. */
struct fake_registry_fault {
	const char *method; /* NULL ends the list */
	unsigned nth;
	enum fake_registry_kind kind;
	size_t n;
	int status;
	const char *headers, *body;
};

enum { FAKE_REGISTRY_BLOBS = 8, FAKE_REGISTRY_METHODS = 8, FAKE_REGISTRY_FAULTS = 8 };

struct fake_registry {
	struct fake_registry_fault faults[FAKE_REGISTRY_FAULTS];
	const char *basic; /* base64 of user:password that it wants */
	bool tokens;       /* wants a Bearer token, for which it wants `basic` */
	size_t least_part; /* OCI-Chunk-Min-Length */

	struct fake_http *server;
	struct buf upload; /* the one under way */
	bool uploading;
	unsigned uploads; /* begun */
	unsigned state;   /* part of the Location: an old one is refused */
	char digests[FAKE_REGISTRY_BLOBS][80];
	size_t n_blobs;
	char *manifest; /* put last */
	char tag[64];
	struct {
		char method[16];
		unsigned n;
	} seen[FAKE_REGISTRY_METHODS];
	struct buf log; /* "METHOD target range" lines */
};

void fake_registry_start(struct fake_registry *f);
void fake_registry_stop(struct fake_registry *f);
bool fake_registry_has(const struct fake_registry *f, const char *digest);
/* How many requests with this method came. */
unsigned fake_registry_count(const struct fake_registry *f, const char *method);

#endif
