/* Endpoints: from folders, from jobs, and asking them. */
#include "web/served.h"

#include "base/clock.h"
#include "base/limits.h"
#include "deploy/supervisor.h"
#include "protocol/http/http.h"

#include <string.h>

enum {
	SERVED_MAX = 500,
	PING_MS = 1000,
	INVOKE_MS = 60000, /* as long as SageMaker waits */
};

void served_release(struct served *e)
{
	endpoint_file_release(&e->file);
	free(e->region);
	free(e->url);
	*e = (struct served){0};
}

void served_list_release(struct served_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		served_release(&list->items[i]);
	free(list->items);
	*list = (struct served_list){0};
}

static const char *const state_names[] = {
	[SERVED_HERE] = "serving",
	[SERVED_SILENT] = "not answering",
	[SERVED_AT_AWS] = "deployed",
};

const char *served_state_name(enum served_state state)
{
	return state_names[state];
}

double served_share(const struct served *e, size_t variant)
{
	double sum = 0;

	for (size_t i = 0; i < e->file.n_variants; i++)
		sum += e->file.variants[i].weight;
	return sum > 0 ? e->file.variants[variant].weight / sum : 0;
}

static json_t *variants_json(const struct served *e)
{
	json_auto_t *list = json_array();

	for (size_t i = 0; list && i < e->file.n_variants; i++) {
		const struct endpoint_variant *v = &e->file.variants[i];
		json_t *one =
			json_pack("{s:o, s:f, s:f, s:o, s:o, s:I}", "name", json_strz(v->name),
				  "weight", v->weight, "share", served_share(e, i), "run_id",
				  json_strz(v->run_id), "experiment_id",
				  json_strz(v->experiment_id), "created", (json_int_t)v->created);

		if (json_array_append_new(list, one) < 0)
			return NULL;
	}
	return json_incref(list);
}

json_t *served_json(const struct served *e)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:s, s:I, s:o}", "target", e->target, "region",
			 json_strz(e->region), "app", json_strz(e->file.app), "url",
			 json_strz(e->url), "state", served_state_name(e->state), "job",
			 (json_int_t)e->job, "variants", variants_json(e));
}

/* Takes e. */
static int add(struct served_list *list, struct served *e, struct err *err)
{
	struct served *grown = reallocarray(list->items, list->len + 1, sizeof(*grown));

	if (!grown)
		return err_nomem(err);
	list->items = grown;
	list->items[list->len++] = *e;
	*e = (struct served){0};
	return 0;
}

/* --- the local ones --- */

/* Where it listens: as splice-manager, which starts it, has it; else the port that it wants. */
static int port_of(const json_t *status, const struct endpoint_file *file)
{
	_cleanup_free_ char *service = endpoint_service(file->app);
	json_t *s;
	size_t i;

	json_array_foreach (json_object_get(status, "services"), i, s)
		if (service && str_eq(json_get_str(s, "name", ""), service) &&
		    json_get_int(s, "port", 0) > 0)
			return (int)json_get_int(s, "port", 0);
	return file->port;
}

static int add_app(struct served_list *list, const char *app, const json_t *status, struct err *err)
{
	_cleanup_served_ struct served e = {.target = "local", .state = SERVED_SILENT};
	json_auto_t *j = NULL;

	/* One that is just being written, or that somebody edited, hides no other. */
	if (endpoint_read(app, &j, NULL) < 0 || endpoint_parse(j, &e.file, NULL) < 0)
		return 0;
	e.region = str_dup("");
	e.url = str_fmt("http://127.0.0.1:%d", port_of(status, &e.file));
	return e.region && e.url ? add(list, &e, err) : err_nomem(err);
}

static int add_local(struct served_list *list, struct cancel *cancel, struct err *err)
{
	_cleanup_strv_ struct strv apps = {0};
	json_auto_t *status = NULL;
	int r = endpoint_list(&apps, err);

	if (r < 0 || !apps.len)
		return r;
	/* Without a manager nothing is served, which the pings will tell. */
	(void)!supervisor_ask(MANAGER_STATUS, "", cancel, NULL, NULL, &status, NULL);
	for (size_t i = 0; r == 0 && i < apps.len && list->len < SERVED_MAX; i++)
		r = add_app(list, apps.items[i], status, err);
	return r;
}

/* --- those that jobs made --- */

static bool is_known(const struct served_list *list, const struct job *j)
{
	for (size_t i = 0; i < list->len; i++) {
		const struct served *e = &list->items[i];

		if (str_eq(e->target, j->target) && str_eq(e->region, j->region) &&
		    str_eq(e->file.app, j->app))
			return true;
	}
	return false;
}

/* Variants as a job's result names them, if it does. */
static int read_result(const struct job *j, struct served *e, struct err *err)
{
	json_auto_t *file = json_pack("{s:s, s:i, s:O*}", "app", j->app, "port", 1, "variants",
				      json_object_get(j->result, "variants"));

	e->region = str_dup(j->region);
	e->url = str_dup(json_get_str(j->result, "url", ""));
	if (endpoint_parse(file, &e->file, NULL) < 0)
		e->file.app = str_dup(j->app);
	return e->region && e->url && e->file.app ? 0 : err_nomem(err);
}

/* A finished deployment leaves an endpoint, a finished end leaves none; jobs come newest first. */
static int add_of_job(struct served_list *list, struct strv *gone, const struct job *j,
		      struct err *err)
{
	_cleanup_served_ struct served e = {.target = "sagemaker",
					    .state = SERVED_AT_AWS,
					    .job = j->id};
	_cleanup_free_ char *key = str_fmt("%s %s", j->region, j->app);
	int r;

	if (!key)
		return err_nomem(err);
	if (!str_eq(j->target, e.target) || strv_has(gone, key) || is_known(list, j))
		return 0;
	if (str_eq(j->kind, "undeploy"))
		return strv_take(gone, TAKE(key), err);
	if (str_eq(j->kind, "check"))
		return 0;
	r = read_result(j, &e, err);
	return r < 0 ? r : add(list, &e, err);
}

static int add_deployed(struct store *store, struct served_list *list, struct err *err)
{
	_cleanup_strv_ struct strv gone = {0};
	struct jobs_query query = {.state = JOB_SUCCESS, .text = "sagemaker", .max = 200};
	bool more = true;
	int r = 0;

	while (r == 0 && more && list->len < SERVED_MAX) {
		_cleanup_jobs_ struct jobs jobs = {0};

		r = store_jobs(store, &query, &jobs, err);
		for (size_t i = 0; r == 0 && i < jobs.len; i++)
			r = add_of_job(list, &gone, &jobs.items[i], err);
		more = jobs.more;
		query.before_id = jobs.len ? jobs.items[jobs.len - 1].id : 0;
	}
	return r;
}

/* --- asking them --- */

static void ping(struct http_client *http, struct served *e, struct cancel *cancel)
{
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_free_ char *url = str_fmt("%s/ping", e->url);
	struct http_request req = {.method = "GET",
				   .url = url,
				   .connect_ms = PING_MS,
				   .total_ms = PING_MS,
				   .max_body = KIB(64),
				   .cancel = cancel};

	if (url && str_eq(e->target, "local") && http_perform(http, &req, &res, NULL) == 0 &&
	    res.status == 200)
		e->state = SERVED_HERE;
}

static int ping_all(struct served *items, size_t n, struct cancel *cancel, struct err *err)
{
	_cleanup_(http_client_freep) struct http_client *http = NULL;
	int r = http_client_new(NULL, &http, err);

	for (size_t i = 0; r == 0 && i < n; i++)
		ping(http, &items[i], cancel);
	return r;
}

int served_all(struct store *store, bool with_ping, struct cancel *cancel, struct served_list *ret,
	       struct err *err)
{
	_cleanup_served_list_ struct served_list list = {0};
	int r = add_local(&list, cancel, err);

	if (r == 0)
		r = add_deployed(store, &list, err);
	if (r == 0 && with_ping)
		r = ping_all(list.items, list.len, cancel, err);
	if (r < 0)
		return r;
	*ret = list;
	list = (struct served_list){0};
	return 0;
}

int served_find(struct store *store, const char *target, const char *region, const char *app,
		struct cancel *cancel, struct served *ret, struct err *err)
{
	_cleanup_served_list_ struct served_list list = {0};
	int r = served_all(store, /* ping= */ false, cancel, &list, err);

	for (size_t i = 0; r == 0 && i < list.len; i++) {
		struct served *e = &list.items[i];

		if (!str_eq(e->target, target) || !str_eq(e->file.app, app) ||
		    (*region && !str_eq(e->region, region)))
			continue;
		r = ping_all(e, 1, cancel, err);
		if (r < 0)
			return r;
		*ret = *e;
		*e = (struct served){0};
		return 0;
	}
	return r < 0 ? r : err_set(err, E_NOTFOUND, "there is no endpoint %s of %s", app, target);
}

void invoke_answer_release(struct invoke_answer *a)
{
	free(a->type);
	free(a->text);
	free(a->variant);
	*a = (struct invoke_answer){0};
}

static int keep_answer(const struct http_response *res, struct invoke_answer *a, struct err *err)
{
	const char *type = http_response_header(res, "Content-Type");
	const char *variant = http_response_header(res, "x-splice-variant");

	a->status = res->status;
	a->type = str_dup(type ? type : "");
	a->variant = str_dup(variant ? variant : "");
	a->text = utf8_repair((const char *)res->body.data, res->body.len);
	return a->type && a->variant && a->text ? 0 : err_nomem(err);
}

static int not_from_here(const struct served *e, struct err *err)
{
	int r = err_set(err, E_UNSUPPORTED,
			"rows are sent from here to endpoints of this machine only");

	err_set_hint(err,
		     "aws sagemaker-runtime invoke-endpoint --region %s --endpoint-name %s "
		     "--content-type application/json --body file://rows.json answer.json",
		     e->region, e->file.app);
	return r;
}

int served_invoke(const struct served *e, const char *type, const void *body, size_t n,
		  struct cancel *cancel, struct invoke_answer *ret, struct err *err)
{
	_cleanup_invoke_answer_ struct invoke_answer a = {0};
	_cleanup_(http_client_freep) struct http_client *http = NULL;
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_free_ char *url = str_fmt("%s/invocations", e->url);
	const struct http_header header = {"Content-Type", type};
	struct http_request req = {.method = "POST",
				   .url = url,
				   .headers = &header,
				   .n_headers = 1,
				   .body = body,
				   .body_len = n,
				   .total_ms = INVOKE_MS,
				   .max_body = LIMIT_WEB_PAGE / 4,
				   .cancel = cancel};
	int64_t began = clock_ms();
	int r;

	if (!str_eq(e->target, "local"))
		return not_from_here(e, err);
	if (!url)
		return err_nomem(err);
	r = http_client_new(NULL, &http, err);
	if (r == 0)
		r = http_perform(http, &req, &res, err);
	if (r == 0)
		r = keep_answer(&res, &a, err);
	if (r < 0)
		return r;
	a.ms = clock_ms() - began;
	*ret = a;
	a = (struct invoke_answer){0};
	return 0;
}
