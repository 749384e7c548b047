/*
 * Rows (DRDA volume 1, "Query Processing").  Rows are read where they lie in
 * the block; a row that two blocks share is completed by moving its beginning
 * to the front.  The end of the data is told by SQLSTATE 02000 alone.
 */
#include "protocol/drda/cursor-int.h"

#include "base/limits.h"

#include <stdio.h>
#include <string.h>

enum {
	NULL_SQLCA = 0xFF,
	NO_ROW = 0xFF,
	LOB_NOTE_MAX = 64,
	WARNINGS_MAX = 100, /* of one statement; more tell nothing new */
	END_MARK_MAX = 160, /* within so many last bytes stands the SQLCA that ends the data */
};

int warning_add(struct warning_list *l, const struct sqlca *ca, struct err *err)
{
	struct sqlca *items;

	if (l->n == WARNINGS_MAX)
		return 0;
	items = realloc(l->items, (l->n + 1) * sizeof(*items));
	if (!items)
		return err_nomem(err);
	l->items = items;
	l->items[l->n++] = *ca;
	return 0;
}

static void block_init(struct cursor_block *b)
{
	*b = (struct cursor_block){.n_lob = 0};
	buf_init(&b->rows, LIMIT_DRDA_OBJECT);
	buf_init(&b->lobs, LIMIT_DRDA_OBJECT);
}

static void block_release(struct cursor_block *b)
{
	buf_release(&b->rows);
	buf_release(&b->lobs);
	free(b->lob);
	block_init(b);
}

void cursor_init(struct cursor *cur, struct drda *c, struct warning_list *warnings)
{
	*cur = (struct cursor){.conn = c,
			       .warnings = warnings,
			       .rollbacks = c->rollbacks,
			       .filling = true};
	block_init(&cur->block);
	block_init(&cur->next);
}

void cursor_release(struct cursor *cur)
{
	sqldard_release(&cur->columns);
	fdoca_row_release(&cur->row);
	block_release(&cur->block);
	block_release(&cur->next);
	free(cur->values);
	free(cur->scratch);
}

void cursor_opened(struct cursor *cur)
{
	cur->filling = false;
	cur->came = 0;
}

static int take_opened(struct cursor *cur, struct rd r, struct err *err)
{
	struct ddm o;

	while (ddm_read(&r, &o)) {
		if (o.cp == CP_QRYINSID && o.body.n == sizeof(cur->name.instance))
			memcpy(cur->name.instance, o.body.p, o.body.n);
		else if (o.cp == CP_QRYPRCTYP)
			cur->fixed_rows = rd_be16(&o.body) == CP_FIXROWPRC;
	}
	cur->open = true;
	return rd_check(&r, "OPNQRYRM", err);
}

static int take_description(struct cursor *cur, struct rd r, struct err *err)
{
	struct err failed = {0};
	int code = fdoca_read_description(&cur->row, &r, &failed);

	if (code == E_UNSUPPORTED) {
		/* No fault of the line: the statement fails, the connection goes on. */
		cur->refused = failed;
		return 0;
	}
	if (code < 0 && err)
		*err = failed;
	if (code < 0)
		return code;
	if (cur->columns.n && cur->columns.n != cur->row.n)
		return err_set(err, E_PROTO, "expected rows of %zu columns, got %zu",
			       cur->columns.n, cur->row.n);
	free(cur->values);
	free(cur->scratch);
	cur->values = calloc(cur->row.n + 1, sizeof(*cur->values));
	cur->scratch = malloc(fdoca_scratch_size(&cur->row));
	return cur->values && cur->scratch ? 0 : err_nomem(err);
}

/* Where an answer's data goes: another object's wait must not move what the caller reads. */
static struct cursor_block *target(struct cursor *cur)
{
	return cur->filling ? &cur->block : &cur->next;
}

static int take_rows(struct cursor *cur, const struct ddm_head *head, struct err *err)
{
	struct cursor_block *b = target(cur);
	size_t before = b->rows.len;
	uint64_t total;
	int code;

	if (cur->refused.code)
		return 0;
	if (cur->row.n == 0)
		return err_set(err, E_PROTO, "expected QRYDSC before QRYDTA");
	code = conn_append(cur->conn, head, &b->rows, UINT64_MAX, &total, err);

	cur->came += b->rows.len - before;
	return code;
}

static struct cursor_lob *add_lob(struct cursor_block *b)
{
	size_t cap = b->cap_lob ? b->cap_lob * 2 : 8;
	struct cursor_lob *grown;

	if (b->n_lob == b->cap_lob) {
		grown = realloc(b->lob, cap * sizeof(*grown));
		if (!grown)
			return NULL;
		b->lob = grown;
		b->cap_lob = cap;
	}
	return &b->lob[b->n_lob++];
}

/* One large object; when it does not fit, a note of its size stands in for it. */
static int take_lob(struct cursor *cur, const struct ddm_head *head, struct err *err)
{
	struct cursor_block *b = target(cur);
	struct cursor_lob *lob = add_lob(b);
	uint64_t keep = b->lobs.max - b->lobs.len, total;
	int code;

	if (!lob)
		return err_nomem(err);
	keep = keep > LOB_NOTE_MAX ? keep - LOB_NOTE_MAX : 0;
	*lob = (struct cursor_lob){.at = b->lobs.len};
	code = conn_append(cur->conn, head, &b->lobs, keep, &total, err);
	if (code < 0)
		return code;
	lob->n = total;
	if (total > keep) {
		lob->cut = true;
		b->lobs.len = lob->at;
		buf_put_fill(&b->lobs, 0, LOB_NOTE_MAX);
	}
	return buf_check(&b->lobs, "a large object", err);
}

int cursor_take(struct cursor *cur, const struct ddm_head *head, struct err *err)
{
	struct rd body;
	int code;

	switch (head->cp) {
	case CP_OPNQRYRM:
		code = conn_body(cur->conn, head, &body, err);
		code = code < 0 ? code : take_opened(cur, body, err);
		break;
	case CP_SQLCINRD:
		code = conn_body(cur->conn, head, &body, err);
		code = code < 0 ? code : sqldard_read_result_set(&cur->columns, &body, err);
		break;
	case CP_QRYDSC:
		code = conn_body(cur->conn, head, &body, err);
		code = code < 0 ? code : take_description(cur, body, err);
		break;
	case CP_QRYDTA:
		code = take_rows(cur, head, err);
		break;
	case CP_EXTDTA:
		code = take_lob(cur, head, err);
		break;
	case CP_ENDQRYRM:
	case CP_QRYNOPRM:
		cur->open = false;
		code = 0;
		break;
	default:
		return 0;
	}
	return code < 0 ? code : 1;
}

/* An object in the answer to CNTQRY or CLSQRY. */
static int read_object(void *who, struct drda *c, const struct ddm_head *head, struct err *err)
{
	struct cursor *cur = who;
	struct sqlca ca;
	int code = cursor_take(cur, head, err);

	if (code != 0)
		return code < 0 ? code : 0;
	if (head->cp != CP_SQLCARD)
		return conn_is_refusal(head->cp) ? conn_refused(c, head, err) : 0;
	code = conn_sqlca(c, head, &ca, err);
	if (code < 0)
		return code;
	if (sqlca_is_error(&ca) && !cur->failed) {
		cur->failed = true;
		cur->open = false;
		cur->ca = ca;
	}
	return sqlca_is_warning(&ca) ? warning_add(cur->warnings, &ca, err) : 0;
}

static int read_answer(void *who, struct drda *c, struct err *err)
{
	return conn_read_chain(c, read_object, who, err);
}

static int ask(struct cursor *cur, struct err *err)
{
	(void)request_fetch(cur->conn, &cur->name);
	return conn_send(cur->conn, read_answer, cur, err);
}

/*
 * Whether the block ends the data.  Only a guess, to save a request whose
 * answer would be empty; a wrong one costs time and nothing else.
 */
static bool seems_last(const struct cursor *cur)
{
	const struct buf *rows = &cur->block.rows;
	size_t n = rows->len < END_MARK_MAX ? rows->len : END_MARK_MAX;

	return n && memmem(rows->data + rows->len - n, n, "02000", 5);
}

static int ask_ahead(struct cursor *cur, struct err *err)
{
	if (!cur->open || conn_owes(cur->conn, cur) || seems_last(cur))
		return 0;
	return ask(cur, err);
}

/* Put what came in the meantime behind the row that is left. */
static int take_next(struct cursor *cur, struct err *err)
{
	struct cursor_block came = cur->next;

	buf_put(&cur->block.rows, came.rows.data, came.rows.len);
	cur->next.lobs = cur->block.lobs;
	cur->next.lob = cur->block.lob;
	cur->next.cap_lob = cur->block.cap_lob;
	cur->block.lobs = came.lobs;
	cur->block.lob = came.lob;
	cur->block.n_lob = came.n_lob;
	cur->block.cap_lob = came.cap_lob;
	buf_clear(&cur->next.rows);
	buf_clear(&cur->next.lobs);
	cur->next.n_lob = 0;
	return buf_check(&cur->block.rows, "a block of rows", err);
}

static int lost(struct err *err)
{
	int code = err_set(err, E_SERVER, "the rows are gone: the transaction was rolled back");

	err_set_name(err, "24000");
	return code;
}

/* Have more bytes behind what is left of the block. */
static int fill(struct cursor *cur, struct err *err)
{
	int code = 0;

	if (cur->rollbacks != cur->conn->rollbacks)
		return lost(err);
	if (!conn_owes(cur->conn, cur) && cur->next.rows.len == 0)
		code = ask(cur, err);
	if (code < 0)
		return code;
	buf_consume(&cur->block.rows, cur->at);
	cur->at = 0;
	buf_clear(&cur->block.lobs);
	cur->block.n_lob = 0;
	cur->filling = true;
	code = conn_await(cur->conn, cur, err);
	cur->filling = false;
	if (code == 0 && cur->next.rows.len)
		code = take_next(cur, err);
	if (code == 0 && cur->came == 0 && cur->open)
		return conn_out_of_step(cur->conn, "expected rows", err);
	cur->came = 0;
	return code < 0 ? code : ask_ahead(cur, err);
}

/* The object's data, or, in the place kept for it, how long it is. */
static int place_lob(struct cursor *cur, size_t column, size_t index, struct err *err)
{
	struct value *v = &cur->values[column];
	size_t skip = cur->row.columns[column].nullable; /* a null byte in front */
	const struct cursor_lob *lob = index < cur->block.n_lob ? &cur->block.lob[index] : NULL;
	char *p;

	if (!lob || lob->n < skip)
		return err_set(err, E_PROTO, "expected EXTDTA for column %zu", column + 1);
	if (cur->block.lobs.len == 0) { /* so many objects of no bytes */
		v->s.p = "";
		v->s.n = 0;
		return 0;
	}
	p = (char *)cur->block.lobs.data + lob->at;
	v->s.p = p + skip;
	v->s.n = (size_t)lob->n - skip;
	if (!lob->cut)
		return 0;
	v->s.p = p;
	v->s.n = (size_t)snprintf(p, LOB_NOTE_MAX, "<%s, %llu bytes>", value_type_name(v->type),
				  (unsigned long long)(lob->n - skip));
	v->type = VALUE_OPAQUE;
	return 0;
}

/* Put the large objects of the row in the places that wait for them. */
static int place_lobs(struct cursor *cur, struct err *err)
{
	size_t next = 0;
	int code = 0;

	for (size_t i = 0; i < cur->row.n && code == 0; i++)
		if (cur->row.columns[i].form == FORM_LOB && !cur->values[i].null &&
		    cur->values[i].s.n)
			code = place_lob(cur, i, next++, err);
	return code;
}

enum row_status { ROW_END, ROW_READ, ROW_SHORT, ROW_NONE };

/* The SQLCA in front of a row, when it is not null: the end, an error or a warning. */
static int read_row_sqlca(struct cursor *cur, struct rd *r, struct sqlca *ca, struct err *err)
{
	int code = sqlca_read(ca, r, err);

	if (code < 0)
		return r->short_ ? ROW_SHORT : code;
	if (!sqlca_is_end(ca) && !sqlca_is_error(ca))
		return ROW_READ;
	cur->open = false;
	cur->at = cur->block.rows.len;
	if (sqlca_is_error(ca)) {
		cur->failed = true;
		cur->ca = *ca;
	}
	return ROW_END;
}

static int read_row(struct cursor *cur, bool wanted, struct err *err)
{
	const struct buf *rows = &cur->block.rows;
	struct rd r = rd_make(rows->len ? rows->data + cur->at : NULL, rows->len - cur->at);
	struct sqlca ca;
	bool said = r.n && r.p[0] != NULL_SQLCA;
	unsigned indicator;
	int code = said ? read_row_sqlca(cur, &r, &ca, err) : ROW_READ;

	if (code != ROW_READ)
		return code;
	if (!said)
		(void)rd_u8(&r);
	indicator = rd_u8(&r);
	if (r.short_)
		return ROW_SHORT;
	if (indicator != NO_ROW) {
		code = wanted ? fdoca_read_row(&cur->row, &r, cur->values, cur->scratch, err)
			      : fdoca_skip_row(&cur->row, &r, err);
		if (code < 0 || r.short_)
			return code < 0 ? code : ROW_SHORT;
	}
	cur->at = rows->len - r.n;
	code = said && sqlca_is_warning(&ca) ? warning_add(cur->warnings, &ca, err) : 0;
	if (code < 0)
		return code;
	return indicator != NO_ROW ? ROW_READ : ROW_NONE;
}

/* Rows are used up and the server has no more. */
static int finish(struct cursor *cur, struct err *err)
{
	if (cur->failed)
		return E_SERVER;
	if (cur->at < cur->block.rows.len)
		return conn_out_of_step(cur->conn, "the last row is cut short", err);
	return 0;
}

static bool has_more(const struct cursor *cur)
{
	return cur->open || cur->next.rows.len || conn_owes(cur->conn, cur);
}

static int give_row(struct cursor *cur, const struct value **ret, struct err *err)
{
	int code = ret && cur->row.n_lobs ? place_lobs(cur, err) : 0;

	if (code < 0)
		return conn_break(cur->conn, code, err);
	if (ret)
		*ret = cur->values;
	return 1;
}

int cursor_next(struct cursor *cur, const struct value **ret, struct err *err)
{
	int code = 0;

	if (!cur->started)
		code = ask_ahead(cur, err);
	cur->started = true;
	while (code == 0) {
		code = read_row(cur, /* wanted= */ ret, err);
		if (code == ROW_READ)
			return give_row(cur, ret, err);
		if (code < 0)
			return conn_break(cur->conn, code, err);
		if (code == ROW_END || (code == ROW_SHORT && !has_more(cur)))
			return finish(cur, err);
		code = code == ROW_SHORT ? fill(cur, err) : 0;
	}
	return code;
}

int cursor_close(struct cursor *cur, struct err *err)
{
	bool gone = cur->rollbacks != cur->conn->rollbacks;
	int code = conn_await(cur->conn, cur, err);

	if (code < 0 || !cur->open || gone)
		return code;
	cur->open = false;
	(void)request_close(cur->conn, &cur->name);
	code = conn_send(cur->conn, read_answer, cur, err);
	return code < 0 ? code : conn_await(cur->conn, cur, err);
}
