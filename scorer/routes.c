/* The addresses that the server answers. */
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "scorer/invoke.h"
#include "scorer/server-int.h"

#define TEXT_PLAIN "text/plain; charset=utf-8"

/* --- the small ones --- */

static enum MHD_Result handle_ping(struct request *q, struct MHD_Connection *c)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, 1);
	if (atomic_load(&q->server->draining))
		return respond_refuse(q, c, MHD_HTTP_SERVICE_UNAVAILABLE, "the server is ending");
	return respond_send(q, c, MHD_HTTP_OK, TEXT_PLAIN, &b, /* variant= */ NULL);
}

static enum MHD_Result handle_version(struct request *q, struct MHD_Connection *c)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, KIB(1));
	buf_put_str(&b, SPLICE_VERSION);
	return respond_send(q, c, MHD_HTTP_OK, TEXT_PLAIN, &b, /* variant= */ NULL);
}

static enum MHD_Result handle_metrics(struct request *q, struct MHD_Connection *c)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, LIMIT_SMALL_FILE);
	metrics_write(q->server->options.metrics, &b);
	return respond_send(q, c, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", &b,
			    /* variant= */ NULL);
}

/* --- invocations --- */

static const char *header(struct MHD_Connection *c, const char *name)
{
	return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

/* "type" or "type; parameters", the charset among which must be UTF-8. */
static bool is_media_type(const char *value, const char *type)
{
	size_t n = strlen(type);
	const char *charset = str_find_ci(value, "charset=");

	if (!str_starts_ci(value, type) || (value[n] && !strchr(" \t;", value[n])))
		return false;
	if (!charset)
		return true;
	charset += strlen("charset=");
	charset += *charset == '"';
	return str_starts_ci(charset, "utf-8") || str_starts_ci(charset, "utf8") ||
	       str_starts_ci(charset, "us-ascii");
}

static bool body_type_of(struct MHD_Connection *c, enum body_type *ret)
{
	const char *value = header(c, MHD_HTTP_HEADER_CONTENT_TYPE);

	if (!value)
		return false;
	*ret = is_media_type(value, "text/csv") ? BODY_CSV : BODY_JSON;
	return *ret == BODY_CSV || is_media_type(value, "application/json");
}

int request_check_headers(const struct request *q, struct MHD_Connection *c)
{
	const char *length = header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
	enum body_type type;
	uint64_t n;

	if (!str_eq(q->route->method, MHD_HTTP_METHOD_POST))
		return 0;
	if (!length && !header(c, MHD_HTTP_HEADER_TRANSFER_ENCODING))
		return MHD_HTTP_LENGTH_REQUIRED;
	if (length && (str_parse_u64(length, &n, /* err= */ NULL) < 0 || n > LIMIT_SCORER_BODY))
		return MHD_HTTP_CONTENT_TOO_LARGE;
	return body_type_of(c, &type) ? 0 : MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
}

/* JSON unless CSV alone, or CSV before JSON, is asked for. */
static bool wants_csv(struct MHD_Connection *c)
{
	const char *accept = header(c, MHD_HTTP_HEADER_ACCEPT);
	const char *csv = accept ? str_find_ci(accept, "text/csv") : NULL;
	const char *json = accept ? str_find_ci(accept, "application/json") : NULL;

	return csv && (!json || csv < json);
}

/* The endpoint of now, which a reload does not take away. */
static struct endpoint *hold_endpoint(struct server *s)
{
	struct endpoint *e;

	(void)pthread_mutex_lock(&s->lock);
	e = endpoint_ref(s->endpoint);
	(void)pthread_mutex_unlock(&s->lock);
	return e;
}

static unsigned status_of(int code)
{
	return code == E_NOMEM ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_BAD_REQUEST;
}

static enum MHD_Result score(struct request *q, struct MHD_Connection *c, struct variant *v,
			     struct invocation *in)
{
	int64_t started = clock_us();
	_cleanup_buf_ struct buf answer;
	struct batch *batch = NULL;
	struct err err = ERR_INIT;
	size_t rows = 0;
	int r = variant_take_batch(v, &batch, &err);

	buf_init(&answer, LIMIT_SCORER_ANSWER);
	if (r == 0) {
		r = invoke(v->model, batch, in, &answer, &rows, &err);
		variant_give_batch(v, batch);
	}
	metrics_count(v->metrics, rows, r < 0, clock_us() - started);
	if (r < 0)
		return respond_error(q, c, status_of(r), err.text, v->name);
	return respond_send(q, c, MHD_HTTP_OK,
			    in->csv_answer ? "text/csv; charset=utf-8"
					   : "application/json; charset=utf-8",
			    &answer, v->name);
}

static enum MHD_Result handle_invocations(struct request *q, struct MHD_Connection *c)
{
	const char *output = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "output");
	const char *target = header(c, "x-splice-target-variant");
	_cleanup_(endpoint_unrefp) struct endpoint *e = hold_endpoint(q->server);
	struct variant *v = target ? endpoint_find(e, target) : endpoint_choose(e);
	struct invocation in = {
		.all = output && str_eq(output, "all"),
		.csv_answer = wants_csv(c),
		.body = (char *)q->body.data,
		.n = q->body.len,
	};

	if (!v && target)
		return respond_refuse(q, c, MHD_HTTP_BAD_REQUEST,
				      "x-splice-target-variant names no variant of this endpoint");
	if (!v)
		return respond_refuse(q, c, MHD_HTTP_SERVICE_UNAVAILABLE,
				      "all variants have weight 0");
	if (output && !in.all && !str_eq(output, "prediction"))
		return respond_refuse(q, c, MHD_HTTP_BAD_REQUEST,
				      "\"output\" is \"all\" or \"prediction\"");
	if (!body_type_of(c, &in.type))
		return respond_refuse(q, c, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
				      respond_text(MHD_HTTP_UNSUPPORTED_MEDIA_TYPE));
	return score(q, c, v, &in);
}

/* --- the table --- */

static const struct route routes[] = {
	{"/ping", MHD_HTTP_METHOD_GET, handle_ping},
	{"/health", MHD_HTTP_METHOD_GET, handle_ping},
	{"/version", MHD_HTTP_METHOD_GET, handle_version},
	{"/metrics", MHD_HTTP_METHOD_GET, handle_metrics},
	{"/invocations", MHD_HTTP_METHOD_POST, handle_invocations},
};

/* MHD leaves the body of an answer to HEAD out. */
static bool fits(const struct route *r, const char *method)
{
	return str_eq(r->method, method) ||
	       (str_eq(r->method, MHD_HTTP_METHOD_GET) && str_eq(method, MHD_HTTP_METHOD_HEAD));
}

const struct route *routes_find(const char *path, const char *method, int *ret_status,
				const char **ret_allow)
{
	*ret_status = MHD_HTTP_NOT_FOUND;
	for (size_t i = 0; i < ARRAY_LEN(routes); i++) {
		if (!str_eq(routes[i].path, path))
			continue;
		if (fits(&routes[i], method)) {
			*ret_status = 0;
			return &routes[i];
		}
		*ret_status = MHD_HTTP_METHOD_NOT_ALLOWED;
		*ret_allow = str_eq(routes[i].method, MHD_HTTP_METHOD_POST) ? "POST" : "GET, HEAD";
	}
	return NULL;
}
