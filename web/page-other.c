/* Login, the page about this server, the way to MLflow, and the files that pages load. */
#include "web/pages.h"

#include "base/fs.h"
#include "base/limits.h"

/* A file of web/assets/, as it is (paths from the top folder, where the compiler runs). */
#define ASSET(name, file)                                                                          \
	__asm__(".section .rodata\n.balign 8\n" #name ":\n.incbin \"web/assets/" file "\"\n" #name \
		"_end:\n.byte 0\n.previous\n");                                                    \
	extern const char name[] __attribute__((visibility("hidden")));                            \
	extern const char name##_end[] __attribute__((visibility("hidden")))

ASSET(asset_css, "tracker.css");
ASSET(asset_js, "tracker.js");
ASSET(asset_icon, "icon.svg");

static const struct {
	const char *name, *type, *start, *end;
} assets[] = {
	{"tracker.css", "text/css; charset=utf-8", asset_css, asset_css_end},
	{"tracker.js", "text/javascript; charset=utf-8", asset_js, asset_js_end},
	{"icon.svg", "image/svg+xml", asset_icon, asset_icon_end},
};

int asset(struct call *q, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(assets); i++) {
		if (!str_eq(assets[i].name, q->match.args[0]))
			continue;
		q->reply.type = assets[i].type;
		q->reply.asset = assets[i].start;
		q->reply.asset_len = (size_t)(assets[i].end - assets[i].start);
		return 0;
	}
	return err_set(err, E_NOTFOUND, "there is no file of this name");
}

/* Only a path of ours: "//host" would be another server's address. */
static bool is_own_path(const char *s)
{
	return *s == '/' && s[1] != '/' && s[1] != '\\' && strspn(s + 1, "\r\n") == 0;
}

int login(struct call *q, struct err *err)
{
	const char *token = params_get(&q->form, "token", "");
	const char *next = params_get(&q->form, "next", "/");
	_cleanup_free_ char *copy = str_dup(token);
	_cleanup_buf_ struct buf b;
	int r;

	buf_init(&b, KIB(16));
	if (!copy)
		return err_nomem(err);
	if (!session_token_ok(q->web->token, str_trim(copy))) {
		q->reply.status = MHD_HTTP_UNAUTHORIZED;
		page_login(q, "That token is not the one of this server.");
		return 0;
	}
	r = access_log_in(q, err);
	if (r < 0)
		return r;
	for (const char *p = is_own_path(next) ? next : "/"; *p; p++)
		http_escape(&b, p, 1, "/");
	r = buf_check(&b, "the address", err);
	return r < 0 ? r : reply_see_other(q, err, "%.*s", (int)b.len, (const char *)b.data);
}

int logout(struct call *q, struct err *err)
{
	char name[SESSION_COOKIE_NAME_SIZE];

	session_cookie_name(q->web->port, name);
	free(q->reply.cookie);
	q->reply.cookie = str_fmt("%s=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict", name);
	return q->reply.cookie ? reply_see_other(q, err, "/") : err_nomem(err);
}

int go_mlflow(struct call *q, struct err *err)
{
	struct mlflow *m = NULL;
	int r = call_mlflow(q, &m, err);

	return r < 0 ? r : reply_see_other(q, err, "%s", mlflow_uri(m));
}

int go_run(struct call *q, struct err *err)
{
	_cleanup_buf_ struct buf b;
	struct mlflow *m = NULL;
	int r;

	buf_init(&b, KIB(16));
	r = call_mlflow(q, &m, err);
	if (r < 0)
		return r;
	buf_printf(&b, "%s/#/experiments/", mlflow_uri(m));
	html_part(&b, q->match.args[0]);
	buf_put_str(&b, "/runs/");
	html_part(&b, q->match.args[1]);
	r = buf_check(&b, "the address", err);
	return r < 0 ? r : reply_see_other(q, err, "%.*s", (int)b.len, (const char *)b.data);
}

static int put_place(struct call *q, const char *name, enum place place, const char *file,
		     struct err *err)
{
	_cleanup_free_ char *path = NULL;
	int r = fs_place(place, file, &path, err);

	if (r == 0)
		html(&q->reply.body, "<dt>%s</dt><dd><code>%s</code></dd>", name, path);
	return r;
}

int page_about(struct call *q, struct err *err)
{
	struct buf *b = &q->reply.body;
	int r;

	page_begin(q, "About", "/about");
	html(b,
	     "<dl><dt>Version</dt><dd>splice-kernel %s</dd><dt>Jobs</dt><dd><code>%s</code></dd>",
	     SPLICE_VERSION, q->web->store_path);
	r = put_place(q, "Local endpoints", PLACE_DATA, "endpoints", err);
	if (r == 0)
		r = put_place(q, "Logs", PLACE_STATE, "logs", err);
	if (r < 0)
		return r;
	html(b, "<dt>Tracking</dt><dd><a href=\"/mlflow\">MLflow</a></dd></dl>"
		"<p>Programs use the same server through its JSON API, with the token as "
		"<code>Authorization: Bearer</code>. Here, this browser is logged in.</p>");
	page_button(q, "Log out", "", "/logout");
	page_end(q);
	return 0;
}
