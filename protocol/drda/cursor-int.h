/*
 * A cursor: rows of one result set, block by block.  The next block is asked
 * for while the caller reads this one.
 */
#ifndef DRDA_CURSOR_INT_H
#define DRDA_CURSOR_INT_H

#include "protocol/drda/request.h"
#include "protocol/drda/sqldard.h"

/* Warnings that came along, as the server sent them. */
struct warning_list {
	struct sqlca *items; /* owned */
	size_t n;
};

int warning_add(struct warning_list *l, const struct sqlca *ca, struct err *err) _must_check_;

/* A large object of the current row. */
struct cursor_lob {
	size_t at;  /* in block.lobs */
	uint64_t n; /* its length */
	bool cut;   /* too long to be kept: there is room for a note instead */
};

/* What one answer brings. */
struct cursor_block {
	struct buf rows;
	struct buf lobs;
	struct cursor_lob *lob; /* owned */
	size_t n_lob, cap_lob;
};

struct cursor {
	struct drda *conn;
	struct request_cursor name;
	struct sqldard columns;
	struct fdoca_row row;
	struct value *values; /* owned, row.n */
	char *scratch;        /* owned: texts of the current row */
	struct cursor_block block;
	size_t at;                /* in block.rows: the first row not read */
	struct cursor_block next; /* a block that came while another object waited */
	bool filling;             /* `block` may be written to: nobody reads from it now */
	bool started;             /* the first row was asked for */
	size_t came;              /* bytes of rows in the last answer */
	bool open;                /* the server has more, or may have */
	bool fixed_rows;          /* one row an answer, because of large objects */
	bool failed;              /* `ca` says why; told after the rows that came before */
	struct sqlca ca;
	struct err refused;            /* a column's type is not supported: no row can be read */
	struct warning_list *warnings; /* the result's */
	uint64_t rollbacks;            /* the connection's count when it was opened */
};

void cursor_init(struct cursor *cur, struct drda *c, struct warning_list *warnings);
void cursor_release(struct cursor *cur);

/* The answer that opens it has been read: what comes now must not move the rows. */
void cursor_opened(struct cursor *cur);
/* An object of an answer: 1 when it was the cursor's, 0 when not.  err is not NULL. */
int cursor_take(struct cursor *cur, const struct ddm_head *head, struct err *err) _must_check_;
/*
 * The next row, as drda_result_next.  A server's error sets `failed` and
 * returns E_SERVER without a text: the result makes it (message_error).
 */
int cursor_next(struct cursor *cur, const struct value **ret, struct err *err) _must_check_;
/* Close it on the server if need be; what was under way is read and dropped. */
int cursor_close(struct cursor *cur, struct err *err) _must_check_;

#endif
