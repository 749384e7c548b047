/*
 * The journal's file.  Adopting looks through it once: the last ack, damage,
 * a cut tail.  From then on records are read one at a time where they lie, so
 * that memory does not depend on the backlog.
 */
#include "tracking/journal.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include "tracking/journal-record.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <uuid/uuid.h>

static const char magic[] = "splice-journal 1\n";

enum {
	MAGIC_LEN = sizeof(magic) - 1,
};

struct journal {
	pthread_mutex_t lock;
	int fd;
	char *path;
	uint64_t size;  /* end of the last whole record */
	uint64_t acked; /* records before this are dealt with */
	unsigned damaged;
	bool dirty; /* written since the last sync */
};

static int journal_alloc(const char *path, struct journal **ret, struct err *err)
{
	_cleanup_(journal_freep) struct journal *j = calloc(1, sizeof(*j));

	if (!j)
		return err_nomem(err);
	j->fd = -1;
	pthread_mutex_init(&j->lock, NULL);
	j->path = str_dup(path);
	if (!j->path)
		return err_nomem(err);
	*ret = TAKE(j);
	return 0;
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	closep(&j->fd);
	free(j->path);
	pthread_mutex_destroy(&j->lock);
	free(j);
}

void journal_remove(struct journal *j)
{
	if (j)
		(void)unlink(j->path);
	journal_free(j);
}

const char *journal_path(const struct journal *j)
{
	return j->path;
}

uint64_t journal_size(struct journal *j)
{
	uint64_t size;

	pthread_mutex_lock(&j->lock);
	size = j->size;
	pthread_mutex_unlock(&j->lock);
	return size;
}

uint64_t journal_acked(const struct journal *j)
{
	return j->acked;
}

unsigned journal_damaged(const struct journal *j)
{
	return j->damaged;
}

/* With the lock held.  All of it or nothing. */
static int write_bytes(struct journal *j, const struct buf *b, struct err *err)
{
	int r = buf_check(b, "what is logged at once", err);

	if (r < 0)
		return r;
	r = fs_write_all(j->fd, b->data, b->len, err);
	if (r == 0) {
		j->size += b->len;
		j->dirty = true;
		return 0;
	}
	/* A part of a record would hide those behind it. */
	if (ftruncate(j->fd, (off_t)j->size) < 0)
		(void)err_prefix(err, "and the part written could not be taken back");
	(void)err_prefix(err, "the journal %s", j->path);
	err_set_hint(err, "make room on that disk; nothing of this call was logged");
	return r;
}

static int append_one(struct journal *j, const json_t *record, struct err *err)
{
	_cleanup_buf_ struct buf b = {0};
	int r;

	buf_init(&b, JOURNAL_RECORD_MAX + JOURNAL_PREFIX_LEN);
	journal_record_put(&b, record);
	pthread_mutex_lock(&j->lock);
	r = write_bytes(j, &b, err);
	pthread_mutex_unlock(&j->lock);
	return r;
}

int journal_append(struct journal *j, const json_t *records, struct err *err)
{
	_cleanup_buf_ struct buf b = {0};
	json_t *record;
	size_t i;
	int r;

	buf_init(&b, LIMIT_BRIDGE_MESSAGE * 2);
	json_array_foreach ((json_t *)records, i, record)
		journal_record_put(&b, record);
	pthread_mutex_lock(&j->lock);
	r = write_bytes(j, &b, err);
	pthread_mutex_unlock(&j->lock);
	return r;
}

int journal_sync(struct journal *j, struct err *err)
{
	bool dirty;

	pthread_mutex_lock(&j->lock);
	dirty = j->dirty;
	j->dirty = false;
	pthread_mutex_unlock(&j->lock);
	if (dirty && fdatasync(j->fd) < 0)
		return err_set_errno(err, E_IO, errno, "%s", j->path);
	return 0;
}

static int hold(struct journal *j, int flags, struct err *err)
{
	j->fd = open(j->path, flags | O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (j->fd < 0)
		return err_set_errno(err, errno == ENOENT ? E_NOTFOUND : E_IO, errno, "%s",
				     j->path);
	if (flock(j->fd, LOCK_EX | LOCK_NB) < 0)
		return err_set_errno(err, errno == EWOULDBLOCK ? E_EXISTS : E_IO, errno, "%s",
				     j->path);
	return 0;
}

static int write_head(struct journal *j, const json_t *head, struct err *err)
{
	_cleanup_buf_ struct buf b = {0};

	buf_init(&b, JOURNAL_RECORD_MAX);
	buf_put(&b, magic, MAGIC_LEN);
	journal_record_put(&b, head);
	j->acked = b.len;
	return write_bytes(j, &b, err);
}

int journal_create(const char *dir, const json_t *head, struct journal **ret, struct err *err)
{
	_cleanup_(journal_freep) struct journal *j = NULL;
	_cleanup_free_ char *path = NULL;
	_cleanup_free_ char *hidden = NULL;
	char id[37];
	uuid_t uuid;
	int r = fs_mkdir_p(dir, 0700, err);

	if (r < 0)
		return r;
	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, id);
	path = str_fmt("%s/%s.journal", dir, id);
	hidden = str_fmt("%s/%s.new", dir, id);
	if (!path || !hidden)
		return err_nomem(err);
	/* Under its real name only once it is held and whole: nobody adopts a half-made file. */
	r = journal_alloc(hidden, &j, err);
	if (r == 0)
		r = hold(j, O_CREAT | O_EXCL, err);
	if (r == 0)
		r = write_head(j, head, err);
	if (r == 0 && rename(hidden, path) < 0)
		r = err_set_errno(err, E_IO, errno, "%s", path);
	if (r < 0) {
		(void)unlink(hidden);
		return r;
	}
	free(j->path);
	j->path = TAKE(path);
	*ret = TAKE(j);
	return 0;
}

/* The offset that an ack record holds, 0 for other records. */
static uint64_t ack_of(const char *payload, size_t n)
{
	json_auto_t *record = NULL;
	json_int_t ack;

	if (n < 7 || memcmp(payload, "{\"ack\":", 7) != 0)
		return 0;
	record = json_loadb(payload, n, 0, NULL);
	ack = json_get_int(record, "ack", 0);
	return ack > 0 ? (uint64_t)ack : 0;
}

/* What one pass over a file finds. */
struct scan {
	size_t end; /* of the last whole record or damage */
	uint64_t acked;
	unsigned damaged;
};

static struct scan scan(const uint8_t *p, size_t n, size_t from)
{
	struct scan s = {.end = from};

	while (s.end < n) {
		const char *payload;
		size_t len, used;
		int r = journal_record_read(p + s.end, n - s.end, &payload, &len, &used);
		uint64_t ack;

		if (r == 0)
			break;
		ack = r == 1 ? ack_of(payload, len) : 0;
		if (ack > s.acked)
			s.acked = ack;
		s.damaged += r < 0;
		s.end += used;
	}
	return s;
}

static int keep_copy(const struct journal *j, const void *p, size_t n, struct err *err)
{
	_cleanup_free_ char *aside = str_fmt("%s.damaged", j->path);

	return aside ? fs_write_atomic(aside, p, n, 0600, err) : err_nomem(err);
}

static int take_stock(struct journal *j, const uint8_t *p, size_t n, struct err *err)
{
	struct scan all;
	struct journal_prefix head;

	if (n < MAGIC_LEN || memcmp(p, magic, MAGIC_LEN) != 0 ||
	    !journal_prefix_read(p + MAGIC_LEN, n - MAGIC_LEN, &head))
		return err_set(err, E_INPUT, "%s is not a journal of this version", j->path);
	all = scan(p, n, MAGIC_LEN);
	j->size = all.end;
	j->acked = all.acked ? all.acked : MAGIC_LEN + JOURNAL_PREFIX_LEN + head.len;
	if (j->acked > j->size)
		return err_set(err, E_INPUT, "%s contradicts itself", j->path);
	if (all.damaged)
		j->damaged = scan(p, n, (size_t)j->acked).damaged;
	return j->damaged ? keep_copy(j, p, n, err) : 0;
}

static int read_all(struct journal *j, struct err *err)
{
	struct stat st;
	void *p;
	int r;

	if (fstat(j->fd, &st) < 0)
		return err_set_errno(err, E_IO, errno, "%s", j->path);
	/* Another process may have delivered and removed it between open and flock. */
	if (st.st_nlink == 0)
		return err_set(err, E_NOTFOUND, "%s is gone", j->path);
	if (st.st_size == 0)
		return err_set(err, E_INPUT, "%s is empty", j->path);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, j->fd, 0);
	if (p == MAP_FAILED)
		return err_set_errno(err, E_IO, errno, "%s", j->path);
	r = take_stock(j, p, (size_t)st.st_size, err);
	(void)munmap(p, (size_t)st.st_size);
	return r;
}

int journal_adopt(const char *path, struct journal **ret, struct err *err)
{
	_cleanup_(journal_freep) struct journal *j = NULL;
	int r = journal_alloc(path, &j, err);

	if (r == 0)
		r = hold(j, /* flags= */ 0, err);
	if (r == 0)
		r = read_all(j, err);
	if (r < 0)
		return r;
	/* Appended records must follow a whole one. */
	if (ftruncate(j->fd, (off_t)j->size) < 0)
		return err_set_errno(err, E_IO, errno, "%s", path);
	*ret = TAKE(j);
	return 0;
}

static int read_at(const struct journal *j, uint64_t offset, size_t n, struct buf *b,
		   struct err *err)
{
	uint8_t *dst;

	buf_clear(b);
	dst = buf_reserve(b, n);
	if (!dst)
		return buf_check(b, "a journal's record", err);
	while (b->len < n) {
		ssize_t got = pread(j->fd, dst + b->len, n - b->len, (off_t)(offset + b->len));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_set_errno(err, E_IO, got < 0 ? errno : EIO, "%s", j->path);
		buf_commit(b, (size_t)got);
	}
	return 0;
}

/* The bytes at offset that hold its record, or all the rest when there is damage. */
static int load(const struct journal *j, uint64_t offset, size_t left, struct buf *b,
		struct err *err)
{
	struct journal_prefix x;
	int r = read_at(j, offset, left < JOURNAL_PREFIX_LEN ? left : JOURNAL_PREFIX_LEN, b, err);

	if (r < 0)
		return r;
	if (journal_prefix_read(b->data, b->len, &x) && x.len <= left - JOURNAL_PREFIX_LEN)
		left = JOURNAL_PREFIX_LEN + x.len;
	return read_at(j, offset, left, b, err);
}

int journal_next(struct journal *j, uint64_t *offset, json_t **ret, struct err *err)
{
	_cleanup_buf_ struct buf b = {0};
	uint64_t size = journal_size(j);

	if (*offset == 0)
		*offset = MAGIC_LEN;
	buf_init(&b, SIZE_MAX);
	while (*offset < size) {
		const char *payload;
		size_t len, used;
		int r = load(j, *offset, (size_t)(size - *offset), &b, err);

		if (r < 0)
			return r;
		r = journal_record_read(b.data, b.len, &payload, &len, &used);
		if (r == 0)
			return 0;
		*offset += used;
		if (r == 1 && !ack_of(payload, len) &&
		    json_parse(payload, len, "a journal's record", ret, err) == 0)
			return 1;
	}
	return 0;
}

int journal_ack(struct journal *j, uint64_t offset, struct err *err)
{
	json_auto_t *record = json_pack("{s:I}", "ack", (json_int_t)offset);
	int r = record ? append_one(j, record, err) : err_nomem(err);

	if (r == 0)
		j->acked = offset;
	return r;
}
