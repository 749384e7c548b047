/*
 * Statements of every kind: which requests are chained, and what their
 * answers make of the result.
 *
 *	surely no rows   EXCSQLIMM [RDBCMM]
 *	with markers     PRPSQLSTT EXCSQLSTT [RDBCMM]
 *	surely rows      PRPSQLSTT OPNQRY                  (commit with the last row)
 *	CALL             PRPSQLSTT EXCSQLSTT               (commit after its result sets)
 *	unknown          PRPSQLSTT, then OPNQRY if it has columns, else EXCSQLSTT
 */
#include "protocol/drda/cursor-int.h"

#include "base/limits.h"
#include "base/str.h"
#include "protocol/drda/sqltext.h"

#include <string.h>

enum { RESULT_SETS_MAX = 64, NO_COUNT = -1 };

struct drda_result {
	struct drda *conn;
	unsigned section;
	bool autocommit;
	bool commit_due; /* the transaction is to be ended when all is read */
	unsigned id_execute;
	bool executed; /* its SQLCARD came */
	bool failed;   /* ca: the first error of the chain */
	struct sqlca ca;
	struct sqldard columns; /* of PRPSQLSTT, until the cursor takes them */
	int64_t count;
	struct cursor *sets[RESULT_SETS_MAX]; /* owned; a CALL may have several */
	size_t n_sets, current;
	size_t n_opened; /* of them, OPNQRYRM seen */
	struct warning_list warned;
	struct strv warnings; /* texts of the first of them */
};

static int add_set(struct drda_result *r, struct err *err)
{
	struct cursor *cur;

	if (r->n_sets == RESULT_SETS_MAX)
		return err_set(err, E_TOOBIG, "more than %d result sets", RESULT_SETS_MAX);
	cur = malloc(sizeof(*cur));
	if (!cur)
		return err_nomem(err);
	cursor_init(cur, r->conn, &r->warned);
	r->sets[r->n_sets++] = cur;
	return 0;
}

static int take_sqlca(struct drda_result *r, const struct sqlca *ca, unsigned id, struct err *err)
{
	struct cursor *cur = r->n_opened ? r->sets[r->n_opened - 1] : NULL;

	if (sqlca_is_error(ca) && cur && cur->row.n && !cur->failed) {
		/* The query was opened and failed on the way: its first rows are good. */
		cur->failed = true;
		cur->open = false;
		cur->ca = *ca;
	} else if (sqlca_is_error(ca) && !r->failed) {
		r->failed = true;
		r->ca = *ca;
	} else if (!sqlca_is_error(ca) && id == r->id_execute && r->count != NO_COUNT) {
		r->count = sqlca_count(ca);
	}
	return sqlca_is_warning(ca) ? warning_add(&r->warned, ca, err) : 0;
}

/* SQLDARD, the answer to PRPSQLSTT. */
static int take_columns(struct drda_result *r, const struct ddm_head *head, struct err *err)
{
	struct sqlca ca;
	struct rd body;
	int code = conn_body(r->conn, head, &body, err);

	if (code == 0)
		code = sqldard_read(&r->columns, &ca, &body, err);
	return code < 0 ? code : take_sqlca(r, &ca, head->id, err);
}

static int add_named_set(struct drda_result *r, const struct rd *package, struct err *err)
{
	struct request_cursor *name;
	int code = add_set(r, err);

	if (code < 0)
		return code;
	name = &r->sets[r->n_sets - 1]->name;
	if (package->n > sizeof(name->package))
		return err_set(err, E_PROTO, "expected a shorter PKGNAMCSN");
	memcpy(name->package, package->p, package->n);
	name->n_package = package->n;
	return 0;
}

/* RSLSETRM: PKGSNLST with the names of a CALL's result sets, in order. */
static int take_result_sets(struct drda_result *r, const struct ddm_head *head, struct err *err)
{
	struct rd body;
	struct ddm list, o;
	int code = conn_body(r->conn, head, &body, err);

	while (code == 0 && ddm_read(&body, &list)) {
		if (list.cp != CP_PKGSNLST)
			continue;
		while (code == 0 && ddm_read(&list.body, &o))
			code = o.cp == CP_PKGNAMCSN ? add_named_set(r, &o.body, err) : 0;
		if (code == 0)
			code = rd_check(&list.body, "PKGSNLST", err);
	}
	return code < 0 ? code : rd_check(&body, "RSLSETRM", err);
}

/* What belongs to the result set whose OPNQRYRM came last. */
static int take_rows(struct drda_result *r, const struct ddm_head *head, struct err *err)
{
	int code;

	if (head->cp == CP_OPNQRYRM)
		r->n_opened++;
	if (r->n_opened > r->n_sets)
		return err_set(err, E_PROTO, "expected %zu result sets, got more", r->n_sets);
	if (r->n_opened == 0)
		return 0; /* QRYNOPRM and the like, of a query that did not open */
	if (head->cp == CP_OPNQRYRM && r->columns.n) {
		r->sets[0]->columns = r->columns;
		r->columns = (struct sqldard){0};
	}
	code = cursor_take(r->sets[r->n_opened - 1], head, err);
	return code < 0 ? code : 0;
}

static int read_object(void *who, struct drda *c, const struct ddm_head *head, struct err *err)
{
	struct drda_result *r = who;
	struct sqlca ca;
	int code;

	switch (head->cp) {
	case CP_SQLDARD:
		return take_columns(r, head, err);
	case CP_SQLCARD:
		code = conn_sqlca(c, head, &ca, err);
		r->executed |= head->id == r->id_execute;
		return code < 0 ? code : take_sqlca(r, &ca, head->id, err);
	case CP_RSLSETRM:
		return take_result_sets(r, head, err);
	case CP_OPNQRYRM:
	case CP_QRYDSC:
	case CP_QRYDTA:
	case CP_EXTDTA:
	case CP_ENDQRYRM:
	case CP_SQLCINRD:
		return take_rows(r, head, err);
	default:
		/* SQLERRRM and OPNQFLRM announce the SQLCARD that says why. */
		return conn_is_refusal(head->cp) ? conn_refused(c, head, err) : 0;
	}
}

static int read_answer(void *who, struct drda *c, struct err *err)
{
	return conn_read_chain(c, read_object, who, err);
}

/* Send the chain and hear its answer; errors of SQL are in r->failed. */
static int run(struct drda_result *r, struct err *err)
{
	int code;

	r->conn->in_transaction = true;
	code = conn_send(r->conn, read_answer, r, err);
	if (code == 0)
		code = conn_await(r->conn, r, err);
	for (size_t i = 0; i < r->n_sets; i++)
		cursor_opened(r->sets[i]);
	return code;
}

/* Let the transaction end with this chain. */
static void chain_commit(struct drda_result *r)
{
	if (r->commit_due)
		(void)request_commit(r->conn);
	r->commit_due = false;
}

static int open_query(struct drda_result *r, const struct request_params *p, struct err *err)
{
	int code = add_set(r, err);

	if (code == 0)
		code = request_own_cursor(r->conn, r->section, &r->sets[0]->name, err);
	if (code < 0)
		return code;
	(void)request_open(r->conn, r->section, p);
	code = run(r, err);
	if (code == 0 && !r->failed && r->n_opened == 0)
		return conn_out_of_step(r->conn, "expected OPNQRYRM", err);
	return code;
}

/* Run a chain that has an EXCSQLSTT or EXCSQLIMM. */
static int run_execution(struct drda_result *r, struct err *err)
{
	int code = run(r, err);

	if (code == 0 && !r->failed && !r->executed)
		return conn_out_of_step(r->conn, "expected SQLCARD", err);
	return code;
}

static int run_prepared(struct drda_result *r, const struct request_params *p, struct err *err)
{
	r->id_execute = request_execute(r->conn, r->section, p, RESULTS_NONE);
	chain_commit(r);
	return run_execution(r, err);
}

static int run_unknown(struct drda_result *r, const char *sql, size_t n,
		       const struct request_params *p, struct err *err)
{
	int code;

	(void)request_prepare(r->conn, r->section, sql, n);
	code = run(r, err);
	if (code < 0 || r->failed)
		return code;
	r->count = 0;
	return r->columns.n ? open_query(r, p, err) : run_prepared(r, p, err);
}

static bool is_query_after_all(const struct drda_result *r)
{
	return r->failed && (str_eq(r->ca.state, "X0Y78") || str_eq(r->ca.state, "X0Y79"));
}

static int run_update(struct drda_result *r, const char *sql, size_t n,
		      const struct request_params *p, struct err *err)
{
	int code;

	if (p->n) {
		(void)request_prepare(r->conn, r->section, sql, n);
		return run_prepared(r, p, err);
	}
	r->id_execute = request_execute_immediate(r->conn, r->section, sql, n);
	chain_commit(r);
	code = run_execution(r, err);
	if (code < 0 || !is_query_after_all(r))
		return code;
	r->failed = false;
	r->commit_due = r->autocommit;
	return run_unknown(r, sql, n, p, err);
}

static int run_call(struct drda_result *r, const char *sql, size_t n,
		    const struct request_params *p, struct err *err)
{
	int code;

	(void)request_prepare(r->conn, r->section, sql, n);
	r->id_execute = request_execute(r->conn, r->section, p, RESULTS_SETS);
	code = run_execution(r, err);
	if (code == 0 && !r->failed && r->n_opened < r->n_sets)
		return conn_out_of_step(r->conn, "expected the rows of each result set", err);
	return code;
}

static int run_kind(struct drda_result *r, const char *sql, size_t n,
		    const struct request_params *p, struct err *err)
{
	enum sql_kind kind = sqltext_kind(sql, n);

	r->count = kind == SQL_UPDATE ? 0 : NO_COUNT;
	switch (kind) {
	case SQL_QUERY:
		(void)request_prepare(r->conn, r->section, sql, n);
		return open_query(r, p, err);
	case SQL_UPDATE:
	case SQL_OTHER:
		return run_update(r, sql, n, p, err);
	case SQL_CALL:
		return run_call(r, sql, n, p, err);
	case SQL_UNKNOWN:
		break;
	}
	return run_unknown(r, sql, n, p, err);
}

static int no_answer_wanted(void *who, struct drda *c, const struct ddm_head *head, struct err *err)
{
	struct sqlca ca;
	int code;

	(void)who;
	if (head->cp != CP_SQLCARD)
		return conn_is_refusal(head->cp) ? conn_refused(c, head, err) : 0;
	code = conn_sqlca(c, head, &ca, err);
	if (code == 0 && sqlca_is_error(&ca))
		c->late = ca;
	return code;
}

static int read_late_commit(void *who, struct drda *c, struct err *err)
{
	return conn_read_chain(c, no_answer_wanted, who, err);
}

/*
 * End the transaction of a query that has been read.  Its answer is read with
 * the next request's, so that a small query costs one round trip; should it
 * be an error, the next result has it among its warnings.
 */
static int commit_soon(struct drda_result *r, struct err *err)
{
	int code;

	if (!r->commit_due || r->conn->broken)
		return 0;
	r->commit_due = false;
	(void)request_commit(r->conn);
	code = conn_send(r->conn, read_late_commit, r->conn, err);
	r->conn->in_transaction = false;
	return code;
}

/* Ask for the texts of warnings that have none yet. */
static int explain_warnings(struct drda_result *r, struct err *err)
{
	bool commit = r->autocommit && !r->commit_due;

	while (r->warnings.len < r->warned.n) {
		const struct sqlca *ca = &r->warned.items[r->warnings.len];
		int code = strv_take(&r->warnings, message_warning(r->conn, ca, commit), err);

		if (code < 0)
			return code;
	}
	return 0;
}

static int fail(struct drda_result *r, const struct sqlca *ca, struct err *err)
{
	bool commit = r->autocommit;

	r->commit_due = false;
	return message_error(r->conn, ca, commit, err);
}

static int check_text(const char *sql, size_t n, size_t n_params, struct err *err)
{
	size_t markers = sqltext_markers(sql, n);

	if (n > LIMIT_SQL_TEXT)
		return err_set(err, E_TOOBIG, "the statement is longer than %zu bytes",
			       LIMIT_SQL_TEXT);
	if (markers != n_params)
		return err_set(err, E_INPUT, "the statement has %zu markers (?), got %zu values",
			       markers, n_params);
	return 0;
}

static int fit_params(const struct value *values, size_t n, struct fdoca_param **ret,
		      struct err *err)
{
	struct fdoca_param *params = calloc(n + 1, sizeof(*params));

	if (!params)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		fdoca_param_init(&params[i], /* column= */ NULL);
		(void)fdoca_param_fit(&params[i], &values[i]);
	}
	*ret = params;
	return 0;
}

static int result_new(struct drda *c, unsigned flags, struct drda_result **ret, struct err *err)
{
	unsigned section = conn_section_take(c);
	struct drda_result *r = section ? calloc(1, sizeof(*r)) : NULL;

	if (section == 0)
		return err_set(err, E_TOOBIG, "more than %d statements are open on the connection",
			       CONN_SECTION_MAX);
	if (!r) {
		conn_section_give(c, section);
		return err_nomem(err);
	}
	r->conn = c;
	r->section = section;
	r->autocommit = r->commit_due = flags & DRDA_COMMIT;
	*ret = r;
	return 0;
}

/* What is left to do when the statement itself went well. */
static int complete(struct drda_result *r, struct err *err)
{
	struct drda *c = r->conn;
	int code;

	for (size_t i = 0; i < r->n_sets; i++) {
		if (r->sets[i]->refused.code) {
			*err = r->sets[i]->refused;
			return err->code;
		}
	}
	code = c->late.code ? warning_add(&r->warned, &c->late, err) : 0;

	c->late.code = 0;
	if (code == 0)
		code = explain_warnings(r, err);
	return code == 0 && r->n_sets == 0 ? commit_soon(r, err) : code;
}

static int execute(struct drda *c, const char *sql, size_t n, const struct request_params *p,
		   unsigned flags, struct drda_result **ret, struct err *err)
{
	_cleanup_(drda_result_freep) struct drda_result *r = NULL;
	int code = result_new(c, flags, &r, err);

	if (code < 0)
		return code;
	code = run_kind(r, sql, n, p, err);
	if (code == 0)
		code = r->failed ? fail(r, &r->ca, err) : complete(r, err);
	if (code == 0)
		*ret = TAKE(r);
	return code;
}

int drda_execute(struct drda *c, const char *sql, size_t n, const struct value *values,
		 size_t n_values, unsigned flags, struct cancel *cancel, struct drda_result **ret,
		 struct err *err)
{
	_cleanup_free_ struct fdoca_param *params = NULL;
	struct err mine = ERR_INIT;
	int code;

	err = err ? err : &mine;
	code = conn_begin(c, cancel, err);
	if (code == 0)
		code = check_text(sql, n, n_values, err);
	if (code == 0)
		code = fit_params(values, n_values, &params, err);
	if (code < 0)
		return code;
	return execute(c, sql, n, &(struct request_params){params, values, n_values}, flags, ret,
		       err);
}

static void result_close(struct drda_result *r)
{
	struct err ignored = ERR_INIT;
	int code = 0;

	for (size_t i = 0; i < r->n_sets && code == 0; i++)
		code = cursor_close(r->sets[i], &ignored);
	if (code == 0)
		(void)commit_soon(r, &ignored);
}

void drda_result_free(struct drda_result *r)
{
	if (!r)
		return;
	/* A call of its own: nobody who frees can be told of a cancel. */
	if (conn_begin(r->conn, /* cancel= */ NULL, /* err= */ NULL) == 0)
		result_close(r);
	for (size_t i = 0; i < r->n_sets; i++) {
		cursor_release(r->sets[i]);
		free(r->sets[i]);
	}
	conn_section_give(r->conn, r->section);
	sqldard_release(&r->columns);
	free(r->warned.items);
	strv_release(&r->warnings);
	free(r);
}

size_t drda_result_columns(const struct drda_result *r, const struct column **ret)
{
	const struct sqldard *d = r->current < r->n_sets ? &r->sets[r->current]->columns : NULL;

	*ret = d ? d->columns : NULL;
	return d ? d->n : 0;
}

int64_t drda_result_count(const struct drda_result *r)
{
	return r->n_sets ? NO_COUNT : r->count;
}

const char *const *drda_result_warnings(const struct drda_result *r)
{
	static const char *const none[] = {NULL};

	return r->warnings.len ? (const char *const *)r->warnings.items : none;
}

/* The rows of the current set are used up: 0, or why there were no more. */
static int end_of_rows(struct drda_result *r, int code, struct err *err)
{
	struct cursor *cur = r->sets[r->current];

	if (cur->failed && !r->conn->broken)
		return fail(r, &cur->ca, err);
	if (code == 0)
		code = explain_warnings(r, err);
	if (code == 0 && r->current + 1 == r->n_sets)
		code = commit_soon(r, err);
	return code;
}

/* The one function that runs for every row: no error value is made ready here. */
int drda_result_next(struct drda_result *r, struct cancel *cancel, const struct value **ret,
		     struct err *err)
{
	int code;

	if (r->current >= r->n_sets)
		return 0;
	conn_enter(r->conn, cancel);
	code = cursor_next(r->sets[r->current], ret, err);
	return code > 0 ? code : end_of_rows(r, code, err);
}

int drda_result_more(struct drda_result *r, struct cancel *cancel, struct err *err)
{
	struct err mine = ERR_INIT;
	int code;

	if (r->current >= r->n_sets)
		return 0;
	err = err ? err : &mine;
	code = conn_begin(r->conn, cancel, err);
	if (code == 0)
		code = cursor_close(r->sets[r->current], err);
	if (code < 0)
		return code;
	r->current++;
	if (r->current < r->n_sets)
		return 1;
	return commit_soon(r, err);
}
