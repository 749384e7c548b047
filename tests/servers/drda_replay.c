/* The replaying server: one thread, blocking sockets. */
#include "tests/servers/drda_replay.h"

#include "base/limits.h"
#include "protocol/drda/codepoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

struct drda_replay {
	pthread_t thread;
	int listener, port;
	int server_port; /* to record from; 0: replay */
	const struct buf *recording;
	struct buf *record;
	struct drda_fault fault;
	size_t sent;
	struct err err;
};

static unsigned be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static bool read_exactly(int fd, struct buf *b, size_t n)
{
	uint8_t *dst = buf_reserve(b, n);

	while (dst && n) {
		ssize_t got = recv(fd, dst, n, 0);

		if (got <= 0)
			return false;
		buf_commit(b, (size_t)got);
		dst += got;
		n -= (size_t)got;
	}
	return dst != NULL;
}

/* One DSS with its segments, appended raw; *ret_chained tells whether another follows. */
static bool read_dss(int fd, struct buf *b, bool *ret_chained)
{
	size_t at = b->len;
	unsigned length;

	if (!read_exactly(fd, b, 6))
		return false;
	*ret_chained = b->data[at + 3] & 0x40;
	length = be16(b->data + at);
	if (!read_exactly(fd, b, (length & 0x7FFF) - 6))
		return false;
	while (length & 0x8000) {
		at = b->len;
		if (!read_exactly(fd, b, 2))
			return false;
		length = be16(b->data + at);
		if (!read_exactly(fd, b, (length & 0x7FFF) - 2))
			return false;
	}
	return true;
}

static bool read_chain(int fd, struct buf *b)
{
	bool more = true;

	buf_clear(b);
	while (more)
		if (!read_dss(fd, b, &more))
			return false;
	return true;
}

static bool write_all(int fd, const uint8_t *p, size_t n, size_t slice)
{
	while (n) {
		size_t now = slice && slice < n ? slice : n;
		ssize_t sent = send(fd, p, now, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		p += sent;
		n -= (size_t)sent;
	}
	return true;
}

/* Send an answer with its faults; false when the connection is to be closed. */
static bool send_answer(struct drda_replay *r, int fd, const uint8_t *p, size_t n)
{
	_cleanup_buf_ struct buf b;
	size_t at = r->sent;
	bool poked = r->fault.poke >= at && r->fault.poke < at + n;

	buf_init(&b, LIMIT_DRDA_OBJECT);
	buf_put(&b, p, n);
	if (poked && r->fault.poke + 2 <= at + n)
		buf_poke_be16(&b, r->fault.poke - at, r->fault.with);
	r->sent += n;
	if (r->fault.cut < at + n) {
		(void)write_all(fd, b.data, r->fault.cut - at, r->fault.slice);
		return false;
	}
	return write_all(fd, b.data, b.len, r->fault.slice) && !poked;
}

static struct rd next_record(struct rd *recording)
{
	size_t n = rd_be32(recording);

	return rd_sub(recording, n);
}

static void compare(struct drda_replay *r, const struct buf *got, struct rd want, unsigned chain)
{
	size_t at = 0;

	while (at < got->len && at < want.n && got->data[at] == want.p[at])
		at++;
	if ((at < got->len || at < want.n) && r->err.code == 0)
		(void)err_set(&r->err, E_PROTO, "the client's chain %u differs at byte %zu", chain,
			      at);
}

static void replay(struct drda_replay *r, int fd)
{
	struct rd recording = rd_make(r->recording->data, r->recording->len);
	_cleanup_buf_ struct buf chain;
	unsigned number = 0;

	buf_init(&chain, LIMIT_DRDA_REQUEST);
	while (recording.n && read_chain(fd, &chain)) {
		struct rd answer;

		compare(r, &chain, next_record(&recording), ++number);
		answer = next_record(&recording);
		if (!send_answer(r, fd, answer.p, answer.n))
			return;
	}
	if (recording.n && r->err.code == 0)
		(void)err_set(&r->err, E_PROTO, "the client stopped after chain %u", number);
}

static int dial(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	closep(&fd);
	return -1;
}

static void record(struct drda_replay *r, int fd)
{
	_cleanup_close_ int server = dial(r->server_port);
	_cleanup_buf_ struct buf chain;
	bool from_client = true;

	buf_init(&chain, LIMIT_DRDA_REQUEST);
	while (read_chain(from_client ? fd : server, &chain)) {
		buf_put_be32(r->record, (uint32_t)chain.len);
		buf_put(r->record, chain.data, chain.len);
		if (!write_all(from_client ? server : fd, chain.data, chain.len, 0))
			break;
		from_client = !from_client;
	}
}

static void *serve(void *userdata)
{
	struct drda_replay *r = userdata;
	_cleanup_close_ int fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
	int on = 1;

	if (fd < 0)
		return NULL;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (r->server_port)
		record(r, fd);
	else
		replay(r, fd);
	/* Let the client's bytes be read, or closing would reset what it has not read yet. */
	(void)shutdown(fd, SHUT_WR);
	while (recv(fd, &(char[4096]){0}, 4096, 0) > 0)
		;
	return NULL;
}

static int start(struct drda_replay *r, struct err *err)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t size = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	r->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (r->listener < 0 || bind(r->listener, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(r->listener, 1) < 0 ||
	    getsockname(r->listener, (struct sockaddr *)&a, &size) < 0)
		return err_set_errno(err, E_IO, errno, "listen");
	r->port = ntohs(a.sin_port);
	if (pthread_create(&r->thread, NULL, serve, r) != 0)
		return err_set(err, E_IO, "no thread");
	return 0;
}

static int begin(struct drda_replay *r, struct drda_replay **ret, struct err *err)
{
	int code;

	if (!r)
		return err_nomem(err);
	r->listener = -1;
	code = start(r, err);
	if (code < 0) {
		closep(&r->listener);
		free(r);
		return code;
	}
	*ret = r;
	return 0;
}

int drda_replay_start(const struct buf *recording, struct drda_fault fault,
		      struct drda_replay **ret, struct err *err)
{
	struct drda_replay *r = calloc(1, sizeof(*r));

	if (r) {
		r->recording = recording;
		r->fault = fault;
	}
	return begin(r, ret, err);
}

int drda_record_start(struct buf *recording, int server_port, struct drda_replay **ret,
		      struct err *err)
{
	struct drda_replay *r = calloc(1, sizeof(*r));

	if (r) {
		r->record = recording;
		r->server_port = server_port;
	}
	return begin(r, ret, err);
}

int drda_replay_port(const struct drda_replay *r)
{
	return r->port;
}

int drda_replay_stop(struct drda_replay *r, struct err *err)
{
	int code;

	/* A client that never came: end accept. */
	(void)shutdown(r->listener, SHUT_RDWR);
	(void)pthread_join(r->thread, NULL);
	closep(&r->listener);
	code = r->err.code;
	if (code < 0)
		*err = r->err;
	free(r);
	return code;
}

struct lengths {
	size_t *offsets, n, max;
	size_t base; /* of the answer in all that is sent */
};

static void add_length(struct lengths *l, size_t offset)
{
	if (l->n < l->max)
		l->offsets[l->n++] = l->base + offset;
}

/* Objects of a DSS that has one segment; groups are entered. */
static void add_objects(struct lengths *l, const uint8_t *start, struct rd r)
{
	while (r.n >= 4) {
		size_t at = (size_t)(r.p - start);
		unsigned length = rd_be16(&r), cp = rd_be16(&r);

		add_length(l, at);
		if (length & 0x8000 || length < 4 || length - 4 > r.n)
			return;
		if (codepoint_kind(cp) == KIND_GROUP)
			add_objects(l, start, rd_make(r.p, length - 4));
		(void)rd_bytes(&r, length - 4);
	}
}

static void add_answer(struct lengths *l, struct rd answer)
{
	const uint8_t *start = answer.p;

	while (answer.n >= 6) {
		const uint8_t *dss = answer.p;
		unsigned length = be16(dss);
		bool whole = !(length & 0x8000);

		add_length(l, (size_t)(dss - start));
		if (whole)
			add_objects(l, start, rd_make(dss + 6, length - 6));
		(void)rd_bytes(&answer, length & 0x7FFF);
		while (length & 0x8000 && answer.n >= 2) {
			add_length(l, (size_t)(answer.p - start));
			length = be16(answer.p);
			(void)rd_bytes(&answer, length & 0x7FFF);
		}
	}
}

size_t drda_replay_lengths(const struct buf *recording, size_t *offsets, size_t max)
{
	struct rd r = rd_make(recording->data, recording->len);
	struct lengths l = {.offsets = offsets, .max = max};

	while (r.n) {
		struct rd answer;

		(void)next_record(&r);
		answer = next_record(&r);
		add_answer(&l, answer);
		l.base += answer.n;
	}
	return l.n;
}

size_t drda_replay_size(const struct buf *recording)
{
	struct rd r = rd_make(recording->data, recording->len);
	size_t size = 0;

	while (r.n) {
		(void)next_record(&r);
		size += next_record(&r).n;
	}
	return size;
}
