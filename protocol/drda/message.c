/*
 * The server's own message texts, by its procedure SYSIBM.SQLCAMESSAGE.  It
 * works in a failed transaction, and must be asked before that is rolled back.
 */
#include "protocol/drda/request.h"

#include "base/str.h"

#include <stdio.h>
#include <string.h>

static const char statement[] = "CALL SYSIBM.SQLCAMESSAGE(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

enum { ARGUMENTS = 16, OUT_TEXT = 14, ERRMC = 2, FIRST_ERRD = 4, SHOWN_MAX = 3000 };

struct question {
	bool answered;
	char text[SHOWN_MAX];
};

static void set_text(struct value *v, const char *p, size_t n)
{
	*v = (struct value){.type = VALUE_VARCHAR, .s = {p, n}};
}

static void set_arguments(struct value v[ARGUMENTS], const struct sqlca *ca)
{
	for (size_t i = 0; i < ARGUMENTS; i++)
		v[i] = (struct value){.type = VALUE_VARCHAR, .null = true};
	v[0] = (struct value){.type = VALUE_INTEGER, .i = ca->code};
	v[1] = (struct value){.type = VALUE_SMALLINT, .i = ca->errmc_len};
	set_text(&v[ERRMC], ca->errmc, ca->errmc_len);
	set_text(&v[3], ca->proc, strlen(ca->proc));
	for (size_t i = 0; i < ARRAY_LEN(ca->errd); i++)
		v[FIRST_ERRD + i] =
			(struct value){.type = VALUE_INTEGER, .i = (int32_t)ca->errd[i]};
	set_text(&v[10], ca->warn, strlen(ca->warn));
	set_text(&v[11], ca->state, strlen(ca->state));
	set_text(&v[13], "en_US", 5);
}

static void put_question(struct drda *c, unsigned section, const struct sqlca *ca)
{
	struct fdoca_param params[ARGUMENTS];
	struct value v[ARGUMENTS];
	const struct column number = {.type = VALUE_INTEGER};

	set_arguments(v, ca);
	for (size_t i = 0; i < ARGUMENTS; i++) {
		fdoca_param_init(&params[i], i == ARGUMENTS - 1 ? &number : NULL);
		(void)fdoca_param_fit(&params[i], &v[i]);
	}
	(void)request_prepare(c, section, statement, sizeof(statement) - 1);
	(void)request_execute(c, section, &(struct request_params){params, v, ARGUMENTS},
			      RESULTS_OUTPUT);
}

/* SQLDTARD: a description and one row with the output parameters. */
static int take_output(struct question *q, struct rd r, struct err *err)
{
	_cleanup_(fdoca_row_release) struct fdoca_row row = {0};
	_cleanup_free_ struct value *values = NULL;
	_cleanup_free_ char *scratch = NULL;
	struct rd data = {0};
	struct sqlca ca;
	struct ddm o;
	int code = 0;

	while (code == 0 && ddm_read(&r, &o)) {
		if (o.cp == CP_FDODSC)
			code = fdoca_read_description(&row, &o.body, err);
		else if (o.cp == CP_FDODTA)
			data = o.body;
	}
	if (code == 0)
		code = sqlca_read(&ca, &data, err);
	if (code < 0 || rd_u8(&data) != 0 || row.n <= OUT_TEXT)
		return code;
	values = calloc(row.n, sizeof(*values));
	scratch = malloc(fdoca_scratch_size(&row));
	if (!values || !scratch)
		return err_nomem(err);
	code = fdoca_read_row(&row, &data, values, scratch, err);
	if (code == 0 && !data.short_ && value_is_text(values[OUT_TEXT].type) &&
	    !values[OUT_TEXT].null && row.columns[OUT_TEXT].form == FORM_COUNTED) {
		q->answered = true;
		snprintf(q->text, sizeof(q->text), "%.*s", (int)values[OUT_TEXT].s.n,
			 values[OUT_TEXT].s.p);
	}
	return code;
}

static int read_object(void *who, struct drda *c, const struct ddm_head *head, struct err *err)
{
	struct rd body;
	int code;

	if (head->cp != CP_SQLDTARD)
		return conn_is_refusal(head->cp) ? conn_refused(c, head, err) : 0;
	code = conn_body(c, head, &body, err);
	return code < 0 ? code : take_output(who, body, err);
}

static int read_answer(void *who, struct drda *c, struct err *err)
{
	return conn_read_chain(c, read_object, who, err);
}

/* The text for `ca` in q, when the server gives one. */
static void ask(struct drda *c, const struct sqlca *ca, bool commit, struct question *q)
{
	struct err ignored = ERR_INIT;
	unsigned section = c->broken ? 0 : conn_section_take(c);

	if (section == 0)
		return;
	put_question(c, section, ca);
	if (commit)
		(void)request_commit(c);
	c->in_transaction = true;
	if (conn_send(c, read_answer, q, &ignored) == 0)
		(void)!conn_await(c, q, &ignored);
	conn_section_give(c, section);
}

/* "SQLSTATE: 42Y55" and such endings that some messages carry are left as they are. */
static void explain(struct drda *c, const struct sqlca *ca, bool commit, char *dst, size_t size)
{
	struct question q = {.answered = false};

	ask(c, ca, commit, &q);
	if (q.answered)
		snprintf(dst, size, "%s", q.text);
	else
		sqlca_text(ca, dst, size);
}

static bool is_interruption(const struct drda *c, const struct sqlca *ca)
{
	return c->interrupted && (str_eq(ca->state, "57014") || str_eq(ca->state, "SE008"));
}

int message_error(struct drda *c, const struct sqlca *ca, bool commit, struct err *err)
{
	struct sqlca copy = *ca;
	char text[SHOWN_MAX];
	int code;

	/* After a rollback there is nothing that a commit could do but end the question's own
	 * transaction. */
	if (sqlca_is_rollback(&copy)) {
		c->rollbacks++;
		commit = true;
	}
	explain(c, &copy, commit, text, sizeof(text));
	if (is_interruption(c, &copy)) {
		code = err_set(err, E_CANCEL, "interrupted");
		err_set_name(err, "KeyboardInterrupt");
		return code;
	}
	code = err_set(err, E_SERVER, "%s", text);
	err_set_name(err, copy.state);
	return code;
}

/*
 * Data truncation (01004) carries numbers and no message: column, whether it
 * is a parameter, whether it was read, its length, and what was sent of it.
 */
static bool explain_truncation(const struct sqlca *ca, char *dst, size_t size)
{
	int column, length, sent;

	if (!str_eq(ca->state, "01004") ||
	    sscanf(ca->errmc, "%9d\x14%*[a-z]\x14%*[a-z]\x14%9d\x14%9d", &column, &length, &sent) !=
		    3)
		return false;
	snprintf(dst, size,
		 "column %d was cut from %d to %d characters by the server: cast it to CLOB",
		 column, length, sent);
	return true;
}

char *message_warning(struct drda *c, const struct sqlca *ca, bool commit)
{
	char text[SHOWN_MAX];

	if (!explain_truncation(ca, text, sizeof(text)))
		explain(c, ca, commit, text, sizeof(text));
	return str_fmt("%s: %s", ca->state, text);
}
