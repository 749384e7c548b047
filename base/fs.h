/*
 * Files: whole small files in and out, folders, and the places where the
 * program keeps things (XDG base directories).
 */
#ifndef BASE_FS_H
#define BASE_FS_H

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"

#include <stdbool.h>

/* Append the file's contents to b (its cap is the limit).  E_NOTFOUND when it does not exist. */
int fs_read(const char *path, struct buf *b, struct err *err) _must_check_;
/* The same of what is left in a descriptor; `name` stands in errors. */
int fs_read_fd(int fd, const char *name, struct buf *b, struct err *err) _must_check_;
/*
 * Replace the file's contents: written beside it, synced, renamed, so that a
 * reader sees the old or the new and never a part.
 */
int fs_write_atomic(const char *path, const void *p, size_t n, unsigned mode,
		    struct err *err) _must_check_;
/* Write all n bytes, going on after short writes and EINTR. */
int fs_write_all(int fd, const void *p, size_t n, struct err *err) _must_check_;
/* Make the folder and its parents; an existing one is fine. */
int fs_mkdir_p(const char *path, unsigned mode, struct err *err) _must_check_;
bool fs_exists(const char *path);
bool fs_is_dir(const char *path);

enum place {
	PLACE_CONFIG,  /* $XDG_CONFIG_HOME/splice-kernel, the user's settings */
	PLACE_DATA,    /* $XDG_DATA_HOME/splice-kernel, database, runs, buckets */
	PLACE_STATE,   /* $XDG_STATE_HOME/splice-kernel, logs, history, journal */
	PLACE_RUNTIME, /* $XDG_RUNTIME_DIR/splice-kernel, or a 0700 folder below /tmp */
	PLACE_LIB,     /* $SPLICE_LIB_DIR, or ../lib/splice-kernel beside the program */
};

/*
 * The place's path with `name` (may be NULL) below it; the caller frees.  The
 * place itself is made (0700), but PLACE_LIB, which must exist.  A runtime
 * folder that somebody else owns is refused.
 */
int fs_place(enum place place, const char *name, char **ret, struct err *err) _must_check_;

#endif
