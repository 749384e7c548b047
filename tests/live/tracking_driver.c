/*
 * The tracking client as a program, for tests against a real MLflow server:
 * each line of standard input is {"op": NAME, "args": {…}}, each answer a line
 * {"ok": result} or {"error": {"code", "name", "text", "hint"}}.  The op
 * "exit" ends in good order, "abort" does not.  With TRACKING_DRIVER_URI_FILE
 * the server's address is that file's contents, read when asked for.
 */
#include "base/buf.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include "tracking/tracking.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static int address(void *userdata, struct cancel *cancel, char **ret, struct err *err)
{
	_cleanup_buf_ struct buf b;
	int r;

	(void)cancel;
	buf_init(&b, KIB(4));
	r = fs_read(userdata, &b, err);
	if (r < 0)
		return r;
	*ret = buf_take_str(&b);
	if (!*ret)
		return err_nomem(err);
	(*ret)[strcspn(*ret, "\n")] = '\0';
	return 0;
}

static void answer(json_t *j)
{
	_cleanup_free_ char *text = json_text(j);

	json_decref(j);
	puts(text ? text : "null");
	fflush(stdout);
}

static void run_line(struct tracking *t, const char *line)
{
	struct err err = ERR_INIT;
	json_auto_t *request = json_loads(line, 0, NULL);
	const char *op = json_get_str(request, "op", "");
	json_t *result = NULL;

	if (str_eq(op, "abort"))
		raise(SIGKILL);
	if (tracking_call(t, op, json_object_get(request, "args"), NULL, &result, &err) == 0)
		answer(json_pack("{s:o}", "ok", result));
	else
		answer(json_pack("{s:{s:s, s:s, s:s, s:s}}", "error", "code",
				 err_code_name(err.code), "name", err.name, "text", err.text,
				 "hint", err.hint));
}

int main(void)
{
	char *file = getenv("TRACKING_DRIVER_URI_FILE");
	struct tracking_options options = {.server = file ? address : NULL,
					   .userdata = file,
					   .source = "notebook.ipynb"};
	struct tracking *t = NULL;
	struct err err = ERR_INIT;
	char *line = NULL;
	size_t cap = 0;

	(void)signal(SIGPIPE, SIG_IGN);
	if (tracking_new(&options, &t, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	while (getline(&line, &cap, stdin) > 0 && !strstr(line, "\"op\": \"exit\""))
		run_line(t, line);
	free(line);
	tracking_free(t);
	return 0;
}
