/* Files of this machine, a bucket's folder among them. */
#include "notebook/files-int.h"

#include "base/fs.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
	int errnum;
	int code;
	const char *text;
	const char *hint;
} reasons[] = {
	{ENOENT, E_NOTFOUND, "there is no such file",
	 "check the path; a relative one starts at "
	 "the notebook's folder"},
	{ENOTDIR, E_NOTFOUND, "there is no such file",
	 "a part of the path is a file, not a folder"},
	{EACCES, E_AUTH, "this user may not open it", "check the permissions of file and folders"},
	{EPERM, E_AUTH, "this user may not open it", "check the permissions of file and folders"},
	{EROFS, E_AUTH, "the file system is read-only", "choose another folder"},
	{ENOSPC, E_IO, "the disk is full", "make room, or choose another folder"},
	{EDQUOT, E_IO, "this user's disk quota is used up", "make room, or choose another folder"},
	{EEXIST, E_EXISTS, "the file exists already", "choose another name"},
	{EISDIR, E_INPUT, "this is a folder", "name a file"},
};

int files_local_errno(int errnum, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		if (reasons[i].errnum != errnum)
			continue;
		(void)err_set(err, reasons[i].code, "%s", reasons[i].text);
		err_set_hint(err, "%s", reasons[i].hint);
		return reasons[i].code;
	}
	return err_set_errno(err, E_IO, errnum, "cannot be read or written");
}

/* --- reading --- */

struct local_reader {
	struct files_reader base;
	int fd;
	bool waits; /* a pipe or device: poll before reading */
	struct cancel *cancel;
};

static int local_read(struct files_reader *base, void *p, size_t n, size_t *ret_n, struct err *err)
{
	struct local_reader *r = (struct local_reader *)base;

	for (;;) {
		ssize_t got;
		int code = r->waits ? cancel_wait_fd(r->cancel, r->fd, POLLIN, -1, err)
				    : cancel_check(r->cancel, err);

		if (code < 0)
			return code;
		got = read(r->fd, p, n);
		if (got >= 0) {
			*ret_n = (size_t)got;
			return 0;
		}
		if (errno != EINTR && errno != EAGAIN)
			return files_local_errno(errno, err);
	}
}

static void local_reader_free(struct files_reader *base)
{
	struct local_reader *r = (struct local_reader *)base;

	closep(&r->fd);
	free(r);
}

int files_local_open(const char *path, struct cancel *cancel, struct files_reader **ret,
		     struct err *err)
{
	/* Opening a pipe nobody writes to must not hang; regular files ignore the flag. */
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct local_reader *r;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return files_local_errno(errno, err);
	if (S_ISDIR(st.st_mode))
		return files_local_errno(EISDIR, err);
	r = calloc(1, sizeof(*r));
	if (!r)
		return err_nomem(err);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	r->base = (struct files_reader){.size = S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1,
					.read = local_read,
					.free = local_reader_free};
	r->fd = take_fd(&fd);
	r->waits = !S_ISREG(st.st_mode);
	r->cancel = cancel;
	*ret = &r->base;
	return 0;
}

/* --- writing --- */

struct local_writer {
	struct files_writer base;
	int fd;
	char *path; /* where it ends up */
	char *tmp;  /* where it is written; NULL: at path */
};

static int local_write(struct files_writer *base, const void *p, size_t n, struct err *err)
{
	struct local_writer *w = (struct local_writer *)base;

	while (n) {
		ssize_t done = write(w->fd, p, n);

		if (done < 0 && errno != EINTR)
			return files_local_errno(errno, err);
		if (done > 0) {
			p = (const char *)p + done;
			n -= (size_t)done;
		}
	}
	return 0;
}

/* The folder's own entry must reach the disk as well, or the file has no name there. */
static int sync_folder(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folder =
		slash ? str_ndup(path, slash > path ? (size_t)(slash - path) : 1) : str_dup(".");
	_cleanup_close_ int fd = -1;

	if (!folder)
		return err_nomem(err);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Some file systems cannot sync a folder (EINVAL); the file itself is on disk. */
	if (fd < 0 || (fsync(fd) < 0 && errno != EINVAL))
		return files_local_errno(errno, err);
	return 0;
}

static int local_finish(struct files_writer *base, struct err *err)
{
	struct local_writer *w = (struct local_writer *)base;

	if (fsync(w->fd) < 0 && errno != EINVAL)
		return files_local_errno(errno, err);
	if (w->tmp && rename(w->tmp, w->path) < 0)
		return files_local_errno(errno, err);
	free(TAKE(w->tmp));
	return sync_folder(w->path, err);
}

static void local_writer_free(struct files_writer *base)
{
	struct local_writer *w = (struct local_writer *)base;

	closep(&w->fd);
	if (w->tmp)
		(void)unlink(w->tmp);
	free(w->tmp);
	free(w->path);
	free(w);
}

static int make_parents(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	_cleanup_free_ char *folder = NULL;

	if (!slash || slash == path)
		return 0;
	folder = str_ndup(path, (size_t)(slash - path));
	if (!folder)
		return err_nomem(err);
	return fs_is_dir(folder) ? 0 : fs_mkdir_p(folder, 0777, err);
}

static int open_new(struct local_writer *w, enum files_mode mode, struct err *err)
{
	int append = mode == FILES_LOG ? O_APPEND : 0;

	if (mode == FILES_WHOLE) {
		uint64_t random = 0;

		if (getrandom(&random, sizeof(random), 0) < 0)
			return err_set_errno(err, E_IO, errno, "no random name");
		w->tmp = str_fmt("%s.%016llx.tmp", w->path, (unsigned long long)random);
		if (!w->tmp)
			return err_nomem(err);
	}
	w->fd = open(w->tmp ? w->tmp : w->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | append,
		     0666);
	return w->fd < 0 ? files_local_errno(errno, err) : 0;
}

int files_local_create(const char *path, enum files_mode mode, struct files_writer **ret,
		       struct err *err)
{
	struct local_writer *w;
	int r;

	if (fs_is_dir(path))
		return files_local_errno(EISDIR, err);
	r = make_parents(path, err);
	if (r < 0)
		return r;
	w = calloc(1, sizeof(*w));
	if (!w)
		return err_nomem(err);
	w->base = (struct files_writer){.write = local_write,
					.finish = local_finish,
					.free = local_writer_free};
	w->fd = -1;
	r = str_replace(&w->path, path, err);
	if (r == 0)
		r = open_new(w, mode, err);
	if (r < 0) {
		local_writer_free(&w->base);
		return r;
	}
	*ret = &w->base;
	return 0;
}

/* --- listing --- */

int files_local_stat(const char *path, int64_t *ret_size, bool *ret_folder, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return files_local_errno(errno, err);
	*ret_folder = S_ISDIR(st.st_mode);
	*ret_size = *ret_folder ? 0 : (int64_t)st.st_size;
	return 0;
}

static void closedirp(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static int list_folder(DIR *dir, const char *base, struct files_list *ret, struct err *err)
{
	for (;;) {
		struct dirent *e;
		struct stat st;
		int r;

		errno = 0;
		e = readdir(dir);
		if (!e)
			return errno ? files_local_errno(errno, err) : 0;
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		/* Gone since, or a link to nowhere: nothing that could be opened. */
		if (fstatat(dirfd(dir), e->d_name, &st, 0) < 0)
			continue;
		r = files_list_add(ret, base, strlen(base), e->d_name,
				   S_ISDIR(st.st_mode) ? 0 : (int64_t)st.st_size,
				   S_ISDIR(st.st_mode), err);
		if (r < 0)
			return r;
	}
}

int files_local_list(const char *path, const char *url, struct files_list *ret, struct err *err)
{
	size_t n = strlen(url);
	_cleanup_free_ char *base = str_fmt("%s%s", url, n && url[n - 1] == '/' ? "" : "/");
	_cleanup_(closedirp) DIR *dir = NULL;
	const char *name = strrchr(url, '/');
	int64_t size = 0;
	bool folder = false;
	int r = base ? files_local_stat(path, &size, &folder, err) : err_nomem(err);

	if (r < 0)
		return r;
	name = name ? name + 1 : url;
	if (!folder)
		return files_list_add(ret, url, (size_t)(name - url), name, size, false, err);
	dir = opendir(path);
	return dir ? list_folder(dir, base, ret, err) : files_local_errno(errno, err);
}
