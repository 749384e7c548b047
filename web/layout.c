/* The frame of every page: head, menu, notes, errors, login. */
#include "web/web-int.h"

static const struct {
	const char *address, *title;
} menu[] = {
	{"/", "Jobs"},         {"/deploy", "Deploy"}, {"/endpoints", "Endpoints"},
	{"/mlflow", "MLflow"}, {"/about", "About"},
};

static void put_head(struct call *q, const char *title)
{
	struct buf *b = &q->reply.body;
	char csrf[SESSION_CSRF_SIZE] = "";
	const struct session_key key = {.token = q->web->token, .port = q->web->port};

	if (q->cookie)
		session_csrf(&key, q->cookie, csrf);
	html(b,
	     "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
	     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
	     "<meta name=\"color-scheme\" content=\"light dark\">"
	     "<meta name=\"csrf\" content=\"%s\"><title>%s · Jobs Tracker</title>"
	     "<link rel=\"icon\" href=\"/static/icon.svg\">"
	     "<link rel=\"stylesheet\" href=\"/static/tracker.css\">"
	     "<script src=\"/static/tracker.js\" defer></script></head>\n",
	     csrf, title);
}

static void put_menu(struct call *q, const char *here)
{
	struct buf *b = &q->reply.body;

	html(b, "<header><a class=\"skip\" href=\"#main\">To the content</a>"
		"<p class=\"brand\">Jobs Tracker</p><nav aria-label=\"Pages\"><ul>");
	for (size_t i = 0; i < ARRAY_LEN(menu); i++) {
		html(b, "<li><a href=\"%s\"", menu[i].address);
		if (str_eq(menu[i].address, here))
			html(b, " aria-current=\"page\"");
		html(b, ">%s</a></li>", menu[i].title);
	}
	html(b, "</ul></nav></header>\n");
}

void page_begin(struct call *q, const char *title, const char *here)
{
	struct buf *b = &q->reply.body;

	put_head(q, title);
	html(b, "<body>");
	if (call_logged_in(q))
		put_menu(q, here);
	html(b, "<main id=\"main\">\n<h1>%s</h1>\n", title);
}

void page_end(struct call *q)
{
	html(&q->reply.body, "</main>\n<footer><p>splice-kernel %s</p></footer></body></html>\n",
	     SPLICE_VERSION);
}

static const struct {
	const char *name, *text;
} notes[] = {
	{"added", "The job is in the queue."},
	{"cancel", "The job is being cancelled; what it made is undone."},
	{"retry", "The job was added again."},
	{"removed", "The job was removed."},
};

void page_note(struct call *q)
{
	const char *name = params_get(&q->query, "note", "");

	for (size_t i = 0; i < ARRAY_LEN(notes); i++)
		if (str_eq(notes[i].name, name))
			html(&q->reply.body, "<p class=\"note\" role=\"status\">%s</p>\n",
			     notes[i].text);
}

static const char *error_title(int status)
{
	return status == MHD_HTTP_NOT_FOUND               ? "Not there"
	       : status >= MHD_HTTP_INTERNAL_SERVER_ERROR ? "It did not work"
							  : "Not done";
}

void page_error(struct call *q, const struct err *e)
{
	struct buf *b = &q->reply.body;

	buf_clear(b);
	page_begin(q, error_title(error_status(q, e)), /* here= */ "");
	html(b, "<div class=\"error\" role=\"alert\"><p>%s</p>", e->text);
	if (*e->hint)
		html(b, "<p class=\"hint\">%s</p>", e->hint);
	html(b, "</div>\n<p><a href=\"/\">All jobs</a></p>\n");
	page_end(q);
}

void page_csrf(struct call *q)
{
	const struct session_key key = {.token = q->web->token, .port = q->web->port};
	char csrf[SESSION_CSRF_SIZE];

	if (!q->cookie)
		return;
	session_csrf(&key, q->cookie, csrf);
	html(&q->reply.body, "<input type=\"hidden\" name=\"csrf\" value=\"%s\">", csrf);
}

void page_login(struct call *q, const char *why)
{
	struct buf *b = &q->reply.body;

	buf_clear(b);
	page_begin(q, "Jobs Tracker: log in", /* here= */ "");
	if (why)
		html(b, "<div class=\"error\" role=\"alert\"><p>%s</p></div>\n", why);
	html(b,
	     "<form method=\"post\" action=\"/login\" class=\"card\">"
	     "<p>This page starts and removes deployments, so it asks for a token. "
	     "<code>splice-manager status</code> on this machine shows the page's address "
	     "with the token in it: open that address, or paste the token here.</p>"
	     "<div class=\"field\"><label for=\"token\">Token</label>"
	     "<input id=\"token\" name=\"token\" type=\"password\" required autofocus "
	     "autocomplete=\"current-password\"></div>"
	     "<input type=\"hidden\" name=\"next\" value=\"%s\">"
	     "<p><button class=\"primary\">Log in</button></p></form>\n",
	     call_is_safe(q) ? q->path : params_get(&q->form, "next", "/"));
	page_end(q);
}
