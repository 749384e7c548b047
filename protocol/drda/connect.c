/*
 * Connecting: EXCSAT and ACCSEC in the first chain, so that the server's name
 * is known before the client's product id is chosen; SECCHK and ACCRDB in the
 * second (DRDA volume 3, "Connection and Security").
 */
#include "protocol/drda/request.h"

#include "base/clock.h"
#include "base/str.h"

#include <stdio.h>
#include <string.h>

enum {
	SECMEC_PASSWORD = 3, /* USRIDPWD */
	SECMEC_USER = 4,     /* USRIDONL */
	LEVEL = 7,           /* of every manager but Unicode's */
	UTF8 = 1208,
	UTF16 = 1200,
	RDBNAM_WIDTH = 18,
	CRRTKN_SIZE = 19,
	SECURITY_OK = 0,
	SECCHKCD_NO_PASSWORD = 0x10,
};

static const char client_class[] = "DRDA/C";
static const char client_release[] = "1.0";
static const char prdid_derby[] = "DNC10141";
static const char prdid_splice[] = "SNC10092";

/* What the answers of one handshake said. */
struct handshake {
	bool attributes, access, security, database; /* answered well */
	unsigned secmec;                             /* asked for */
	bool password_wanted;                        /* the server's list has it */
	bool mechanism_refused;
	int secchkcd; /* -1 while there was none */
	bool client_refused;
	bool database_unknown;
	struct sqlca ca;
	bool failed; /* ca says why */
};

static void put_exchange_attributes(struct drda *c)
{
	static const uint16_t managers[] = {CP_AGENT, CP_SQLAM, CP_RDB, CP_SECMGR};

	(void)dss_request(&c->out);
	ddm_open(&c->out, CP_EXCSAT);
	(void)!conn_put_text(c, CP_EXTNAM, client_class, 0, NULL);
	(void)!conn_put_text(c, CP_SRVNAM, client_class, 0, NULL);
	(void)!conn_put_text(c, CP_SRVRLSLV, client_release, 0, NULL);
	ddm_open(&c->out, CP_MGRLVLLS);
	for (size_t i = 0; i < ARRAY_LEN(managers); i++) {
		buf_put_be16(&c->out.buf, managers[i]);
		buf_put_be16(&c->out.buf, LEVEL);
	}
	buf_put_be16(&c->out.buf, CP_UNICODEMGR);
	buf_put_be16(&c->out.buf, UTF8);
	ddm_close(&c->out);
	(void)!conn_put_text(c, CP_SRVCLSNM, client_class, 0, NULL);
	ddm_close(&c->out);
}

static int put_access_security(struct drda *c, unsigned secmec, struct err *err)
{
	int code;

	(void)dss_request(&c->out);
	ddm_open(&c->out, CP_ACCSEC);
	ddm_put_be16(&c->out, CP_SECMEC, secmec);
	code = conn_put_text(c, CP_RDBNAM, c->options.database, RDBNAM_WIDTH, err);
	ddm_close(&c->out);
	return code;
}

/* Derby's release is "CSS10160/10.16.1.1 - (1901046)": the part people know is the middle. */
static int set_server(struct drda *c, const char *name, const char *release, struct err *err)
{
	const char *from = strchr(release, '/');
	size_t n;

	c->server = str_eq(name, "Apache Derby")     ? DRDA_SERVER_DERBY
		    : str_eq(name, "Splice Machine") ? DRDA_SERVER_SPLICE
						     : DRDA_SERVER_OTHER;
	from = from ? from + 1 : release;
	n = strcspn(from, " ");
	free(c->server_name);
	c->server_name = str_fmt("%s%s%.*s", name, n ? " " : "", (int)n, from);
	return c->server_name ? 0 : err_nomem(err);
}

static bool grants_unicode(struct rd levels)
{
	while (levels.n >= 4) {
		unsigned manager = rd_be16(&levels), level = rd_be16(&levels);

		if (manager == CP_UNICODEMGR && level == UTF8)
			return true;
	}
	return false;
}

static int take_attributes(struct handshake *h, struct drda *c, struct rd r, struct err *err)
{
	_cleanup_free_ char *name = NULL, *release = NULL;
	bool utf8 = false;
	struct ddm o;
	int code;

	while (ddm_read(&r, &o)) {
		char **text = o.cp == CP_SRVCLSNM ? &name : o.cp == CP_SRVRLSLV ? &release : NULL;

		if (text) {
			free(*text);
			*text = conn_get_text(c, o.body.p, o.body.n);
			if (!*text)
				return err_nomem(err);
		} else if (o.cp == CP_MGRLVLLS) {
			utf8 = grants_unicode(o.body);
		}
	}
	code = rd_check(&r, "EXCSATRD", err);
	if (code == 0)
		code = set_server(c, name ? name : "", release ? release : "", err);
	h->attributes = true;
	/* ACCSEC's answer still comes in EBCDIC, but holds no text. */
	c->trace.utf8 = utf8;
	return code;
}

static int take_access(struct handshake *h, struct rd r, struct err *err)
{
	struct ddm o;
	bool listed = false;

	while (ddm_read(&r, &o)) {
		if (o.cp == CP_SECMEC) {
			while (o.body.n >= 2) {
				unsigned mechanism = rd_be16(&o.body);

				listed |= mechanism == h->secmec;
				h->password_wanted |= mechanism == SECMEC_PASSWORD;
			}
		} else if (o.cp == CP_SECCHKCD) {
			h->secchkcd = rd_u8(&o.body);
		}
	}
	h->mechanism_refused = !listed || h->secchkcd > 0;
	h->access = true;
	return rd_check(&r, "ACCSECRD", err);
}

static int take_security(struct handshake *h, struct rd r, struct err *err)
{
	struct ddm o;

	while (ddm_read(&r, &o))
		if (o.cp == CP_SECCHKCD)
			h->secchkcd = rd_u8(&o.body);
	h->security = h->secchkcd == SECURITY_OK;
	return rd_check(&r, "SECCHKRM", err);
}

static int take_database(struct handshake *h, struct drda *c, struct rd r, struct err *err)
{
	struct ddm o;

	while (ddm_read(&r, &o)) {
		if (o.cp != CP_RDBINTTKN)
			continue;
		free(c->token);
		c->token = utf8_repair((const char *)o.body.p, o.body.n);
		if (!c->token)
			return err_nomem(err);
	}
	h->database = true;
	return rd_check(&r, "ACCRDBRM", err);
}

/* SYNTAXRM about PRDID: this server wants the other client id. */
static bool refuses_client(struct rd r)
{
	struct ddm o;

	while (ddm_read(&r, &o))
		if (o.cp == CP_CODPNT && rd_be16(&o.body) == CP_PRDID)
			return true;
	return false;
}

static int read_handshake(void *who, struct drda *c, const struct ddm_head *head, struct err *err)
{
	struct handshake *h = who;
	struct rd body;
	int code;

	switch (head->cp) {
	case CP_EXCSATRD:
	case CP_ACCSECRD:
	case CP_SECCHKRM:
	case CP_ACCRDBRM:
	case CP_SYNTAXRM:
		break;
	case CP_SQLCARD:
		code = conn_sqlca(c, head, &h->ca, err);
		h->failed |= code == 0 && sqlca_is_error(&h->ca);
		return code;
	case CP_RDBNFNRM:
	case CP_RDBAFLRM:
		h->database_unknown = true;
		return 0;
	default:
		/* RDBATHRM, MGRLVLRM …: named to the user, unless a SQLCARD says more. */
		return codepoint_name(head->cp) && !h->failed ? conn_refused(c, head, err) : 0;
	}
	code = conn_body(c, head, &body, err);
	if (code < 0)
		return code;
	if (head->cp == CP_EXCSATRD)
		return take_attributes(h, c, body, err);
	if (head->cp == CP_ACCSECRD)
		return take_access(h, body, err);
	if (head->cp == CP_SECCHKRM)
		return take_security(h, body, err);
	if (head->cp == CP_ACCRDBRM)
		return take_database(h, c, body, err);
	h->client_refused = refuses_client(body);
	return h->client_refused ? 0
				 : err_set(err, E_PROTO, "the server refused a request: SYNTAXRM");
}

static int read_chain(void *who, struct drda *c, struct err *err)
{
	return conn_read_chain(c, read_handshake, who, err);
}

static int access_denied(struct drda *c, const char *hint, struct err *err)
{
	int code = err_set(err, E_AUTH, "%s:%d does not let the user \"%s\" in", c->options.host,
			   c->options.port, c->options.user);

	err_set_name(err, "08004");
	err_set_hint(err, "%s", hint);
	return code;
}

static int unknown_database(struct drda *c, struct handshake *h, struct err *err)
{
	char said[512] = "";
	int code;

	/* XJ004 is "not found"; anything else (cannot be started, being used) is told as it is. */
	if (h->failed && !str_eq(h->ca.state, "XJ004") && !str_eq(h->ca.state, "42918")) {
		sqlca_text(&h->ca, said, sizeof(said));
		code = err_set(err, E_SERVER, "the database \"%s\" cannot be opened: %s",
			       c->options.database, said);
		err_set_name(err, h->ca.state);
		return code;
	}
	code = err_set(err, E_NOTFOUND, "there is no database \"%s\" on %s:%d", c->options.database,
		       c->options.host, c->options.port);
	err_set_name(err, h->failed ? h->ca.state : "08004");
	if (c->server == DRDA_SERVER_DERBY)
		err_set_hint(err, "\";create=true\" behind its name makes a new one");
	else
		err_set_hint(err, "the usual name is splicedb");
	return code;
}

static int first_chain(struct drda *c, struct handshake *h, struct err *err)
{
	int code;

	put_exchange_attributes(c);
	code = put_access_security(c, h->secmec, err);
	if (code == 0)
		code = conn_send(c, read_chain, h, err);
	if (code == 0)
		code = conn_await(c, h, err);
	if (code < 0)
		return code;
	if (h->database_unknown)
		return unknown_database(c, h, err);
	if (!h->attributes || !h->access)
		return err_set(err, E_PROTO, "expected EXCSATRD and ACCSECRD");
	if (h->mechanism_refused && h->secmec == SECMEC_USER && h->password_wanted)
		return access_denied(c, "this server wants a password", err);
	if (h->mechanism_refused)
		return access_denied(c,
				     "the server takes neither a user name nor a plain password "
				     "(Kerberos, tokens and encrypted passwords are not supported)",
				     err);
	return 0;
}

static void put_character_sets(struct drda *c)
{
	ddm_open(&c->out, CP_TYPDEFOVR);
	ddm_put_be16(&c->out, CP_CCSIDSBC, UTF8);
	ddm_put_be16(&c->out, CP_CCSIDDBC, UTF16);
	ddm_put_be16(&c->out, CP_CCSIDMBC, UTF8);
	ddm_close(&c->out);
}

static int put_security_check(struct drda *c, unsigned secmec, struct err *err)
{
	int code;

	(void)dss_request(&c->out);
	ddm_open(&c->out, CP_SECCHK);
	ddm_put_be16(&c->out, CP_SECMEC, secmec);
	code = conn_put_text(c, CP_RDBNAM, c->options.database, RDBNAM_WIDTH, err);
	if (code == 0)
		code = conn_put_text(c, CP_USRID, c->options.user, 0, err);
	if (code == 0 && secmec == SECMEC_PASSWORD)
		code = conn_put_text(c, CP_PASSWORD, c->options.password, 0, err);
	ddm_close(&c->out);
	return code;
}

static int put_access_database(struct drda *c, const char *prdid, struct err *err)
{
	static const uint8_t token[CRRTKN_SIZE] = {0}; /* nobody here correlates */
	int code;

	(void)dss_request(&c->out);
	ddm_open(&c->out, CP_ACCRDB);
	code = conn_put_text(c, CP_RDBNAM, c->options.database, RDBNAM_WIDTH, err);
	ddm_put_be16(&c->out, CP_RDBACCCL, CP_SQLAM);
	if (code == 0)
		code = conn_put_text(c, CP_PRDID, prdid, 0, err);
	if (code == 0)
		code = conn_put_text(c, CP_TYPDEFNAM, "QTDSQLASC", 0, err);
	ddm_put_bytes(&c->out, CP_CRRTKN, token, sizeof(token));
	put_character_sets(c);
	ddm_close(&c->out);
	return code;
}

static int second_chain(struct drda *c, struct handshake *h, const char *prdid, struct err *err)
{
	int code = put_security_check(c, h->secmec, err);

	if (code == 0)
		code = put_access_database(c, prdid, err);
	if (code < 0)
		return code;
	h->secchkcd = -1;
	code = conn_send(c, read_chain, h, err);
	if (code == 0)
		code = conn_await(c, h, err);
	/* A server that refuses may close the line right behind its answer. */
	if (h->secchkcd > SECURITY_OK)
		return access_denied(c,
				     h->secmec == SECMEC_USER ? "this server wants a password"
							      : "check the user and the password",
				     err);
	if (h->client_refused || h->database_unknown)
		return h->database_unknown ? unknown_database(c, h, err) : E_UNSUPPORTED;
	if (code == 0 && h->failed)
		return message_error(c, &h->ca, /* commit= */ false, err);
	if (code == 0 && !h->database)
		return err_set(err, E_PROTO, "expected ACCRDBRM");
	return code;
}

/* Something answered, but no DRDA server: guess what it is from its first bytes. */
static void explain_stranger(struct drda *c, struct err *err)
{
	const uint8_t *p = c->in.in.data + c->in.at;
	size_t n = c->in.in.len - c->in.at;

	if (!err || err->code == E_CANCEL)
		return;
	if (n >= 3 && (p[0] == 0x15 || p[0] == 0x16) && p[1] == 0x03) {
		err_set(err, E_UNSUPPORTED, "%s:%d wants TLS, which is not supported yet",
			c->options.host, c->options.port);
		err_set_hint(err, "start the server without TLS (derby.drda.sslMode=off)");
	} else if (err->code == E_PROTO && n >= 4) {
		err_set(err, E_PROTO, "%s:%d is no DRDA server%s", c->options.host, c->options.port,
			memcmp(p, "HTTP", 4) == 0 ? " but a web server" : "");
		err_set_hint(err, "check the port: Derby and Splice Machine listen on 1527");
	} else if (err->code == E_CLOSED) {
		err_set(err, E_CLOSED, "%s:%d closed the connection without an answer",
			c->options.host, c->options.port);
		err_set_hint(err, "is it a Derby or Splice Machine server, without TLS?");
	} else if (err->code == E_TIMEOUT) {
		err_set(err, E_TIMEOUT, "%s:%d is silent: no DRDA server?", c->options.host,
			c->options.port);
		err_set_hint(err, "check the port: Derby and Splice Machine listen on 1527");
	}
	err_set_name(err, "08001");
}

static const char *usual_prdid(const struct drda *c)
{
	return c->server == DRDA_SERVER_SPLICE ? prdid_splice : prdid_derby;
}

/* One try; *ret_other is the client id to try next when this one was refused. */
static int try_connect(struct drda *c, const char *prdid, struct cancel *cancel,
		       const char **ret_other, struct err *err)
{
	struct handshake h = {.secmec = c->options.password ? SECMEC_PASSWORD : SECMEC_USER,
			      .secchkcd = -1};
	int code = drda_link_open(&c->link, c->options.host, c->options.port, c->options.timeout_ms,
				  cancel, err);

	if (code < 0)
		return code;
	c->cancel = cancel;
	c->deadline_ms = clock_ms() + c->options.timeout_ms;
	code = first_chain(c, &h, err);
	if (code < 0) {
		if (!h.attributes)
			explain_stranger(c, err);
		return err ? err->code : code;
	}
	prdid = prdid ? prdid : usual_prdid(c);
	c->deadline_ms = clock_ms() + c->options.timeout_ms;
	code = second_chain(c, &h, prdid, err);
	if (code == E_UNSUPPORTED && h.client_refused)
		*ret_other = str_eq(prdid, prdid_splice) ? prdid_derby : prdid_splice;
	return code;
}

static int copy_options(struct drda *c, const struct drda_options *o, struct err *err)
{
	c->options = *o;
	c->options.host = str_dup(o->host);
	c->options.database = str_dup(o->database);
	c->options.user = str_dup(o->user ? o->user : "APP");
	c->options.password = o->password ? str_dup(o->password) : NULL;
	if (!c->options.host || !c->options.database || !c->options.user ||
	    (o->password && !c->options.password))
		return err_nomem(err);
	c->options.port = o->port ? o->port : 1527;
	c->options.timeout_ms = o->timeout_ms ? o->timeout_ms : CONN_DEFAULT_TIMEOUT_MS;
	c->block_size = o->block_size ? o->block_size : CONN_DEFAULT_BLOCK;
	c->trace.fd = o->trace_fd;
	c->trace.stable = o->trace_stable;
	return 0;
}

int drda_connect(const struct drda_options *options, struct cancel *cancel, struct drda **ret,
		 struct err *err)
{
	_cleanup_(drda_freep) struct drda *c = calloc(1, sizeof(*c));
	struct err mine = ERR_INIT;
	const char *other = NULL;
	int code;

	if (!err)
		err = &mine;
	if (!c)
		return err_nomem(err);
	conn_init(c);
	code = copy_options(c, options, err);
	if (code == 0)
		code = try_connect(c, NULL, cancel, &other, err);
	if (code < 0 && other) {
		conn_restart(c);
		code = try_connect(c, other, cancel, &other, err);
		if (code == E_UNSUPPORTED)
			code = err_set(err, E_UNSUPPORTED,
				       "the server takes neither %s nor %s as a client",
				       prdid_splice, prdid_derby);
	}
	if (code == 0)
		code = request_check(c, err);
	if (code < 0)
		return code;
	c->cancel = NULL;
	c->deadline_ms = -1;
	*ret = TAKE(c);
	return 0;
}
