/* The list of jobs, and what its buttons do. */
#include "web/pages.h"
#include "web/web-int.h"

#include "base/clock.h"

#include <inttypes.h>

enum { PAGE_JOBS = 50 };

static const char *const state_words[] = {
	[JOB_PENDING] = "pending", [JOB_RUNNING] = "running",     [JOB_SUCCESS] = "success",
	[JOB_FAILED] = "failed",   [JOB_CANCELLED] = "cancelled",
};

void put_state(struct buf *b, const struct job *j)
{
	bool cancelling = j->state == JOB_RUNNING && j->cancel_wanted;

	html(b, "<span class=\"state %s\">%s</span>", state_words[j->state],
	     cancelling ? "cancelling" : state_words[j->state]);
}

void put_run(struct buf *b, const char *experiment_id, const char *run_id)
{
	if (!*run_id)
		return;
	if (!*experiment_id) {
		html(b, "<code>%s</code>", run_id);
		return;
	}
	html(b, "<a href=\"/mlflow/");
	html_part(b, experiment_id);
	html(b, "/");
	html_part(b, run_id);
	html(b, "\"><code>%s</code></a>", run_id);
}

static bool has_ended(const struct job *j)
{
	return j->state != JOB_PENDING && j->state != JOB_RUNNING;
}

void put_duration(struct buf *b, const struct job *j)
{
	char text[40];

	if (!j->started)
		return;
	clock_duration(text, sizeof(text), (j->ended ? j->ended : clock_wall_ms()) - j->started);
	html(b, "%s", text);
}

void put_job_buttons(struct call *q, const struct job *j)
{
	if (!has_ended(j) && !j->cancel_wanted)
		page_button(q, "Cancel", "", "/jobs/%ld/cancel", (long)j->id);
	if (j->state == JOB_FAILED || j->state == JOB_CANCELLED)
		page_button(q, "Retry", "", "/jobs/%ld/retry", (long)j->id);
	if (has_ended(j))
		html(&q->reply.body, "<a class=\"button\" href=\"/jobs/%ld/remove\">Remove</a>",
		     (long)j->id);
}

static void put_row(struct call *q, const struct job *j)
{
	struct buf *b = &q->reply.body;

	html(b, "<tr><td data-label=\"Job\"><a href=\"/jobs/%ld\">%ld</a></td>", (long)j->id,
	     (long)j->id);
	html(b, "<td data-label=\"What\">%s <strong>%s</strong></td>", j->kind, j->app);
	html(b, "<td data-label=\"Where\">%s %s</td>", j->target, j->region);
	html(b, "<td data-label=\"Run\">");
	put_run(b, json_get_str(j->request, "experiment_id", ""),
		json_get_str(j->request, "run_id", ""));
	html(b, "</td><td data-label=\"State\">");
	put_state(b, j);
	html(b, "</td><td data-label=\"Step\">%s</td>", *j->error ? j->error : j->step);
	html(b, "<td data-label=\"Added\">");
	html_time(b, j->created);
	html(b, "</td><td data-label=\"Took\">");
	put_duration(b, j);
	html(b, "</td><td class=\"actions\">");
	put_job_buttons(q, j);
	html(b, "</td></tr>\n");
}

static void put_filter(struct call *q, const struct jobs_query *query)
{
	struct buf *b = &q->reply.body;

	html(b, "<form method=\"get\" action=\"/\" class=\"filter\" role=\"search\">"
		"<div class=\"field\"><label for=\"state\">State</label>"
		"<select id=\"state\" name=\"state\"><option value=\"\">all</option>");
	for (size_t i = 0; i < ARRAY_LEN(state_words); i++) {
		html(b, "<option");
		if (query->state == (int)i)
			html(b, " selected");
		html(b, ">%s</option>", state_words[i]);
	}
	html(b,
	     "</select></div><div class=\"field\"><label for=\"text\">App, run, kind or user"
	     "</label><input id=\"text\" name=\"text\" type=\"search\" value=\"%s\"></div>"
	     "<button>Show</button></form>\n",
	     query->text);
}

static void put_empty(struct call *q, bool filtered)
{
	html(&q->reply.body, "%s",
	     filtered ? "No job fits this filter." : "There are no jobs yet.");
	if (!filtered)
		html(&q->reply.body, " <a href=\"/deploy\">Deploy a run</a> to see one here.");
}

static void put_older(struct call *q, const struct jobs *list, const struct jobs_query *query)
{
	struct buf *b = &q->reply.body;

	html(b, "<nav class=\"paging\" aria-label=\"Older and newer jobs\">");
	if (query->before_id)
		html(b, "<a href=\"/\">Newest</a> ");
	if (list->more) {
		html(b, "<a rel=\"next\" href=\"/?before=%ld&amp;state=%s&amp;text=",
		     (long)list->items[list->len - 1].id,
		     query->state < 0 ? "" : state_words[query->state]);
		html_part(b, query->text);
		html(b, "\">Older</a>");
	}
	html(b, "</nav>\n");
}

static void put_table(struct call *q, const struct jobs *list)
{
	struct buf *b = &q->reply.body;

	html(b, "<table class=\"jobs\"><caption class=\"unseen\">Jobs, newest first</caption>"
		"<thead><tr><th scope=\"col\">Job</th><th scope=\"col\">What</th>"
		"<th scope=\"col\">Where</th><th scope=\"col\">Run</th>"
		"<th scope=\"col\">State</th><th scope=\"col\">Step</th>"
		"<th scope=\"col\">Added</th><th scope=\"col\">Took</th>"
		"<th scope=\"col\"><span class=\"unseen\">Actions</span></th></tr></thead>"
		"<tbody>\n");
	for (size_t i = 0; i < list->len; i++)
		put_row(q, &list->items[i]);
	html(b, "</tbody></table>\n");
}

int jobs_query_read(struct call *q, int64_t max, struct jobs_query *ret, struct err *err)
{
	const char *state = params_get(&q->query, "state", "");
	int64_t limit = max;
	int r;

	*ret = (struct jobs_query){.state = -1, .text = params_get(&q->query, "text", "")};
	if (*state && (ret->state = job_state_parse(state)) < 0)
		return call_bad_field(q, "state", err, "there is no state \"%.40s\"", state);
	r = params_get_i64(&q->query, "before", 0, 0, INT64_MAX, &ret->before_id, err);
	if (r == 0)
		r = params_get_i64(&q->query, "limit", max, 1, 200, &limit, err);
	ret->max = (int)limit;
	return r;
}

int page_jobs(struct call *q, struct err *err)
{
	_cleanup_jobs_ struct jobs list = {0};
	struct buf *b = &q->reply.body;
	struct jobs_query query;
	struct store *store = NULL;
	int64_t version = 0;
	int r = jobs_query_read(q, PAGE_JOBS, &query, err);

	if (r == 0)
		r = call_store(q, &store, err);
	if (r == 0)
		r = store_version(store, &version, err);
	if (r == 0)
		r = store_jobs(store, &query, &list, err);
	if (r < 0)
		return r;
	page_begin(q, "Jobs", "/");
	page_note(q);
	put_filter(q, &query);
	html(b, "<div id=\"live\" data-version=\"%ld\">", (long)version);
	if (list.len)
		put_table(q, &list);
	else
		put_empty(q, query.state >= 0 || *query.text);
	html(b, "</div>\n");
	put_older(q, &list, &query);
	page_end(q);
	return 0;
}

/* --- buttons --- */

int act_cancel(struct call *q, struct err *err)
{
	struct store *store = NULL;
	int r = call_store(q, &store, err);

	if (r == 0)
		r = store_job_cancel(store, q->match.id, err);
	if (r < 0)
		return r;
	web_wake(q->web);
	return reply_see_other(q, err, "/jobs/%" PRId64 "?note=cancel", q->match.id);
}

int act_retry(struct call *q, struct err *err)
{
	struct store *store = NULL;
	int64_t id = 0;
	int r = call_store(q, &store, err);

	if (r == 0)
		r = store_job_retry(store, q->match.id, &id, err);
	if (r < 0)
		return r;
	web_wake(q->web);
	return reply_see_other(q, err, "/jobs/%" PRId64 "?note=retry", id);
}

int page_remove(struct call *q, struct err *err)
{
	_cleanup_job_ struct job j = {0};
	struct buf *b = &q->reply.body;
	int r = call_job(q, &j, err);

	if (r < 0)
		return r;
	page_begin(q, "Remove this job?", /* here= */ "");
	html(b,
	     "<p>Job %ld, %s of <strong>%s</strong>, with its log. What it deployed stays as it "
	     "is; the job cannot be brought back.</p><p class=\"actions\">",
	     (long)j.id, j.kind, j.app);
	page_button(q, "Remove", "danger", "/jobs/%ld/remove", (long)j.id);
	html(b, "<a class=\"button\" href=\"/jobs/%ld\">Keep it</a></p>\n", (long)j.id);
	page_end(q);
	return 0;
}

int act_remove(struct call *q, struct err *err)
{
	struct store *store = NULL;
	int r = call_store(q, &store, err);

	if (r == 0)
		r = store_job_remove(store, q->match.id, err);
	return r < 0 ? r : reply_see_other(q, err, "/?note=removed");
}
