/* What a handler asks of its call. */
#include "web/web-int.h"

#include "base/clock.h"
#include "base/limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { POLL_MS = 150 }; /* between two looks at the store: workers are other processes */

void call_free(struct call *q)
{
	if (!q)
		return;
	if (q->post)
		(void)MHD_destroy_post_processor(q->post);
	store_close(q->store);
	mlflow_free(q->mlflow);
	params_release(&q->query);
	params_release(&q->form);
	buf_release(&q->body);
	reply_release(&q->reply);
	free(q->path);
	free(q);
}

const char *call_header(const struct call *q, const char *name)
{
	return MHD_lookup_connection_value(q->mhd, MHD_HEADER_KIND, name);
}

bool call_is_json(const struct call *q)
{
	const char *type = call_header(q, MHD_HTTP_HEADER_CONTENT_TYPE);

	return type && str_starts_ci(type, "application/json");
}

int call_json(struct call *q, json_t **ret, struct err *err)
{
	json_t *j = NULL;
	int r = 0;

	if (q->body.len)
		r = json_parse((const char *)q->body.data, q->body.len, "the body", &j, err);
	else
		j = json_object();
	if (r == E_PROTO)
		r = err->code = E_INPUT;
	if (r == 0 && !j)
		return err_nomem(err);
	if (r == 0 && !json_is_object(j)) {
		json_decref(j);
		r = err_set(err, E_INPUT, "the body is not a JSON object");
	}
	if (r == 0)
		*ret = j;
	return r;
}

int call_store(struct call *q, struct store **ret, struct err *err)
{
	int r = q->store ? 0 : store_open(q->web->store_path, &q->store, err);

	if (r == 0)
		*ret = q->store;
	return r;
}

int call_mlflow(struct call *q, struct mlflow **ret, struct err *err)
{
	_cleanup_free_ char *uri = NULL;
	int r = 0;

	if (!q->mlflow) {
		r = q->web->mlflow_uri(q->web->userdata, &q->web->stop, &uri, err);
		if (r == 0)
			r = mlflow_new(uri, &q->mlflow, err);
	}
	if (r == 0)
		*ret = q->mlflow;
	q->upstream = r < 0;
	return r;
}

int call_job(struct call *q, struct job *ret, struct err *err)
{
	struct store *store = NULL;
	int r = call_store(q, &store, err);

	if (r == 0)
		r = store_job_get(store, q->match.id, ret, err);
	if (r == E_NOTFOUND) {
		r = err_set(err, E_NOTFOUND, "there is no job %" PRId64, q->match.id);
		err_set_hint(err, "it may have been removed; the list of jobs shows those there "
				  "are");
	}
	return r;
}

int call_bad_field(struct call *q, const char *field, struct err *err, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	q->field = field;
	return err_set(err, E_INPUT, "%s", text);
}

void web_wake(const struct web *w)
{
	if (w->job_added)
		w->job_added(w->userdata);
}

int web_wait_change(struct call *q, int64_t since, int64_t until, int64_t *ret, struct err *err)
{
	struct store *store = NULL;
	int r = call_store(q, &store, err);

	while (r == 0) {
		r = store_version(store, ret, err);
		if (r < 0 || *ret != since || clock_ms() >= until || cancel_fired(&q->web->stop))
			return r;
		/* Time passes, or the server ends; neither is an error. */
		(void)!cancel_wait_fd(&q->web->stop, /* fd= */ -1, 0, POLL_MS, NULL);
	}
	return r;
}
