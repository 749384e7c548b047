/*
 * The connection's engine: sending, waiting, cancelling, and the part of
 * every reply that concerns the connection rather than the statement.
 */
#include "protocol/drda/conn-int.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "protocol/drda/ebcdic.h"

#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

int conn_break(struct drda *c, int code, const struct err *err)
{
	if (c->broken)
		return code;
	drda_link_close(&c->link);
	c->broken = true;
	c->in_transaction = false;
	c->n_owed = 0;
	c->rollbacks++;
	if (err)
		c->why = *err;
	else
		(void)err_set(&c->why, code, "%s", err_code_text(code));
	return code;
}

int conn_out_of_step(struct drda *c, const char *what, struct err *err)
{
	return conn_break(c, err_set(err, E_PROTO, "%s", what), err);
}

static int closed(const struct drda *c, struct err *err)
{
	int code = err_set(err, E_CLOSED, "the connection is closed (%s)", c->why.text);

	err_set_name(err, "08003");
	return code;
}

void conn_enter(struct drda *c, struct cancel *cancel)
{
	c->cancel = cancel;
	c->interrupted = false;
	c->deadline_ms = -1;
}

int conn_begin(struct drda *c, struct cancel *cancel, struct err *err)
{
	if (c->broken)
		return closed(c, err);
	conn_enter(c, cancel);
	return cancel_check(cancel, err);
}

/* The token fired: stop the server, or give a short answer the chance to come. */
static void interrupt(struct drda *c)
{
	bool told = interrupt_server(c);

	drda_trace_note(&c->trace, told ? "interrupted on the server" : "interrupted");
	c->interrupted = true;
	c->deadline_ms = clock_ms() + (told ? CONN_KILLED_MS : CONN_GRACE_MS);
}

static int too_late(struct drda *c, struct err *err)
{
	int code;

	if (!c->interrupted)
		return err_set(err, E_TIMEOUT, "%s:%d does not answer", c->options.host,
			       c->options.port);
	code = err_set(err, E_CANCEL,
		       "interrupted; the server goes on with the statement, so the "
		       "connection was given up");
	err_set_name(err, "KeyboardInterrupt");
	return code;
}

/* Wait for one of `events`; a cancel or a deadline may end the connection. */
static int wait_for(struct drda *c, short events, struct err *err)
{
	for (;;) {
		int64_t left = c->deadline_ms < 0 ? -1 : c->deadline_ms - clock_ms();
		int timeout = left < 0 ? (c->deadline_ms < 0 ? -1 : 0) : (int)left;
		int code = cancel_wait_fd(c->interrupted ? NULL : c->cancel, c->link.fd, events,
					  timeout, err);

		if (code == E_TIMEOUT)
			return too_late(c, err);
		if (code != E_CANCEL)
			return code;
		interrupt(c);
	}
}

/* dss_read_fn: block until there are bytes. */
static int fill(void *userdata, struct buf *in, struct err *err)
{
	struct drda *c = userdata;

	for (;;) {
		ssize_t got = drda_link_recv(&c->link, in, err);
		int code;

		if (got != 0)
			return got < 0 ? (int)got : 0;
		if (c->n_owed > 1)
			drda_link_hurry(&c->link);
		code = wait_for(c, POLLIN, err);
		if (code < 0)
			return code;
	}
}

void conn_init(struct drda *c)
{
	*c = (struct drda){.link.fd = -1, .trace.fd = -1, .deadline_ms = -1};
	dss_reader_init(&c->in, LIMIT_DRDA_OBJECT, fill, c);
	dss_writer_init(&c->out, LIMIT_DRDA_REQUEST);
}

void conn_restart(struct drda *c)
{
	drda_link_close(&c->link);
	dss_reader_release(&c->in);
	dss_reader_init(&c->in, LIMIT_DRDA_OBJECT, fill, c);
	dss_writer_clear(&c->out);
	c->trace.utf8 = c->broken = c->in_transaction = false;
	c->n_owed = 0;
}

/*
 * Send it all.  While the server takes nothing it may be waiting for us to
 * read its answers, so these are collected meanwhile.
 */
static int send_all(struct drda *c, struct err *err)
{
	size_t at = 0;

	while (at < c->out.buf.len) {
		ssize_t sent =
			drda_link_send(&c->link, c->out.buf.data + at, c->out.buf.len - at, err);
		int code;

		if (sent < 0)
			return (int)sent;
		at += (size_t)sent;
		if (sent > 0)
			continue;
		code = wait_for(c, POLLIN | POLLOUT, err);
		if (code < 0)
			return code;
		sent = drda_link_recv(&c->link, &c->in.in, err);
		if (sent < 0)
			return (int)sent;
	}
	return 0;
}

int conn_send(struct drda *c, conn_reader_fn *read, void *who, struct err *err)
{
	int code = c->broken ? closed(c, err) : dss_finish(&c->out, err);

	if (code == 0 && c->n_owed == CONN_OWED_MAX)
		code = conn_await(c, c->owed[0].who, err);
	if (code == 0) {
		drda_trace_chain(&c->trace, &c->out.buf);
		code = send_all(c, err);
		if (code < 0)
			code = conn_break(c, code, err);
	}
	dss_writer_clear(&c->out);
	if (code == 0)
		c->owed[c->n_owed++] = (struct exchange){read, who};
	return code;
}

/* Read the oldest answer. */
static int read_one(struct drda *c, struct err *err)
{
	struct exchange x = c->owed[0];
	int code;

	code = x.read(x.who, c, err);
	if (code < 0)
		return conn_break(c, code, err);
	c->n_owed--;
	memmove(c->owed, c->owed + 1, c->n_owed * sizeof(c->owed[0]));
	return 0;
}

bool conn_owes(const struct drda *c, const void *who)
{
	for (size_t i = 0; i < c->n_owed; i++)
		if (c->owed[i].who == who)
			return true;
	return false;
}

int conn_await(struct drda *c, const void *who, struct err *err)
{
	c->round_trips += conn_owes(c, who);
	while (conn_owes(c, who)) {
		int code = read_one(c, err);

		if (code < 0)
			return code;
	}
	return 0;
}

int conn_settle(struct drda *c, struct err *err)
{
	while (c->n_owed) {
		int code = read_one(c, err);

		if (code < 0)
			return code;
	}
	return 0;
}

int conn_body(struct drda *c, const struct ddm_head *head, struct rd *ret, struct err *err)
{
	int code = ddm_body(&c->in, ret, err);

	c->taken = true;
	if (code == 0)
		drda_trace_object(&c->trace, DRDA_RECEIVED, head, ret);
	return code;
}

int conn_append(struct drda *c, const struct ddm_head *head, struct buf *dst, uint64_t keep,
		uint64_t *ret_total, struct err *err)
{
	struct ddm_head known = *head;
	int code = ddm_append(&c->in, dst, keep, ret_total, err);

	c->taken = true;
	known.length = *ret_total;
	if (code == 0)
		drda_trace_object(&c->trace, DRDA_RECEIVED, &known, /* body= */ NULL);
	return code;
}

int conn_sqlca(struct drda *c, const struct ddm_head *head, struct sqlca *ret, struct err *err)
{
	struct rd body;
	int code = conn_body(c, head, &body, err);

	return code < 0 ? code : sqlca_read(ret, &body, err);
}

/* PBSD, piggy-backed session data: what the server tells of its own accord. */
static int take_session_data(struct drda *c, struct rd r, struct err *err)
{
	struct ddm o;

	while (ddm_read(&r, &o)) {
		if (o.cp != CP_PBSD_SCHEMA)
			continue;
		free(c->schema);
		c->schema = conn_get_text(c, o.body.p, o.body.n);
		if (!c->schema)
			return err_nomem(err);
	}
	return rd_check(&r, "PBSD", err);
}

/* Parameters that nobody reads: they must at least be whole. */
static int check_group(struct rd r, unsigned cp, struct err *err)
{
	char name[CODEPOINT_TEXT_SIZE];
	struct ddm o;

	while (ddm_read(&r, &o))
		;
	return rd_check(&r, codepoint_text(cp, name), err);
}

/*
 * ENDUOWRM, ABNUOWRM and RDBUPDRM tell about the transaction, PBSD about the
 * session.  ABNUOWRM is not believed: Derby sends it for any query that fails
 * when it is opened; what rolls back, the SQLSTATE behind it tells.
 */
static int take_own(struct drda *c, const struct ddm_head *head, struct err *err)
{
	struct rd body;
	int code = conn_body(c, head, &body, err);

	if (code < 0)
		return code;
	if (head->cp == CP_PBSD)
		return take_session_data(c, body, err);
	if (head->cp == CP_ENDUOWRM)
		c->in_transaction = false;
	return codepoint_kind(head->cp) == KIND_GROUP ? check_group(body, head->cp, err) : 0;
}

/* A reply whose coming is all that it says, or one that a later level of DRDA knows. */
static int pass_over(struct drda *c, const struct ddm_head *head, struct err *err)
{
	struct rd body;
	int code;

	if (codepoint_kind(head->cp) != KIND_GROUP) {
		drda_trace_object(&c->trace, DRDA_RECEIVED, head, /* body= */ NULL);
		return ddm_skip(&c->in, err);
	}
	code = conn_body(c, head, &body, err);
	return code < 0 ? code : check_group(body, head->cp, err);
}

static bool is_own(unsigned cp)
{
	return cp == CP_PBSD || cp == CP_ENDUOWRM || cp == CP_ABNUOWRM || cp == CP_RDBUPDRM ||
	       cp == CP_TYPDEFNAM || cp == CP_TYPDEFOVR;
}

static int read_object(struct drda *c, const struct ddm_head *head, conn_object_fn *each, void *who,
		       struct err *err)
{
	int code;

	c->taken = false;
	code = is_own(head->cp) ? take_own(c, head, err) : each(who, c, head, err);
	if (code == 0 && !c->taken)
		code = pass_over(c, head, err);
	return code;
}

int conn_read_chain(struct drda *c, conn_object_fn *each, void *who, struct err *err)
{
	struct dss_head dss;
	struct ddm_head head;

	do {
		int code = dss_next(&c->in, &dss, err);

		if (code == 0 && dss.type == DSS_REQUEST)
			code = err_set(err, E_PROTO, "expected a reply, got a request");
		while (code == 0 && (code = ddm_next(&c->in, &head, err)) > 0) {
			head.id = dss.id;
			code = read_object(c, &head, each, who, err);
		}
		if (code < 0)
			return code;
	} while (dss.chained);
	return 0;
}

bool conn_is_refusal(unsigned cp)
{
	switch (cp) {
	case CP_MGRLVLRM:
	case CP_MGRDEPRM:
	case CP_CMDATHRM:
	case CP_AGNPRMRM:
	case CP_RSCLMTRM:
	case CP_PRCCNVRM:
	case CP_SYNTAXRM:
	case CP_CMDNSPRM:
	case CP_PRMNSPRM:
	case CP_VALNSPRM:
	case CP_OBJNSPRM:
	case CP_CMDCHKRM:
	case CP_TRGNSPRM:
	case CP_RDBNACRM:
	case CP_DTAMCHRM:
	case CP_QRYPOPRM:
		return true;
	default:
		return false;
	}
}

int conn_refused(struct drda *c, const struct ddm_head *head, struct err *err)
{
	char name[CODEPOINT_TEXT_SIZE], detail[256] = "", what[CODEPOINT_TEXT_SIZE];
	struct rd body;
	struct ddm o;
	int code = conn_body(c, head, &body, err);

	if (code < 0)
		return code;
	while (ddm_read(&body, &o)) {
		size_t at = strlen(detail);
		const char *label = codepoint_text(o.cp, what);

		if (o.cp == CP_CODPNT && o.body.n >= 2)
			snprintf(detail + at, sizeof(detail) - at, " for %s",
				 codepoint_text(rd_be16(&o.body), what));
		else if (o.cp == CP_SYNERRCD || o.cp == CP_PRCCNVCD || o.cp == CP_SECCHKCD)
			snprintf(detail + at, sizeof(detail) - at, " %s 0x%02X", label,
				 rd_u8(&o.body));
	}
	code = err_set(err, E_PROTO, "the server refused a request: %s%s",
		       codepoint_text(head->cp, name), detail);
	if (head->cp == CP_CMDCHKRM) /* Derby's stack is used up: insert … values of 20,000 rows */
		err_set_hint(err, "the server failed on it, as on statements that are very long or "
				  "deeply nested: split it; the server's log says more");
	return code;
}

int conn_put_chars(struct drda *c, const char *text, size_t width, struct err *err)
{
	size_t before = c->out.buf.len, n;

	if (c->trace.utf8) {
		buf_put_str(&c->out.buf, text);
	} else {
		int code = ebcdic_put(&c->out.buf, text, err);

		if (code < 0)
			return code;
	}
	n = c->out.buf.len - before;
	if (n < width)
		buf_put_fill(&c->out.buf, c->trace.utf8 ? ' ' : 0x40, width - n);
	return 0;
}

int conn_put_text(struct drda *c, enum codepoint cp, const char *text, size_t width,
		  struct err *err)
{
	int code;

	ddm_open(&c->out, cp);
	code = conn_put_chars(c, text, width, err);
	ddm_close(&c->out);
	return code;
}

char *conn_get_text(const struct drda *c, const uint8_t *p, size_t n)
{
	_cleanup_buf_ struct buf b = {0};

	if (c->trace.utf8)
		return utf8_repair((const char *)p, n);
	buf_init(&b, LIMIT_SMALL_FILE);
	ebcdic_decode(&b, p, n);
	return buf_take_str(&b);
}

unsigned conn_section_take(struct drda *c)
{
	for (unsigned i = 0; i < CONN_SECTION_MAX; i++) {
		if (!c->sections[i]) {
			c->sections[i] = true;
			return i + 1;
		}
	}
	return 0;
}

void conn_section_give(struct drda *c, unsigned section)
{
	assert(section <= CONN_SECTION_MAX);
	if (section)
		c->sections[section - 1] = false;
}

enum drda_server drda_server(const struct drda *c)
{
	return c->server;
}

const char *drda_server_name(const struct drda *c)
{
	return c->server_name ? c->server_name : "";
}

const char *drda_schema(const struct drda *c)
{
	return c->schema ? c->schema : "";
}

bool drda_usable(const struct drda *c)
{
	return !c->broken;
}

bool drda_in_transaction(const struct drda *c)
{
	return c->in_transaction;
}

uint64_t drda_round_trips(const struct drda *c)
{
	return c->round_trips;
}

void drda_free(struct drda *c)
{
	if (!c)
		return;
	/* A commit that nobody waited for may still be under way. */
	conn_enter(c, /* cancel= */ NULL);
	c->deadline_ms = clock_ms() + CONN_GRACE_MS;
	(void)!conn_settle(c, /* err= */ NULL);
	drda_link_close(&c->link);
	dss_reader_release(&c->in);
	dss_writer_release(&c->out);
	if (c->options.password)
		explicit_bzero((char *)c->options.password, strlen(c->options.password));
	free((char *)c->options.password);
	free((char *)c->options.host);
	free((char *)c->options.database);
	free((char *)c->options.user);
	free(c->server_name);
	free(c->schema);
	free(c->token);
	free(c);
}
