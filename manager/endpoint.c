/* Endpoints. */
#include "manager/endpoint.h"

#include "base/fs.h"
#include "base/proc.h"
#include "deploy/endpoint.h"
#include "deploy/request.h"
#include "manager/probe.h"

#define PREFIX "endpoint:"

/* What an entry's texts are kept in; the entry comes first, so that one pointer is both. */
struct endpoint_def {
	struct service_def def;
	char *name, *folder, *title, *advice;
};

const char *endpoint_app(const char *service)
{
	return str_starts(service, PREFIX) ? service + strlen(PREFIX) : NULL;
}

bool endpoint_exists(const char *app)
{
	_cleanup_free_ char *folder = NULL;
	_cleanup_free_ char *path = NULL;

	if (!request_is_app_name(app) || endpoint_folder(app, &folder, /* err= */ NULL) < 0)
		return false;
	path = str_fmt("%s/endpoint.json", folder);
	return path && fs_exists(path);
}

static int prepare(struct service_site *site, struct err *err)
{
	_cleanup_endpoint_file_ struct endpoint_file e = {0};
	json_auto_t *j = NULL;
	const char *app = strrchr(site->data, '/') + 1;
	int r = endpoint_read(app, &j, err);

	if (r == 0)
		r = endpoint_parse(j, &e, err);
	if (r < 0)
		return r;
	site->preferred = e.port;
	return 0;
}

static int command(const struct service_site *site, struct strv *argv, struct strv *env,
		   struct err *err)
{
	const char *const words[] = {"serve", "--endpoint", site->data, "--port"};
	int r = strv_take(argv, proc_sibling("splice-scorer"), err);

	(void)env;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(words); i++)
		r = strv_add(argv, words[i], err);
	return r < 0 ? r : strv_take(argv, str_fmt("%d", site->port), err);
}

static void ask(const struct service_site *site, struct buf *b)
{
	buf_printf(b, "GET /ping HTTP/1.0\r\nHost: 127.0.0.1:%d\r\n\r\n", site->port);
}

static bool answers(const uint8_t *reply, size_t n)
{
	return probe_is_http(reply, n, 200);
}

static char *url(const struct service_site *site)
{
	return str_fmt("http://127.0.0.1:%d", site->port);
}

static const struct service_def model = {
	.port_setting = "endpoint.port",
	.start_ms = 120000, /* for models of hundreds of megabytes */
	.stop_ms = 30000,   /* requests under way are answered first */
	.on_demand = true,
	.stays = true,
	.reloads = true,
	.prepare = prepare,
	.command = command,
	.ask = ask,
	.answers = answers,
	.url = url,
};

void endpoint_def_free(struct service_def *def)
{
	struct endpoint_def *e = (struct endpoint_def *)def;

	if (!e)
		return;
	free(e->name);
	free(e->folder);
	free(e->title);
	free(e->advice);
	free(e);
}

int endpoint_def_new(const char *app, struct service_def **ret, struct err *err)
{
	struct endpoint_def *e = calloc(1, sizeof(*e));

	if (!e)
		return err_nomem(err);
	*e = (struct endpoint_def){
		.def = model,
		.name = str_fmt(PREFIX "%s", app),
		.folder = str_fmt("endpoints/%s", app),
		.title = str_fmt("the endpoint %s", app),
		.advice = str_fmt("`splice-manager logs " PREFIX "%s` shows more", app),
	};
	if (!e->name || !e->folder || !e->title || !e->advice) {
		endpoint_def_free(&e->def);
		return err_nomem(err);
	}
	e->def.name = e->name;
	e->def.folder = e->folder;
	e->def.title = e->title;
	e->def.advice = e->advice;
	*ret = &e->def;
	return 0;
}
