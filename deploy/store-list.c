/* Many jobs at once. */
#include "deploy/store-int.h"

#include "base/str.h"

enum { LIST_MAX = 200 };

void jobs_release(struct jobs *list)
{
	for (size_t i = 0; i < list->len; i++)
		job_release(&list->items[i]);
	free(list->items);
	*list = (struct jobs){0};
}

/* One row more than wanted tells whether there are more. */
static int prepare_list(struct store *s, const struct jobs_query *q, int max, sqlite3_stmt **ret,
			struct err *err)
{
	const char *state = q->state < 0 ? "" : job_state_name((enum job_state)q->state);

	return store_prepare(
		s, ret, err,
		"select " STORE_JOB_COLUMNS " from job where (?1 = '' or state = ?1) "
		"and (?2 = 0 or id < ?2) and (?3 = '' or instr(lower(app || char(10) || kind || "
		"char(10) || target || char(10) || user || char(10) || run_id), lower(?3)) > 0) "
		"order by id desc limit ?4",
		"sisi", state, q->before_id, q->text ? q->text : "", (int64_t)max + 1);
}

int store_jobs(struct store *s, const struct jobs_query *q, struct jobs *ret, struct err *err)
{
	_cleanup_stmt_ sqlite3_stmt *stmt = NULL;
	_cleanup_jobs_ struct jobs list = {0};
	int max = q->max < 1 ? 1 : q->max > LIST_MAX ? LIST_MAX : q->max;
	int r = prepare_list(s, q, max, &stmt, err);

	if (r < 0)
		return r;
	list.items = calloc((size_t)max, sizeof(*list.items));
	if (!list.items)
		return err_nomem(err);
	while ((r = store_row(s, stmt, err)) > 0) {
		if (list.len == (size_t)max) {
			list.more = true;
			break;
		}
		r = store_read_job(s, stmt, &list.items[list.len], err);
		if (r < 0)
			return r;
		list.len++;
	}
	if (r < 0)
		return r;
	*ret = list;
	list = (struct jobs){0};
	return 0;
}
