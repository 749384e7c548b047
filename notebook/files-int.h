/* Between files.c, which knows what a URL means, and the two kinds of places. */
#ifndef NOTEBOOK_FILES_INT_H
#define NOTEBOOK_FILES_INT_H

#include "notebook/files.h"
#include "protocol/aws/credentials.h"
#include "protocol/aws/s3.h"

/* What a URL means: a local path, or a bucket and a key on S3. */
struct target {
	char *path;   /* NULL on S3 */
	char *bucket; /* NULL for a plain path */
	char *key;    /* without slashes at the start; "" is the bucket itself */
	struct aws_credentials credentials; /* on S3 */
};

void target_release(struct target *t);
#define _cleanup_target_ _cleanup_(target_release)

int files_resolve(struct files *f, const char *url, const struct files_call *call,
		  struct target *ret, struct err *err) _must_check_;
/* E_NOTFOUND when there are no credentials; keys that expire are kept until shortly before. */
int files_credentials(struct files *f, struct cancel *cancel, struct aws_credentials *ret,
		      struct err *err) _must_check_;

const struct config *files_config(const struct files *f);

static inline struct cancel *files_call_cancel(const struct files_call *call)
{
	return call ? call->cancel : NULL;
}

/* Each kind of reader and writer begins with one of these. */
struct files_reader {
	int64_t size;
	int (*read)(struct files_reader *r, void *p, size_t n, size_t *ret_n, struct err *err);
	void (*free)(struct files_reader *r);
	char *url; /* owned; errors name it */
};

struct files_writer {
	int (*write)(struct files_writer *w, const void *p, size_t n, struct err *err);
	int (*finish)(struct files_writer *w, struct err *err);
	void (*free)(struct files_writer *w);
	char *url;         /* owned; errors name it */
	struct err failed; /* first failure; code 0 while there is none */
};

/* Append an entry; url and name are copied. */
int files_list_add(struct files_list *l, const char *url, size_t n_url, const char *name,
		   int64_t size, bool folder, struct err *err) _must_check_;

int files_local_open(const char *path, struct cancel *cancel, struct files_reader **ret,
		     struct err *err) _must_check_;
int files_local_create(const char *path, enum files_mode mode, struct files_writer **ret,
		       struct err *err) _must_check_;
int files_local_list(const char *path, const char *url, struct files_list *ret,
		     struct err *err) _must_check_;
int files_local_stat(const char *path, int64_t *ret_size, bool *ret_folder,
		     struct err *err) _must_check_;
/* The code for an errno of open(2) and its like, with text and hint. */
int files_local_errno(int errnum, struct err *err) _must_check_;

/* A client for the calling thread, by the environment's region and endpoint. */
int files_s3_client(const struct target *t, struct s3 **ret, struct err *err) _must_check_;
/* E_INPUT when the target is a whole bucket. */
int files_s3_check_key(const struct target *t, struct err *err) _must_check_;
int files_s3_open(const struct target *t, struct cancel *cancel, struct files_reader **ret,
		  struct err *err) _must_check_;
int files_s3_create(const struct target *t, enum files_mode mode, struct cancel *cancel,
		    struct files_writer **ret, struct err *err) _must_check_;
int files_s3_list(const struct target *t, const char *url, struct cancel *cancel,
		  struct files_list *ret, struct err *err) _must_check_;
int files_s3_stat(const struct target *t, struct cancel *cancel, int64_t *ret_size,
		  bool *ret_folder, struct err *err) _must_check_;

#endif
