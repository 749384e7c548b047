/*
 * The trace prints from the bytes, not from what the client thinks that they
 * mean.  One table (codepoint.h) says how each object's data is shown.
 */
#include "protocol/drda/trace.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include "protocol/drda/ebcdic.h"
#include "protocol/drda/sqlca.h"

#include <string.h>

enum { LINE_MAX_BYTES = 4096, SQL_SHOWN = 400, HEX_SHOWN = 32, NESTING_MAX = 4 };

static void put_text(const struct drda_trace *t, struct buf *line, const uint8_t *p, size_t n)
{
	_cleanup_free_ char *text = NULL;
	_cleanup_buf_ struct buf utf8 = {0};

	buf_init(&utf8, LINE_MAX_BYTES);
	if (t->utf8)
		buf_put(&utf8, p, n);
	else
		ebcdic_decode(&utf8, p, n);
	text = utf8_repair((const char *)utf8.data, utf8.len);
	for (size_t i = 0; text && text[i]; i++)
		if ((unsigned char)text[i] < ' ')
			text[i] = '.';
	n = text ? strlen(text) : 0;
	while (n && text[n - 1] == ' ')
		text[--n] = '\0';
	buf_printf(line, " \"%s\"", text ? text : "");
}

static void put_hex(struct buf *line, const uint8_t *p, size_t n)
{
	char hex[2 * HEX_SHOWN + 1];

	str_hex(hex, p, n < HEX_SHOWN ? n : HEX_SHOWN);
	buf_printf(line, " %s%s", hex, n > HEX_SHOWN ? "…" : "");
}

static void put_number(struct buf *line, const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	if (n > 8) {
		put_hex(line, p, n);
		return;
	}
	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	buf_printf(line, " %llu", (unsigned long long)v);
}

static void put_code(struct buf *line, struct rd *r)
{
	char name[CODEPOINT_TEXT_SIZE];

	buf_printf(line, " %s", codepoint_text(rd_be16(r), name));
}

static void put_levels(struct buf *line, struct rd r)
{
	while (r.n >= 4) {
		put_code(line, &r);
		buf_printf(line, "=%u", rd_be16(&r));
	}
}

/* The package and the section: what stands at the end of PKGNAMCSN. */
static void put_package(const struct drda_trace *t, struct buf *line, struct rd r)
{
	enum { TAIL = 18 + 8 + 2 };

	if (r.n < TAIL)
		return;
	(void)rd_bytes(&r, r.n - TAIL);
	put_text(t, line, rd_bytes(&r, 18), 18);
	(void)rd_bytes(&r, 8);
	buf_printf(line, "/%u", rd_be16(&r));
}

/* Text of a statement, on one line, without what stands in its quotes. */
static void put_sql(struct buf *line, struct rd r)
{
	_cleanup_free_ char *text = NULL;
	bool quoted = false;

	if (r.n < 6)
		return;
	(void)rd_bytes(&r, 5); /* null byte, length */
	text = utf8_repair((const char *)r.p, r.n - 1 < SQL_SHOWN ? r.n - 1 : SQL_SHOWN);
	buf_put_str(line, " \"");
	for (const char *s = text; s && *s; s++) {
		if (*s == '\'')
			quoted = !quoted;
		if (*s == '\'' || !quoted)
			buf_put_u8(line, (unsigned char)*s < ' ' ? ' ' : (unsigned char)*s);
		else if (s[-1] == '\'')
			buf_put_str(line, "…");
	}
	buf_put_str(line, r.n - 1 > SQL_SHOWN ? "…\"" : "\"");
}

static void put_sqlca(struct buf *line, struct rd r)
{
	struct sqlca ca;

	if (sqlca_read(&ca, &r, NULL) < 0)
		buf_put_str(line, " (cut short)");
	else if (ca.code == 0)
		buf_printf(line, " ok, %lld rows", (long long)sqlca_count(&ca));
	else
		buf_printf(line, " %d %s", (int)ca.code, ca.state);
}

static void put_data(const struct drda_trace *t, struct buf *line, unsigned cp, struct rd body,
		     int depth);

static void put_group(const struct drda_trace *t, struct buf *line, struct rd r, int depth)
{
	char name[CODEPOINT_TEXT_SIZE];
	struct ddm o;
	const char *gap = "";

	buf_put_str(line, " {");
	while (ddm_read(&r, &o)) {
		buf_printf(line, "%s%s", gap, codepoint_text(o.cp, name));
		put_data(t, line, o.cp, o.body, depth + 1);
		gap = " ";
	}
	buf_put_str(line, r.short_ ? " (cut short)}" : "}");
}

static void put_data(const struct drda_trace *t, struct buf *line, unsigned cp, struct rd body,
		     int depth)
{
	switch (codepoint_kind(cp)) {
	case KIND_GROUP:
		if (depth < NESTING_MAX)
			put_group(t, line, body, depth);
		break;
	case KIND_TEXT:
		put_text(t, line, body.p, body.n);
		break;
	case KIND_NUMBER:
		put_number(line, body.p, body.n);
		break;
	case KIND_CODE:
		put_code(line, &body);
		break;
	case KIND_LEVELS:
		put_levels(line, body);
		break;
	case KIND_HEX:
		put_hex(line, body.p, body.n);
		break;
	case KIND_VOLATILE:
		if (t->stable)
			buf_put_str(line, " -");
		else
			put_hex(line, body.p, body.n);
		break;
	case KIND_PACKAGE:
		put_package(t, line, body);
		break;
	case KIND_SQL:
		put_sql(line, body);
		break;
	case KIND_SQLCA:
		put_sqlca(line, body);
		break;
	case KIND_SECRET:
		buf_put_str(line, " (hidden)");
		break;
	case KIND_DATA:
		if (depth > 0)
			buf_printf(line, " %zu", body.n);
		break;
	}
}

static void write_line(const struct drda_trace *t, struct buf *line)
{
	buf_put_u8(line, '\n');
	/* A trace that cannot be written must not stop the session. */
	if (line->len)
		(void)!fs_write_all(t->fd, line->data, line->len, NULL);
}

/* Lengths of objects that hold names of this machine differ from run to run. */
static bool has_stable_length(unsigned cp)
{
	return cp != CP_EXCSAT && cp != CP_EXCSATRD && cp != CP_ACCRDB && cp != CP_ACCRDBRM &&
	       cp != CP_OPNQRYRM;
}

void drda_trace_object(const struct drda_trace *t, enum drda_direction direction,
		       const struct ddm_head *head, const struct rd *body)
{
	_cleanup_buf_ struct buf line = {0};
	char name[CODEPOINT_TEXT_SIZE];

	if (t->fd < 0)
		return;
	buf_init(&line, LINE_MAX_BYTES * 4);
	buf_printf(&line, "%c %u %s", direction, head->id, codepoint_text(head->cp, name));
	if (!t->stable || has_stable_length(head->cp))
		buf_printf(&line, " %llu", (unsigned long long)(body ? body->n : head->length));
	if (body)
		put_data(t, &line, head->cp, *body, 0);
	write_line(t, &line);
}

void drda_trace_note(const struct drda_trace *t, const char *text)
{
	_cleanup_buf_ struct buf line = {0};

	if (t->fd < 0)
		return;
	buf_init(&line, LINE_MAX_BYTES);
	buf_printf(&line, "# %s", text);
	write_line(t, &line);
}

static int no_more_bytes(void *userdata, struct buf *in, struct err *err)
{
	(void)userdata;
	(void)in;
	return err_set(err, E_CLOSED, "end of the chain");
}

void drda_trace_chain(const struct drda_trace *t, const struct buf *chain)
{
	struct dss_reader r;
	struct dss_head dss;
	struct ddm_head head;
	struct rd body;

	if (t->fd < 0)
		return;
	dss_reader_init(&r, LIMIT_DRDA_OBJECT, no_more_bytes, /* userdata= */ NULL);
	buf_put(&r.in, chain->data, chain->len);
	while (dss_next(&r, &dss, NULL) == 0) {
		while (ddm_next(&r, &head, NULL) > 0 && ddm_body(&r, &body, NULL) == 0) {
			head.id = dss.id;
			drda_trace_object(t, DRDA_SENT, &head, &body);
		}
	}
	dss_reader_release(&r);
}
