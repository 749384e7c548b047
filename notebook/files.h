/*
 * Files by URL, for imports, bad-record logs and exports: local paths,
 * file:///path, s3://bucket/key and s3a://bucket/key.
 *
 * A bucket is a folder when the setting `bucket.NAME` says so, or when no AWS
 * credentials are to be found at all: then it is buckets/NAME in the data
 * place, made on first use with a notice.  Every other bucket is on S3, or
 * at AWS_ENDPOINT_URL_S3 / AWS_ENDPOINT_URL.  A key never leads out of a
 * bucket's folder.
 *
 * `struct files` may be used from any thread; a reader or writer belongs to
 * one thread at a time.  It must outlive its readers and writers.
 *
 * Errors that callers act on: E_NOTFOUND (no such file, key or bucket),
 * E_AUTH (not permitted, by the file system or by S3), E_CANCEL.  Texts name
 * the URL as it was given; hints say what to do.
 */
#ifndef NOTEBOOK_FILES_H
#define NOTEBOOK_FILES_H

#include "base/cancel.h"
#include "base/cleanup.h"
#include "base/config.h"
#include "base/json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct files;
struct files_reader;
struct files_writer;

/* Hears of what a user should know ("no AWS credentials: s3a://x is the folder …"). */
typedef void files_notice_fn(void *userdata, const char *text);

/* What goes with a call that may wait.  NULL: never cancelled, notices dropped. */
struct files_call {
	struct cancel *cancel;
	files_notice_fn *notice;
	void *userdata;
};

/* config is borrowed for the life of the object.  Reads no credentials yet. */
int files_new(const struct config *config, struct files **ret, struct err *err) _must_check_;
void files_free(struct files *f);
CLEANUP_DEFINE(struct files *, files_free)

/*
 * Open for reading from the start.  E_INPUT for a URL of another scheme, a
 * key that climbs out of its bucket, or a folder.  The call's cancel token
 * must outlive the reader.
 */
int files_open(struct files *f, const char *url, const struct files_call *call,
	       struct files_reader **ret, struct err *err) _must_check_;
void files_reader_free(struct files_reader *r);
CLEANUP_DEFINE(struct files_reader *, files_reader_free)

/* Size in bytes; -1 when it is not known before the end (a pipe). */
int64_t files_reader_size(const struct files_reader *r);
/*
 * Up to n bytes into p: *ret_n is 0 at the end only.  A connection to S3 that
 * breaks is resumed where it broke, a few times; E_IO when the object was
 * replaced meanwhile.
 */
int files_reader_read(struct files_reader *r, void *p, size_t n, size_t *ret_n,
		      struct err *err) _must_check_;

struct files_entry {
	char *url;  /* as the listing's own URL is spelt, so that it can be opened */
	char *name; /* last part of it */
	int64_t size;
	bool folder;
};

struct files_list {
	struct files_entry *items;
	size_t len;
};

void files_list_release(struct files_list *l);

/*
 * What a folder, or a prefix taken as one, holds directly, sorted by name.
 * For a plain file: itself alone.  E_NOTFOUND when there is neither.
 */
int files_list(struct files *f, const char *url, const struct files_call *call,
	       struct files_list *ret, struct err *err) _must_check_;

/* Size, and whether it is a folder (or a prefix with keys below it).  ret_* may be NULL. */
int files_stat(struct files *f, const char *url, const struct files_call *call, int64_t *ret_size,
	       bool *ret_folder, struct err *err) _must_check_;

enum files_mode {
	/* There whole or not at all: shows up, replacing an earlier file, at files_writer_finish;
	 * files_writer_free without it drops everything. */
	FILES_WHOLE,
	/* A log that must survive whatever fails later: made new (E_EXISTS when the name is
	 * taken); a local one is on disk as it grows and stays when freed unfinished.  On S3 the
	 * object appears at files_writer_finish, so finish after a failed import too; when that
	 * cannot reach S3, the hint names the local copy, which is kept; freed unfinished it is
	 * kept below the state place. */
	FILES_LOG,
};

/* Folders on the way are made, a local bucket included. */
int files_create(struct files *f, const char *url, enum files_mode mode,
		 const struct files_call *call, struct files_writer **ret,
		 struct err *err) _must_check_;
/* After a failure every later call fails in the same way; the caller may check finish alone. */
int files_writer_write(struct files_writer *w, const void *p, size_t n,
		       struct err *err) _must_check_;
/* Make durable (fsync) and, on S3, upload (5 GB at most).  Once; then free. */
int files_writer_finish(struct files_writer *w, struct err *err) _must_check_;
void files_writer_free(struct files_writer *w);
CLEANUP_DEFINE(struct files_writer *, files_writer_free)

/*
 * Where a URL leads, when to a local file or a folder bucket: the path, owned by the
 * caller; NULL when it is on S3.
 */
int files_local_path(struct files *f, const char *url, const struct files_call *call, char **ret,
		     struct err *err) _must_check_;

/*
 * The folder that stands for a bucket, made when missing; the caller frees.
 * NULL when the bucket is on S3.  What the bridge's `bucket.folder` answers.
 */
int files_bucket_folder(struct files *f, const char *bucket, const struct files_call *call,
			char **ret, struct err *err) _must_check_;

/*
 * Buckets that are folders, for the child's start file (docs/BRIDGE.md, `buckets`):
 * {"folders": {NAME: FOLDER}, "any": FOLDER or null}, new.  Existing folders of
 * `any` are among `folders`.  This and files_spark_conf may take a second, once, where no
 * credentials are: not for the I/O thread.
 */
int files_buckets(struct files *f, json_t **ret, struct err *err) _must_check_;
/*
 * Spark settings that make s3a:// and s3:// mean the same to Spark as here: an
 * object of strings, new.  No secrets are in it: Spark's own provider reads
 * the source that was found.
 */
int files_spark_conf(struct files *f, json_t **ret, struct err *err) _must_check_;

#endif
