/* Rows through the model. */
#include "scorer/invoke.h"

#include "scorer/answer.h"

static int score_all(const struct model *m, struct rows *rows, struct batch *batch,
		     struct answer *a, struct err *err)
{
	int r;

	answer_begin(a);
	do {
		r = rows_next(rows, batch, err);
		if (r < 0)
			break;
		r = model_run(m, batch, err);
		if (r == 0)
			answer_rows(a, batch);
		else
			r = rows_explain(rows, batch, r, err);
	} while (r == 0 && batch->rows && !a->text.failed);
	answer_end(a);
	return r < 0 ? r : buf_check(&a->text, "the answer", err);
}

int invoke(const struct model *m, struct batch *batch, const struct invocation *in,
	   struct buf *answer, size_t *ret_rows, struct err *err)
{
	_cleanup_(rows_freep) struct rows *rows = NULL;
	struct answer a = {.model = m, .csv = in->csv_answer, .text = *answer};
	int r = rows_new(m, in->type, in->body, in->n, &rows, err);

	*ret_rows = 0;
	if (r < 0)
		return r;
	a.all = in->all || rows_want_all(rows);
	r = score_all(m, rows, batch, &a, err);
	*answer = a.text;
	*ret_rows = rows_count(rows);
	return r;
}
