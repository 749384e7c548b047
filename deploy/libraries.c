/* The loader asked with --list (ld.so(8)). */
#include "deploy/libraries.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/proc.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { WAIT_MS = 20, LIST_MAX_MS = 10000 };

/* "\tlibm.so.6 => /lib/libm.so.6 (0x7f…)"; lines without an arrow are the kernel's and the
 * loader's.
 */
static int parse_line(char *line, struct strv *names, struct strv *files, struct err *err)
{
	char *arrow = strstr(line, " => ");
	char *file, *end;
	int r;

	if (!arrow)
		return 0;
	*arrow = '\0';
	line = str_trim(line);
	file = str_trim(arrow + strlen(" => "));
	if (str_starts(file, "not found")) {
		r = err_set(err, E_NOTFOUND, "the library %s is not on this machine", line);
		err_set_hint(err, "install the package that has it");
		return r;
	}
	end = strstr(file, " (0x");
	if (end)
		*end = '\0';
	if (*file != '/' || !*line || strchr(line, '/'))
		return err_set(err, E_PROTO, "the loader's list cannot be read: %s", line);
	r = strv_add(names, line, err);
	return r < 0 ? r : strv_add(files, file, err);
}

int libraries_parse(const char *text, struct strv *ret_names, struct strv *ret_files,
		    struct err *err)
{
	_cleanup_strv_ struct strv names = {0}, files = {0};

	while (*text) {
		size_t n = strcspn(text, "\n");
		_cleanup_free_ char *line = str_ndup(text, n);
		int r = line ? parse_line(line, &names, &files, err) : err_nomem(err);

		if (r < 0)
			return r;
		text += n + (text[n] == '\n');
	}
	*ret_names = names;
	*ret_files = files;
	names = files = (struct strv){0};
	return 0;
}

static int wait_for(pid_t pid, struct cancel *cancel, int *ret_status, struct err *err)
{
	int left = LIST_MAX_MS;

	while (!proc_ended(pid, ret_status)) {
		struct err unused = ERR_INIT;
		int r = cancel_wait_fd(cancel, -1, 0, WAIT_MS, &unused);

		left -= WAIT_MS;
		if (r == E_TIMEOUT && left > 0)
			continue;
		proc_kill_group(pid, SIGKILL);
		(void)waitpid(pid, ret_status, 0);
		return r == E_TIMEOUT ? err_set(err, E_TIMEOUT, "the loader does not answer")
				      : cancel_check(cancel, err);
	}
	return 0;
}

/* What the loader printed, NUL-terminated; the caller frees. */
static int read_output(int fd, char **ret, struct err *err)
{
	_cleanup_buf_ struct buf b;
	_cleanup_free_ char *path = str_fmt("/proc/self/fd/%d", fd);
	int r;

	buf_init(&b, LIMIT_SMALL_FILE);
	r = path ? fs_read(path, &b, err) : err_nomem(err);
	if (r < 0)
		return r;
	*ret = buf_take_str(&b);
	return *ret ? 0 : err_nomem(err);
}

int libraries_find(const char *program, const char *loader, struct cancel *cancel,
		   struct strv *ret_names, struct strv *ret_files, struct err *err)
{
	/* "/proc/self/exe" would be the loader's own. */
	_cleanup_free_ char *path = realpath(program, NULL);
	/* Libraries for this machine's processor alone would not run on another. */
	const char *const argv[] = {loader, "--glibc-hwcaps-mask", "", "--list", path, NULL};
	_cleanup_close_ int out = memfd_create("list", MFD_CLOEXEC);
	struct proc_options o = {.argv = argv, .out_fd = out, .die_with_parent = true};
	_cleanup_free_ char *text = NULL;
	int status = 0, r;
	pid_t pid;

	if (!path || out < 0)
		return err_set_errno(err, E_IO, errno, "%s", program);
	r = proc_spawn(&o, &pid, err);
	if (r == 0)
		r = wait_for(pid, cancel, &status, err);
	if (r == E_NOTFOUND || r == E_IO)
		return err_set(err, E_UNSUPPORTED,
			       "%s is for another machine: link it statically to put it into an "
			       "image here",
			       program);
	if (r == 0)
		r = read_output(out, &text, err);
	if (r == 0 && status != 0 && !strstr(text, "not found"))
		r = err_set(err, E_UNSUPPORTED, "the loader does not load %s: %.300s", program,
			    text);
	return r < 0 ? r : libraries_parse(text, ret_names, ret_files, err);
}
