/*
 * Operations on artifacts.  Files go straight to the server, streamed, and
 * not through the journal: a model is too large to write twice.
 */
#include "tracking/tracking-int.h"

#include "base/fs.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 64 };

/* An upload under way. */
struct upload {
	struct op *o;
	const char *artifact_uri;
	uint64_t files;
	uint64_t bytes;
};

/* --- one file --- */

static int read_fd(void *userdata, void *dst, size_t n, size_t *ret, struct err *err)
{
	const int *fd = userdata;
	ssize_t got;

	do
		got = read(*fd, dst, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_set_errno(err, E_IO, errno, "the file being uploaded");
	*ret = (size_t)got;
	return 0;
}

static int rewind_fd(void *userdata, struct err *err)
{
	const int *fd = userdata;

	return lseek(*fd, 0, SEEK_SET) < 0
		       ? err_set_errno(err, E_IO, errno, "the file being uploaded")
		       : 0;
}

static int put_fd(struct upload *u, int fd, uint64_t size, const char *path, struct err *err)
{
	struct http_source source = {read_fd, rewind_fd, &fd, size};
	int r;

	/* Putting the same file again is harmless. */
	do {
		r = rewind_fd(&fd, err);
		if (r == 0)
			r = mlflow_artifact_put(u->o->m, u->artifact_uri, path, &source,
						u->o->cancel, err);
	} while (op_again(u->o, &r, err));
	if (r == 0) {
		u->files++;
		u->bytes += size;
	}
	return r;
}

static int put_file(struct upload *u, const char *file, const char *path, struct err *err)
{
	_cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int r;

	if (fd < 0)
		return err_set_errno(err, errno == ENOENT ? E_NOTFOUND : E_IO, errno, "%s", file);
	if (fstat(fd, &st) < 0)
		return err_set_errno(err, E_IO, errno, "%s", file);
	if (!S_ISREG(st.st_mode))
		return err_set(err, E_INPUT, "%s is not a file", file);
	r = put_fd(u, fd, (uint64_t)st.st_size, path, err);
	return r < 0 ? err_prefix(err, "uploading %s", file) : 0;
}

/* --- a folder --- */

static char *join(const char *a, const char *b)
{
	return a && *a ? str_fmt("%s/%s", a, b) : str_dup(b);
}

static int put_dir(struct upload *u, const char *dir, const char *path, int depth, struct err *err);

static int put_entry(struct upload *u, const char *dir, const char *path, const char *name,
		     int depth, struct err *err)
{
	_cleanup_free_ char *file = join(dir, name);
	_cleanup_free_ char *to = join(path, name);
	struct stat st;

	if (!file || !to)
		return err_nomem(err);
	if (lstat(file, &st) < 0)
		return err_set_errno(err, E_IO, errno, "%s", file);
	if (S_ISDIR(st.st_mode))
		return put_dir(u, file, to, depth + 1, err);
	/* As mlflow does, a link to a file is that file and a link to a folder is left out. */
	if (S_ISLNK(st.st_mode) && (stat(file, &st) < 0 || !S_ISREG(st.st_mode))) {
		tracking_notice(u->o->t, "%s was not uploaded: a link, but not to a file", file);
		return 0;
	}
	return put_file(u, file, to, err);
}

static void closedirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

static int put_dir(struct upload *u, const char *dir, const char *path, int depth, struct err *err)
{
	_cleanup_(closedirp) DIR *d = opendir(dir);
	struct dirent *entry;
	int r = 0;

	if (!d)
		return err_set_errno(err, errno == ENOENT ? E_NOTFOUND : E_IO, errno, "%s", dir);
	if (depth > DEPTH_MAX)
		return err_set(err, E_INPUT, "%s lies more than %d folders deep", dir, DEPTH_MAX);
	while (r == 0 && (entry = readdir(d)))
		if (!str_eq(entry->d_name, ".") && !str_eq(entry->d_name, ".."))
			r = put_entry(u, dir, path, entry->d_name, depth, err);
	return r;
}

/* --- the operations --- */

/* Where the run of `run_id`, else the active one, keeps its artifacts. */
static int artifact_root(struct op *o, char **ret_run, char **ret_uri, struct err *err)
{
	_cleanup_mlflow_run_ struct mlflow_run run = {0};
	_cleanup_active_ struct active a = {0};
	const char *text;
	int r = op_text(o, "run_id", /* required= */ false, &text, err);

	if (r == 0)
		r = tracking_active(o->t, &a, err);
	if (r == 0 && !text && !a.run_id)
		r = tracking_no_run(err);
	if (r == 0)
		r = op_client(o, err);
	if (r == 0 && text)
		r = run_find(o, text, &run, err);
	if (r < 0)
		return r;
	*ret_run = text ? TAKE(run.id) : TAKE(a.run_id);
	*ret_uri = text ? TAKE(run.artifact_uri) : TAKE(a.artifact_uri);
	return 0;
}

static int tell_upload(const struct upload *u, struct err *err)
{
	int r = op_put(u->o, "files", json_integer((json_int_t)u->files), err);

	if (r == 0)
		r = op_put(u->o, "bytes", json_integer((json_int_t)u->bytes), err);
	return r < 0 ? r : op_put(u->o, "artifact_uri", json_string(u->artifact_uri), err);
}

static int upload(struct op *o, const char *argument, bool folder, struct err *err)
{
	_cleanup_free_ char *run = NULL;
	_cleanup_free_ char *uri = NULL;
	_cleanup_free_ char *to = NULL;
	const char *from, *path, *base;
	struct upload u = {.o = o};
	int r = op_text(o, argument, /* required= */ true, &from, err);

	if (r == 0)
		r = op_text(o, "path", /* required= */ false, &path, err);
	if (r == 0)
		r = artifact_root(o, &run, &uri, err);
	if (r < 0)
		return r;
	u.artifact_uri = uri;
	base = strrchr(from, '/');
	to = folder ? str_dup(path ? path : "") : join(path, base ? base + 1 : from);
	if (!to)
		return err_nomem(err);
	r = folder ? put_dir(&u, from, to, /* depth= */ 0, err) : put_file(&u, from, to, err);
	return r < 0 ? r : tell_upload(&u, err);
}

int op_log_artifact(struct op *o, struct err *err)
{
	return upload(o, "file", /* folder= */ false, err);
}

int op_log_artifacts(struct op *o, struct err *err)
{
	return upload(o, "dir", /* folder= */ true, err);
}

int op_list_artifacts(struct op *o, struct err *err)
{
	_cleanup_free_ char *run = NULL;
	_cleanup_free_ char *uri = NULL;
	const char *path;
	json_t *files = NULL;
	int r = op_text(o, "path", /* required= */ false, &path, err);

	if (r == 0)
		r = artifact_root(o, &run, &uri, err);
	if (r < 0)
		return r;
	do
		r = mlflow_artifacts_list(o->m, run, path, o->cancel, &files, err);
	while (op_again(o, &r, err));
	return r < 0 ? r : op_put(o, "files", files, err);
}

/* A download into a file. */
struct download {
	int fd;
	uint64_t bytes;
	const char *file;
};

static int write_fd(void *userdata, const void *p, size_t n, struct err *err)
{
	struct download *d = userdata;
	int r = fs_write_all(d->fd, p, n, err);

	d->bytes += n;
	return r < 0 ? err_prefix(err, "%s", d->file) : 0;
}

static int download(struct op *o, const char *uri, const char *path, struct download *d,
		    struct err *err)
{
	int r;

	do {
		d->bytes = 0;
		if (ftruncate(d->fd, 0) < 0 || lseek(d->fd, 0, SEEK_SET) < 0)
			return err_set_errno(err, E_IO, errno, "%s", d->file);
		r = mlflow_artifact_get(o->m, uri, path, write_fd, d, o->cancel, err);
	} while (op_again(o, &r, err));
	return r;
}

int op_download_artifact(struct op *o, struct err *err)
{
	_cleanup_free_ char *run = NULL;
	_cleanup_free_ char *uri = NULL;
	_cleanup_free_ char *part = NULL;
	_cleanup_close_ int fd = -1;
	const char *path, *file;
	struct download d;
	int r = op_text(o, "path", /* required= */ true, &path, err);

	if (r == 0)
		r = op_text(o, "file", /* required= */ true, &file, err);
	if (r == 0)
		r = artifact_root(o, &run, &uri, err);
	if (r < 0)
		return r;
	part = str_fmt("%s.part", file);
	if (!part)
		return err_nomem(err);
	fd = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_set_errno(err, E_IO, errno, "%s", part);
	d = (struct download){.fd = fd, .file = file};
	r = download(o, uri, path, &d, err);
	if (r == 0 && rename(part, file) < 0)
		r = err_set_errno(err, E_IO, errno, "%s", file);
	if (r < 0)
		(void)unlink(part);
	return r < 0 ? r : op_put(o, "bytes", json_integer((json_int_t)d.bytes), err);
}
