/* The loader asked with --list (ld.so(8)). */
#include "deploy/libraries.h"

#include "base/limits.h"
#include "deploy/program.h"

#include <errno.h>
#include <string.h>

enum { LIST_MAX_MS = 10000 };

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

int libraries_find(const char *program, const char *loader, struct cancel *cancel,
		   struct strv *ret_names, struct strv *ret_files, struct err *err)
{
	/* "/proc/self/exe" would be the loader's own. */
	_cleanup_free_ char *path = realpath(program, NULL);
	/* Libraries for this machine's processor alone would not run on another. */
	const char *const argv[] = {loader, "--glibc-hwcaps-mask", "", "--list", path, NULL};
	struct program p = {.argv = argv, .timeout_ms = LIST_MAX_MS};
	_cleanup_buf_ struct buf output;
	_cleanup_free_ char *text = NULL;
	int status = 0, r;

	buf_init(&output, LIMIT_SMALL_FILE);
	if (!path)
		return err_set_errno(err, E_IO, errno, "%s", program);
	r = program_run(&p, cancel, &output, &status, err);
	if (r == E_NOTFOUND || r == E_IO) {
		(void)err_set(err, E_UNSUPPORTED, "the loader %s of %s does not run here", loader,
			      program);
		err_set_hint(err, "a program for another machine has to be linked statically");
		return E_UNSUPPORTED;
	}
	if (r < 0)
		return r;
	text = buf_take_str(&output);
	if (!text)
		return err_nomem(err);
	if (status != 0 && !strstr(text, "not found"))
		return err_set(err, E_UNSUPPORTED, "the loader does not load %s: %.300s", program,
			       text);
	return libraries_parse(text, ret_names, ret_files, err);
}
