/*
 * SQL requests (DDM volume 3).  Parameters with their defaults are left out.
 */
#include "protocol/drda/request.h"

#include <string.h>

enum {
	NAME_WIDTH = 18, /* names are padded to it, and length-prefixed when longer */
	FLAG_TRUE = 0xF1,
	SQLDA_EXTENDED_OUT = 4,
	SQLDA_EXTENDED_IN = 5,
	CLOSE_IMPLICITLY = 1,
	RETURN_LOBS_WITH_ROWS = 2,
	ALL_RESULT_SETS = 0xFFFF,
	SETS_WITH_DESCRIPTIONS = 0x50,
};

static const char collection[] = "NULLID";
static const char package[] = "SYSLH000"; /* cursors held over a commit */
static const char consistency[8] = {'S', 'Y', 'S', 'L', 'V', 'L', '0', '1'};

/* A name of PKGNAMCSN; each of the three has a length when one of them is long. */
static int put_name(struct drda *c, const char *name, bool with_length, struct err *err)
{
	size_t at = c->out.buf.len;
	int code;

	if (with_length)
		buf_put_be16(&c->out.buf, 0);
	code = conn_put_chars(c, name, NAME_WIDTH, err);
	if (with_length && code == 0)
		buf_poke_be16(&c->out.buf, at, (unsigned)(c->out.buf.len - at - 2));
	return code;
}

static int put_package_data(struct drda *c, unsigned section, struct err *err)
{
	bool with_length = strlen(c->options.database) > NAME_WIDTH;
	int code = put_name(c, c->options.database, with_length, err);

	if (code == 0)
		code = put_name(c, collection, with_length, err);
	if (code == 0)
		code = put_name(c, package, with_length, err);
	buf_put(&c->out.buf, consistency, sizeof(consistency));
	buf_put_be16(&c->out.buf, section);
	return code;
}

/* Names were tried by request_check, so that this cannot fail but for memory. */
static void put_package(struct drda *c, unsigned section)
{
	ddm_open(&c->out, CP_PKGNAMCSN);
	(void)!put_package_data(c, section, /* err= */ NULL);
	ddm_close(&c->out);
}

int request_check(struct drda *c, struct err *err)
{
	int code = put_package_data(c, 1, err);

	dss_writer_clear(&c->out);
	return code;
}

static void put_statement(struct drda *c, const char *sql, size_t n)
{
	dss_object(&c->out);
	ddm_open(&c->out, CP_SQLSTT);
	buf_put_u8(&c->out.buf, 0); /* the text in the mixed encoding … */
	buf_put_be32(&c->out.buf, (uint32_t)n);
	buf_put(&c->out.buf, sql, n);
	buf_put_u8(&c->out.buf, 0xFF); /* … and none in the single-byte one */
	ddm_close(&c->out);
}

unsigned request_prepare(struct drda *c, unsigned section, const char *sql, size_t n)
{
	unsigned id = dss_request(&c->out);

	ddm_open(&c->out, CP_PRPSQLSTT);
	put_package(c, section);
	ddm_put_u8(&c->out, CP_RTNSQLDA, FLAG_TRUE);
	ddm_put_u8(&c->out, CP_TYPSQLDA, SQLDA_EXTENDED_OUT);
	ddm_close(&c->out);
	put_statement(c, sql, n);
	return id;
}

unsigned request_describe_params(struct drda *c, unsigned section)
{
	unsigned id = dss_request(&c->out);

	ddm_open(&c->out, CP_DSCSQLSTT);
	put_package(c, section);
	ddm_put_u8(&c->out, CP_TYPSQLDA, SQLDA_EXTENDED_IN);
	ddm_close(&c->out);
	return id;
}

unsigned request_execute_immediate(struct drda *c, unsigned section, const char *sql, size_t n)
{
	unsigned id = dss_request(&c->out);

	ddm_open(&c->out, CP_EXCSQLIMM);
	put_package(c, section);
	ddm_put_u8(&c->out, CP_RDBCMTOK, FLAG_TRUE);
	ddm_close(&c->out);
	put_statement(c, sql, n);
	return id;
}

/* SQLDTA, and behind it an EXTDTA for each large object. */
static void put_params(struct drda *c, const struct request_params *p)
{
	if (p->n == 0)
		return;
	dss_object(&c->out);
	ddm_open(&c->out, CP_SQLDTA);
	ddm_open(&c->out, CP_FDODSC);
	fdoca_put_description(&c->out.buf, p->params, p->n);
	ddm_close(&c->out);
	ddm_open(&c->out, CP_FDODTA);
	fdoca_put_values(&c->out.buf, p->params, p->values, p->n);
	ddm_close(&c->out);
	ddm_close(&c->out);
	for (size_t i = 0; i < p->n; i++) {
		if (!fdoca_is_external(&p->params[i], &p->values[i]))
			continue;
		dss_object(&c->out);
		ddm_open(&c->out, CP_EXTDTA);
		fdoca_put_external(&c->out.buf, &p->values[i]);
		ddm_close(&c->out);
	}
}

unsigned request_execute(struct drda *c, unsigned section, const struct request_params *p,
			 enum request_results results)
{
	unsigned id = dss_request(&c->out);

	ddm_open(&c->out, CP_EXCSQLSTT);
	put_package(c, section);
	ddm_put_u8(&c->out, CP_RDBCMTOK, FLAG_TRUE);
	if (results == RESULTS_OUTPUT)
		ddm_put_u8(&c->out, CP_OUTEXP, FLAG_TRUE);
	if (results == RESULTS_SETS) {
		ddm_put_be32(&c->out, CP_QRYBLKSZ, c->block_size);
		ddm_put_be16(&c->out, CP_MAXRSLCNT, ALL_RESULT_SETS);
		ddm_put_u8(&c->out, CP_RSLSETFLG, SETS_WITH_DESCRIPTIONS);
	}
	ddm_close(&c->out);
	put_params(c, p);
	return id;
}

unsigned request_open(struct drda *c, unsigned section, const struct request_params *p)
{
	unsigned id = dss_request(&c->out);

	ddm_open(&c->out, CP_OPNQRY);
	put_package(c, section);
	ddm_put_be32(&c->out, CP_QRYBLKSZ, c->block_size);
	ddm_put_u8(&c->out, CP_QRYCLSIMP, CLOSE_IMPLICITLY);
	ddm_close(&c->out);
	put_params(c, p);
	return id;
}

int request_own_cursor(struct drda *c, unsigned section, struct request_cursor *ret,
		       struct err *err)
{
	size_t at = c->out.buf.len, n;
	int code = put_package_data(c, section, err);

	n = c->out.buf.len - at;
	if (code == 0 && (c->out.buf.failed || n > sizeof(ret->package)))
		code = err_set(err, E_TOOBIG, "the database's name is too long");
	if (code == 0) {
		memcpy(ret->package, c->out.buf.data + at, n);
		ret->n_package = n;
	}
	c->out.buf.len = at;
	return code;
}

unsigned request_fetch(struct drda *c, const struct request_cursor *cursor)
{
	unsigned id = dss_request(&c->out);

	ddm_open(&c->out, CP_CNTQRY);
	ddm_put_bytes(&c->out, CP_PKGNAMCSN, cursor->package, cursor->n_package);
	ddm_put_be32(&c->out, CP_QRYBLKSZ, c->block_size);
	ddm_put_bytes(&c->out, CP_QRYINSID, cursor->instance, sizeof(cursor->instance));
	ddm_put_u8(&c->out, CP_RTNEXTDTA, RETURN_LOBS_WITH_ROWS);
	ddm_close(&c->out);
	return id;
}

unsigned request_close(struct drda *c, const struct request_cursor *cursor)
{
	unsigned id = dss_request(&c->out);

	ddm_open(&c->out, CP_CLSQRY);
	ddm_put_bytes(&c->out, CP_PKGNAMCSN, cursor->package, cursor->n_package);
	ddm_put_bytes(&c->out, CP_QRYINSID, cursor->instance, sizeof(cursor->instance));
	ddm_close(&c->out);
	return id;
}

static unsigned put_bare(struct drda *c, enum codepoint cp)
{
	unsigned id = dss_request(&c->out);

	ddm_open(&c->out, cp);
	ddm_close(&c->out);
	return id;
}

unsigned request_commit(struct drda *c)
{
	return put_bare(c, CP_RDBCMM);
}

unsigned request_rollback(struct drda *c)
{
	return put_bare(c, CP_RDBRLLBCK);
}
