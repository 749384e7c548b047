/*
 * From the HTTP library's callback to a handler and back.  The library calls
 * several times for one request: when its headers are there, for each piece
 * of its body, and at its end.
 */
#include "web/web-int.h"

#include "base/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { POST_BUFFER = 4096 };

static enum MHD_Result add_query(void *cls, enum MHD_ValueKind kind, const char *name,
				 size_t n_name, const char *value, size_t n)
{
	struct call *q = cls;

	(void)kind, (void)n_name;
	return params_add(&q->query, name, value ? value : "", n, &q->body_err) == 0 ? MHD_YES
										     : MHD_NO;
}

static enum MHD_Result add_field(void *cls, enum MHD_ValueKind kind, const char *name,
				 const char *filename, const char *type, const char *encoding,
				 const char *data, uint64_t at, size_t n)
{
	struct call *q = cls;
	int r;

	(void)kind, (void)filename, (void)type, (void)encoding;
	r = at == 0 ? params_add(&q->form, name, data ? data : "", n, &q->body_err)
		    : params_append(&q->form, data, n, &q->body_err);
	return r == 0 ? MHD_YES : MHD_NO;
}

/* A program's body is JSON, whatever type its client gives by default. */
static bool is_form(const struct call *q)
{
	const char *type = call_header(q, MHD_HTTP_HEADER_CONTENT_TYPE);

	return type && !(q->route->flags & ROUTE_API) &&
	       (str_starts_ci(type, MHD_HTTP_POST_ENCODING_FORM_URLENCODED) ||
		str_starts_ci(type, MHD_HTTP_POST_ENCODING_MULTIPART_FORMDATA));
}

static int too_big(struct err *err)
{
	return err_set(err, E_TOOBIG, "the request is larger than %zu KiB",
		       (size_t)LIMIT_WEB_BODY / 1024);
}

static int check_length(const struct call *q, struct err *err)
{
	const char *text = call_header(q, MHD_HTTP_HEADER_CONTENT_LENGTH);
	uint64_t length = 0;

	if (text && (str_parse_u64(text, &length, NULL) < 0 || length > LIMIT_WEB_BODY))
		return too_big(err);
	return 0;
}

static int start_form(struct call *q, struct err *err)
{
	if (call_is_safe(q) || !is_form(q))
		return 0;
	q->post = MHD_create_post_processor(q->mhd, POST_BUFFER, add_field, q);
	/* Of the right type, so what is missing is a boundary. */
	return q->post ? 0 : err_set(err, E_INPUT, "the form has no boundary");
}

static int admit(struct call *q, struct err *err)
{
	int r;

	(void)MHD_get_connection_values_n(q->mhd, MHD_GET_ARGUMENT_KIND, add_query, q);
	if (q->body_err.code) {
		*err = q->body_err;
		return err->code;
	}
	r = access_check(q, err);
	if (r == 0)
		r = check_length(q, err);
	if (r == 0)
		r = start_form(q, err);
	return r;
}

static struct call *call_new(struct web *w, struct MHD_Connection *mhd, const char *path,
			     const char *method)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct call *q = calloc(1, sizeof(*q));

	if (!q)
		return NULL;
	q->web = w;
	q->mhd = mhd;
	q->method = method;
	q->conn = info ? info->socket_context : NULL;
	buf_init(&q->body, LIMIT_WEB_BODY);
	buf_init(&q->reply.body, LIMIT_WEB_PAGE);
	q->path = utf8_repair(path, strlen(path));
	if (q->path)
		return q;
	call_free(q);
	return NULL;
}

static enum MHD_Result send_now(struct call *q)
{
	conns_phase(q->web->conns, q->conn, CONN_SEND);
	return reply_send(q);
}

static enum MHD_Result begin(struct web *w, struct MHD_Connection *mhd, const char *path,
			     const char *method, void **state)
{
	struct call *q = call_new(w, mhd, path, method);
	struct err err = ERR_INIT;
	int r;

	if (!q)
		return MHD_NO;
	*state = q;
	conns_phase(w->conns, q->conn, CONN_BODY);
	r = admit(q, &err);
	if (r == 0)
		return MHD_YES;
	if (r < 0)
		reply_error(q, &err);
	/* An answer before the body costs the connection. */
	q->answered = call_is_safe(q);
	return q->answered ? MHD_YES : send_now(q);
}

static void take_piece(struct call *q, const char *data, size_t n)
{
	q->received += n;
	if (q->body_err.code)
		return;
	if (q->received > LIMIT_WEB_BODY)
		(void)too_big(&q->body_err);
	else if (!q->post)
		buf_put(&q->body, data, n);
	else if (MHD_post_process(q->post, data, n) != MHD_YES && !q->body_err.code)
		(void)err_set(&q->body_err, E_INPUT, "the form cannot be read");
}

/* The end of a form's last value is seen when its parser ends, whose own verdict calls the end of
 * many browsers' forms odd. */
static int end_form(struct call *q, struct err *err)
{
	if (q->post)
		(void)MHD_destroy_post_processor(TAKE(q->post));
	if (!q->body_err.code)
		return buf_check(&q->body, "the request", err);
	*err = q->body_err;
	return err->code;
}

static enum MHD_Result answer(struct call *q)
{
	struct err err = ERR_INIT;
	int r;

	conns_phase(q->web->conns, q->conn, CONN_WORK);
	r = end_form(q, &err);
	if (r == 0)
		r = access_check_form(q, &err);
	if (r == 0)
		r = q->route->run(q, &err);
	if (r == 0)
		r = buf_check(&q->reply.body, "the answer", &err);
	if (r < 0)
		reply_error(q, &err);
	log_line(q->web->log, LOG_DEBUG, "web", "%s %s: %d %s", q->method, q->path,
		 q->reply.status ? q->reply.status : MHD_HTTP_OK, err.text);
	return send_now(q);
}

enum MHD_Result serve_request(void *web, struct MHD_Connection *mhd, const char *path,
			      const char *method, const char *version, const char *data,
			      size_t *n_data, void **state)
{
	struct call *q = *state;

	(void)version;
	if (!q)
		return begin(web, mhd, path, method, state);
	if (q->answered)
		return send_now(q);
	if (*n_data) {
		take_piece(q, data, *n_data);
		*n_data = 0;
		/* Some of what is too much is read, so that the client hears why. */
		return q->received > 4 * (uint64_t)LIMIT_WEB_BODY ? MHD_NO : MHD_YES;
	}
	return answer(q);
}

void serve_completed(void *web, struct MHD_Connection *mhd, void **state,
		     enum MHD_RequestTerminationCode why)
{
	struct call *q = *state;

	(void)web, (void)mhd, (void)why;
	if (!q)
		return;
	conns_phase(q->web->conns, q->conn, CONN_HEADERS);
	call_free(q);
	*state = NULL;
}
