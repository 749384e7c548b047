/* Looking through /proc. */
#include "manager/procs.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>

void pids_release(struct pids *p)
{
	free(p->items);
	*p = (struct pids){0};
}

static int add(struct pids *p, pid_t pid, struct err *err)
{
	pid_t *items = realloc(p->items, (p->len + 1) * sizeof(*items));

	if (!items)
		return err_nomem(err);
	p->items = items;
	p->items[p->len++] = pid;
	return 0;
}

/* The file is a row of NUL-terminated "NAME=value". */
static bool environment_has(const uint8_t *p, size_t n, const char *mark)
{
	size_t len = strlen(mark) + 1;

	while (n) {
		const uint8_t *end = memchr(p, 0, n);
		size_t entry = end ? (size_t)(end - p) + 1 : n;

		if (end && entry == len && memcmp(p, mark, len) == 0)
			return true;
		p += entry;
		n -= entry;
	}
	return false;
}

/* A process that ended, or is not to be read, has no mark. */
static bool is_marked(int64_t pid, const char *mark)
{
	_cleanup_buf_ struct buf b = {0};
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%lld", (long long)pid);
	if (stat(path, &st) < 0 || st.st_uid != getuid())
		return false;
	snprintf(path, sizeof(path), "/proc/%lld/environ", (long long)pid);
	buf_init(&b, MIB(8));
	return fs_read(path, &b, /* err= */ NULL) == 0 && environment_has(b.data, b.len, mark);
}

static void close_dir(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

int procs_marked(const char *mark, struct pids *ret, struct err *err)
{
	_cleanup_(pids_release) struct pids found = {0};
	_cleanup_(close_dir) DIR *d = opendir("/proc");

	if (!d)
		return err_set_errno(err, E_IO, errno, "/proc");
	for (const struct dirent *e; (e = readdir(d));) {
		int64_t pid;
		int r;

		if (!str_is_digit(e->d_name[0]) || str_parse_i64(e->d_name, &pid, NULL) < 0 ||
		    !is_marked(pid, mark))
			continue;
		r = add(&found, (pid_t)pid, err);
		if (r < 0)
			return r;
	}
	*ret = found;
	found = (struct pids){0};
	return 0;
}

void procs_signal(const struct pids *p, int sig)
{
	for (size_t i = 0; i < p->len; i++)
		(void)kill(p->items[i], sig);
}

static bool holds(const struct leaving *l, pid_t pid)
{
	for (size_t i = 0; i < l->len; i++)
		if (l->items[i].pid == pid)
			return true;
	return false;
}

void leaving_add(struct leaving *l, const struct pids *p)
{
	struct leaver *items =
		p->len ? realloc(l->items, (l->len + p->len) * sizeof(*items)) : NULL;

	if (!items)
		return;
	l->items = items;
	for (size_t i = 0; i < p->len; i++) {
		int fd = holds(l, p->items[i]) ? -1 : pidfd_open(p->items[i], 0);

		if (fd >= 0)
			l->items[l->len++] = (struct leaver){.pid = p->items[i], .fd = fd};
	}
}

size_t leaving_count(struct leaving *l)
{
	size_t left = 0;

	for (size_t i = 0; i < l->len; i++) {
		struct pollfd p = {.fd = l->items[i].fd, .events = POLLIN};

		if (poll(&p, 1, 0) == 1)
			(void)close(p.fd);
		else
			l->items[left++] = l->items[i];
	}
	l->len = left;
	return left;
}

void leaving_release(struct leaving *l)
{
	for (size_t i = 0; i < l->len; i++)
		(void)close(l->items[i].fd);
	free(l->items);
	*l = (struct leaving){0};
}

int64_t procs_memory(const struct pids *p)
{
	int64_t pages = 0;

	for (size_t i = 0; i < p->len; i++) {
		_cleanup_buf_ struct buf b;
		char path[64];
		long resident;

		snprintf(path, sizeof(path), "/proc/%ld/statm", (long)p->items[i]);
		buf_init(&b, KIB(4));
		if (fs_read(path, &b, /* err= */ NULL) < 0)
			continue;
		buf_put_u8(&b, 0);
		if (!b.failed && sscanf((const char *)b.data, "%*d %ld", &resident) == 1)
			pages += resident;
	}
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}
