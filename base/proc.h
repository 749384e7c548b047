/*
 * Child processes.  Started in a session of their own, with no descriptor of
 * ours but standard input (/dev/null), output and error.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct proc_options {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
	const char *const *env;  /* NULL-terminated "NAME=value" set on top of ours; may be NULL */
	const char *dir;         /* working folder; NULL keeps ours */
	int in_fd;               /* standard input; 0 for /dev/null */
	int out_fd;              /* standard output and error; -1 for /dev/null */
	bool die_with_parent;    /* SIGKILL when the starting *thread* ends (prctl(2)) */
};

/* E_NOTFOUND when the program does not exist; other failures E_IO.  The parent must wait for it. */
int proc_spawn(const struct proc_options *options, pid_t *ret, struct err *err) _must_check_;

/* The program of this name beside our own, else the bare name, for PATH; the caller frees. */
char *proc_sibling(const char *name);

/* Signal the process group of a process started here; an already ended one is fine. */
void proc_kill_group(pid_t pid, int signal);

/* True, with wait's status, when pid has ended (and is reaped now).  Never blocks. */
bool proc_ended(pid_t pid, int *ret_status);

/*
 * When a process started, in clock ticks since the machine did: with its pid, a name that is not
 * given twice.  0 when there is no such process, or it has ended and only waits to be reaped.
 */
int64_t proc_start_time(pid_t pid);

/* "exited with status 1" or "was killed by signal 9 (Killed)". */
void proc_describe_status(char *dst, size_t size, int status);

#endif
