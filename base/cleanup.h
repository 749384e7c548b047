/*
 * Scope-bound cleanup.  `_cleanup_(f)` runs f(&variable) when the variable
 * leaves its scope, in reverse order of declaration; TAKE(p) hands the value
 * on and leaves NULL behind; CLEANUP_DEFINE makes the `xp` form of a
 * destructor that takes its object by value.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _must_check_ __attribute__((warn_unused_result))

#define TAKE(p)                                                                                    \
	__extension__({                                                                            \
		__typeof__(p) take_value_ = (p);                                                   \
		(p) = NULL;                                                                        \
		take_value_;                                                                       \
	})

/* The same for a file descriptor: hands it on and leaves -1. */
static inline int take_fd(int *fd)
{
	int value = *fd;

	*fd = -1;
	return value;
}

#define CLEANUP_DEFINE(type, f)                                                                    \
	static inline void f##p(type *p)                                                           \
	{                                                                                          \
		f(*p);                                                                             \
	}

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
