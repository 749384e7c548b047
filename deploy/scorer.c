/* Requests to a local endpoint. */
#include "deploy/scorer.h"

#include "base/fs.h"
#include "base/limits.h"
#include "base/str.h"
#include "protocol/http/http.h"

#include <math.h>

enum { ASK_MS = 60000, LOOK_MS = 5000 };

/* Parity has compared all digits; here two programs are told apart, not roundings. */
#define TOLERANCE 1e-6

/* --- the body --- */

static int read_json(const char *path, json_t **ret, struct err *err)
{
	_cleanup_buf_ struct buf b;
	int r;

	buf_init(&b, LIMIT_SCORER_MODEL);
	r = fs_read(path, &b, err);
	return r < 0 ? r : json_parse((const char *)b.data, b.len, path, ret, err);
}

/* The names in a list of {"name", …}; a new array. */
static json_t *names_of(const json_t *columns)
{
	json_auto_t *names = json_array();
	json_t *column;
	size_t i;

	json_array_foreach ((json_t *)columns, i, column)
		if (json_array_append(names, json_object_get(column, "name")) < 0)
			return NULL;
	return json_incref(names);
}

int scorer_body(const char *model, const char *sample, json_t **ret, json_t **ret_expected,
		struct err *err)
{
	json_auto_t *j = NULL;
	json_t *rows, *expected;
	int r = read_json(sample ? sample : model, &j, err);

	if (r < 0)
		return r;
	rows = json_object_get(j, "rows");
	expected = json_object_get(j, "expected");
	rows = sample ? json_incref(rows) : json_array();
	*ret = json_pack("{s:{s:o, s:o}}", "dataframe_split", "columns",
			 names_of(json_object_get(j, sample ? "columns" : "inputs")), "data", rows);
	if (!*ret)
		return err_set(err, E_INPUT, "%s holds no columns and rows",
			       sample ? sample : model);
	*ret_expected = sample ? json_incref(expected) : json_array();
	return 0;
}

/* --- the answer --- */

static bool near(const json_t *a, const json_t *b)
{
	double x, y;

	if (!json_is_number(a) || !json_is_number(b))
		return json_equal((json_t *)a, (json_t *)b);
	x = json_number_value(a);
	y = json_number_value(b);
	return x == y || fabs(x - y) <= TOLERANCE * fmax(fabs(x), fabs(y));
}

/* A row that Spark skips is null on both sides. */
static bool row_near(const json_t *expected, const json_t *got)
{
	return near(json_is_object(expected) ? json_object_get(expected, "prediction") : expected,
		    got);
}

static int compare(const char *name, const json_t *expected, const json_t *answer, struct err *err)
{
	const json_t *got = json_object_get(answer, "predictions");
	json_t *e;
	size_t i;

	if (json_array_size(got) != json_array_size(expected))
		return err_set(err, E_INPUT, "%s answered %zu predictions to %zu rows", name,
			       json_array_size(got), json_array_size(expected));
	json_array_foreach ((json_t *)expected, i, e)
		if (!row_near(e, json_array_get(got, i)))
			return err_set(err, E_INPUT,
				       "%s answers row %zu of the sample otherwise than Spark did",
				       name, i + 1);
	return 0;
}

static int take_answer(const struct http_response *res, const char *variant, const json_t *expected,
		       struct err *err)
{
	const char *by = http_response_header(res, "x-splice-variant");
	const char *name = variant ? variant : "the image";
	json_auto_t *answer = NULL;
	int r;

	if (variant && res->status == 400 && !by)
		return err_set(err, E_NOTFOUND, "%s is not served", variant);
	if (res->status != 200)
		return err_set(err, E_SERVER, "%s answered the sample with status %d: %.*s", name,
			       res->status, res->body.len < 500 ? (int)res->body.len : 500,
			       res->body.len ? (const char *)res->body.data : "");
	if (variant && (!by || !str_eq(by, variant)))
		return err_set(err, E_NOTFOUND, "%s is not served", variant);
	r = json_parse((const char *)res->body.data, res->body.len, "the scorer's answer", &answer,
		       err);
	return r < 0 ? r : compare(name, expected, answer, err);
}

/* --- requests --- */

static int perform(struct http_request *req, const char *url, const char *path,
		   struct http_response *res, struct err *err)
{
	_cleanup_(http_client_freep) struct http_client *http = NULL;
	_cleanup_free_ char *full = str_fmt("%s%s", url, path);
	int r;

	if (!full)
		return err_nomem(err);
	r = http_client_new(/* options= */ NULL, &http, err);
	if (r < 0)
		return r;
	req->url = full;
	req->direct = true;
	return http_perform(http, req, res, err);
}

int scorer_check(const char *url, const char *variant, const json_t *body, const json_t *expected,
		 struct cancel *cancel, struct err *err)
{
	const struct http_header headers[] = {{"Content-Type", "application/json"},
					      {"x-splice-target-variant", variant}};
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_free_ char *text = json_text(body);
	struct http_request req = {
		.method = "POST",
		.headers = headers,
		.n_headers = variant ? 2 : 1,
		.body = text,
		.body_len = text ? strlen(text) : 0,
		.total_ms = ASK_MS,
		.cancel = cancel,
	};
	int r;

	if (!text)
		return err_nomem(err);
	r = perform(&req, url, "/invocations", &res, err);
	return r < 0 ? r : take_answer(&res, variant, expected, err);
}

/* The value of a metric without labels; 0 when it is not there. */
static int64_t metric(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = text; (at = strstr(at, name)); at += n) {
		long long value;

		if ((at == text || at[-1] == '\n') && sscanf(at + n, " %lld", &value) == 1)
			return value;
	}
	return 0;
}

int scorer_reloads(const char *url, struct cancel *cancel, struct scorer_reloads *ret,
		   struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	struct http_request req = {.method = "GET", .total_ms = LOOK_MS, .cancel = cancel};
	_cleanup_free_ char *text = NULL;
	int r = perform(&req, url, "/metrics", &res, err);

	if (r < 0)
		return r;
	if (res.status != 200)
		return err_set(err, E_SERVER, "%s/metrics answered with status %d", url,
			       res.status);
	buf_put_u8(&res.body, '\0');
	text = buf_take_str(&res.body);
	if (!text)
		return err_nomem(err);
	ret->taken = metric(text, "splice_scorer_reloads_total");
	ret->refused = metric(text, "splice_scorer_reloads_failed_total");
	return 0;
}
