/*
 * Error values.  Every function that can fail returns 0 or a negative E_*
 * code and takes a `struct err *` as its last parameter.  The function that
 * knows what went wrong fills in the text once; callers may put a word in
 * front (err_prefix) but never replace it.  There is no global last error.
 *
 * The struct lives on the caller's stack, owns no memory and may be copied.
 * Passing NULL is allowed where only the code matters.
 */
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdarg.h>
#include <stddef.h>

#define E_LIST(X)                                                                                  \
	X(E_OK, 0, "no error")                                                                     \
	X(E_NOMEM, -1, "out of memory")                                                            \
	X(E_IO, -2, "input or output failed")                                                      \
	X(E_PROTO, -3, "the peer broke the protocol")                                              \
	X(E_TOOBIG, -4, "larger than allowed")                                                     \
	X(E_CANCEL, -5, "interrupted")                                                             \
	X(E_TIMEOUT, -6, "timed out")                                                              \
	X(E_NOTFOUND, -7, "not found")                                                             \
	X(E_EXISTS, -8, "exists already")                                                          \
	X(E_USAGE, -9, "wrong usage")                                                              \
	X(E_SERVER, -10, "the server reported an error")                                           \
	X(E_AUTH, -11, "access denied")                                                            \
	X(E_CLOSED, -12, "the connection is closed")                                               \
	X(E_INPUT, -13, "bad input")                                                               \
	X(E_UNSUPPORTED, -14, "not supported")

enum err_code {
#define E_ENUM(name, value, text) name = (value),
	E_LIST(E_ENUM)
#undef E_ENUM
};

enum { ERR_NAME_MAX = 64, ERR_TEXT_MAX = 4096, ERR_HINT_MAX = 512 };

struct err {
	int code;                /* E_*, 0 while nothing happened */
	char name[ERR_NAME_MAX]; /* what a cell shows as ename: SQLSTATE or an exception's name */
	char text[ERR_TEXT_MAX]; /* one sentence, UTF-8, no trailing newline */
	char hint[ERR_HINT_MAX]; /* what the user can do about it; may be empty */
};

#define ERR_INIT                                                                                   \
	{                                                                                          \
		0                                                                                  \
	}

#define ERR_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* Set code and text.  Returns `code`, so that `return err_set(…)` reads well. */
int err_set(struct err *err, int code, const char *fmt, ...) ERR_PRINTF(3, 4);

/* The same with the errno value `errnum` described at the end of the text. */
int err_set_errno(struct err *err, int code, int errnum, const char *fmt, ...) ERR_PRINTF(4, 5);

/* Set the name that a cell shows (cut to ERR_NAME_MAX). */
void err_set_name(struct err *err, const char *name);

/* Set the advice shown under the error. */
void err_set_hint(struct err *err, const char *fmt, ...) ERR_PRINTF(2, 3);

/* Put "what: " in front of the text.  Returns err's code (E_IO for NULL). */
int err_prefix(struct err *err, const char *fmt, ...) ERR_PRINTF(2, 3);

/* Hand on an error that was kept apart.  Returns its code. */
int err_copy(struct err *err, const struct err *from);

/* E_NOMEM with a fixed text. */
int err_nomem(struct err *err);

void err_clear(struct err *err);

/* "E_IO" and "input or output failed"; never NULL. */
const char *err_code_name(int code);
const char *err_code_text(int code);

/* What to show as ename: err->name when set, else the code's name. */
const char *err_ename(const struct err *err);

#endif
