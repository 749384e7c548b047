/*
 * One blob: begin, parts, finish ("Pushing a blob in chunks").  What the
 * registry says that it has decides what is sent next; the client's own count
 * only checks it.
 */
#include "protocol/oci/registry-int.h"

#include "base/limits.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum {
	STARTS = 5,     /* how often an upload begins */
	START_OVER = 1, /* outcome beside 0 and errors */
};

struct upload {
	struct registry *r;
	const struct upload_request *req;
	int fd;
	size_t part;
	char *location;   /* where the next request goes: it changes with each */
	uint64_t offset;  /* the registry has so many bytes */
	struct buf bytes; /* of the part under way */
};

static void upload_release(struct upload *u)
{
	closep(&u->fd);
	free(u->location);
	buf_release(&u->bytes);
}

static int send_call(struct upload *u, struct registry_call *call, struct http_response *ret,
		     struct err *err)
{
	call->repository = u->req->repository;
	call->cancel = u->req->cancel;
	return registry_perform(u->r, call, ret, err);
}

/* Where to go on; an answer without it leaves the place as it is. */
static int take_location(struct upload *u, const struct http_response *res, struct err *err)
{
	const char *location = http_response_header(res, "Location");

	if (!location)
		return u->location ? 0
				   : err_set(err, E_PROTO,
					     "the registry did not say where to upload to");
	if (!str_starts_ci(location, "http") && *location != '/')
		return err_set(err, E_PROTO, "the registry leads to no address");
	return str_replace(&u->location, location, err);
}

/* --- begin --- */

/* The specification lets a registry ask for larger parts than ours. */
static void take_part_size(struct upload *u, const struct http_response *res)
{
	const char *text = http_response_header(res, "OCI-Chunk-Min-Length");
	uint64_t least;

	u->part = u->r->part;
	if (text && str_parse_u64(text, &least, NULL) == 0 && least > u->part)
		u->part = least < LIMIT_OCI_PART ? (size_t)least : LIMIT_OCI_PART;
}

static int begin(struct upload *u, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_free_ char *path = registry_path(u->req->repository, "blobs/uploads/");
	struct registry_call call = {.method = "POST", .url = path, .body = ""};
	int r = path ? send_call(u, &call, &res, err) : err_nomem(err);

	free(TAKE(u->location));
	u->offset = 0;
	if (r < 0)
		return r;
	take_part_size(u, &res);
	return take_location(u, &res, err);
}

/* --- parts --- */

/* "0-LAST", sometimes with "bytes=" in front; "0-0" also stands for nothing. */
static int take_range(struct upload *u, const struct http_response *res, uint64_t most,
		      struct err *err)
{
	const char *text = http_response_header(res, "Range");
	const char *dash = text ? strchr(text, '-') : NULL;
	uint64_t last;

	if (!dash)
		return START_OVER;
	if (str_parse_u64(dash + 1, &last, NULL) < 0)
		return err_set(err, E_PROTO, "the registry's Range header is not a range");
	/* More than was sent: these are not our bytes. */
	if (last >= most && last > 0)
		return START_OVER;
	u->offset = last ? last + 1 : 0;
	return 0;
}

/* Ask what has arrived.  An upload that the registry does not know any more starts over. */
static int ask_status(struct upload *u, uint64_t most, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	struct registry_call call = {.method = "GET", .url = u->location};
	int r = send_call(u, &call, &res, err);

	if (r == E_CANCEL || r == E_AUTH || (r < 0 && registry_passes(err)))
		return r;
	if (r < 0) {
		err_clear(err);
		return START_OVER;
	}
	r = take_location(u, &res, err);
	return r < 0 ? r : take_range(u, &res, most, err);
}

static int read_part(struct upload *u, struct err *err)
{
	uint64_t left = u->req->blob->size - u->offset;
	size_t n = left < u->part ? (size_t)left : u->part, got = 0;
	uint8_t *dst;

	buf_clear(&u->bytes);
	dst = buf_reserve(&u->bytes, n);
	if (!dst)
		return buf_check(&u->bytes, "a part of the layer", err);
	while (got < n) {
		ssize_t k = pread(u->fd, dst + got, n - got, (off_t)(u->offset + got));

		if (k < 0 && errno == EINTR)
			continue;
		if (k <= 0)
			return err_set_errno(err, E_IO, k ? errno : EPIPE, "%s", u->req->file);
		got += (size_t)k;
	}
	buf_commit(&u->bytes, n);
	return 0;
}

static int patch(struct upload *u, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	char range[64];
	uint64_t end = u->offset + u->bytes.len;
	struct http_header headers[] = {{"Content-Type", "application/octet-stream"},
					{"Content-Range", range}};
	struct registry_call call = {
		.method = "PATCH",
		.url = u->location,
		.headers = headers,
		.n_headers = ARRAY_LEN(headers),
		.body = u->bytes.data,
		.body_len = u->bytes.len,
		.one_try = true,
	};
	int r;

	snprintf(range, sizeof(range), "%llu-%llu", (unsigned long long)u->offset,
		 (unsigned long long)end - 1);
	r = send_call(u, &call, &res, err);
	if (r == 0)
		r = take_location(u, &res, err);
	if (r < 0)
		return r;
	if (!http_response_header(&res, "Range")) {
		u->offset = end;
		return 0;
	}
	return take_range(u, &res, end, err);
}

/* Answers that mean: this upload is in another state than we think, or gone. */
static bool is_confused(const struct err *err)
{
	static const char *const names[] = {"BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID",
					    "RANGE_INVALID", "SIZE_INVALID"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq(err->name, names[i]))
			return true;
	return err->code == E_NOTFOUND;
}

/*
 * The next part.  When it fails for a reason that passes, what the registry
 * has by now is asked for; `tries` counts the failures since the last byte
 * that arrived.
 */
static int next_part(struct upload *u, int *tries, struct err *err)
{
	uint64_t before = u->offset, end;
	int r = read_part(u, err);

	if (r < 0)
		return r;
	end = u->offset + u->bytes.len;
	r = patch(u, err);
	if (r < 0) {
		bool passes = registry_passes(err);

		if ((!passes && !is_confused(err)) || ++*tries >= REGISTRY_TRIES)
			return r;
		if (passes && registry_wait(u->r, *tries, u->req->cancel, err) < 0)
			return err->code;
		err_clear(err);
		r = ask_status(u, end, err);
	} else if (r == 0 && u->offset <= before && ++*tries >= REGISTRY_TRIES) {
		return err_set(err, E_PROTO, "the registry takes parts but keeps no bytes");
	}
	if (r == 0 && u->offset > before) {
		*tries = 0;
		if (u->req->progress)
			u->req->progress(u->req->userdata, u->offset);
	}
	return r;
}

/* --- finish --- */

static int finish(struct upload *u, struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_buf_ struct buf b;
	_cleanup_free_ char *url = NULL;
	struct registry_call call = {.method = "PUT", .body = "", .one_try = true};
	bool there = false;
	int r;

	buf_init(&b, LIMIT_SMALL_FILE);
	buf_printf(&b, "%s%cdigest=", u->location, strchr(u->location, '?') ? '&' : '?');
	http_escape(&b, u->req->blob->digest, strlen(u->req->blob->digest), "");
	url = buf_take_str(&b);
	if (!url)
		return err_nomem(err);
	call.url = url;
	r = send_call(u, &call, &res, err);
	if (r == 0 || r == E_CANCEL || r == E_AUTH)
		return r;
	if (!registry_passes(err) && !is_confused(err) && !str_eq(err->name, "DIGEST_INVALID"))
		return r;
	/* The answer may have been lost behind the deed. */
	if (registry_has_blob(u->r, u->req->repository, u->req->blob->digest, u->req->cancel,
			      &there, NULL) == 0 &&
	    there) {
		err_clear(err);
		return 0;
	}
	return START_OVER;
}

static int upload_once(struct upload *u, struct err *err)
{
	int tries = 0;
	int r = begin(u, err);

	while (r == 0 && u->offset < u->req->blob->size)
		r = next_part(u, &tries, err);
	return r ? r : finish(u, err);
}

int registry_upload(struct registry *r, const struct upload_request *request, struct err *err)
{
	_cleanup_(upload_release) struct upload u = {.r = r, .req = request, .fd = -1};

	buf_init(&u.bytes, LIMIT_OCI_PART);
	u.fd = open(request->file, O_RDONLY | O_CLOEXEC);
	if (u.fd < 0)
		return err_set_errno(err, E_IO, errno, "%s", request->file);
	for (int starts = 1;; starts++) {
		int e = upload_once(&u, err);

		if (e != START_OVER)
			return e;
		if (starts == STARTS)
			return err->code ? err->code
					 : err_set(err, E_PROTO,
						   "the registry lost the upload %d times", starts);
		if (registry_wait(r, starts, request->cancel, err) < 0)
			return err->code;
		err_clear(err);
	}
}
