/*
 * Between registry.c (what is asked), registry-request.c (one request: where
 * to, credentials, trying again, errors) and registry-upload.c (one blob).
 */
#ifndef PROTOCOL_OCI_REGISTRY_INT_H
#define PROTOCOL_OCI_REGISTRY_INT_H

#include "protocol/http/http.h"
#include "protocol/oci/registry.h"

enum {
	REGISTRY_TRIES = 5,
	REGISTRY_RETRY_MS = 200,
	REGISTRY_RETRY_MAX_MS = 10000,
	REGISTRY_HEADERS = 4, /* of a call */
};

struct registry {
	struct http_client *http;
	char *origin; /* "https://host:port", no slash */
	char *user, *password;
	char *authorization; /* "Bearer …" of the last token; NULL: none yet */
	bool basic;          /* it wants user and password with each request */
	int retry_after_s;   /* the server asked for; 0: nothing */
	size_t part;
	int retry_ms;
	int stall_ms;
};

struct registry_call {
	const char *method;
	const char *url;        /* absolute, or a path of the registry */
	const char *repository; /* that it is about: the token's scope; NULL for none */
	const struct http_header *headers;
	size_t n_headers;
	const void *body;
	size_t body_len;
	bool one_try; /* trying again is the caller's business: the server keeps state */
	struct cancel *cancel;
};

/* An answer whose status is not a success is an error, told as the registry tells it. */
int registry_perform(struct registry *r, const struct registry_call *call,
		     struct http_response *ret, struct err *err) _must_check_;
/* Whether a request that failed so may succeed by itself a little later. */
bool registry_passes(const struct err *err);
/* The wait before the next try; honours what the server asked for last. */
int registry_wait(struct registry *r, int tries, struct cancel *cancel,
		  struct err *err) _must_check_;

/* "/v2/REPOSITORY/WHAT"; the caller frees.  NULL when out of memory. */
char *registry_path(const char *repository, const char *what);

/* Told of each part that arrived: bytes of this blob so far. */
typedef void upload_progress_fn(void *userdata, uint64_t done);

struct upload_request {
	const char *repository;
	const char *file; /* of the blob */
	const struct oci_blob *blob;
	upload_progress_fn *progress;
	void *userdata;
	struct cancel *cancel;
};
int registry_upload(struct registry *r, const struct upload_request *request,
		    struct err *err) _must_check_;

#endif
