/*
 * Reading from S3.  A reader fetches one part ahead in a thread of its own, so
 * that the network and whoever reads work at the same time; its S3 client
 * belongs to that thread once it runs.
 */
#include "notebook/files-int.h"

#include "base/limits.h"
#include "base/str.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A small file comes with the one request that opens it. */
enum { FIRST_PART = 1 << 20 };

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

static int reader_begin(struct remote_reader *r, const struct target *t, struct err *err)
{
	int code = cancel_init(&r->stop, err);

	if (code == 0)
		code = str_replace(&r->bucket, t->bucket, err);
	if (code == 0)
		code = str_replace(&r->key, t->key, err);
	if (code == 0)
		code = files_s3_client(t, &r->s3, err);
	if (code == 0)
		code = fetch(r, &r->parts[0], FIRST_PART, r->cancel, err);
	if (code < 0)
		return code;
	r->base.size = (int64_t)r->size;
	r->left = r->size;
	return r->fetched < r->size ? start_fetching(r, err) : 0;
}

int files_s3_open(const struct target *t, struct cancel *cancel, struct files_reader **ret,
		  struct err *err)
{
	struct remote_reader *r;
	int code = files_s3_check_key(t, err);

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
