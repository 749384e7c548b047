/* Answers of the HTTP server. */
#include "base/limits.h"
#include "scorer/answer.h"
#include "scorer/server-int.h"

static const struct {
	int status;
	const char *code, *text;
} statuses[] = {
	{MHD_HTTP_BAD_REQUEST, "BAD_REQUEST", "the request is wrong"},
	{MHD_HTTP_NOT_FOUND, "NOT_FOUND",
	 "there is no such address; there are /invocations, /ping, /health, /version and /metrics"},
	{MHD_HTTP_METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED",
	 "/invocations takes POST, the other addresses take GET"},
	{MHD_HTTP_LENGTH_REQUIRED, "LENGTH_REQUIRED",
	 "a body with Content-Length, or in chunks, belongs to this request"},
	{MHD_HTTP_CONTENT_TOO_LARGE, "PAYLOAD_TOO_LARGE",
	 "the body is larger than 32 MB; divide the rows among several requests"},
	{MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE",
	 "Content-Type is neither application/json nor text/csv, in UTF-8"},
	{MHD_HTTP_INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", "the server failed"},
	{MHD_HTTP_SERVICE_UNAVAILABLE, "UNAVAILABLE", "the server has no room now; try again"},
};

static size_t find_status(int status)
{
	size_t i = 0;

	while (i + 1 < ARRAY_LEN(statuses) && statuses[i].status != status)
		i++;
	return i;
}

const char *respond_text(int status)
{
	return statuses[find_status(status)].text;
}

static void add_headers(struct request *q, struct MHD_Response *r, unsigned status,
			const char *type, const char *variant)
{
	(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (variant)
		(void)MHD_add_response_header(r, "x-splice-variant", variant);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW,
					      q->allow ? q->allow : "GET, HEAD");
	if (atomic_load(&q->server->draining))
		(void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
}

enum MHD_Result respond_send(struct request *q, struct MHD_Connection *c, unsigned status,
			     const char *type, struct buf *b, const char *variant)
{
	struct MHD_Response *r;
	enum MHD_Result sent;

	if (b->failed)
		return MHD_NO;
	r = MHD_create_response_from_buffer(b->len, b->data, MHD_RESPMEM_MUST_FREE);
	if (!r)
		return MHD_NO;
	buf_init(b, b->max); /* the response has the contents now */
	add_headers(q, r, status, type, variant);
	sent = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return sent;
}

enum MHD_Result respond_error(struct request *q, struct MHD_Connection *c, unsigned status,
			      const char *message, const char *variant)
{
	_cleanup_buf_ struct buf b;

	buf_init(&b, KIB(64));
	answer_error(&b, statuses[find_status((int)status)].code, message);
	return respond_send(q, c, status, "application/json; charset=utf-8", &b, variant);
}

enum MHD_Result respond_refuse(struct request *q, struct MHD_Connection *c, unsigned status,
			       const char *message)
{
	atomic_fetch_add(&q->server->options.metrics->refused, 1);
	return respond_error(q, c, status, message, /* variant= */ NULL);
}
