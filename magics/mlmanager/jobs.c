/* The commands of %mlmanager on the Jobs Tracker's list. */
#include "magics/mlmanager/mlmanager-int.h"

#include <inttypes.h>

int show_job(struct magic_call *call, const json_t *answer, struct err *err)
{
	const json_t *job = json_object_get(answer, "job");
	_cleanup_free_ char *name = str_fmt("%" JSON_INTEGER_FORMAT, json_get_int(job, "id", 0));
	_cleanup_free_ char *note =
		str_fmt("(%s %s), %s", json_get_str(job, "kind", ""), json_get_str(job, "app", ""),
			json_get_str(job, "state", ""));

	return name && note ? show_link(call, "Job", name, note, json_get_str(answer, "page", NULL),
					"Jobs Tracker", err)
			    : err_nomem(err);
}

static int add_row(struct text_table *table, const json_t *job, struct err *err)
{
	_cleanup_free_ char *id = str_fmt("%" JSON_INTEGER_FORMAT, json_get_int(job, "id", 0));
	const char *failed = json_get_str(job, "error", "");
	char created[TIME_TEXT];
	const char *row[] = {id,
			     json_get_str(job, "kind", ""),
			     json_get_str(job, "app", ""),
			     json_get_str(job, "target", ""),
			     json_get_str(job, "state", ""),
			     created,
			     *failed ? failed : json_get_str(job, "step", "")};

	time_text(created, json_get_int(job, "created", 0));
	return id ? text_table_add(table, row, err) : err_nomem(err);
}

static int list_jobs(struct magic_call *call, const char *text, struct err *err)
{
	static const char *const columns[] = {"job",   "kind",      "endpoint", "target",
					      "state", "asked for", "last"};
	_cleanup_(text_table_release) struct text_table table = {0};
	json_auto_t *list = NULL;
	const json_t *job;
	size_t i;
	int r = jobs(call, "list", json_pack("{s:s*}", "text", text), &list, err);

	if (r == 0)
		r = text_table_init(&table, columns, ARRAY_LEN(columns), "Jobs, newest first", err);
	json_array_foreach (json_object_get(list, "jobs"), i, job)
		r = r < 0 ? r : add_row(&table, job, err);
	if (r == 0 && json_is_true(json_object_get(list, "more")))
		r = table_set_note(table.table, "there are more in the Jobs Tracker", err);
	return r < 0 ? r : text_table_show(&table, call->out, err);
}

int command_jobs(struct magic_call *call, struct strv *words, struct err *err)
{
	return list_jobs(call, words->len > 1 ? words->items[1] : NULL, err);
}

/* An operation on the job whose number is the first word. */
static int with_job(struct magic_call *call, const struct strv *words, const char *op, json_t **ret,
		    struct err *err)
{
	int64_t id;
	int r = str_parse_i64(words->items[1], &id, err);

	if (r < 0) {
		err_set_hint(err, "%%mlmanager jobs lists the numbers of jobs");
		return r;
	}
	r = jobs(call, op, json_pack("{s:I}", "id", (json_int_t)id), ret, err);
	return r < 0 ? r : show_job(call, *ret, err);
}

/* Go along with a job: what it said, and what it says until it ends. */
int command_job(struct magic_call *call, struct strv *words, struct err *err)
{
	json_auto_t *answer = NULL, *job = NULL;
	int r = with_job(call, words, "get", &answer, err);

	return r < 0 ? r : follow_job(call, answer, &job, err);
}

int command_cancel(struct magic_call *call, struct strv *words, struct err *err)
{
	json_auto_t *answer = NULL;

	return with_job(call, words, "cancel", &answer, err);
}

int command_retry(struct magic_call *call, struct strv *words, struct err *err)
{
	json_auto_t *answer = NULL, *job = NULL;
	int r = with_job(call, words, "retry", &answer, err);

	return r < 0 ? r : follow_job(call, answer, &job, err);
}
