/* The scripted Splice Machine: one thread a connection. */
#include "tests/servers/drda_splice.h"

#include "base/limits.h"
#include "base/str.h"
#include "protocol/drda/ddm.h"
#include "protocol/drda/ebcdic.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { CONNECTIONS_MAX = 16, LONG_QUERY_S = 20 };

static const char token[] = "7d9e0f5a-0001#host-1:1527";

struct drda_splice {
	struct drda_splice_options options;
	int listener, port;
	pthread_t acceptor, threads[CONNECTIONS_MAX];
	int fds[CONNECTIONS_MAX];
	atomic_int n; /* threads and sockets to be ended */
	atomic_int accepted;
	pthread_mutex_t lock;
	pthread_cond_t killed_changed;
	bool killed;
};

/* One connection. */
struct peer {
	struct drda_splice *s;
	int fd;
	struct dss_reader in;
	struct dss_writer out;
	bool utf8;
	bool close;       /* after the answer */
	char sql[512];    /* of the statement prepared last */
	bool open_failed; /* its OPNQRY answers OPNQFLRM */
};

/* --- what answers are made of -------------------------------------------- */

static void open_reply(struct peer *p, unsigned id, enum codepoint cp)
{
	dss_open(&p->out, DSS_REPLY, id);
	ddm_open(&p->out, cp);
}

static void open_object(struct peer *p, unsigned id, enum codepoint cp)
{
	dss_open(&p->out, DSS_OBJECT, id);
	ddm_open(&p->out, cp);
}

static void put_sqlca(struct buf *b, int code, const char *state, uint32_t count, const char *errmc)
{
	buf_put_u8(b, 0);
	buf_put_be32(b, (uint32_t)code);
	buf_put(b, state, 5);
	buf_put_str(b, "CSS10092");
	buf_put_u8(b, 0);
	for (int i = 0; i < 6; i++)
		buf_put_be32(b, i == 2 ? count : 0);
	buf_put_fill(b, ' ', 11);
	buf_put_be16(b, 0);
	buf_put_be16(b, (unsigned)strlen(errmc));
	buf_put_str(b, errmc);
	buf_put_be16(b, 0);
	buf_put_u8(b, 0xFF);
}

static void put_card(struct peer *p, unsigned id, enum dss_type type, int code, const char *state,
		     const char *errmc)
{
	dss_open(&p->out, type, id);
	ddm_open(&p->out, CP_SQLCARD);
	put_sqlca(&p->out.buf, code, state, 1, errmc);
	ddm_close(&p->out);
}

static void put_good(struct peer *p, unsigned id)
{
	put_card(p, id, DSS_OBJECT, 0, "00000", "");
}

static void put_severity(struct peer *p, unsigned id, enum codepoint cp, unsigned severity)
{
	open_reply(p, id, cp);
	ddm_put_be16(&p->out, CP_SVRCOD, severity);
	ddm_close(&p->out);
}

static void put_vcm(struct buf *b, const char *text)
{
	buf_put_be16(b, (unsigned)strlen(text));
	buf_put_str(b, text);
	buf_put_be16(b, 0);
}

struct described {
	const char *name;
	unsigned sql_type, precision, scale, length, ccsid;
};

/* SQLDARD with the columns given. */
static void put_columns(struct peer *p, unsigned id, const struct described *d, size_t n)
{
	struct buf *b = &p->out.buf;

	open_object(p, id, CP_SQLDARD);
	buf_put_u8(b, 0xFF); /* SQLCA */
	buf_put_u8(b, 0xFF); /* SQLDHGRP */
	buf_put_be16(b, (unsigned)n);
	for (size_t i = 0; i < n; i++) {
		buf_put_be16(b, d[i].precision);
		buf_put_be16(b, d[i].scale);
		buf_put_be64(b, d[i].length);
		buf_put_be16(b, d[i].sql_type);
		buf_put_be16(b, d[i].ccsid);
		buf_put_u8(b, 0);
		buf_put_be16(b, 0);
		put_vcm(b, d[i].name);
		buf_put_fill(b, 0, 8); /* label, comment */
		buf_put_u8(b, 0xFF);   /* UDT */
		buf_put_u8(b, 0xFF);   /* origin */
	}
	ddm_close(&p->out);
}

static void put_opened(struct peer *p, unsigned id)
{
	open_reply(p, id, CP_OPNQRYRM);
	ddm_put_be16(&p->out, CP_SVRCOD, 0);
	ddm_put_be16(&p->out, CP_QRYPRCTYP, CP_LMTBLKPRC);
	ddm_put_bytes(&p->out, CP_QRYINSID, "\0\0\0\0\0\0\0\1", 8);
	ddm_close(&p->out);
}

static void put_end_of_rows(struct buf *b)
{
	put_sqlca(b, 100, "02000", 1, "");
	buf_put_u8(b, 0xFF);
}

/* --- statements ---------------------------------------------------------- */

static void prepare_wide(struct peer *p, unsigned id)
{
	static const struct described columns[] = {
		{"BIG", 485, 38, 10, 38 << 8 | 10, 0},
		{"TINY", 501, 0, 0, 2, 0},
		{"ROW", 905, 0, 0, 40, 0},
	};

	put_columns(p, id, columns, ARRAY_LEN(columns));
}

/* A row, a warning with code +100 in front of the second row, the end. */
static void open_wide(struct peer *p, unsigned id)
{
	static const uint8_t description[] = {0x0C, 0x76, 0xD0, 0x0F, 38,   10,   0x05, 0, 2,
					      0x1F, 0,    40,   0x09, 0x71, 0xE0, 0x54, 0, 1,
					      0xD0, 0,    1,    0x06, 0x71, 0xF0, 0xE0, 0, 0};
	static const char row[] = "\x00\x01\x23\x45\x67\x89\x01\x23\x45\x67\x89\x01\x23\x45\x67\x89"
				  "\x01\x23\x45\x67\x8D"
				  "\x00\xFF\x80"
				  "\x00\x00\x03\x0A\x0B\x0C";
	struct buf *b = &p->out.buf;

	put_opened(p, id);
	open_object(p, id, CP_QRYDSC);
	buf_put(b, description, sizeof(description));
	ddm_close(&p->out);
	open_object(p, id, CP_QRYDTA);
	buf_put_be16(b, 0xFF00);
	buf_put(b, row, sizeof(row) - 1);
	put_sqlca(b, 100, "01003", 0, "01003");
	buf_put_u8(b, 0);
	buf_put_fill(b, 0xFF, 3);
	put_end_of_rows(b);
	ddm_close(&p->out);
}

/* DECFLOAT, of which nobody here knows how it lies on the wire. */
static void open_unknown_type(struct peer *p, unsigned id)
{
	put_opened(p, id);
	open_object(p, id, CP_QRYDSC);
	buf_put(&p->out.buf, "\x06\x76\xD0\xBB\x00\x10", 6);
	ddm_close(&p->out);
	open_object(p, id, CP_QRYDTA);
	buf_put_fill(&p->out.buf, 0x22, 100);
	ddm_close(&p->out);
}

static void prepare_missing(struct peer *p, unsigned id)
{
	put_severity(p, id, CP_SQLERRRM, 8);
	put_card(p, id, DSS_REPLY, -1, "42X05",
		 "NOSUCH\x14"
		 "42X05");
	p->open_failed = true;
}

static void prepare_one(struct peer *p, unsigned id)
{
	static const struct described column = {"1", 496, 0, 0, 4, 0};

	put_columns(p, id, &column, 1);
}

static void open_refused(struct peer *p, unsigned id)
{
	put_severity(p, id, CP_OPNQFLRM, 8);
	put_card(p, id, DSS_REPLY, -1, "22012", "22012");
}

/* Runs until it is killed. */
static void open_long(struct peer *p, unsigned id)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += LONG_QUERY_S;
	pthread_mutex_lock(&p->s->lock);
	while (!p->s->killed &&
	       pthread_cond_timedwait(&p->s->killed_changed, &p->s->lock, &until) == 0)
		;
	p->s->killed = false;
	pthread_mutex_unlock(&p->s->lock);
	put_severity(p, id, CP_OPNQFLRM, 8);
	put_card(p, id, DSS_REPLY, -952, "57014",
		 "7d9e0f5a-0001\x14"
		 "57014");
}

static void execute_drop(struct peer *p, unsigned id)
{
	put_card(p, id, DSS_OBJECT, 100, "42Y55",
		 "'DROP TABLE'\x14T\x14"
		 "42Y55.S");
}

static void execute_kill(struct peer *p, unsigned id, bool allowed)
{
	if (!allowed) {
		put_card(p, id, DSS_REPLY, -1, "4251P",
			 "host-1:1527\x14"
			 "4251P");
		return;
	}
	pthread_mutex_lock(&p->s->lock);
	p->s->killed = true;
	pthread_cond_broadcast(&p->s->killed_changed);
	pthread_mutex_unlock(&p->s->lock);
	put_good(p, id);
}

static void execute_kill_token(struct peer *p, unsigned id)
{
	const struct drda_splice_options *o = &p->s->options;

	execute_kill(p, id, !o->refuse_token && !o->cannot_kill && strstr(p->sql, token));
}

static void execute_kill_local(struct peer *p, unsigned id)
{
	execute_kill(p, id, !p->s->options.cannot_kill && strstr(p->sql, "('7d9e0f5a-0001')"));
}

/* SQLDTARD: two descriptions are enough to tell where the text stands. */
static void execute_message(struct peer *p, unsigned id)
{
	static const char text[] = "the server's own text";
	struct buf *b = &p->out.buf;

	open_object(p, id, CP_SQLDTARD);
	ddm_open(&p->out, CP_FDODSC);
	buf_put_u8(b, 3 + 3 * 16);
	buf_put_be16(b, 0x76D0);
	for (int i = 0; i < 16; i++) {
		buf_put_u8(b, i == 15 ? 0x03 : 0x3F);
		buf_put_be16(b, i == 15 ? 4 : 32700);
	}
	buf_put(b, "\x06\x71\xE4\xD0\x00\x01", 6);
	ddm_close(&p->out);
	ddm_open(&p->out, CP_FDODTA);
	buf_put_be16(b, 0xFF00);
	buf_put_fill(b, 0xFF, 14);
	buf_put_u8(b, 0);
	buf_put_be16(b, sizeof(text) - 1);
	buf_put_str(b, text);
	buf_put_u8(b, 0);
	buf_put_be32(b, 0);
	ddm_close(&p->out);
	ddm_close(&p->out);
}

static const struct {
	const char *begins;
	void (*prepare)(struct peer *, unsigned id);
	void (*open)(struct peer *, unsigned id);
	void (*execute)(struct peer *, unsigned id);
} statements[] = {
	{"select * from wide", prepare_wide, open_wide, NULL},
	{"select * from nosuch", prepare_missing, NULL, NULL},
	{"select decfloat", prepare_one, open_unknown_type, NULL},
	{"select 1/0", prepare_one, open_refused, NULL},
	{"select long", prepare_one, open_long, NULL},
	{"drop table if exists t", NULL, NULL, execute_drop},
	{"CALL SYSCS_UTIL.SYSCS_KILL_DRDA_OPERATION(", NULL, NULL, execute_kill_token},
	{"CALL SYSCS_UTIL.SYSCS_KILL_DRDA_OPERATION_LOCAL(", NULL, NULL, execute_kill_local},
	{"CALL SYSIBM.SQLCAMESSAGE(", NULL, NULL, execute_message},
};

enum step { STEP_PREPARE, STEP_OPEN, STEP_EXECUTE };

/* The statement's own answer to the step; a plain SQLCARD where it has none. */
static void answer_step(struct peer *p, unsigned id, enum step step)
{
	for (size_t i = 0; i < ARRAY_LEN(statements); i++) {
		void (*f)(struct peer *, unsigned) = step == STEP_PREPARE ? statements[i].prepare
						     : step == STEP_OPEN  ? statements[i].open
									  : statements[i].execute;

		if (str_starts(p->sql, statements[i].begins) && f) {
			f(p, id);
			return;
		}
	}
	if (step == STEP_OPEN && p->open_failed)
		put_severity(p, id, CP_OPNQFLRM, 8);
	put_good(p, id);
}

/* --- connecting ---------------------------------------------------------- */

static void put_text(struct peer *p, enum codepoint cp, const char *text)
{
	ddm_open(&p->out, cp);
	(void)!ebcdic_put(&p->out.buf, text, NULL);
	ddm_close(&p->out);
}

static void answer_attributes(struct peer *p, unsigned id)
{
	p->utf8 = !p->s->options.ebcdic;
	open_object(p, id, CP_EXCSATRD);
	put_text(p, CP_SRVCLSNM, "Splice Machine");
	put_text(p, CP_SRVRLSLV, "CSS10092/10.9.2.2 - (1)");
	ddm_put_bytes(&p->out, CP_MGRLVLLS, "\x1C\x08\x04\xB8\x24\x07\x00\x07", p->utf8 ? 8 : 0);
	ddm_close(&p->out);
}

static void answer_access(struct peer *p, unsigned id, struct rd command)
{
	struct ddm o;

	open_object(p, id, CP_ACCSECRD);
	while (ddm_read(&command, &o))
		if (o.cp == CP_SECMEC)
			ddm_put_be16(&p->out, CP_SECMEC, rd_be16(&o.body));
	ddm_close(&p->out);
}

/* The parameter's text without padding, in dst; "" when it is absent. */
static void get_text(const struct peer *p, struct rd command, enum codepoint cp, char *dst,
		     size_t size)
{
	_cleanup_buf_ struct buf b;
	struct ddm o;

	buf_init(&b, 1000);
	while (ddm_read(&command, &o)) {
		if (o.cp != cp)
			continue;
		if (p->utf8)
			buf_put(&b, o.body.p, o.body.n);
		else
			ebcdic_decode(&b, o.body.p, o.body.n);
	}
	while (b.len && b.data[b.len - 1] == ' ')
		b.len--;
	snprintf(dst, size, "%.*s", (int)b.len, b.data ? (char *)b.data : "");
}

static void answer_security(struct peer *p, unsigned id, struct rd command)
{
	char user[40], password[40];
	bool good;

	get_text(p, command, CP_USRID, user, sizeof(user));
	get_text(p, command, CP_PASSWORD, password, sizeof(password));
	good = str_eq(user, "splice") && str_eq(password, "admin");
	open_reply(p, id, CP_SECCHKRM);
	ddm_put_be16(&p->out, CP_SVRCOD, good ? 0 : 8);
	ddm_put_u8(&p->out, CP_SECCHKCD, good ? 0 : 0x13);
	ddm_close(&p->out);
	p->close = !good;
}

static void refuse_client(struct peer *p, unsigned id)
{
	open_reply(p, id, CP_SYNTAXRM);
	ddm_put_be16(&p->out, CP_SVRCOD, 8);
	ddm_put_u8(&p->out, CP_SYNERRCD, 0x14);
	ddm_put_be16(&p->out, CP_CODPNT, CP_PRDID);
	ddm_close(&p->out);
	p->close = true;
}

static void refuse_database(struct peer *p, unsigned id)
{
	put_severity(p, id, CP_RDBAFLRM, 8);
	open_object(p, id, CP_TYPDEFNAM);
	buf_put_str(&p->out.buf, "QTDSQLASC");
	ddm_close(&p->out);
	open_object(p, id, CP_TYPDEFOVR);
	ddm_put_be16(&p->out, CP_CCSIDSBC, 1208);
	ddm_close(&p->out);
	put_card(p, id, DSS_OBJECT, -1, "42918",
		 "nosuch\x14"
		 "42918");
}

static void answer_database(struct peer *p, unsigned id, struct rd command)
{
	const struct drda_splice_options *o = &p->s->options;
	char prdid[40], database[200];

	get_text(p, command, CP_PRDID, prdid, sizeof(prdid));
	get_text(p, command, CP_RDBNAM, database, sizeof(database));
	if (p->close)
		return;
	if (!strstr(prdid, o->old ? "DNC" : "SNC")) {
		refuse_client(p, id);
		return;
	}
	if (!str_eq(database, o->database ? o->database : "splicedb")) {
		refuse_database(p, id);
		return;
	}
	open_reply(p, id, CP_ACCRDBRM);
	ddm_put_be16(&p->out, CP_SVRCOD, 0);
	if (!o->old)
		ddm_put_bytes(&p->out, CP_RDBINTTKN, token, strlen(token));
	ddm_close(&p->out);
	open_object(p, id, CP_PBSD);
	ddm_open(&p->out, CP_PBSD_SCHEMA);
	if (p->utf8)
		buf_put_str(&p->out.buf, "SPLICE");
	else
		(void)!ebcdic_put(&p->out.buf, "SPLICE", NULL);
	ddm_close(&p->out);
	ddm_close(&p->out);
}

/* --- the line ------------------------------------------------------------ */

static void answer_commit(struct peer *p, unsigned id)
{
	open_reply(p, id, CP_ENDUOWRM);
	ddm_put_u8(&p->out, CP_UOWDSP, 1);
	ddm_close(&p->out);
	put_good(p, id);
}

static void keep_statement(struct peer *p, struct rd body)
{
	size_t n;

	(void)rd_u8(&body);
	n = rd_be32(&body);
	snprintf(p->sql, sizeof(p->sql), "%.*s", (int)(n < body.n ? n : body.n), body.p);
}

/* Commands with a statement behind them are answered when that has come. */
static void answer(struct peer *p, unsigned id, unsigned cp, struct rd body)
{
	switch (cp) {
	case CP_EXCSAT:
		answer_attributes(p, id);
		break;
	case CP_ACCSEC:
		answer_access(p, id, body);
		break;
	case CP_SECCHK:
		answer_security(p, id, body);
		break;
	case CP_ACCRDB:
		answer_database(p, id, body);
		break;
	case CP_OPNQRY:
		answer_step(p, id, STEP_OPEN);
		break;
	case CP_EXCSQLSTT:
		answer_step(p, id, STEP_EXECUTE);
		break;
	case CP_CLSQRY:
		put_good(p, id);
		break;
	case CP_CNTQRY:
		put_severity(p, id, CP_QRYNOPRM, 8);
		break;
	case CP_RDBCMM:
	case CP_RDBRLLBCK:
		answer_commit(p, id);
		break;
	default:
		break;
	}
}

/* Read one request chain into answers; false when the client has left. */
static bool serve_chain(struct peer *p)
{
	struct dss_head dss = {.chained = true};
	struct ddm_head head;
	struct rd body;
	unsigned command = 0;

	dss_writer_clear(&p->out);
	while (dss.chained) {
		if (dss_next(&p->in, &dss, NULL) < 0)
			return false;
		while (ddm_next(&p->in, &head, NULL) > 0) {
			if (ddm_body(&p->in, &body, NULL) < 0)
				return false;
			if (head.cp != CP_SQLSTT) {
				command = head.cp;
				answer(p, dss.id, head.cp, body);
				continue;
			}
			keep_statement(p, body);
			p->open_failed = false;
			answer_step(p, dss.id,
				    command == CP_PRPSQLSTT ? STEP_PREPARE : STEP_EXECUTE);
		}
	}
	return dss_finish(&p->out, NULL) == 0;
}

static int receive(void *userdata, struct buf *in, struct err *err)
{
	struct peer *p = userdata;
	uint8_t *dst = buf_reserve(in, 4096);
	ssize_t got = dst ? recv(p->fd, dst, 4096, 0) : -1;

	if (got <= 0)
		return err_set(err, E_CLOSED, "the client left");
	buf_commit(in, (size_t)got);
	return 0;
}

static void *serve(void *userdata)
{
	struct peer *p = userdata;
	uint8_t rest[512];

	dss_reader_init(&p->in, MIB(1), receive, p);
	dss_writer_init(&p->out, MIB(1));
	while (!p->close && serve_chain(p))
		if (send(p->fd, p->out.buf.data, p->out.buf.len, MSG_NOSIGNAL) < 0)
			break;
	(void)shutdown(p->fd, SHUT_WR);
	while (recv(p->fd, rest, sizeof(rest), 0) > 0)
		;
	dss_reader_release(&p->in);
	dss_writer_release(&p->out);
	free(p);
	return NULL;
}

static void *accept_all(void *userdata)
{
	struct drda_splice *s = userdata;
	int fd;

	while (s->n < CONNECTIONS_MAX &&
	       (fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		struct peer *p = calloc(1, sizeof(*p));

		if (!p)
			abort();
		s->accepted++;
		p->s = s;
		p->fd = s->fds[s->n] = fd;
		if (pthread_create(&s->threads[s->n], NULL, serve, p) != 0)
			abort();
		s->n++;
	}
	return NULL;
}

int drda_splice_start(const struct drda_splice_options *options, struct drda_splice **ret,
		      struct err *err)
{
	struct drda_splice *s = calloc(1, sizeof(*s));
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t size = sizeof(a);

	if (!s)
		return err_nomem(err);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->options = *options;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->killed_changed, NULL);
	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(s->listener, 8) < 0 ||
	    getsockname(s->listener, (struct sockaddr *)&a, &size) < 0 ||
	    pthread_create(&s->acceptor, NULL, accept_all, s) != 0) {
		closep(&s->listener);
		free(s);
		return err_set(err, E_IO, "cannot listen");
	}
	s->port = ntohs(a.sin_port);
	*ret = s;
	return 0;
}

int drda_splice_port(const struct drda_splice *s)
{
	return s->port;
}

int drda_splice_connections(const struct drda_splice *s)
{
	return s->accepted;
}

void drda_splice_stop(struct drda_splice *s)
{
	if (!s)
		return;
	(void)shutdown(s->listener, SHUT_RDWR);
	pthread_join(s->acceptor, NULL);
	pthread_mutex_lock(&s->lock);
	s->killed = true;
	pthread_cond_broadcast(&s->killed_changed);
	pthread_mutex_unlock(&s->lock);
	for (int i = 0; i < s->n; i++) {
		(void)shutdown(s->fds[i], SHUT_RDWR);
		pthread_join(s->threads[i], NULL);
		(void)close(s->fds[i]);
	}
	(void)close(s->listener);
	free(s);
}
