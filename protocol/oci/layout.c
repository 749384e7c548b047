/* The folder of blobs. */
#include "protocol/oci/layout.h"

#include "base/fs.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define VERSION_TEXT "{\"imageLayoutVersion\":\"1.0.0\"}"

int oci_layout_make(const char *layout, struct err *err)
{
	_cleanup_free_ char *blobs = str_fmt("%s/blobs/sha256", layout);
	_cleanup_free_ char *version = str_fmt("%s/oci-layout", layout);
	int r;

	if (!blobs || !version)
		return err_nomem(err);
	r = fs_mkdir_p(blobs, 0700, err);
	return r < 0 ? r : fs_write_atomic(version, VERSION_TEXT, strlen(VERSION_TEXT), 0644, err);
}

int oci_layout_path(const char *layout, const char *digest, char **ret, struct err *err)
{
	char *path;

	if (!oci_digest_valid(digest))
		return err_set(err, E_INPUT, "not a sha256 digest");
	path = str_fmt("%s/blobs/sha256/%s", layout, digest + strlen(OCI_DIGEST_PREFIX));
	if (!path)
		return err_nomem(err);
	*ret = path;
	return 0;
}

int oci_blob_begin(const char *layout, struct oci_blob_writer *ret, struct err *err)
{
	_cleanup_oci_blob_writer_ struct oci_blob_writer w = {.fd = -1, .layout = layout};
	int r;

	w.temporary = str_fmt("%s/blobs/.new-XXXXXX", layout);
	if (!w.temporary)
		return err_nomem(err);
	r = oci_hash_init(&w.hash, err);
	if (r < 0)
		return r;
	w.fd = mkostemp(w.temporary, O_CLOEXEC);
	if (w.fd < 0)
		return err_set_errno(err, E_IO, errno, "%s", w.temporary);
	*ret = w;
	w = (struct oci_blob_writer){.fd = -1};
	return 0;
}

int oci_blob_write(struct oci_blob_writer *w, const void *p, size_t n, struct err *err)
{
	int r = oci_hash_add(&w->hash, p, n, err);

	if (r == 0)
		r = fs_write_all(w->fd, p, n, err);
	w->size += n;
	return r;
}

int oci_blob_finish(struct oci_blob_writer *w, struct oci_blob *ret, struct err *err)
{
	struct oci_blob blob = {.size = w->size};
	_cleanup_free_ char *path = NULL;
	int r = oci_hash_end(&w->hash, blob.digest, err);

	if (r == 0)
		r = oci_layout_path(w->layout, blob.digest, &path, err);
	if (r < 0)
		return r;
	if (fchmod(w->fd, 0644) < 0 || fsync(w->fd) < 0 || rename(w->temporary, path) < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	free(TAKE(w->temporary));
	*ret = blob;
	return 0;
}

void oci_blob_writer_release(struct oci_blob_writer *w)
{
	if (w->fd >= 0 && w->temporary)
		(void)unlink(w->temporary);
	closep(&w->fd);
	free(w->temporary);
	oci_hash_release(&w->hash);
	*w = (struct oci_blob_writer){.fd = -1};
}

int oci_layout_put(const char *layout, const void *p, size_t n, struct oci_blob *ret,
		   struct err *err)
{
	_cleanup_oci_blob_writer_ struct oci_blob_writer w = {.fd = -1};
	int r = oci_blob_begin(layout, &w, err);

	if (r == 0)
		r = oci_blob_write(&w, p, n, err);
	return r < 0 ? r : oci_blob_finish(&w, ret, err);
}
