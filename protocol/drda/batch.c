/*
 * Batches: EXCSQLSTT and SQLDTA for each row, many in a chain, two chains
 * under way, so that the server always has work.  A row that fails does not
 * stop those behind it; its correlation id tells which it was.
 *
 * Multi-row input (one SQLDTA with several FDODTA) is not used: Derby
 * executes only the last of the rows, without an error.
 */
#include "protocol/drda/request.h"

#include "base/limits.h"
#include "protocol/drda/sqldard.h"

#include <string.h>

enum {
	CHAIN_ROWS = 2000,
	CHAIN_BYTES = 512 << 10,
	CHAINS = 2,
	KNOWN_TEXTS = 16, /* rows tend to fail for the same few reasons */
};

struct failure {
	uint64_t row;
	struct sqlca ca;
};

/* A message that the server has been asked for. */
struct known_text {
	struct sqlca ca;
	struct err err;
};

/* Rows sent, whose answers are not read. */
struct chain {
	struct drda_batch *batch;
	uint64_t first_row; /* has the correlation id 1 */
	unsigned n, answered;
};

struct drda_batch {
	struct drda *conn;
	unsigned section;
	drda_batch_error_fn *on_error;
	void *userdata;
	struct sqldard markers;
	struct fdoca_param *params; /* owned, markers.n */
	unsigned id_describe;
	bool is_query;
	bool failed; /* to be prepared: ca */
	struct sqlca ca;
	struct dss_writer out; /* rows queued; the connection's own stays free for others */
	unsigned queued;
	uint64_t rows; /* added */
	uint64_t good;
	struct chain chains[CHAINS];
	unsigned turn;            /* the chain to be sent next */
	struct failure *failures; /* owned: heard of, not told yet */
	size_t n_failures, cap_failures;
	struct known_text *known; /* owned, KNOWN_TEXTS */
	size_t n_known;
	int stopped; /* the code that it was stopped with */
};

static int add_failure(struct drda_batch *b, uint64_t row, const struct sqlca *ca, struct err *err)
{
	size_t cap = b->cap_failures ? b->cap_failures * 2 : 16;

	if (b->n_failures == b->cap_failures) {
		struct failure *grown = realloc(b->failures, cap * sizeof(*grown));

		if (!grown)
			return err_nomem(err);
		b->failures = grown;
		b->cap_failures = cap;
	}
	b->failures[b->n_failures++] = (struct failure){row, *ca};
	return 0;
}

static int read_row_object(void *who, struct drda *c, const struct ddm_head *head, struct err *err)
{
	struct chain *chain = who;
	struct sqlca ca;
	int code;

	if (head->cp != CP_SQLCARD)
		return conn_is_refusal(head->cp) ? conn_refused(c, head, err) : 0;
	code = conn_sqlca(c, head, &ca, err);
	if (code < 0)
		return code;
	if (head->id == 0 || head->id > chain->n)
		return err_set(err, E_PROTO, "expected an answer to row 1 to %u, got %u", chain->n,
			       head->id);
	chain->answered++;
	if (sqlca_is_error(&ca))
		return add_failure(chain->batch, chain->first_row + head->id - 1, &ca, err);
	chain->batch->good++;
	return 0;
}

static int read_rows_answer(void *who, struct drda *c, struct err *err)
{
	struct chain *chain = who;
	int code = conn_read_chain(c, read_row_object, chain, err);

	if (code == 0 && chain->answered != chain->n)
		return err_set(err, E_PROTO, "expected answers to %u rows, got %u", chain->n,
			       chain->answered);
	return code;
}

/* The batch's chain takes the connection's place, or gives it back. */
static void swap_writers(struct drda_batch *b)
{
	struct dss_writer own = b->conn->out;

	b->conn->out = b->out;
	b->out = own;
}

/* The text for a failed row: asked for once for each kind of failure. */
static const struct err *explain(struct drda_batch *b, const struct sqlca *ca)
{
	struct known_text *k;

	for (size_t i = 0; i < b->n_known; i++) {
		k = &b->known[i];
		if (memcmp(k->ca.state, ca->state, sizeof(ca->state)) == 0 &&
		    k->ca.errmc_len == ca->errmc_len &&
		    memcmp(k->ca.errmc, ca->errmc, ca->errmc_len) == 0)
			return &k->err;
	}
	if (b->n_known == KNOWN_TEXTS)
		b->n_known = 0;
	k = &b->known[b->n_known++];
	k->ca = *ca;
	err_clear(&k->err);
	(void)message_error(b->conn, ca, /* commit= */ false, &k->err);
	return &k->err;
}

/*
 * Tell of the rows that failed.  A failure that rolled back the transaction
 * took the good rows with it: that ends the batch whatever the caller says.
 */
static int tell_failures(struct drda_batch *b, struct err *err)
{
	for (size_t i = 0; i < b->n_failures && b->stopped == 0; i++) {
		struct failure f = b->failures[i];
		const struct err *e = explain(b, &f.ca);

		b->stopped = sqlca_is_rollback(&f.ca) ? E_SERVER : 0;
		if (b->stopped == 0)
			b->stopped = b->on_error(b->userdata, f.row, e);
		if (b->stopped < 0) {
			*err = *e;
			err->code = b->stopped;
		}
	}
	b->n_failures = 0;
	return b->stopped;
}

static int send_chain(struct drda_batch *b, struct err *err)
{
	struct chain *chain = &b->chains[b->turn];
	int code = conn_await(b->conn, chain, err);

	if (code < 0)
		return code;
	*chain = (struct chain){b, b->rows - b->queued, b->queued, 0};
	b->turn = (b->turn + 1) % CHAINS;
	b->queued = 0;
	b->conn->in_transaction = true;
	swap_writers(b);
	code = conn_send(b->conn, read_rows_answer, chain, err);
	swap_writers(b);
	return code < 0 ? code : tell_failures(b, err);
}

static int take_markers(struct drda_batch *b, const struct ddm_head *head, struct err *err)
{
	struct sqldard d = {0};
	struct sqlca ca;
	struct rd body;
	int code = conn_body(b->conn, head, &body, err);

	if (code == 0)
		code = sqldard_read(&d, &ca, &body, err);
	if (code < 0)
		return code;
	if (head->id != b->id_describe) {
		b->is_query |= d.n > 0;
		sqldard_release(&d);
		return 0;
	}
	sqldard_release(&b->markers);
	b->markers = d;
	return 0;
}

static int read_prepare_object(void *who, struct drda *c, const struct ddm_head *head,
			       struct err *err)
{
	struct drda_batch *b = who;
	struct sqlca ca;
	int code;

	if (head->cp == CP_SQLDARD)
		return take_markers(b, head, err);
	if (head->cp != CP_SQLCARD)
		return conn_is_refusal(head->cp) ? conn_refused(c, head, err) : 0;
	code = conn_sqlca(c, head, &ca, err);
	if (code == 0 && sqlca_is_error(&ca) && !b->failed) {
		b->failed = true;
		b->ca = ca;
	}
	return code;
}

static int read_prepare_answer(void *who, struct drda *c, struct err *err)
{
	return conn_read_chain(c, read_prepare_object, who, err);
}

static int prepare(struct drda_batch *b, const char *sql, size_t n, struct err *err)
{
	int code;

	b->conn->in_transaction = true;
	(void)request_prepare(b->conn, b->section, sql, n);
	b->id_describe = request_describe_params(b->conn, b->section);
	code = conn_send(b->conn, read_prepare_answer, b, err);
	if (code == 0)
		code = conn_await(b->conn, b, err);
	if (code < 0)
		return code;
	if (b->failed)
		return message_error(b->conn, &b->ca, /* commit= */ false, err);
	if (b->is_query)
		return err_set(err, E_INPUT, "a batch runs an INSERT, UPDATE or DELETE, no query");
	b->params = calloc(b->markers.n + 1, sizeof(*b->params));
	if (!b->params)
		return err_nomem(err);
	for (size_t i = 0; i < b->markers.n; i++)
		fdoca_param_init(&b->params[i], &b->markers.columns[i]);
	return 0;
}

int drda_batch_new(struct drda *c, const char *sql, size_t n, struct cancel *cancel,
		   drda_batch_error_fn *on_error, void *userdata, struct drda_batch **ret,
		   struct err *err)
{
	_cleanup_(drda_batch_freep) struct drda_batch *b = NULL;
	struct err mine = ERR_INIT;
	int code;

	err = err ? err : &mine;
	code = conn_begin(c, cancel, err);
	if (code < 0)
		return code;
	b = calloc(1, sizeof(*b));
	if (!b)
		return err_nomem(err);
	b->conn = c;
	b->on_error = on_error;
	b->userdata = userdata;
	dss_writer_init(&b->out, LIMIT_DRDA_REQUEST);
	b->known = calloc(KNOWN_TEXTS, sizeof(*b->known));
	b->section = conn_section_take(c);
	if (!b->known)
		return err_nomem(err);
	if (b->section == 0)
		return err_set(err, E_TOOBIG, "more than %d statements are open on the connection",
			       CONN_SECTION_MAX);
	code = prepare(b, sql, n, err);
	if (code == 0)
		*ret = TAKE(b);
	return code;
}

void drda_batch_free(struct drda_batch *b)
{
	if (!b)
		return;
	/* Answers under way name the chains in here, so they have to be read first. */
	conn_enter(b->conn, /* cancel= */ NULL);
	for (unsigned i = 0; i < CHAINS; i++)
		(void)!conn_await(b->conn, &b->chains[i], /* err= */ NULL);
	conn_section_give(b->conn, b->section);
	sqldard_release(&b->markers);
	dss_writer_release(&b->out);
	free(b->params);
	free(b->failures);
	free(b->known);
	free(b);
}

size_t drda_batch_params(const struct drda_batch *b, const struct column **ret)
{
	*ret = b->markers.columns;
	return b->markers.n;
}

static int stopped(const struct drda_batch *b, struct err *err)
{
	return err_set(err, b->stopped, "the batch was stopped by an error before");
}

int drda_batch_add(struct drda_batch *b, const struct value *row, struct cancel *cancel,
		   struct err *err)
{
	struct request_params p = {b->params, row, b->markers.n};
	struct err mine; /* large: cleared only when it is used, as this runs for each row */

	if (!err) {
		err_clear(&mine);
		err = &mine;
	}
	if (b->stopped)
		return stopped(b, err);
	for (size_t i = 0; i < p.n; i++)
		(void)fdoca_param_fit(&b->params[i], &row[i]);
	swap_writers(b);
	(void)request_execute(b->conn, b->section, &p, RESULTS_NONE);
	swap_writers(b);
	b->rows++;
	b->queued++;
	if (b->queued < CHAIN_ROWS && b->out.buf.len < CHAIN_BYTES && !b->out.buf.failed)
		return 0;
	conn_enter(b->conn, cancel);
	return send_chain(b, err);
}

int drda_batch_flush(struct drda_batch *b, struct cancel *cancel, uint64_t *ret_rows,
		     struct err *err)
{
	struct err mine = ERR_INIT;
	int code;

	err = err ? err : &mine;
	if (b->stopped)
		return stopped(b, err);
	code = conn_begin(b->conn, cancel, err);
	if (code == 0 && b->queued)
		code = send_chain(b, err);
	for (unsigned i = 0; i < CHAINS && code == 0; i++)
		code = conn_await(b->conn, &b->chains[i], err);
	if (code == 0)
		code = tell_failures(b, err);
	if (code == 0)
		*ret_rows = b->good;
	return code;
}
