/*
 * A program run to its end, its output kept: splice-scorer's checks, and
 * container tools.
 */
#ifndef DEPLOY_PROGRAM_H
#define DEPLOY_PROGRAM_H

#include "base/buf.h"
#include "base/cancel.h"

struct program {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
	const char *const *env;  /* as in base/proc.h; may be NULL */
	const char *dir;         /* NULL keeps ours */
	const char *input;       /* what it reads; NULL: nothing */
	int timeout_ms;
	/* Gets each line of output as it comes, without its end; may be NULL. */
	void (*line)(void *userdata, const char *text);
	void *userdata;
};

/*
 * Run it.  output (its cap is the limit; the rest is dropped) gets standard
 * output and error; *ret_status is wait's.  E_NOTFOUND when there is no such
 * program; after E_TIMEOUT, E_CANCEL and failures it has been ended.
 */
int program_run(const struct program *p, struct cancel *cancel, struct buf *output, int *ret_status,
		struct err *err) _must_check_;

#endif
