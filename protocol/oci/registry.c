/* What is asked of a registry: is it there, has it a blob, take this image. */
#include "protocol/oci/registry.h"

#include "base/limits.h"
#include "base/str.h"
#include "protocol/oci/registry-int.h"

#include <string.h>

void registry_free(struct registry *r)
{
	if (!r)
		return;
	http_client_free(r->http);
	free(r->origin);
	str_wipe(&r->user);
	str_wipe(&r->password);
	str_wipe(&r->authorization);
	free(r);
}

static int take_origin(struct registry *r, const char *url, struct err *err)
{
	const char *host = str_starts_ci(url, "https://")  ? url + 8
			   : str_starts_ci(url, "http://") ? url + 7
							   : NULL;
	size_t n = host ? strcspn(host, "/") : 0;

	if (!n || strspn(host + n, "/") != strlen(host + n) || strcspn(url, "?#@ ") != strlen(url))
		return err_set(err, E_INPUT,
			       "the registry's address is not a URL such as https://host:5000");
	r->origin = str_ndup(url, (size_t)(host - url) + n);
	return r->origin ? 0 : err_nomem(err);
}

int registry_new(const struct registry_options *options, struct registry **ret, struct err *err)
{
	struct http_options http = {.ca_file = options->ca_file};
	_cleanup_(registry_freep) struct registry *r = calloc(1, sizeof(*r));
	int e;

	if (!r)
		return err_nomem(err);
	r->part = options->part ? options->part : LIMIT_OCI_PART_DEFAULT;
	if (r->part > LIMIT_OCI_PART)
		r->part = LIMIT_OCI_PART;
	r->retry_ms = options->retry_ms;
	r->stall_ms = options->stall_ms;
	e = take_origin(r, options->url, err);
	if (e == 0)
		e = str_replace(&r->user, options->user, err);
	if (e == 0)
		e = str_replace(&r->password, options->password, err);
	if (e == 0)
		e = http_client_new(&http, &r->http, err);
	if (e < 0)
		return e;
	*ret = TAKE(r);
	return 0;
}

int registry_ping(struct registry *r, struct cancel *cancel, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	struct registry_call call = {.method = "GET", .url = "/v2/", .cancel = cancel};
	int e = registry_perform(r, &call, &res, err);

	if (e == E_NOTFOUND)
		err_set_hint(err, "check the address: what answers there is not a registry");
	return e;
}

/* --- names --- */

/* Distribution Specification: components of lower-case letters and digits, joined by few marks. */
static int check_repository(const char *name, struct err *err)
{
	static const char marks[] = "._-/";
	size_t n = strlen(name);
	bool ok = n && n <= 255 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-/") == n &&
		  !strchr(marks, name[0]) && !strchr(marks, name[n - 1]) && !strstr(name, "//") &&
		  !strstr(name, "..") && !strstr(name, "/.") && !strstr(name, "./");

	if (ok)
		return 0;
	(void)err_set(err, E_INPUT, "\"%s\" is not a repository's name", name);
	err_set_hint(err, "use lower-case letters, digits, and `.`, `_`, `-`, `/` between them");
	return E_INPUT;
}

static int check_tag(const char *tag, struct err *err)
{
	size_t n = strlen(tag);

	if (n && n <= 128 && tag[0] != '.' && tag[0] != '-' &&
	    strspn(tag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == n)
		return 0;
	return err_set(err, E_INPUT, "\"%s\" is not a tag", tag);
}

/* --- questions --- */

int registry_has_blob(struct registry *r, const char *repository, const char *digest,
		      struct cancel *cancel, bool *ret, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_free_ char *what = str_fmt("blobs/%s", digest);
	_cleanup_free_ char *path = what ? registry_path(repository, what) : NULL;
	struct registry_call call = {.method = "HEAD",
				     .url = path,
				     .repository = repository,
				     .cancel = cancel};
	struct err why = ERR_INIT;
	int e = path ? registry_perform(r, &call, &res, &why) : err_nomem(&why);

	*ret = e == 0;
	if (e == 0 || e == E_NOTFOUND)
		return 0;
	return err_copy(err, &why);
}

int registry_resolve(struct registry *r, const char *repository, const char *tag,
		     struct cancel *cancel, char ret[OCI_DIGEST_SIZE], struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_free_ char *what = str_fmt("manifests/%s", tag);
	_cleanup_free_ char *path = what ? registry_path(repository, what) : NULL;
	struct http_header accept = {"Accept", OCI_DOCKER_MANIFEST};
	struct registry_call call = {.method = "HEAD",
				     .url = path,
				     .repository = repository,
				     .headers = &accept,
				     .n_headers = 1,
				     .cancel = cancel};
	const char *digest;
	int e = check_repository(repository, err);

	if (e == 0)
		e = check_tag(tag, err);
	if (e < 0)
		return e;
	e = path ? registry_perform(r, &call, &res, err) : err_nomem(err);
	if (e < 0)
		return e;
	digest = http_response_header(&res, "Docker-Content-Digest");
	if (!digest || !oci_digest_valid(digest))
		return err_set(err, E_PROTO, "the registry did not tell the image's digest");
	memcpy(ret, digest, OCI_DIGEST_SIZE);
	return 0;
}

/* --- push --- */

struct pushing {
	const struct registry_push *push;
	uint64_t before; /* bytes of the blobs that are done */
	uint64_t total;
};

static void tell(const struct pushing *p, uint64_t of_blob)
{
	if (p->push->progress)
		p->push->progress(p->push->userdata, p->before + of_blob, p->total);
}

static void on_progress(void *userdata, uint64_t done)
{
	tell(userdata, done);
}

static int push_blob(struct registry *r, const struct oci_image *image, const struct oci_blob *blob,
		     struct pushing *p, struct err *err)
{
	_cleanup_free_ char *file = NULL;
	struct upload_request request = {
		.repository = p->push->repository,
		.blob = blob,
		.progress = on_progress,
		.userdata = p,
		.cancel = p->push->cancel,
	};
	bool there = false;
	int e = registry_has_blob(r, p->push->repository, blob->digest, p->push->cancel, &there,
				  err);

	if (e == 0 && !there)
		e = oci_layout_path(image->layout, blob->digest, &file, err);
	request.file = file;
	if (e == 0 && !there)
		e = registry_upload(r, &request, err);
	if (e < 0)
		return e;
	p->before += blob->size;
	tell(p, 0);
	return 0;
}

static int put_manifest(struct registry *r, const struct oci_image *image,
			const struct registry_push *push, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_free_ char *what = str_fmt("manifests/%s", push->tag);
	_cleanup_free_ char *path = what ? registry_path(push->repository, what) : NULL;
	struct http_header type = {"Content-Type", OCI_DOCKER_MANIFEST};
	struct registry_call call = {
		.method = "PUT",
		.url = path,
		.repository = push->repository,
		.headers = &type,
		.n_headers = 1,
		.body = image->manifest,
		.body_len = strlen(image->manifest),
		.cancel = push->cancel,
	};
	const char *digest;
	int e = path ? registry_perform(r, &call, &res, err) : err_nomem(err);

	if (e < 0)
		return e;
	digest = http_response_header(&res, "Docker-Content-Digest");
	if (digest && !str_eq(digest, image->digest))
		return err_set(err, E_PROTO,
			       "the registry stored the manifest under another digest");
	return 0;
}

int registry_push(struct registry *r, const struct oci_image *image,
		  const struct registry_push *push, struct err *err)
{
	struct pushing p = {.push = push, .total = image->config.size};
	int e = check_repository(push->repository, err);

	if (e == 0)
		e = check_tag(push->tag, err);
	for (size_t i = 0; i < image->n_layers; i++)
		p.total += image->layers[i].blob.size;
	for (size_t i = 0; e == 0 && i < image->n_layers; i++)
		e = push_blob(r, image, &image->layers[i].blob, &p, err);
	if (e == 0)
		e = push_blob(r, image, &image->config, &p, err);
	return e < 0 ? e : put_manifest(r, image, push, err);
}
