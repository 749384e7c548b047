/*
 * Files on S3.  A reader fetches one part ahead in a thread of its own, so
 * that the network and whoever reads work at the same time; its S3 client
 * belongs to that thread once it runs.  A writer collects in a local file.
 */
#include "notebook/files-int.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A small file comes with the one request that opens it. */
enum { FIRST_PART = 1 << 20, LIST_MAX = 100000 };

static int client_new(const struct target *t, struct s3 **ret, struct err *err)
{
	_cleanup_free_ char *region = NULL, *endpoint = NULL;
	struct s3_options o = {.credentials = &t->credentials};
	int r = aws_region(&region, err);

	if (r == 0)
		r = aws_endpoint("S3", &endpoint, err);
	if (r < 0)
		return r;
	o.region = region;
	o.endpoint = endpoint;
	return s3_new(&o, ret, err);
}

/* --- reading --- */

struct remote_reader {
	struct files_reader base;
	struct s3 *s3; /* the thread's, while it runs */
	char *bucket;
	char *key;
	char *etag;
	uint64_t size;
	uint64_t fetched;      /* bytes asked for so far: the thread's, while it runs */
	struct buf parts[2];   /* one is read while the other is fetched */
	unsigned current;      /* the part being read */
	size_t at;             /* read of it */
	uint64_t left;         /* bytes of the object not read yet */
	struct cancel *cancel; /* of the caller */
	bool running;          /* the thread is to be joined */
	pthread_t thread;
	struct cancel stop; /* ends the thread */
	int wanted_fd;      /* eventfd: the other part may be fetched */
	int fetched_fd;     /* eventfd: it is there, or failed */
	struct err failed;  /* of the thread; written before fetched_fd is signalled */
};

static void signal_fd(int fd)
{
	uint64_t one = 1;

	/* The counter is 0 or 1 here, so this cannot block or fail. */
	(void)!write(fd, &one, sizeof(one));
}

static int wait_signal(const struct cancel *cancel, int fd, struct err *err)
{
	uint64_t count;
	int r = cancel_wait_fd(cancel, fd, POLLIN, -1, err);

	if (r == 0 && read(fd, &count, sizeof(count)) < 0)
		r = err_set_errno(err, E_IO, errno, "eventfd");
	return r;
}

static int fetch(struct remote_reader *r, struct buf *part, size_t n, struct cancel *cancel,
		 struct err *err)
{
	_cleanup_s3_object_ struct s3_object o = {0};
	int code;

	buf_clear(part);
	code = s3_get(r->s3, r->bucket, r->key, r->fetched, n, r->etag, cancel, part, &o, err);
	if (code < 0)
		return code;
	r->size = o.size;
	r->fetched += part->len;
	return r->etag ? 0 : str_replace(&r->etag, o.etag, err);
}

static void *fetch_main(void *arg)
{
	struct remote_reader *r = arg;
	unsigned next = !r->current;

	while (r->fetched < r->size) {
		struct err err = ERR_INIT;

		if (wait_signal(&r->stop, r->wanted_fd, &err) < 0)
			return NULL;
		if (fetch(r, &r->parts[next], LIMIT_S3_PART, &r->stop, &err) < 0)
			r->failed = err;
		next = !next;
		signal_fd(r->fetched_fd);
		if (err.code)
			return NULL;
	}
	return NULL;
}

/* Only an object that is larger than what is there already needs the thread. */
static int start_fetching(struct remote_reader *r, struct err *err)
{
	int errnum;

	r->wanted_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	r->fetched_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->wanted_fd < 0 || r->fetched_fd < 0)
		return err_set_errno(err, E_IO, errno, "eventfd");
	errnum = pthread_create(&r->thread, NULL, fetch_main, r);
	if (errnum)
		return err_set_errno(err, E_NOMEM, errnum, "no thread to read ahead");
	r->running = true;
	return 0;
}

/* Exchange the part that is read up for the one fetched meanwhile. */
static int next_part(struct remote_reader *r, struct err *err)
{
	int code = wait_signal(r->cancel, r->fetched_fd, err);

	if (code < 0)
		return code;
	if (r->failed.code) {
		*err = r->failed;
		signal_fd(r->fetched_fd); /* every later read fails in the same way */
		return r->failed.code;
	}
	r->current = !r->current;
	r->at = 0;
	signal_fd(r->wanted_fd);
	return 0;
}

static int remote_read(struct files_reader *base, void *p, size_t n, size_t *ret_n, struct err *err)
{
	struct remote_reader *r = (struct remote_reader *)base;
	struct buf *part = &r->parts[r->current];
	int code = cancel_check(r->cancel, err);

	if (code == 0 && r->at == part->len && r->left) {
		code = next_part(r, err);
		part = &r->parts[r->current];
	}
	if (code < 0)
		return code;
	if (n > part->len - r->at)
		n = part->len - r->at;
	if (n)
		memcpy(p, part->data + r->at, n);
	r->at += n;
	r->left -= n;
	*ret_n = n;
	return 0;
}

static void remote_reader_free(struct files_reader *base)
{
	struct remote_reader *r = (struct remote_reader *)base;

	if (r->running) {
		cancel_fire(&r->stop);
		(void)pthread_join(r->thread, NULL);
	}
	cancel_release(&r->stop);
	closep(&r->wanted_fd);
	closep(&r->fetched_fd);
	buf_release(&r->parts[0]);
	buf_release(&r->parts[1]);
	s3_free(r->s3);
	free(r->bucket);
	free(r->key);
	free(r->etag);
	free(r);
}

static int check_names_file(const struct target *t, struct err *err)
{
	if (*t->key)
		return 0;
	(void)err_set(err, E_INPUT, "this is a bucket, not a file");
	err_set_hint(err, "write s3a://%s/KEY", t->bucket);
	return E_INPUT;
}

static int reader_begin(struct remote_reader *r, const struct target *t, struct err *err)
{
	int code = cancel_init(&r->stop, err);

	if (code == 0)
		code = str_replace(&r->bucket, t->bucket, err);
	if (code == 0)
		code = str_replace(&r->key, t->key, err);
	if (code == 0)
		code = client_new(t, &r->s3, err);
	if (code == 0)
		code = fetch(r, &r->parts[0], FIRST_PART, r->cancel, err);
	if (code < 0)
		return code;
	r->base.size = (int64_t)r->size;
	r->left = r->size;
	return r->fetched < r->size ? start_fetching(r, err) : 0;
}

int remote_open(const struct target *t, struct cancel *cancel, struct files_reader **ret,
		struct err *err)
{
	struct remote_reader *r;
	int code = check_names_file(t, err);

	if (code < 0)
		return code;
	r = calloc(1, sizeof(*r));
	if (!r)
		return err_nomem(err);
	r->base.read = remote_read;
	r->base.free = remote_reader_free;
	r->cancel = cancel;
	r->wanted_fd = r->fetched_fd = r->stop.fd = -1;
	buf_init(&r->parts[0], LIMIT_S3_PART);
	buf_init(&r->parts[1], LIMIT_S3_PART);
	code = reader_begin(r, t, err);
	if (code < 0) {
		remote_reader_free(&r->base);
		return code;
	}
	*ret = &r->base;
	return 0;
}

/* --- writing --- */

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
		return local_errno(errno, err);
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
			return local_errno(EEXIST, err);
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
		r = client_new(t, &w->s3, err);
	if (r == 0)
		r = check_place(w, err);
	return r < 0 ? r : open_copy(w, err);
}

int remote_create(const struct target *t, enum files_mode mode, struct cancel *cancel,
		  struct files_writer **ret, struct err *err)
{
	struct remote_writer *w;
	int r = check_names_file(t, err);

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

/* --- listing --- */

/* The key as a folder: with a slash at the end, or "" for the bucket. */
static char *as_prefix(const char *key)
{
	size_t n = strlen(key);

	return str_fmt("%s%s", key, n && key[n - 1] != '/' ? "/" : "");
}

/* Names below the prefix; a folder's own marker object has none. */
static int add_page(const struct s3_page *page, const char *prefix, const char *base,
		    struct files_list *ret, struct err *err)
{
	for (size_t i = 0; i < page->len; i++) {
		const struct s3_entry *e = &page->entries[i];
		_cleanup_free_ char *name = NULL;
		size_t n;
		int r;

		if (!str_starts(e->key, prefix))
			return err_set(err, E_PROTO,
				       "the listing has a key that was not asked for");
		n = strlen(e->key) - strlen(prefix) - (e->prefix ? 1 : 0);
		if (!e->key[strlen(prefix)] || n == 0)
			continue;
		name = str_ndup(e->key + strlen(prefix), n);
		if (!name)
			return err_nomem(err);
		r = files_list_add(ret, base, strlen(base), name, (int64_t)e->size, e->prefix, err);
		if (r < 0)
			return r;
	}
	if (ret->len > LIST_MAX)
		return err_set(err, E_TOOBIG, "more than %d names are below it", LIST_MAX);
	return 0;
}

static int list_prefix(struct s3 *s3, const struct target *t, const char *base,
		       struct cancel *cancel, struct files_list *ret, bool *ret_any,
		       struct err *err)
{
	_cleanup_free_ char *prefix = as_prefix(t->key);
	_cleanup_free_ char *after = NULL;

	if (!prefix)
		return err_nomem(err);
	*ret_any = !*prefix;
	do {
		_cleanup_s3_page_ struct s3_page page = {0};
		int r = s3_list(s3, t->bucket, prefix, "/", after, cancel, &page, err);

		if (r == 0)
			r = add_page(&page, prefix, base, ret, err);
		if (r < 0)
			return r;
		*ret_any |= page.len > 0;
		free(after);
		after = TAKE(page.next);
	} while (after);
	return 0;
}

int remote_list(const struct target *t, const char *url, struct cancel *cancel,
		struct files_list *ret, struct err *err)
{
	size_t n = strlen(url);
	_cleanup_free_ char *base = str_fmt("%s%s", url, n && url[n - 1] == '/' ? "" : "/");
	_cleanup_(s3_freep) struct s3 *s3 = NULL;
	_cleanup_s3_object_ struct s3_object o = {0};
	const char *name = strrchr(url, '/');
	bool any = false;
	int r = base ? client_new(t, &s3, err) : err_nomem(err);

	if (r == 0)
		r = list_prefix(s3, t, base, cancel, ret, &any, err);
	if (r < 0 || any)
		return r;
	r = s3_head(s3, t->bucket, t->key, cancel, &o, err);
	if (r < 0)
		return r;
	name = name ? name + 1 : url;
	return files_list_add(ret, url, (size_t)(name - url), name, (int64_t)o.size, false, err);
}

int remote_stat(const struct target *t, struct cancel *cancel, int64_t *ret_size, bool *ret_folder,
		struct err *err)
{
	_cleanup_(s3_freep) struct s3 *s3 = NULL;
	_cleanup_s3_object_ struct s3_object o = {0};
	_cleanup_s3_page_ struct s3_page page = {0};
	_cleanup_free_ char *prefix = as_prefix(t->key);
	struct err missing = ERR_INIT;
	int r = prefix ? client_new(t, &s3, err) : err_nomem(err);

	if (r < 0)
		return r;
	*ret_folder = true;
	*ret_size = 0;
	if (!*t->key)
		return s3_head_bucket(s3, t->bucket, cancel, err);
	r = s3_head(s3, t->bucket, t->key, cancel, &o, &missing);
	if (r == 0) {
		*ret_folder = false;
		*ret_size = (int64_t)o.size;
		return 0;
	}
	if (r == E_NOTFOUND)
		r = s3_list(s3, t->bucket, prefix, "/", NULL, cancel, &page, err);
	else
		*err = missing;
	if (r == 0 && page.len == 0) {
		*err = missing;
		return missing.code;
	}
	return r;
}
