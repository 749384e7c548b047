/* Writing to S3: everything is collected in a local file and goes up at the end. */
#include "notebook/files-int.h"

#include "base/fs.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct remote_writer {
	struct files_writer base;
	struct s3 *s3;
	char *bucket;
	char *key;
	struct cancel *cancel;
	int fd;
	char *path; /* of the local copy; NULL once it has no name */
	bool keep;  /* a log: the copy outlives a failure */
	bool used;  /* something was written */
};

static int remote_write(struct files_writer *base, const void *p, size_t n, struct err *err)
{
	struct remote_writer *w = (struct remote_writer *)base;

	w->used |= n > 0;
	return fs_write_all(w->fd, p, n, err);
}

static int remote_finish(struct files_writer *base, struct err *err)
{
	struct remote_writer *w = (struct remote_writer *)base;
	int r = s3_put_file(w->s3, w->bucket, w->key, w->fd, w->cancel, err);

	if (r == 0 && w->path) {
		(void)unlink(w->path);
		free(TAKE(w->path));
	} else if (r < 0 && w->path) {
		(void)fsync(w->fd);
		err_set_hint(err, "nothing is lost: what was to be written is in %s", w->path);
	}
	return r;
}

static void remote_writer_free(struct files_writer *base)
{
	struct remote_writer *w = (struct remote_writer *)base;

	closep(&w->fd);
	if (w->path && !w->used)
		(void)unlink(w->path);
	free(w->path);
	s3_free(w->s3);
	free(w->bucket);
	free(w->key);
	free(w);
}

/* The local copy; without a name unless it is to outlive a failure. */
static int open_copy(struct remote_writer *w, struct err *err)
{
	_cleanup_free_ char *folder = NULL;
	const char *slash = strrchr(w->key, '/');
	int r = fs_place(PLACE_STATE, "uploads", &folder, err);

	if (r == 0)
		r = fs_mkdir_p(folder, 0700, err);
	if (r < 0)
		return r;
	w->path = str_fmt("%s/%.100s.XXXXXX", folder, slash ? slash + 1 : w->key);
	if (!w->path)
		return err_nomem(err);
	w->fd = mkostemp(w->path, O_CLOEXEC);
	if (w->fd < 0)
		return files_local_errno(errno, err);
	if (!w->keep) {
		(void)unlink(w->path);
		free(TAKE(w->path));
	}
	return 0;
}

/* What can be known before the upload: a bucket that is not there, a name that is taken. */
static int check_place(struct remote_writer *w, struct err *err)
{
	_cleanup_s3_object_ struct s3_object o = {0};
	int r = s3_head_bucket(w->s3, w->bucket, w->cancel, err);

	if (r == E_NOTFOUND) {
		(void)err_set(err, r, "there is no bucket %s", w->bucket);
		err_set_hint(err, "check its name, or make it: aws s3 mb s3://%s", w->bucket);
	}
	if (r == 0 && w->keep) {
		r = s3_head(w->s3, w->bucket, w->key, w->cancel, &o, err);
		if (r == 0)
			return files_local_errno(EEXIST, err);
		r = r == E_NOTFOUND ? 0 : r;
	}
	/* Who may write need not be allowed to look. */
	if (r == E_AUTH)
		r = 0;
	if (r == 0)
		err_clear(err);
	return r;
}

static int writer_begin(struct remote_writer *w, const struct target *t, struct err *err)
{
	int r = str_replace(&w->bucket, t->bucket, err);

	if (r == 0)
		r = str_replace(&w->key, t->key, err);
	if (r == 0)
		r = files_s3_client(t, &w->s3, err);
	if (r == 0)
		r = check_place(w, err);
	return r < 0 ? r : open_copy(w, err);
}

int files_s3_create(const struct target *t, enum files_mode mode, struct cancel *cancel,
		    struct files_writer **ret, struct err *err)
{
	struct remote_writer *w;
	int r = files_s3_check_key(t, err);

	if (r < 0)
		return r;
	w = calloc(1, sizeof(*w));
	if (!w)
		return err_nomem(err);
	w->base = (struct files_writer){.write = remote_write,
					.finish = remote_finish,
					.free = remote_writer_free};
	w->fd = -1;
	w->cancel = cancel;
	w->keep = mode == FILES_LOG;
	r = writer_begin(w, t, err);
	if (r < 0) {
		remote_writer_free(&w->base);
		return r;
	}
	*ret = &w->base;
	return 0;
}
