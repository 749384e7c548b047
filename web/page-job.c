/* One job: what was asked, its steps, its log, and what came of it. */
#include "web/pages.h"
#include "web/web-int.h"

#include <inttypes.h>

enum { LOG_LINES = 10000 };

static void put_texts(struct buf *b, const char *name, const char *value)
{
	if (value && *value)
		html(b, "<dt>%s</dt><dd>%s</dd>", name, value);
}

static void put_moment(struct buf *b, const char *name, int64_t ms)
{
	if (!ms)
		return;
	html(b, "<dt>%s</dt><dd>", name);
	html_time(b, ms);
	html(b, "</dd>");
}

/* A member of a request or result as a person reads it. */
static void put_member(struct buf *b, const char *name, const json_t *value)
{
	_cleanup_free_ char *text = NULL;

	html(b, "<dt>%s</dt><dd>", name);
	if (json_is_string(value)) {
		html_link(b, json_string_value(value), json_string_value(value));
	} else {
		text = json_text(value);
		html(b, "<code>%s</code>", text);
	}
	html(b, "</dd>");
}

static void put_object(struct buf *b, const char *title, const json_t *object)
{
	const char *name;
	json_t *value;

	if (!json_object_size(object))
		return;
	html(b, "<h2>%s</h2><dl>", title);
	json_object_foreach ((json_t *)object, name, value)
		if (!json_is_string(value) || *json_string_value(value))
			put_member(b, name, value);
	html(b, "</dl>\n");
}

static void put_facts(struct buf *b, const struct job *j)
{
	html(b, "<dl><dt>State</dt><dd>");
	put_state(b, j);
	html(b, "</dd>");
	put_texts(b, "Step", j->step);
	put_texts(b, "Kind", j->kind);
	put_texts(b, "App", j->app);
	put_texts(b, "Target", j->target);
	put_texts(b, "Region", j->region);
	put_texts(b, "Asked by", j->user);
	html(b, "<dt>Run</dt><dd>");
	put_run(b, json_get_str(j->request, "experiment_id", ""),
		json_get_str(j->request, "run_id", ""));
	html(b, "</dd>");
	put_moment(b, "Added", j->created);
	put_moment(b, "Started", j->started);
	put_moment(b, "Ended", j->ended);
	html(b, "<dt>Took</dt><dd>");
	put_duration(b, j);
	html(b, "</dd>");
	if (j->attempts > 1)
		html(b, "<dt>Workers</dt><dd>%d: an earlier one was stopped amid its work</dd>",
		     j->attempts);
	if (j->retry_of)
		html(b, "<dt>Retry of</dt><dd><a href=\"/jobs/%ld\">job %ld</a></dd>",
		     (long)j->retry_of, (long)j->retry_of);
	html(b, "</dl>\n");
}

static void put_error(struct buf *b, const struct job *j)
{
	if (!*j->error)
		return;
	html(b, "<div class=\"error\" role=\"alert\"><p>%s</p>", j->error);
	if (*j->hint)
		html(b, "<p class=\"hint\">%s</p>", j->hint);
	html(b, "</div>\n");
}

static void put_result(struct buf *b, const struct job *j)
{
	const char *url = json_get_str(j->result, "url", NULL);

	put_object(b, "Result", j->result);
	if (url && str_eq(j->target, "local"))
		html(b,
		     "<h3>Ask it from a terminal</h3><pre>curl -H 'Content-Type: "
		     "application/json' \\\n  -d @rows.json "
		     "%s/invocations</pre>\n<p><a href=\"/endpoints/local/%s\">Try it with a "
		     "row</a></p>\n",
		     url, j->app);
}

static void put_steps(struct buf *b, const struct job_steps *steps)
{
	static const char *const words[] = {
		[STEP_OPEN] = "under way",
		[STEP_DONE] = "done",
		[STEP_UNDOING] = "being undone",
		[STEP_UNDONE] = "undone",
	};

	if (!steps->len)
		return;
	html(b, "<h2>Steps</h2><ol class=\"steps\">");
	for (size_t i = 0; i < steps->len; i++)
		html(b, "<li><span class=\"step %s\">%s</span> %s</li>",
		     step_state_name(steps->items[i].state), words[steps->items[i].state],
		     steps->items[i].name);
	html(b, "</ol>\n");
}

static void put_log(struct buf *b, const struct job *j, const struct job_log *log)
{
	int64_t last = log->len ? log->items[log->len - 1].number : 0;

	html(b,
	     "<h2 id=\"log-title\">Log</h2><pre id=\"log\" role=\"log\" tabindex=\"0\" "
	     "aria-labelledby=\"log-title\" data-job=\"%ld\" data-last=\"%ld\">",
	     (long)j->id, (long)last);
	for (size_t i = 0; i < log->len; i++)
		html(b, "%s\n", log->items[i].text);
	html(b, "</pre>\n");
}

static void put_job(struct call *q, const struct job *j, const struct job_steps *steps,
		    const struct job_log *log, int64_t version)
{
	struct buf *b = &q->reply.body;
	_cleanup_free_ char *title = str_fmt("Job %" PRId64 ": %s %s", j->id, j->kind, j->app);

	page_begin(q, title, /* here= */ "");
	page_note(q);
	html(b, "<div id=\"live\" data-version=\"%ld\">", (long)version);
	put_error(b, j);
	put_facts(b, j);
	html(b, "<p class=\"actions\">");
	put_job_buttons(q, j);
	html(b, "</p>\n");
	put_result(b, j);
	put_steps(b, steps);
	html(b, "</div>\n");
	put_log(b, j, log);
	put_object(b, "Request", j->request);
	page_end(q);
}

int page_job(struct call *q, struct err *err)
{
	_cleanup_job_ struct job j = {0};
	_cleanup_job_steps_ struct job_steps steps = {0};
	_cleanup_job_log_ struct job_log log = {0};
	int64_t version = 0;
	int r = call_job(q, &j, err);

	if (r == 0)
		r = store_version(q->store, &version, err);
	if (r == 0)
		r = store_steps(q->store, j.id, &steps, err);
	if (r == 0)
		r = store_log_read(q->store, j.id, 0, LOG_LINES, &log, err);
	if (r == 0)
		put_job(q, &j, &steps, &log, version);
	return r;
}
