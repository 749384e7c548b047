/*
 * tar by libarchive, gzip by zlib, each hashed on its way into the layout:
 * the digest before compression and the one after are both part of an image.
 */
#include "protocol/oci/layer.h"

#include "base/str.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

enum {
	CHUNK = 65536,
	GZIP_WINDOW = 15 + 16, /* zlib: a gzip header instead of its own */
	GZIP_MEMORY = 8,       /* zlib's default, written out since it decides the bytes */
	GZIP_LEVEL = 6,
	GZIP_SYSTEM_UNKNOWN = 255,
};

/* --- the stream: tar bytes in, blob out --- */

struct stream {
	struct oci_blob_writer out;
	struct oci_hash tar;
	z_stream z;
	gz_header header;
	bool deflating; /* z is to be ended */
	struct err *err;
	int failed;
};

static void stream_release(struct stream *s)
{
	if (s->deflating)
		(void)deflateEnd(&s->z);
	oci_hash_release(&s->tar);
	oci_blob_writer_release(&s->out);
}

static int stream_begin(struct stream *s, const char *layout, struct err *err)
{
	int r = oci_blob_begin(layout, &s->out, err);

	s->err = err;
	if (r == 0)
		r = oci_hash_init(&s->tar, err);
	if (r < 0)
		return r;
	if (deflateInit2(&s->z, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return err_nomem(err);
	s->deflating = true;
	s->header.os = GZIP_SYSTEM_UNKNOWN;
	return deflateSetHeader(&s->z, &s->header) == Z_OK ? 0 : err_nomem(err);
}

static int deflate_bytes(struct stream *s, const void *p, size_t n, int flush)
{
	uint8_t chunk[CHUNK];

	s->z.next_in = (Bytef *)p;
	s->z.avail_in = (uInt)n;
	do {
		int r;

		s->z.next_out = chunk;
		s->z.avail_out = sizeof(chunk);
		if (deflate(&s->z, flush) == Z_STREAM_ERROR)
			return err_set(s->err, E_IO, "zlib does not compress");
		r = oci_blob_write(&s->out, chunk, sizeof(chunk) - s->z.avail_out, s->err);
		if (r < 0)
			return r;
	} while (s->z.avail_out == 0);
	return 0;
}

/*
 * archive_write_callback: tar's blocks, some ten kilobytes each.  A failure is
 * kept in the stream and never told to libarchive, which does not free all of
 * a writer that failed.
 */
static la_ssize_t on_tar(struct archive *a, void *userdata, const void *p, size_t n)
{
	struct stream *s = userdata;

	(void)a;
	if (!s->failed)
		s->failed = oci_hash_add(&s->tar, p, n, s->err);
	if (!s->failed)
		s->failed = deflate_bytes(s, p, n, Z_NO_FLUSH);
	return (la_ssize_t)n;
}

static int stream_end(struct stream *s, struct oci_layer *ret, struct err *err)
{
	struct oci_layer layer = {0};
	int r = deflate_bytes(s, NULL, 0, Z_FINISH);

	if (r == 0)
		r = oci_hash_end(&s->tar, layer.diff_id, err);
	if (r == 0)
		r = oci_blob_finish(&s->out, &layer.blob, err);
	if (r == 0)
		*ret = layer;
	return r;
}

/* --- the list of entries: sorted, with the folders that nobody named --- */

struct entries {
	struct oci_file *items;
	size_t len;
	struct strv folders; /* names of our own */
};

static void entries_release(struct entries *e)
{
	free(e->items);
	strv_release(&e->folders);
}

static int add_entry(struct entries *e, const struct oci_file *f, struct err *err)
{
	struct oci_file *items = reallocarray(e->items, e->len + 1, sizeof(*items));

	if (!items)
		return err_nomem(err);
	e->items = items;
	items[e->len++] = *f;
	return 0;
}

static bool is_folder(const struct oci_file *f)
{
	return !f->source && !f->data;
}

static int check_path(const char *path, struct err *err)
{
	const char *p = path;

	do {
		size_t n = strcspn(p, "/");

		if (n == 0 || (n == 1 && *p == '.') || (n == 2 && strncmp(p, "..", 2) == 0))
			return err_set(err, E_INPUT, "\"%s\" is not a path inside an image", path);
		p += n + (p[n] == '/');
	} while (*p);
	if (path[strlen(path) - 1] == '/')
		return err_set(err, E_INPUT, "\"%s\" is not a path inside an image", path);
	return 0;
}

static bool has_path(const struct entries *e, const char *path)
{
	for (size_t i = 0; i < e->len; i++)
		if (str_eq(e->items[i].path, path))
			return true;
	return false;
}

static int add_folders(struct entries *e, const char *path, struct err *err)
{
	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		char *folder = str_ndup(path, (size_t)(p - path));
		struct oci_file f = {.path = folder};
		int r;

		if (folder && has_path(e, folder)) {
			free(folder);
			continue;
		}
		r = strv_take(&e->folders, folder, err);
		if (r == 0)
			r = add_entry(e, &f, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int by_path(const void *a, const void *b)
{
	const struct oci_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static int collect(const struct oci_file *files, size_t n, struct entries *e, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		int r = check_path(files[i].path, err);

		if (r == 0 && has_path(e, files[i].path))
			r = err_set(err, E_INPUT, "\"%s\" goes into the layer twice",
				    files[i].path);
		if (r == 0)
			r = add_entry(e, &files[i], err);
		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < n; i++)
		if (add_folders(e, files[i].path, err) < 0)
			return E_NOMEM;
	if (e->len)
		qsort(e->items, e->len, sizeof(*e->items), by_path);
	return 0;
}

/* --- one entry --- */

static int archive_failed(struct stream *s, struct archive *a, const char *path)
{
	if (s->failed)
		return s->failed;
	return err_set(s->err, E_IO, "%s: %s", path, archive_error_string(a));
}

static int put_header(struct archive *a, struct stream *s, const struct oci_file *f, uint64_t size)
{
	struct archive_entry *entry = archive_entry_new();
	int r;

	if (!entry)
		return err_nomem(s->err);
	archive_entry_set_pathname(entry, f->path);
	archive_entry_set_filetype(entry, is_folder(f) ? AE_IFDIR : AE_IFREG);
	archive_entry_set_perm(entry, f->mode ? f->mode : 0755);
	archive_entry_set_size(entry, (la_int64_t)size);
	archive_entry_set_mtime(entry, 0, 0);
	archive_entry_set_uid(entry, 0);
	archive_entry_set_gid(entry, 0);
	r = archive_write_header(a, entry);
	archive_entry_free(entry);
	return r == ARCHIVE_OK ? s->failed : archive_failed(s, a, f->path);
}

static int put_bytes(struct archive *a, struct stream *s, const char *path, const void *p, size_t n)
{
	la_ssize_t written = archive_write_data(a, p, n);

	return written == (la_ssize_t)n ? s->failed : archive_failed(s, a, path);
}

static int put_file(struct archive *a, struct stream *s, const struct oci_file *f,
		    struct cancel *cancel)
{
	_cleanup_close_ int fd = open(f->source, O_RDONLY | O_CLOEXEC);
	uint64_t left;
	struct stat st;
	int r;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set_errno(s->err, errno == ENOENT ? E_NOTFOUND : E_IO, errno, "%s",
				     f->source);
	left = (uint64_t)st.st_size;
	r = put_header(a, s, f, left);
	while (r == 0 && left) {
		uint8_t chunk[CHUNK];
		ssize_t n = read(fd, chunk, left < sizeof(chunk) ? (size_t)left : sizeof(chunk));

		if (n < 0)
			return err_set_errno(s->err, E_IO, errno, "%s", f->source);
		if (n == 0)
			return err_set(s->err, E_IO, "%s became shorter while it was read",
				       f->source);
		left -= (uint64_t)n;
		r = cancel_check(cancel, s->err);
		if (r == 0)
			r = put_bytes(a, s, f->path, chunk, (size_t)n);
	}
	return r;
}

static int put_entry(struct archive *a, struct stream *s, const struct oci_file *f,
		     struct cancel *cancel)
{
	int r;

	if (f->source)
		return put_file(a, s, f, cancel);
	r = put_header(a, s, f, f->size);
	return r < 0 || !f->size ? r : put_bytes(a, s, f->path, f->data, f->size);
}

static int write_tar(struct stream *s, const struct entries *e, struct cancel *cancel)
{
	struct archive *a = archive_write_new();
	int r = 0;

	if (!a)
		return err_nomem(s->err);
	if (archive_write_set_format_ustar(a) != ARCHIVE_OK ||
	    archive_write_open(a, s, NULL, on_tar, NULL) != ARCHIVE_OK)
		r = archive_failed(s, a, "layer");
	for (size_t i = 0; r == 0 && i < e->len; i++)
		r = put_entry(a, s, &e->items[i], cancel);
	/* The end of a tar that failed is written to nowhere. */
	if (r < 0)
		s->failed = r;
	if (archive_write_close(a) != ARCHIVE_OK && r == 0)
		r = archive_failed(s, a, "layer");
	(void)archive_write_free(a);
	return r < 0 ? r : s->failed;
}

int oci_layer_write(const char *layout, const struct oci_file *files, size_t n,
		    struct cancel *cancel, struct oci_layer *ret, struct err *err)
{
	_cleanup_(stream_release) struct stream s = {.out = {.fd = -1}};
	_cleanup_(entries_release) struct entries e = {0};
	int r = collect(files, n, &e, err);

	if (r == 0)
		r = stream_begin(&s, layout, err);
	if (r == 0)
		r = write_tar(&s, &e, cancel);
	return r < 0 ? r : stream_end(&s, ret, err);
}
