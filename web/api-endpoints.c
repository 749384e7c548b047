/* /api/endpoints and below. */
#include "web/pages.h"
#include "web/served.h"

static json_t *served_list_json(const struct served_list *list)
{
	json_auto_t *items = json_array();

	for (size_t i = 0; items && i < list->len; i++)
		if (json_array_append_new(items, served_json(&list->items[i])) < 0)
			return NULL;
	return json_incref(items);
}

int reply_served(struct call *q, const char *member, struct err *err)
{
	_cleanup_served_list_ struct served_list list = {0};
	struct store *store = NULL;
	int r = call_store(q, &store, err);

	if (r == 0)
		r = served_all(store, /* ping= */ true, &q->web->stop, &list, err);
	return r < 0 ? r
		     : reply_json(q, MHD_HTTP_OK,
				  json_pack("{s:o}", member, served_list_json(&list)), err);
}

int api_endpoints(struct call *q, struct err *err)
{
	return reply_served(q, "endpoints", err);
}

int api_endpoint(struct call *q, struct err *err)
{
	_cleanup_served_ struct served e = {0};
	int r = call_endpoint(q, &e, err);

	return r < 0 ? r
		     : reply_json(q, MHD_HTTP_OK, json_pack("{s:o}", "endpoint", served_json(&e)),
				  err);
}

/* The endpoint's answer: JSON as it is, other text as a text. */
static json_t *answer_json(const struct invoke_answer *a)
{
	json_t *body = json_loads(a->text, JSON_DECODE_ANY, NULL);

	return json_pack("{s:i, s:I, s:s, s:s, s:o}", "status", a->status, "ms", (json_int_t)a->ms,
			 "type", a->type, "variant", a->variant, "answer",
			 body ? body : json_strz(a->text));
}

int api_invoke(struct call *q, struct err *err)
{
	_cleanup_served_ struct served e = {0};
	_cleanup_invoke_answer_ struct invoke_answer answer = {0};
	const char *type = call_header(q, MHD_HTTP_HEADER_CONTENT_TYPE);
	int r = call_endpoint(q, &e, err);

	if (r == 0)
		r = served_invoke(&e, type ? type : "application/json", q->body.data, q->body.len,
				  &q->web->stop, &answer, err);
	q->upstream = r < 0;
	return r < 0 ? r : reply_json(q, MHD_HTTP_OK, answer_json(&answer), err);
}

int api_shift(struct call *q, struct err *err)
{
	json_t *in = NULL;
	int64_t id = 0;
	int r = call_json(q, &in, err);

	if (r == 0)
		r = endpoint_job(q, REQUEST_SHIFT, in, &id, err);
	return r < 0 ? r : reply_job_id(q, MHD_HTTP_CREATED, id, err);
}

int api_undeploy(struct call *q, struct err *err)
{
	int64_t id = 0;
	int r = endpoint_job(q, REQUEST_UNDEPLOY, json_object(), &id, err);

	return r < 0 ? r : reply_job_id(q, MHD_HTTP_CREATED, id, err);
}
