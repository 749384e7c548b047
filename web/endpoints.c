/* Endpoints: from folders, from jobs, and asking them. */
#include "web/endpoints.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include "protocol/http/http.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <string.h>

enum {
	ENDPOINTS_MAX = 500,
	VARIANTS_MAX = 100,
	PING_MS = 1000,
	INVOKE_MS = 60000, /* as long as SageMaker waits */
};

static void variant_release(struct variant *v)
{
	free(v->name);
	free(v->run_id);
	free(v->experiment_id);
}

void endpoint_release(struct endpoint *e)
{
	for (size_t i = 0; i < e->n_variants; i++)
		variant_release(&e->variants[i]);
	free(e->variants);
	free(e->target);
	free(e->region);
	free(e->app);
	free(e->url);
	*e = (struct endpoint){0};
}

void endpoints_release(struct endpoints *list)
{
	for (size_t i = 0; i < list->len; i++)
		endpoint_release(&list->items[i]);
	free(list->items);
	*list = (struct endpoints){0};
}

static const char *const state_names[] = {
	[ENDPOINT_SERVING] = "serving",
	[ENDPOINT_SILENT] = "not answering",
	[ENDPOINT_DEPLOYED] = "deployed",
};

const char *endpoint_state_name(enum endpoint_state state)
{
	return state_names[state];
}

static json_t *variants_json(const struct endpoint *e)
{
	json_auto_t *list = json_array();

	for (size_t i = 0; list && i < e->n_variants; i++) {
		const struct variant *v = &e->variants[i];

		if (json_array_append_new(list, json_pack("{s:o, s:f, s:f, s:o, s:o, s:I}", "name",
							  json_strz(v->name), "weight", v->weight,
							  "share", v->share, "run_id",
							  json_strz(v->run_id), "experiment_id",
							  json_strz(v->experiment_id), "created",
							  (json_int_t)v->created)) < 0)
			return NULL;
	}
	return json_incref(list);
}

json_t *endpoint_json(const struct endpoint *e)
{
	return json_pack("{s:s, s:o, s:o, s:o, s:s, s:I, s:o}", "target", e->target, "region",
			 json_strz(e->region), "app", json_strz(e->app), "url", json_strz(e->url),
			 "state", endpoint_state_name(e->state), "job", (json_int_t)e->job,
			 "variants", variants_json(e));
}

static int make(struct endpoint *e, const char *target, const char *region, const char *app,
		struct err *err)
{
	e->target = str_dup(target);
	e->region = str_dup(region);
	e->app = str_dup(app);
	e->url = str_dup("");
	return e->target && e->region && e->app && e->url ? 0 : err_nomem(err);
}

/* --- endpoint.json --- */

static int read_variant(const json_t *j, struct variant *v, struct err *err)
{
	const json_t *weight = json_object_get(j, "weight");

	v->weight = json_is_number(weight) ? json_number_value(weight) : 0;
	if (!isfinite(v->weight) || v->weight < 0)
		return err_set(err, E_INPUT, "a variant's weight is not a number from 0 on");
	v->created = json_get_int(j, "created", 0);
	v->name = str_dup(json_get_str(j, "name", ""));
	v->run_id = str_dup(json_get_str(j, "run_id", ""));
	v->experiment_id = str_dup(json_get_str(j, "experiment_id", ""));
	return v->name && v->run_id && v->experiment_id ? 0 : err_nomem(err);
}

static void share_out(struct endpoint *e)
{
	double sum = 0;

	for (size_t i = 0; i < e->n_variants; i++)
		sum += e->variants[i].weight;
	for (size_t i = 0; i < e->n_variants; i++)
		e->variants[i].share = sum > 0 ? e->variants[i].weight / sum : 0;
}

static int read_variants(const json_t *list, struct endpoint *e, struct err *err)
{
	size_t n = json_array_size(list);

	if (n > VARIANTS_MAX)
		return err_set(err, E_TOOBIG, "more than %d variants", VARIANTS_MAX);
	e->variants = calloc(n + 1, sizeof(*e->variants));
	if (!e->variants)
		return err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		int r;

		e->n_variants++;
		r = read_variant(json_array_get(list, i), &e->variants[i], err);
		if (r < 0)
			return r;
	}
	share_out(e);
	return 0;
}

int endpoint_parse(const char *text, size_t n, struct endpoint *ret, struct err *err)
{
	_cleanup_endpoint_ struct endpoint e = {.state = ENDPOINT_SILENT};
	json_auto_t *j = NULL;
	json_t *variants = NULL;
	const char *app;
	json_error_t at;
	int port, r = json_parse(text, n, "endpoint.json", &j, err);

	if (r < 0)
		return r;
	if (json_unpack_ex(j, &at, 0, "{s:s, s:i, s:o}", "app", &app, "port", &port, "variants",
			   &variants) < 0)
		return err_set(err, E_INPUT, "endpoint.json: %s", at.text);
	if (port < 1 || port > UINT16_MAX)
		return err_set(err, E_INPUT, "endpoint.json: %d is not a port", port);
	r = make(&e, "local", "", app, err);
	if (r == 0)
		r = read_variants(variants, &e, err);
	if (r < 0)
		return r;
	free(e.url);
	e.url = str_fmt("http://127.0.0.1:%d", port);
	if (!e.url)
		return err_nomem(err);
	*ret = e;
	e = (struct endpoint){0};
	return 0;
}

/* --- the local ones --- */

static void dir_closep(DIR **d)
{
	if (*d)
		(void)closedir(*d);
}

static int add(struct endpoints *list, struct endpoint *e, struct err *err)
{
	struct endpoint *grown = reallocarray(list->items, list->len + 1, sizeof(*grown));

	if (!grown)
		return err_nomem(err);
	list->items = grown;
	list->items[list->len++] = *e;
	*e = (struct endpoint){0};
	return 0;
}

static int read_folder(const char *folder, const char *name, struct endpoint *ret, struct err *err)
{
	_cleanup_free_ char *path = str_fmt("%s/%s/endpoint.json", folder, name);
	_cleanup_buf_ struct buf b;
	int r;

	buf_init(&b, LIMIT_SMALL_FILE);
	if (!path)
		return err_nomem(err);
	r = fs_read(path, &b, err);
	return r < 0 ? r : endpoint_parse((const char *)b.data, b.len, ret, err);
}

static int add_local(struct endpoints *list, struct err *err)
{
	_cleanup_free_ char *folder = NULL;
	_cleanup_(dir_closep) DIR *d = NULL;
	struct dirent *entry;
	int r = fs_place(PLACE_DATA, "endpoints", &folder, err);

	if (r < 0)
		return r;
	d = opendir(folder);
	if (!d)
		return errno == ENOENT ? 0 : err_set_errno(err, E_IO, errno, "%s", folder);
	while (r == 0 && list->len < ENDPOINTS_MAX && (entry = readdir(d))) {
		_cleanup_endpoint_ struct endpoint e = {0};

		if (*entry->d_name == '.')
			continue;
		if (read_folder(folder, entry->d_name, &e, NULL) == 0)
			r = add(list, &e, err);
	}
	return r;
}

/* --- those that jobs made --- */

static const struct endpoint *known(const struct endpoints *list, const char *target,
				    const char *region, const char *app)
{
	for (size_t i = 0; i < list->len; i++) {
		const struct endpoint *e = &list->items[i];

		if (str_eq(e->target, target) && str_eq(e->region, region) && str_eq(e->app, app))
			return e;
	}
	return NULL;
}

/* A finished deployment leaves an endpoint, a finished end leaves none; jobs come newest first. */
static int add_of_job(struct endpoints *list, struct strv *gone, const struct job *j,
		      struct err *err)
{
	_cleanup_endpoint_ struct endpoint e = {.state = ENDPOINT_DEPLOYED, .job = j->id};
	_cleanup_free_ char *key = str_fmt("%s %s", j->region, j->app);
	int r;

	if (!key)
		return err_nomem(err);
	if (!str_eq(j->target, "sagemaker") || j->state != JOB_SUCCESS || strv_has(gone, key) ||
	    known(list, j->target, j->region, j->app))
		return 0;
	if (str_eq(j->kind, "undeploy"))
		return strv_take(gone, TAKE(key), err);
	if (!str_eq(j->kind, "deploy") && !str_eq(j->kind, "shift"))
		return 0;
	r = make(&e, j->target, j->region, j->app, err);
	if (r == 0)
		r = str_replace(&e.url, json_get_str(j->result, "url", ""), err);
	if (r == 0)
		r = read_variants(json_object_get(j->result, "variants"), &e, err);
	return r < 0 ? r : add(list, &e, err);
}

static int add_deployed(struct store *store, struct endpoints *list, struct err *err)
{
	_cleanup_strv_ struct strv gone = {0};
	struct jobs_query query = {.state = JOB_SUCCESS, .text = "sagemaker", .max = 200};
	bool more = true;
	int r = 0;

	while (r == 0 && more && list->len < ENDPOINTS_MAX) {
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

static void ping(struct http_client *http, struct endpoint *e, struct cancel *cancel)
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
		e->state = ENDPOINT_SERVING;
}

static int ping_all(struct endpoint *items, size_t n, struct cancel *cancel, struct err *err)
{
	_cleanup_(http_client_freep) struct http_client *http = NULL;
	int r = http_client_new(NULL, &http, err);

	for (size_t i = 0; r == 0 && i < n; i++)
		ping(http, &items[i], cancel);
	return r;
}

int endpoints_list(struct store *store, bool with_ping, struct cancel *cancel,
		   struct endpoints *ret, struct err *err)
{
	_cleanup_endpoints_ struct endpoints list = {0};
	int r = add_local(&list, err);

	if (r == 0)
		r = add_deployed(store, &list, err);
	if (r == 0 && with_ping)
		r = ping_all(list.items, list.len, cancel, err);
	if (r < 0)
		return r;
	*ret = list;
	list = (struct endpoints){0};
	return 0;
}

int endpoint_find(struct store *store, const char *target, const char *region, const char *app,
		  struct cancel *cancel, struct endpoint *ret, struct err *err)
{
	_cleanup_endpoints_ struct endpoints list = {0};
	int r = endpoints_list(store, /* ping= */ false, cancel, &list, err);

	for (size_t i = 0; r == 0 && i < list.len; i++) {
		struct endpoint *e = &list.items[i];

		if (!str_eq(e->target, target) || !str_eq(e->app, app) ||
		    (*region && !str_eq(e->region, region)))
			continue;
		r = ping_all(e, 1, cancel, err);
		if (r < 0)
			return r;
		*ret = *e;
		*e = (struct endpoint){0};
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

static int not_from_here(const struct endpoint *e, struct err *err)
{
	int r = err_set(err, E_UNSUPPORTED,
			"rows are sent from here to endpoints of this machine only");

	err_set_hint(err,
		     "aws sagemaker-runtime invoke-endpoint --region %s --endpoint-name %s "
		     "--content-type application/json --body file://rows.json answer.json",
		     e->region, e->app);
	return r;
}

int endpoint_invoke(const struct endpoint *e, const char *type, const void *body, size_t n,
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
