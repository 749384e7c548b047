/* Log files. */
#include "manager/logfile.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { ROTATE_BYTES = 4 << 20, TAIL_BYTES = 16 << 10, TAIL_LINES = 6 };

int logfile_path(const char *name, char **ret, struct err *err)
{
	_cleanup_free_ char *dir = NULL;
	char *path;
	int r = fs_place(PLACE_STATE, "logs", &dir, err);

	if (r == 0)
		r = fs_mkdir_p(dir, 0700, err);
	if (r < 0)
		return r;
	path = str_fmt("%s/%s.log", dir, name);
	if (!path)
		return err_nomem(err);
	*ret = path;
	return 0;
}

static int rotate(const char *path, struct err *err)
{
	_cleanup_free_ char *older = NULL;
	struct stat st;

	if (stat(path, &st) < 0 || st.st_size < ROTATE_BYTES)
		return 0;
	older = str_fmt("%s.1", path);
	if (!older)
		return err_nomem(err);
	if (rename(path, older) < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	return 0;
}

int logfile_open(const char *path, int *ret_fd, off_t *ret_end, struct err *err)
{
	_cleanup_close_ int fd = -1;
	off_t end;
	int r = rotate(path, err);

	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	end = lseek(fd, 0, SEEK_END);
	if (end < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	*ret_end = end;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int read_end(const char *path, off_t start, char **ret, struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char bytes[TAIL_BYTES];
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	if (st.st_size - start > TAIL_BYTES)
		start = st.st_size - TAIL_BYTES;
	n = pread(fd, bytes, sizeof(bytes), start);
	if (n < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	*ret = utf8_repair(bytes, (size_t)n);
	return *ret ? 0 : err_nomem(err);
}

static bool tells_something(const char *line)
{
	return *line && !str_starts(line, "\tat ") && !str_starts(line, "    at ");
}

/* Where the last TAIL_LINES telling lines begin. */
static char *tail_start(char *text)
{
	char *starts[TAIL_LINES] = {NULL};
	size_t n = 0;

	for (char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (tells_something(line) && *line != '\n')
			starts[n++ % TAIL_LINES] = line;
	}
	if (n == 0)
		return text + strlen(text);
	return starts[n < TAIL_LINES ? 0 : n % TAIL_LINES];
}

int logfile_tail(const char *path, off_t start, char **ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_buf_ struct buf b = {0};
	int r = read_end(path, start, &text, err);

	if (r < 0)
		return r;
	buf_init(&b, 4 * TAIL_BYTES);
	for (char *line = tail_start(text), *end; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (tells_something(line))
			buf_printf(&b, "%s%s", b.len ? "\n" : "", line);
	}
	*ret = buf_take_str(&b);
	return *ret ? 0 : err_nomem(err);
}
