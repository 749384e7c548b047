/* Requests. */
#include "kernel/request.h"

#include "base/limits.h"

int request_new(struct jupyter_msg *msg, enum jupyter_channel channel, uint64_t number,
		struct request **ret, struct err *err)
{
	struct request *q = calloc(1, sizeof(*q));

	if (!q) {
		jupyter_msg_release(msg);
		return err_nomem(err);
	}
	q->refs = 1;
	q->cancel.fd = -1;
	q->msg = *msg;
	*msg = (struct jupyter_msg){0};
	q->channel = channel;
	q->number = number;
	buf_init(&q->text, MIB(1));
	*ret = q;
	return 0;
}

struct request *request_ref(struct request *q)
{
	q->refs++;
	return q;
}

void request_shrink(struct request *q)
{
	jupyter_msg_shrink(&q->msg);
	cancel_release(&q->cancel);
	free(TAKE(q->args.code));
	free(TAKE(q->reply_metadata));
	json_decref(TAKE(q->args.user_expressions));
	cell_release(&q->cell);
	buf_release(&q->text);
}

void request_unref(struct request *q)
{
	if (!q || --q->refs)
		return;
	request_shrink(q);
	jupyter_msg_release(&q->msg);
	free(q);
}

int request_content(const struct request *q, json_t **ret, struct err *err)
{
	json_t *j;
	int r = json_parse(q->msg.content.p, q->msg.content.n, "the content", &j, err);

	if (r < 0)
		return r;
	if (!json_is_object(j)) {
		json_decref(j);
		return err_set(err, E_PROTO, "the content is no object");
	}
	*ret = j;
	return 0;
}

int request_decode_execute(struct request *q, struct err *err)
{
	json_auto_t *j = NULL;
	json_error_t at;
	const char *code = NULL;
	size_t n = 0;
	int silent = 0, store_history = -1, allow_stdin = 1, stop_on_error = 1;
	json_t *expressions = NULL;
	int r = request_content(q, &j, err);

	if (r < 0)
		return r;
	if (json_unpack_ex(j, &at, 0, "{s:s%, s?b, s?b, s?b, s?b, s?o}", "code", &code, &n,
			   "silent", &silent, "store_history", &store_history, "allow_stdin",
			   &allow_stdin, "stop_on_error", &stop_on_error, "user_expressions",
			   &expressions) < 0)
		return err_set(err, E_PROTO, "execute_request: %s", at.text);
	q->args.code = str_ndup(code, n);
	if (!q->args.code)
		return err_nomem(err);
	q->args.silent = silent;
	/* "store_history … defaults to True unless silent is True, which forces it to False" */
	q->args.store_history = !silent && store_history != 0;
	q->args.allow_stdin = allow_stdin;
	q->args.stop_on_error = stop_on_error;
	if (json_is_object(expressions) && json_object_size(expressions))
		q->args.user_expressions = json_incref(expressions);
	return 0;
}
