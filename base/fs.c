/* Files and places. */
#include "base/fs.h"

#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int fs_read_fd(int fd, const char *name, struct buf *b, struct err *err)
{
	for (;;) {
		uint8_t chunk[16384];
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, E_IO, errno, "%s", name);
		if (n == 0)
			return buf_check(b, name, err);
		buf_put(b, chunk, (size_t)n);
		if (b->failed)
			return buf_check(b, name, err);
	}
}

int fs_read(const char *path, struct buf *b, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_set_errno(err, errno == ENOENT ? E_NOTFOUND : E_IO, errno, "%s", path);
	return fs_read_fd(fd, path, b, err);
}

int fs_write_all(int fd, const void *p, size_t n, struct err *err)
{
	const char *at = p;

	while (n) {
		ssize_t w = write(fd, at, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return err_set_errno(err, E_IO, errno, "write");
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

static int write_synced(const char *path, const void *p, size_t n, unsigned mode, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	int r;

	if (fd < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	r = fs_write_all(fd, p, n, err);
	if (r < 0)
		return err_prefix(err, "%s", path);
	if (fsync(fd) < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	return 0;
}

int fs_write_atomic(const char *path, const void *p, size_t n, unsigned mode, struct err *err)
{
	_cleanup_free_ char *tmp = str_fmt("%s.%ld.tmp", path, (long)getpid());
	int r;

	if (!tmp)
		return err_nomem(err);
	r = write_synced(tmp, p, n, mode, err);
	if (r == 0 && rename(tmp, path) < 0)
		r = err_set_errno(err, E_IO, errno, "%s", path);
	if (r < 0)
		(void)unlink(tmp);
	return r;
}

int fs_mkdir_p(const char *path, unsigned mode, struct err *err)
{
	_cleanup_free_ char *copy = str_dup(path);

	if (!copy)
		return err_nomem(err);
	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return err_set_errno(err, E_IO, errno, "cannot make the folder %s", copy);
		*p = '/';
	}
	if (mkdir(copy, mode) < 0 && !(errno == EEXIST && fs_is_dir(copy)))
		return err_set_errno(err, E_IO, errno, "cannot make the folder %s", copy);
	return 0;
}

bool fs_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool fs_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static char *xdg_dir(const char *variable, const char *below_home)
{
	const char *set = getenv(variable);
	const char *home = getenv("HOME");

	if (set && *set == '/')
		return str_fmt("%s/splice-kernel", set);
	return str_fmt("%s/%s/splice-kernel", home && *home ? home : "/tmp", below_home);
}

static char *runtime_dir(void)
{
	const char *set = getenv("XDG_RUNTIME_DIR");

	if (set && *set == '/' && fs_is_dir(set))
		return str_fmt("%s/splice-kernel", set);
	return str_fmt("/tmp/splice-kernel-%lu", (unsigned long)getuid());
}

static char *lib_dir(void)
{
	const char *set = getenv("SPLICE_LIB_DIR");
	char exe[PATH_MAX];
	ssize_t n;
	char *slash;

	if (set && *set)
		return str_dup(set);
	n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	if (n < 0)
		return NULL;
	exe[n] = '\0';
	for (int up = 0; up < 2; up++) {
		slash = strrchr(exe, '/');
		if (slash)
			*slash = '\0';
	}
	return str_fmt("%s/lib/splice-kernel", exe);
}

static char *place_path(enum place place)
{
	switch (place) {
	case PLACE_CONFIG:
		return xdg_dir("XDG_CONFIG_HOME", ".config");
	case PLACE_DATA:
		return xdg_dir("XDG_DATA_HOME", ".local/share");
	case PLACE_STATE:
		return xdg_dir("XDG_STATE_HOME", ".local/state");
	case PLACE_RUNTIME:
		return runtime_dir();
	case PLACE_LIB:
		return lib_dir();
	}
	return NULL;
}

/* Sockets with passwords behind them live in the runtime folder. */
static int check_private(const char *path, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	if (!S_ISDIR(st.st_mode) || st.st_uid != getuid() || (st.st_mode & 077))
		return err_set(err, E_AUTH, "%s is not a private folder of this user", path);
	return 0;
}

int fs_place(enum place place, const char *name, char **ret, struct err *err)
{
	_cleanup_free_ char *dir = place_path(place);
	char *full;
	int r;

	if (!dir)
		return err_nomem(err);
	if (place != PLACE_LIB) {
		r = fs_mkdir_p(dir, 0700, err);
		if (r == 0 && place == PLACE_RUNTIME)
			r = check_private(dir, err);
		if (r < 0)
			return r;
	}
	full = name ? str_fmt("%s/%s", dir, name) : TAKE(dir);
	if (!full)
		return err_nomem(err);
	*ret = full;
	return 0;
}
