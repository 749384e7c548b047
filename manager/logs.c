/* Showing a log file. */
#include "manager/logs.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

enum { SHOWN_BYTES = 64 << 10, FOLLOW_MS = 250 };

static int open_log(const char *path, int *ret, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_set(err, E_NOTFOUND, "there is no log yet at %s", path);
	if (fd < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	*ret = fd;
	return 0;
}

/* From here to the end of the file, as it is now. */
static int copy(int fd, bool skip_line, struct err *err)
{
	char chunk[8192];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		const char *from = skip_line ? memchr(chunk, '\n', (size_t)n) : chunk;
		int r;

		if (!from)
			continue;
		from += skip_line;
		skip_line = false;
		r = fs_write_all(1, from, (size_t)(chunk + n - from), err);
		if (r < 0)
			return r;
	}
	return n < 0 ? err_set_errno(err, E_IO, errno, "read") : 0;
}

/* Rotated: the path names another file now. */
static bool replaced(int fd, const char *path)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_ino != named.st_ino;
}

int logs_show(const char *path, bool follow, struct err *err)
{
	_cleanup_close_ int fd = -1;
	int r = open_log(path, &fd, err);
	bool cut;

	if (r < 0)
		return r;
	cut = lseek(fd, -SHOWN_BYTES, SEEK_END) >= 0;
	r = copy(fd, /* skip_line= */ cut, err);
	while (r == 0 && follow) {
		(void)poll(NULL, 0, FOLLOW_MS);
		r = copy(fd, /* skip_line= */ false, err);
		if (r == 0 && replaced(fd, path)) {
			closep(&fd);
			fd = -1;
			r = open_log(path, &fd, err);
		}
	}
	return r;
}
