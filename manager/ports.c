/* Ports, by bind(2) and by the kernel's tables of TCP sockets. */
#include "manager/ports.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

/* Values of the column `st` (include/net/tcp_states.h). */
enum { TCP_STATE_ESTABLISHED = 1, TCP_STATE_LISTEN = 10 };

/* Both servers set SO_REUSEADDR, so a port in TIME_WAIT is free for them. */
static bool can_bind(int port)
{
	_cleanup_close_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int on = 1;

	return fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
	       bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0;
}

int ports_pick(int preferred, int *ret, struct err *err)
{
	int last = preferred + 100 < 65535 ? preferred + 100 : 65535;

	for (int port = preferred; port <= last; port++) {
		if (can_bind(port)) {
			*ret = port;
			return 0;
		}
	}
	return err_set(err, E_NOTFOUND, "no free port from %d to %d", preferred, last);
}

struct tcp_row {
	unsigned port;
	unsigned state;
	unsigned uid;
	unsigned long inode;
};

typedef void row_fn(const struct tcp_row *row, void *userdata);

static bool parse_row(const char *line, struct tcp_row *ret)
{
	/* sl local rem st tx:rx tr:when retrnsmt uid timeout inode (proc_pid_net(5)) */
	return sscanf(line, " %*u: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %u %*s %lu",
		      &ret->port, &ret->state, &ret->uid, &ret->inode) == 4;
}

static int each_row_of(const char *path, row_fn *fn, void *userdata, struct err *err)
{
	_cleanup_buf_ struct buf b;
	_cleanup_free_ char *text = NULL;
	int r;

	buf_init(&b, MIB(64));
	r = fs_read(path, &b, err);
	if (r < 0)
		return r == E_NOTFOUND ? 0 : r; /* no IPv6 here */
	text = buf_take_str(&b);
	if (!text)
		return err_nomem(err);
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		struct tcp_row row;

		*end = '\0';
		if (parse_row(line, &row))
			fn(&row, userdata);
	}
	return 0;
}

/* Java listens on an IPv6 socket even for 127.0.0.1. */
static int each_row(row_fn *fn, void *userdata, struct err *err)
{
	int r = each_row_of("/proc/net/tcp", fn, userdata, err);

	return r < 0 ? r : each_row_of("/proc/net/tcp6", fn, userdata, err);
}

struct count {
	unsigned port;
	size_t n;
};

static void count_connection(const struct tcp_row *row, void *userdata)
{
	struct count *c = userdata;

	if (row->port == c->port && row->state == TCP_STATE_ESTABLISHED)
		c->n++;
}

int ports_connections(int port, size_t *ret, struct err *err)
{
	struct count c = {.port = (unsigned)port};
	int r = each_row(count_connection, &c, err);

	if (r == 0)
		*ret = c.n;
	return r;
}

/* More than a handful of sockets on one port (SO_REUSEPORT) is nobody we know. */
struct listeners {
	unsigned port;
	unsigned long inodes[16];
	size_t n;
	bool foreign; /* one of them is another user's */
};

static void add_listener(const struct tcp_row *row, void *userdata)
{
	struct listeners *l = userdata;

	if (row->port != l->port || row->state != TCP_STATE_LISTEN)
		return;
	l->foreign |= row->uid != geteuid();
	if (l->n < ARRAY_LEN(l->inodes))
		l->inodes[l->n++] = row->inode;
}

static bool is_listener(const struct listeners *l, unsigned long inode)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->inodes[i] == inode)
			return true;
	return false;
}

static bool process_listens(pid_t pid, const struct listeners *l)
{
	char path[64];
	DIR *d;
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
	d = opendir(path);
	if (!d)
		return false; /* ended, or not ours */
	for (const struct dirent *e; !found && (e = readdir(d));) {
		char target[64];
		ssize_t n = readlinkat(dirfd(d), e->d_name, target, sizeof(target) - 1);
		unsigned long inode;

		target[n > 0 ? n : 0] = '\0';
		found = sscanf(target, "socket:[%lu]", &inode) == 1 && is_listener(l, inode);
	}
	(void)closedir(d);
	return found;
}

int ports_owner(int port, const struct pids *ours, enum port_owner *ret, struct err *err)
{
	struct listeners l = {.port = (unsigned)port};
	int r = each_row(add_listener, &l, err);

	if (r < 0)
		return r;
	*ret = l.n ? PORT_FOREIGN : PORT_FREE;
	for (size_t i = 0; l.n && i < ours->len; i++)
		if (process_listens(ours->items[i], &l))
			*ret = PORT_OURS;
	return 0;
}

static bool anybody_listens(const struct listeners *l)
{
	DIR *d = opendir("/proc");
	bool found = false;

	if (!d)
		return true; /* nothing is known: the port is simply taken */
	for (const struct dirent *e; !found && (e = readdir(d));) {
		int64_t pid;

		found = str_parse_i64(e->d_name, &pid, NULL) == 0 && process_listens((pid_t)pid, l);
	}
	(void)closedir(d);
	return found;
}

int ports_dying(int port, bool *ret, struct err *err)
{
	struct listeners l = {.port = (unsigned)port};
	int r = each_row(add_listener, &l, err);

	if (r == 0)
		*ret = l.n > 0 && !l.foreign && !anybody_listens(&l);
	return r;
}
