/* protocol/drda/trace.c (whole traces are in tests/golden/drda) */
#include "protocol/drda/trace.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include "tests/harness.h"

#include <sys/mman.h>

/* The trace of the chain in w. */
static char *trace(struct dss_writer *w, bool stable)
{
	_cleanup_close_ int fd = memfd_create("trace", MFD_CLOEXEC);
	_cleanup_free_ char *path = str_fmt("/proc/self/fd/%d", fd);
	const struct drda_trace t = {.fd = fd, .stable = stable, .utf8 = true};
	_cleanup_buf_ struct buf b;
	struct err err = ERR_INIT;

	buf_init(&b, MIB(1));
	CHECK_OK(dss_finish(w, &err), &err);
	drda_trace_chain(&t, &w->buf);
	CHECK_OK(fs_read(path, &b, &err), &err);
	return buf_take_str(&b);
}

static void put_statement(struct dss_writer *w, const char *sql)
{
	dss_object(w);
	ddm_open(w, CP_SQLSTT);
	buf_put_u8(&w->buf, 0);
	buf_put_be32(&w->buf, (uint32_t)strlen(sql));
	buf_put_str(&w->buf, sql);
	buf_put_u8(&w->buf, 0xFF);
	ddm_close(w);
}

TEST(secrets_are_hidden)
{
	_cleanup_free_ char *text = NULL;
	struct dss_writer w;

	dss_writer_init(&w, MIB(1));
	(void)dss_request(&w);
	ddm_open(&w, CP_SECCHK);
	ddm_put_bytes(&w, CP_USRID, "ann", 3);
	ddm_put_bytes(&w, CP_PASSWORD, "hush", 4);
	ddm_close(&w);
	put_statement(&w, "call create_user('ann',\n'hu''sh')");
	dss_object(&w);
	ddm_open(&w, CP_SQLDTA);
	ddm_put_bytes(&w, CP_FDODSC, "\3\0\4", 3);
	ddm_put_bytes(&w, CP_FDODTA, "hush", 4);
	ddm_close(&w);
	text = trace(&w, true);
	CHECK_STR(text, "> 1 SECCHK 15 {USRID \"ann\" PASSWORD (hidden)}\n"
			"> 1 SQLSTT 39 \"call create_user('…', '…''…')\"\n"
			"> 1 SQLDTA 15 {FDODSC 3 FDODTA 4}\n");
	dss_writer_release(&w);
}

TEST(what_differs_from_run_to_run_is_left_out_when_stable)
{
	_cleanup_free_ char *stable = NULL, *plain = NULL;
	struct dss_writer w;

	dss_writer_init(&w, MIB(1));
	(void)dss_request(&w);
	ddm_open(&w, CP_CNTQRY);
	ddm_put_bytes(&w, CP_QRYINSID, "\1\2\3\4\5\6\7\x08", 8);
	ddm_close(&w);
	plain = trace(&w, false);
	CHECK_STR(plain, "> 1 CNTQRY 12 {QRYINSID 0102030405060708}\n");
	stable = trace(&w, true);
	CHECK_STR(stable, "> 1 CNTQRY 12 {QRYINSID -}\n");
	dss_writer_release(&w);
}

TEST(nonsense_does_no_harm)
{
	_cleanup_free_ char *text = NULL;
	struct dss_writer w;

	dss_writer_init(&w, MIB(1));
	(void)dss_request(&w);
	ddm_put_bytes(&w, CP_OPNQRYRM, "\0\x30\x11\x49", 4);
	ddm_put_bytes(&w, CP_SQLCARD, "\0\0", 2);
	ddm_put_bytes(&w, CP_SQLSTT, "\0\0", 2);
	text = trace(&w, true);
	CHECK_STR(text, "> 1 OPNQRYRM { (cut short)}\n> 1 SQLCARD 2 (cut short)\n> 1 SQLSTT 2\n");
	dss_writer_release(&w);
}

TEST_MAIN()
