/* What is served, trying it with a row, shifting its traffic and ending it. */
#include "web/pages.h"
#include "web/served.h"
#include "web/submit.h"

#include <inttypes.h>
#include <stdio.h>

/* Its page below /endpoints, as an attribute's value. */
static void put_address(struct buf *b, const struct served *e, const char *action)
{
	html(b, "/endpoints/%s/%s%s", e->target, e->file.app, action);
	if (*e->region)
		html(b, "?region=%s", e->region);
}

static void put_state_of(struct buf *b, const struct served *e)
{
	static const char *const styles[] = {
		[SERVED_HERE] = "success",
		[SERVED_SILENT] = "failed",
		[SERVED_AT_AWS] = "pending",
	};

	html(b, "<span class=\"state %s\">%s</span>", styles[e->state],
	     served_state_name(e->state));
}

static void put_share(struct buf *b, const struct served *e, size_t variant)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%g (%.0f %%)", e->file.variants[variant].weight,
		       100 * served_share(e, variant));
	html(b, "%s", text);
}

static void put_row(struct buf *b, const struct served *e)
{
	html(b, "<tr><td data-label=\"App\"><a href=\"");
	put_address(b, e, "");
	html(b, "\">%s</a></td><td data-label=\"Where\">%s %s</td><td data-label=\"State\">",
	     e->file.app, e->target, e->region);
	put_state_of(b, e);
	html(b, "</td><td data-label=\"Variants\">");
	for (size_t i = 0; i < e->file.n_variants; i++) {
		html(b, "%s%s: ", i ? ", " : "", e->file.variants[i].name);
		put_share(b, e, i);
	}
	html(b, "</td><td data-label=\"Address\">");
	html_link(b, e->url, e->url);
	html(b, "</td></tr>\n");
}

static void put_table(struct buf *b, const struct served_list *list)
{
	if (!list->len) {
		html(b, "<p>Nothing is served yet. <a href=\"/deploy\">Deploy a run</a>.</p>\n");
		return;
	}
	html(b, "<table class=\"jobs\"><caption class=\"unseen\">Endpoints</caption><thead><tr>"
		"<th scope=\"col\">App</th><th scope=\"col\">Where</th><th scope=\"col\">State"
		"</th><th scope=\"col\">Variants and weights</th><th scope=\"col\">Address</th>"
		"</tr></thead><tbody>\n");
	for (size_t i = 0; i < list->len; i++)
		put_row(b, &list->items[i]);
	html(b, "</tbody></table>\n");
}

int page_endpoints(struct call *q, struct err *err)
{
	_cleanup_served_list_ struct served_list list = {0};
	struct store *store = NULL;
	int64_t version = 0;
	int r = call_store(q, &store, err);

	if (r == 0)
		r = store_version(store, &version, err);
	if (r == 0)
		r = served_all(store, /* ping= */ true, &q->web->stop, &list, err);
	if (r < 0)
		return r;
	page_begin(q, "Endpoints", "/endpoints");
	page_note(q);
	html(&q->reply.body, "<div id=\"live\" data-version=\"%ld\">", (long)version);
	put_table(&q->reply.body, &list);
	html(&q->reply.body, "</div>\n");
	page_end(q);
	return 0;
}

int call_endpoint(struct call *q, struct served *ret, struct err *err)
{
	struct store *store = NULL;
	int r = call_store(q, &store, err);

	return r < 0 ? r
		     : served_find(store, q->match.args[0], params_get(&q->query, "region", ""),
				   q->match.args[1], &q->web->stop, ret, err);
}

/* --- one endpoint --- */

static void put_variants(struct buf *b, const struct served *e)
{
	if (!e->file.n_variants)
		return;
	html(b, "<h2>Variants</h2><table class=\"jobs\"><thead><tr><th scope=\"col\">Name</th>"
		"<th scope=\"col\">Weight</th><th scope=\"col\">Run</th><th scope=\"col\">"
		"Experiment</th><th scope=\"col\">Since</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < e->file.n_variants; i++) {
		const struct endpoint_variant *v = &e->file.variants[i];

		html(b, "<tr><td data-label=\"Name\">%s</td><td data-label=\"Weight\">", v->name);
		put_share(b, e, i);
		html(b, "</td><td data-label=\"Run\">");
		put_run(b, v->experiment_id, v->run_id);
		html(b, "</td><td data-label=\"Experiment\">%s</td><td data-label=\"Since\">",
		     v->experiment_id);
		html_time(b, v->created);
		html(b, "</td></tr>\n");
	}
	html(b, "</tbody></table>\n");
}

/* A row of the newest variant's run; "" when there is none, for whatever reason. */
static char *sample_rows(struct call *q, const struct served *e)
{
	_cleanup_run_facts_ struct run_facts f = {0};
	json_auto_t *row = NULL, *body = NULL;
	struct mlflow *m = NULL;
	const struct endpoint_variant *newest =
		e->file.n_variants ? &e->file.variants[e->file.n_variants - 1] : NULL;

	if (newest && *newest->run_id && call_mlflow(q, &m, NULL) == 0 &&
	    run_look(m, newest->run_id, &q->web->stop, &f, NULL) == 0 &&
	    run_sample(m, &f, &q->web->stop, &row, NULL) == 0 && row)
		body = json_pack("{s:O}", "dataframe_split", row);
	q->upstream = false;
	return body ? json_dumps(body, JSON_INDENT(1) | JSON_PRESERVE_ORDER) : NULL;
}

static void put_try(struct call *q, const struct served *e, const char *rows,
		    const struct invoke_answer *answer)
{
	struct buf *b = &q->reply.body;

	html(b, "<h2>Try it with a row</h2><form method=\"post\" action=\"");
	put_address(b, e, "/try");
	html(b, "\">");
	page_csrf(q);
	html(b,
	     "<div class=\"field\"><label for=\"rows\">Rows, as JSON or CSV</label>"
	     "<textarea id=\"rows\" name=\"rows\" spellcheck=\"false\" "
	     "aria-describedby=\"rows-help\">%s</textarea><p class=\"help\" id=\"rows-help\">"
	     "dataframe_split, dataframe_records or instances; or a header line and lines of "
	     "CSV. A row of the run's sample is filled in where it has one.</p></div>"
	     "<button class=\"primary\">Send</button></form>\n",
	     rows ? rows : "");
	if (answer)
		html(b,
		     "<h3 id=\"answer-title\">Answer</h3><p role=\"status\">Status %d from %s, in "
		     "%ld ms</p><pre tabindex=\"0\" aria-labelledby=\"answer-title\">%s</pre>\n",
		     answer->status, *answer->variant ? answer->variant : e->file.app,
		     (long)answer->ms, answer->text);
}

static void put_shift(struct call *q, const struct served *e)
{
	struct buf *b = &q->reply.body;

	if (e->file.n_variants < 2)
		return;
	html(b, "<h2>Shift traffic</h2><form method=\"post\" action=\"");
	put_address(b, e, "/shift");
	html(b, "\">");
	page_csrf(q);
	html(b, "<div class=\"field\"><label for=\"variant\">Variant</label><select "
		"id=\"variant\" name=\"variant\">");
	for (size_t i = e->file.n_variants; i-- > 0;)
		html(b, "<option>%s</option>", e->file.variants[i].name);
	html(b, "</select></div><div class=\"field\"><label for=\"percent\">Percent of all "
		"requests</label><input id=\"percent\" name=\"percent\" inputmode=\"decimal\" "
		"value=\"10\" required><p class=\"help\">The others share the rest as they do "
		"now.</p></div><button>Shift</button></form>\n");
}

static void put_endpoint(struct call *q, const struct served *e, const char *rows,
			 const struct invoke_answer *answer, const struct err *why)
{
	struct buf *b = &q->reply.body;

	page_begin(q, e->file.app, /* here= */ "");
	if (why)
		html(b,
		     "<div class=\"error\" role=\"alert\"><p>%s</p><p class=\"hint\">%s</p></div>\n",
		     why->text, why->hint);
	html(b, "<dl><dt>State</dt><dd>");
	put_state_of(b, e);
	html(b, "</dd><dt>Where</dt><dd>%s %s</dd><dt>Address</dt><dd>", e->target, e->region);
	html_link(b, e->url, e->url);
	html(b, "</dd></dl>\n");
	put_variants(b, e);
	put_try(q, e, rows, answer);
	put_shift(q, e);
	html(b, "<h2>End it</h2><p><a class=\"button\" href=\"");
	put_address(b, e, "/delete");
	html(b, "\">Delete this endpoint</a></p>\n");
	page_end(q);
}

int page_endpoint(struct call *q, struct err *err)
{
	_cleanup_served_ struct served e = {0};
	_cleanup_free_ char *rows = NULL;
	int r = call_endpoint(q, &e, err);

	if (r < 0)
		return r;
	rows = sample_rows(q, &e);
	put_endpoint(q, &e, rows, /* answer= */ NULL, /* why= */ NULL);
	return 0;
}

/* The first character tells: JSON begins with a brace. */
static const char *type_of_rows(const char *rows)
{
	return rows[strspn(rows, " \t\r\n")] == '{' ? "application/json" : "text/csv";
}

int act_try(struct call *q, struct err *err)
{
	_cleanup_served_ struct served e = {0};
	_cleanup_invoke_answer_ struct invoke_answer answer = {0};
	const char *rows = params_get(&q->form, "rows", "");
	struct err why = ERR_INIT;
	int r = call_endpoint(q, &e, err);

	if (r < 0)
		return r;
	r = served_invoke(&e, type_of_rows(rows), rows, strlen(rows), &q->web->stop, &answer, &why);
	q->upstream = r < 0;
	if (r < 0)
		q->reply.status = error_status(q, &why);
	put_endpoint(q, &e, rows, r < 0 ? NULL : &answer, r < 0 ? &why : NULL);
	return 0;
}

/* --- what becomes a job --- */

int endpoint_job(struct call *q, enum request_kind kind, json_t *in, int64_t *ret_id,
		 struct err *err)
{
	_cleanup_served_ struct served e = {0};
	_cleanup_submission_ struct submission s = {0};
	json_auto_t *members = in;
	int r = members ? call_endpoint(q, &e, err) : err_nomem(err);

	if (r < 0)
		return r;
	if (json_object_set_new(members, "target", json_strz(e.target)) < 0 ||
	    json_object_set_new(members, "region", json_strz(e.region)) < 0 ||
	    json_object_set_new(members, "app_name", json_strz(e.file.app)) < 0)
		return err_nomem(err);
	r = submit_check(q, kind, members, &s, err);
	if (r == 0)
		r = submit_refuse(q, &s, err);
	return r < 0 ? r : submit_add(q, &s.request, ret_id, err);
}

static int to_job(struct call *q, int64_t id, struct err *err)
{
	return reply_see_other(q, err, "/jobs/%" PRId64 "?note=added", id);
}

int act_shift(struct call *q, struct err *err)
{
	int64_t id = 0;
	json_t *in =
		json_pack("{s:o, s:o}", "variant", json_strz(params_get(&q->form, "variant", "")),
			  "percent", json_strz(params_get(&q->form, "percent", "")));
	int r = endpoint_job(q, REQUEST_SHIFT, in, &id, err);

	return r < 0 ? r : to_job(q, id, err);
}

int page_delete(struct call *q, struct err *err)
{
	_cleanup_served_ struct served e = {0};
	struct buf *b = &q->reply.body;
	int r = call_endpoint(q, &e, err);

	if (r < 0)
		return r;
	page_begin(q, "Delete this endpoint?", /* here= */ "");
	html(b,
	     "<p><strong>%s</strong> of %s %s stops answering at once. Its runs stay in MLflow, "
	     "so it can be deployed again.</p><form method=\"post\" class=\"inline\" action=\"",
	     e.file.app, e.target, e.region);
	put_address(b, &e, "/delete");
	html(b, "\">");
	page_csrf(q);
	html(b, "<button class=\"danger\">Delete</button></form> <a class=\"button\" href=\"");
	put_address(b, &e, "");
	html(b, "\">Keep it</a>\n");
	page_end(q);
	return 0;
}

int act_delete(struct call *q, struct err *err)
{
	int64_t id = 0;
	int r = endpoint_job(q, REQUEST_UNDEPLOY, json_object(), &id, err);

	return r < 0 ? r : to_job(q, id, err);
}
