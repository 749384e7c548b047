/* The faulty registry. */
#include "tests/servers/fake_registry.h"

#include "base/limits.h"
#include "base/str.h"
#include "protocol/oci/digest.h"

#include <stdio.h>
#include <string.h>

#define TOKEN "a-token"

static unsigned count_method(struct fake_registry *f, const char *method)
{
	for (size_t i = 0; i < FAKE_REGISTRY_METHODS; i++) {
		if (*f->seen[i].method && !str_eq(f->seen[i].method, method))
			continue;
		snprintf(f->seen[i].method, sizeof(f->seen[i].method), "%s", method);
		return ++f->seen[i].n;
	}
	abort();
}

unsigned fake_registry_count(const struct fake_registry *f, const char *method)
{
	for (size_t i = 0; i < FAKE_REGISTRY_METHODS; i++)
		if (str_eq(f->seen[i].method, method))
			return f->seen[i].n;
	return 0;
}

static const struct fake_registry_fault *find_fault(const struct fake_registry *f,
						    const char *method, unsigned nth)
{
	static const struct fake_registry_fault none = {.kind = REGISTRY_FINE};

	for (size_t i = 0; i < FAKE_REGISTRY_FAULTS && f->faults[i].method; i++)
		if (str_eq(f->faults[i].method, method) &&
		    (f->faults[i].nth == nth || !f->faults[i].nth))
			return &f->faults[i];
	return &none;
}

bool fake_registry_has(const struct fake_registry *f, const char *digest)
{
	for (size_t i = 0; i < f->n_blobs; i++)
		if (str_eq(f->digests[i], digest))
			return true;
	return false;
}

static void refuse(struct fake_reply *reply, int status, const char *code)
{
	reply->status = status;
	buf_printf(&reply->body, "{\"errors\":[{\"code\":\"%s\",\"message\":\"because\"}]}", code);
}

/* --- authentication --- */

static bool has_header(const struct fake_request *req, const char *prefix, const char *value)
{
	_cleanup_free_ char *line = str_fmt("\nAuthorization: %s %s\n", prefix, value);
	_cleanup_free_ char *headers = str_fmt("\n%s", req->headers);

	return strstr(headers, line);
}

/* True when the request was answered: it came without what is wanted. */
static bool check_access(struct fake_registry *f, const struct fake_request *req,
			 struct fake_reply *reply)
{
	if (str_starts(req->target, "/token")) {
		if (f->basic && !has_header(req, "Basic", f->basic))
			refuse(reply, 401, "UNAUTHORIZED");
		else
			buf_put_str(&reply->body, "{\"token\":\"" TOKEN "\"}");
		return true;
	}
	if (f->tokens ? has_header(req, "Bearer", TOKEN)
		      : !f->basic || has_header(req, "Basic", f->basic))
		return false;
	refuse(reply, 401, "UNAUTHORIZED");
	snprintf(reply->headers, sizeof(reply->headers),
		 f->tokens ? "WWW-Authenticate: Bearer realm=\"%s/token\",service=\"a b\"\r\n"
			   : "WWW-Authenticate: Basic realm=\"%s\"\r\n",
		 fake_http_url(f->server));
	return true;
}

/* --- uploads --- */

static void tell_state(struct fake_registry *f, struct fake_reply *reply, int status, size_t more)
{
	size_t has = f->upload.len + more;

	reply->status = status;
	snprintf(reply->headers, sizeof(reply->headers),
		 "Location: /v2/r/blobs/uploads/%u?state=%u\r\nRange: 0-%zu\r\n", f->uploads,
		 ++f->state, has ? has - 1 : 0);
}

static void begin(struct fake_registry *f, struct fake_reply *reply)
{
	size_t at;

	buf_clear(&f->upload);
	f->uploading = true;
	f->uploads++;
	tell_state(f, reply, 202, 0);
	at = strlen(reply->headers);
	if (f->least_part)
		snprintf(reply->headers + at, sizeof(reply->headers) - at,
			 "OCI-Chunk-Min-Length: %zu\r\n", f->least_part);
}

static void take_part(struct fake_registry *f, const struct fake_request *req,
		      const struct fake_registry_fault *fault, struct fake_reply *reply)
{
	bool part = fault->kind == REGISTRY_CUT || fault->kind == REGISTRY_KEEP;
	const char *range = str_find_ci(req->headers, "Content-Range: ");
	size_t n = part ? fault->n : req->body.len;
	uint64_t first = 0;
	_cleanup_free_ char *text = NULL;

	range = range ? range + strlen("Content-Range: ") : "";
	text = str_ndup(range, strcspn(range, "-"));
	if (str_parse_u64(text, &first, NULL) < 0 || first != f->upload.len) {
		refuse(reply, 416, "BLOB_UPLOAD_INVALID");
		return;
	}
	buf_put(&f->upload, req->body.data, n < req->body.len ? n : req->body.len);
	if (fault->kind == REGISTRY_RUIN)
		f->upload.data[0] ^= 1;
	tell_state(f, reply, 202, fault->kind == REGISTRY_LIE ? fault->n : 0);
	if (fault->kind == REGISTRY_CUT)
		reply->fault = FAKE_RESET;
}

static void finish(struct fake_registry *f, const struct fake_request *req,
		   struct fake_reply *reply)
{
	const char *wanted = strstr(req->target, "digest=sha256%3A");
	char digest[OCI_DIGEST_SIZE];

	if (oci_digest(f->upload.data, f->upload.len, digest, NULL) < 0 || !wanted)
		abort();
	if (!str_eq(wanted + strlen("digest=sha256%3A"), digest + strlen(OCI_DIGEST_PREFIX))) {
		refuse(reply, 400, "DIGEST_INVALID");
		return;
	}
	if (f->n_blobs == FAKE_REGISTRY_BLOBS)
		abort();
	snprintf(f->digests[f->n_blobs++], sizeof(f->digests[0]), "%s", digest);
	f->uploading = false;
	reply->status = 201;
}

static void serve_upload(struct fake_registry *f, const struct fake_request *req,
			 const struct fake_registry_fault *fault, struct fake_reply *reply)
{
	_cleanup_free_ char *here =
		str_fmt("/v2/r/blobs/uploads/%u?state=%u", f->uploads, f->state);

	if (fault->kind == REGISTRY_FORGET)
		f->uploading = false;
	if (str_eq(req->method, "POST"))
		begin(f, reply);
	else if (!f->uploading)
		refuse(reply, 404, "BLOB_UPLOAD_UNKNOWN");
	else if (str_eq(req->method, "GET"))
		tell_state(f, reply, 204, fault->kind == REGISTRY_LIE ? fault->n : 0);
	else if (!str_starts(req->target, here))
		refuse(reply, 400, "BLOB_UPLOAD_INVALID");
	else if (str_eq(req->method, "PATCH"))
		take_part(f, req, fault, reply);
	else
		finish(f, req, reply);
}

/* --- the rest --- */

static void serve_manifest(struct fake_registry *f, const struct fake_request *req,
			   struct fake_reply *reply)
{
	char digest[OCI_DIGEST_SIZE];

	if (str_eq(req->method, "PUT")) {
		free(f->manifest);
		f->manifest = str_ndup((const char *)req->body.data, req->body.len);
		snprintf(f->tag, sizeof(f->tag), "%s", strrchr(req->target, '/') + 1);
	}
	if (!f->manifest) {
		refuse(reply, 404, "MANIFEST_UNKNOWN");
		return;
	}
	if (oci_digest(f->manifest, strlen(f->manifest), digest, NULL) < 0)
		abort();
	reply->status = str_eq(req->method, "PUT") ? 201 : 200;
	snprintf(reply->headers, sizeof(reply->headers), "Docker-Content-Digest: %s\r\n", digest);
}

static void act(struct fake_registry *f, const struct fake_request *req,
		const struct fake_registry_fault *fault, struct fake_reply *reply)
{
	const char *blob = strstr(req->target, "/blobs/sha256:");

	if (str_eq(req->target, "/v2/"))
		reply->status = 200;
	else if (blob && !fake_registry_has(f, blob + strlen("/blobs/")))
		refuse(reply, 404, "BLOB_UNKNOWN");
	else if (blob)
		reply->status = 200;
	else if (strstr(req->target, "/blobs/uploads/"))
		serve_upload(f, req, fault, reply);
	else if (strstr(req->target, "/manifests/"))
		serve_manifest(f, req, reply);
	else
		refuse(reply, 404, "NAME_UNKNOWN");
}

static void serve(void *userdata, const struct fake_request *req, struct fake_reply *reply)
{
	struct fake_registry *f = userdata;
	const struct fake_registry_fault *fault =
		find_fault(f, req->method, count_method(f, req->method));

	buf_printf(&f->log, "%s %s\n", req->method, req->target);
	if (fault->kind == REGISTRY_STATUS) {
		reply->status = fault->status;
		buf_put_str(&reply->body, fault->body ? fault->body : "");
		snprintf(reply->headers, sizeof(reply->headers), "%s",
			 fault->headers ? fault->headers : "");
		return;
	}
	if (fault->kind == REGISTRY_SILENT) {
		buf_put_u8(&reply->body, '-'); /* announced, and never sent */
		reply->fault = FAKE_STALL;
		return;
	}
	if (!check_access(f, req, reply))
		act(f, req, fault, reply);
	if (fault->kind == REGISTRY_LOSE)
		reply->fault = FAKE_RESET;
}

void fake_registry_start(struct fake_registry *f)
{
	buf_init(&f->upload, MIB(64));
	buf_init(&f->log, MIB(1));
	f->server = fake_http_start(serve, f);
	if (!f->server)
		abort();
}

void fake_registry_stop(struct fake_registry *f)
{
	fake_http_stop(f->server);
	buf_release(&f->upload);
	buf_release(&f->log);
	free(f->manifest);
	*f = (struct fake_registry){0};
}
