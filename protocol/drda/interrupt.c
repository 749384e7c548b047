/*
 * Stopping what runs.  Splice Machine stops a statement by its token (the one
 * that came with ACCRDBRM), asked for over a second connection; Derby has no
 * such thing.
 */
#include "protocol/drda/conn-int.h"

#include "base/str.h"

#include <string.h>

enum { KILL_TIMEOUT_MS = 5000 };

/* CALL procedure('token'): true when the server did it. */
static bool call(struct drda *c, const char *procedure, const char *token, size_t n)
{
	_cleanup_free_ char *sql = str_fmt("CALL SYSCS_UTIL.%s('%.*s')", procedure, (int)n, token);
	struct drda_result *r = NULL;
	int code = sql ? drda_execute(c, sql, strlen(sql), /* params= */ NULL, 0, DRDA_COMMIT,
				      /* cancel= */ NULL, &r, /* err= */ NULL)
		       : E_NOMEM;

	drda_result_free(r);
	return code == 0;
}

bool interrupt_server(struct drda *c)
{
	_cleanup_(drda_freep) struct drda *second = NULL;
	struct drda_options options = c->options;

	if (c->server != DRDA_SERVER_SPLICE || !c->token || strchr(c->token, '\''))
		return false;
	options.trace_fd = -1;
	options.timeout_ms = KILL_TIMEOUT_MS;
	if (drda_connect(&options, /* cancel= */ NULL, &second, /* err= */ NULL) < 0)
		return false;
	/* A server that does not know its own address in the token may know the bare id. */
	return call(second, "SYSCS_KILL_DRDA_OPERATION", c->token, strlen(c->token)) ||
	       call(second, "SYSCS_KILL_DRDA_OPERATION_LOCAL", c->token, strcspn(c->token, "#"));
}
