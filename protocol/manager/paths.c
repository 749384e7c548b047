/* The socket, the lock file and what stands in it. */
#include "protocol/manager/paths.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include <string.h>
#include <sys/un.h>

int manager_socket_path(char **ret, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	int r = fs_place(PLACE_RUNTIME, "manager.sock", &path, err);

	if (r < 0)
		return r;
	if (strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path)) {
		r = err_set(err, E_TOOBIG, "the socket path %s is too long", path);
		err_set_hint(err, "set XDG_RUNTIME_DIR to a folder with a shorter name");
		return r;
	}
	*ret = TAKE(path);
	return 0;
}

int manager_lock_path(char **ret, struct err *err)
{
	return fs_place(PLACE_DATA, "manager.lock", ret, err);
}

char *manager_owner_text(const struct manager_owner *owner)
{
	return str_fmt("%ld\n%s\n%s\n", (long)owner->pid, owner->host, owner->socket);
}

/* Cut the next line off *at; NULL when there is none. */
static char *next_line(char **at)
{
	char *line = *at, *end = strchr(line, '\n');

	if (!end)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return line;
}

static int parse_owner(char *text, struct manager_owner *ret, struct err *err)
{
	char *pid_text = next_line(&text);
	char *host = pid_text ? next_line(&text) : NULL;
	char *socket = host ? next_line(&text) : NULL;
	int64_t pid;

	if (!socket || *socket != '/' || str_parse_i64(pid_text, &pid, NULL) < 0)
		return err_set(err, E_NOTFOUND, "the lock file names no manager");
	ret->pid = (pid_t)pid;
	ret->host = str_dup(host);
	ret->socket = str_dup(socket);
	if (ret->host && ret->socket)
		return 0;
	manager_owner_release(ret);
	return err_nomem(err);
}

int manager_owner_read(const char *lock_path, struct manager_owner *ret, struct err *err)
{
	_cleanup_buf_ struct buf b;
	_cleanup_free_ char *text = NULL;
	int r;

	buf_init(&b, KIB(16));
	r = fs_read(lock_path, &b, err);
	if (r < 0)
		return r;
	text = buf_take_str(&b);
	return text ? parse_owner(text, ret, err) : err_nomem(err);
}

void manager_owner_release(struct manager_owner *owner)
{
	free(owner->host);
	free(owner->socket);
	*owner = (struct manager_owner){0};
}
