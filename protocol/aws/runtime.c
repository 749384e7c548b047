/* InvokeEndpoint: REST, the body as it is. */
#include "protocol/aws/runtime.h"

#include "base/limits.h"
#include "base/str.h"
#include "protocol/aws/aws-int.h"

#include <string.h>

int runtime_invoke(struct aws *a, const struct runtime_request *req, struct buf *out,
		   struct err *err)
{
	_cleanup_http_response_ struct http_response res = {0};
	_cleanup_buf_ struct buf path;
	struct http_header headers[] = {{"Content-Type", req->content_type},
					{"X-Amzn-SageMaker-Target-Variant", req->variant}};
	struct aws_call call = {.service = AWS_RUNTIME,
				.effect = AWS_READS,
				.headers = headers,
				.n_headers = req->variant ? 2 : 1,
				.body = req->body,
				.n = req->n,
				.cancel = req->cancel};
	int r;

	buf_init(&path, LIMIT_SMALL_FILE);
	buf_put_str(&path, "/endpoints/");
	http_escape(&path, req->endpoint, strlen(req->endpoint), "");
	buf_put_str(&path, "/invocations");
	buf_put_u8(&path, 0);
	r = buf_check(&path, "the endpoint's path", err);
	call.path = (const char *)path.data;
	if (r == 0)
		r = aws_perform(a, &call, &res, err);
	if (r < 0)
		return err_prefix(err, "InvokeEndpoint");
	buf_put(out, res.body.data, res.body.len);
	return buf_check(out, "the endpoint's answer", err);
}
