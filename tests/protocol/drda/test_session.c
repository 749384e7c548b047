/*
 * Whole sessions against recordings of a real Derby server (protocol/drda/
 * connect.c, conn.c, request.c, result.c, cursor.c, batch.c, message.c,
 * transaction.c, trace.c): the bytes sent, the trace, the outcome; then the
 * same with every fault there is.
 *
 * DRDA_RECORD=PORT records them anew; UPDATE_GOLDEN=1 writes the other files.
 */
#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include "tests/harness.h"
#include "tests/servers/drda_replay.h"
#include "tests/servers/drda_sessions.h"

#include <sys/mman.h>
#include <unistd.h>

static bool load(const struct drda_session *s, struct buf *recording)
{
	_cleanup_free_ char *path = str_fmt("tests/golden/drda/%s.bin", s->name);
	struct err err = ERR_INIT;

	buf_clear(recording);
	if (fs_read(path, recording, &err) == 0)
		return true;
	test_fail(__FILE__, __LINE__, "%s", err.text);
	return false;
}

static void record(const struct drda_session *s, int port)
{
	_cleanup_free_ char *path = str_fmt("tests/golden/drda/%s.bin", s->name);
	_cleanup_buf_ struct buf recording, out;
	struct drda_replay *r = NULL;
	struct err err = ERR_INIT;

	buf_init(&recording, MIB(16));
	buf_init(&out, MIB(1));
	REQUIRE_OK(drda_record_start(&recording, port, &r, &err), &err);
	drda_session_run(s, drda_replay_port(r), -1, &out);
	CHECK_OK(drda_replay_stop(r, &err), &err);
	REQUIRE_OK(fs_write_atomic(path, recording.data, recording.len, 0644, &err), &err);
}

TEST(record_when_asked)
{
	const char *port = getenv("DRDA_RECORD");
	int64_t number = 0;
	struct err err = ERR_INIT;

	if (!port)
		return;
	REQUIRE_OK(str_parse_i64(port, &number, &err), &err);
	for (const struct drda_session *s = drda_sessions; s->name; s++)
		record(s, (int)number);
}

/* Play a session; its outcome and, with a trace_fd, its trace. */
static int play(const struct drda_session *s, const struct buf *recording, struct drda_fault fault,
		int trace_fd, struct buf *out, struct err *err)
{
	struct drda_replay *r = NULL;
	int code = drda_replay_start(recording, fault, &r, err);

	if (code < 0)
		return code;
	drda_session_run(s, drda_replay_port(r), trace_fd, out);
	return drda_replay_stop(r, err);
}

static void check_golden(const struct drda_session *s, const char *kind, struct buf *text)
{
	_cleanup_free_ char *name = str_fmt("drda/%s.%s", s->name, kind);

	buf_put_u8(text, 0);
	CHECK_GOLDEN(name, (const char *)text->data);
}

static void check_session(const struct drda_session *s)
{
	_cleanup_close_ int trace_fd = memfd_create("trace", MFD_CLOEXEC);
	_cleanup_buf_ struct buf recording, out, trace;
	_cleanup_free_ char *path = str_fmt("/proc/self/fd/%d", trace_fd);
	struct err err = ERR_INIT;

	buf_init(&recording, MIB(16));
	buf_init(&out, MIB(1));
	buf_init(&trace, MIB(4));
	if (!load(s, &recording))
		return;
	CHECK_OK(play(s, &recording, DRDA_NO_FAULT, trace_fd, &out, &err), &err);
	check_golden(s, "out", &out);
	REQUIRE_OK(fs_read(path, &trace, &err), &err);
	check_golden(s, "trace", &trace);
}

TEST(bytes_traces_and_outcomes)
{
	for (const struct drda_session *s = drda_sessions; s->name; s++)
		check_session(s);
}

TEST(slices_change_nothing)
{
	_cleanup_buf_ struct buf recording, whole, sliced;
	struct drda_fault fault = DRDA_NO_FAULT;
	struct err err = ERR_INIT;

	buf_init(&recording, MIB(16));
	buf_init(&whole, MIB(1));
	buf_init(&sliced, MIB(1));
	fault.slice = 1;
	for (const struct drda_session *s = drda_sessions; s->name && load(s, &recording); s++) {
		CHECK_OK(play(s, &recording, DRDA_NO_FAULT, -1, &whole, &err), &err);
		CHECK_OK(play(s, &recording, fault, -1, &sliced, &err), &err);
	}
	CHECK_MEM(sliced.data, sliced.len, whole.data, whole.len);
}

/* Bytes of the two answers that make the connection: one session tries them for all. */
static size_t handshake_size(const struct buf *recording)
{
	struct rd r = rd_make(recording->data, recording->len);
	size_t size = 0, n = 0;

	for (int i = 0; i < 4; i++) {
		n = rd_be32(&r);
		(void)rd_bytes(&r, n);
		size += i % 2 ? n : 0;
	}
	return size;
}

static size_t first_offset(const struct drda_session *s, const struct buf *recording)
{
	return s == drda_sessions ? 0 : handshake_size(recording);
}

/* So many of `n` that all sessions together take a second or two; TEST_FULL=1: all. */
static size_t stride(size_t n, size_t wanted)
{
	return getenv("TEST_FULL") || n < wanted ? 1 : n / wanted;
}

TEST(cut_anywhere_the_connection_is_closed)
{
	_cleanup_buf_ struct buf recording, out;
	struct drda_fault fault = DRDA_NO_FAULT;
	struct err err = ERR_INIT;

	buf_init(&recording, MIB(16));
	buf_init(&out, MIB(1));
	for (const struct drda_session *s = drda_sessions; s->name && load(s, &recording); s++) {
		size_t size = drda_replay_size(&recording);

		for (fault.cut = first_offset(s, &recording); fault.cut < size;
		     fault.cut += stride(size, 300)) {
			buf_clear(&out);
			(void)!play(s, &recording, fault, -1, &out, &err);
			buf_put_u8(&out, 0);
			if (!strstr((char *)out.data, "E_CLOSED"))
				test_fail(__FILE__, __LINE__, "%s cut at %zu: %s", s->name,
					  fault.cut, out.data);
		}
	}
}

static void poke(const struct drda_session *s, const struct buf *recording, size_t offset,
		 unsigned with)
{
	_cleanup_buf_ struct buf out;
	struct drda_fault fault = DRDA_NO_FAULT;
	struct err err = ERR_INIT;

	buf_init(&out, MIB(1));
	fault.poke = offset;
	fault.with = with;
	(void)!play(s, recording, fault, -1, &out, &err);
	buf_put_u8(&out, 0);
	if (!strstr((char *)out.data, "E_"))
		test_fail(__FILE__, __LINE__, "%s: length %u at %zu: no error: %s", s->name, with,
			  offset, out.data);
}

TEST(wrong_lengths_are_errors)
{
	static const unsigned values[] = {0, 1, 0x7FFF, 0xFFFF};
	static size_t offsets[4000];
	_cleanup_buf_ struct buf recording;

	buf_init(&recording, MIB(16));
	for (const struct drda_session *s = drda_sessions; s->name && load(s, &recording); s++) {
		size_t n = drda_replay_lengths(&recording, offsets, ARRAY_LEN(offsets));
		size_t first = first_offset(s, &recording);

		for (size_t i = 0; i < n; i += stride(n, 60))
			for (size_t k = 0; k < ARRAY_LEN(values) && offsets[i] >= first; k++)
				poke(s, &recording, offsets[i], values[k]);
	}
}

TEST_MAIN()
