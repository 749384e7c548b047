/* Messages as JSON lines. */
#include "protocol/manager/wire.h"

#include "base/str.h"

#include <string.h>

static const char *const op_names[] = {
	[MANAGER_HELLO] = "hello", [MANAGER_ENSURE] = "ensure", [MANAGER_STATUS] = "status",
	[MANAGER_STOP] = "stop",   [MANAGER_RELOAD] = "reload",
};

static const char *const kind_names[] = {
	[MANAGER_KIND_CLI] = "cli",
	[MANAGER_KIND_KERNEL] = "kernel",
	[MANAGER_KIND_JOBS] = "jobs",
};

static int find_name(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(names[i], name))
			return (int)i;
	return -1;
}

static int read_hello(const json_t *j, struct manager_request *q, struct err *err)
{
	int kind = find_name(kind_names, ARRAY_LEN(kind_names), json_get_str(j, "kind", ""));

	q->version = json_get_int(j, "version", 0);
	if (q->version < 1)
		return err_set(err, E_PROTO, "hello without a version");
	if (kind < 0)
		return err_set(err, E_PROTO, "hello: kind is not \"kernel\", \"jobs\" or \"cli\"");
	q->kind = (enum manager_kind)kind;
	return 0;
}

static int read_service(const json_t *j, struct manager_request *q, struct err *err)
{
	const char *name = json_get_str(j, "service", "");

	if (strlen(name) >= sizeof(q->service))
		return err_set(err, E_PROTO, "a service's name is not that long");
	if ((q->op == MANAGER_ENSURE || q->op == MANAGER_RELOAD) && !*name)
		return err_set(err, E_PROTO, "%s without a service", op_names[q->op]);
	memcpy(q->service, name, strlen(name) + 1);
	return 0;
}

int manager_request_parse(const char *line, size_t n, struct manager_request *ret, struct err *err)
{
	json_auto_t *j = NULL;
	json_error_t at;
	const char *op_name;
	int op, r;

	*ret = (struct manager_request){0};
	r = json_parse(line, n, "request", &j, err);
	if (r < 0)
		return r;
	ret->id = json_get_int(j, "id", 0);
	if (json_unpack_ex(j, &at, 0, "{s:s}", "op", &op_name) < 0)
		return err_set(err, E_PROTO, "request: %s", at.text);
	op = find_name(op_names, ARRAY_LEN(op_names), op_name);
	if (op < 0)
		return err_set(err, E_UNSUPPORTED, "this manager has no operation \"%.40s\"",
			       op_name);
	ret->op = (enum manager_op)op;
	return ret->op == MANAGER_HELLO ? read_hello(j, ret, err) : read_service(j, ret, err);
}

static int put_bytes(const char *p, size_t n, void *userdata)
{
	buf_put(userdata, p, n);
	return 0;
}

/* Takes j; NULL, from a pack that ran out of memory, fails the buffer. */
static void put_line(struct buf *b, json_t *j)
{
	if (!j || json_dump_callback(j, put_bytes, b, JSON_COMPACT | JSON_SORT_KEYS) < 0)
		b->failed = b->failed ? b->failed : E_NOMEM;
	buf_put_u8(b, '\n');
	json_decref(j);
}

void manager_request_write(struct buf *b, const struct manager_request *q)
{
	if (q->op == MANAGER_HELLO)
		put_line(b, json_pack("{s:I s:s s:I s:s}", "id", q->id, "op", op_names[q->op],
				      "version", q->version, "kind", kind_names[q->kind]));
	else
		put_line(b, json_pack("{s:I s:s s:s*}", "id", q->id, "op", op_names[q->op],
				      "service", *q->service ? q->service : NULL));
}

void manager_notice_write(struct buf *b, json_int_t id, const char *text)
{
	put_line(b, json_pack("{s:I s:o}", "id", id, "notice", json_strz(text)));
}

void manager_error_write(struct buf *b, json_int_t id, const struct err *error)
{
	put_line(b, json_pack("{s:I s:b s:{s:s s:o s:o s:o}}", "id", id, "ok", 0, "error", "code",
			      err_code_name(error->code), "name", json_strz(error->name), "text",
			      json_strz(error->text), "hint", json_strz(error->hint)));
}

void manager_ok_write(struct buf *b, json_int_t id, json_t *members)
{
	if (members && (json_object_set_new(members, "id", json_integer(id)) < 0 ||
			json_object_set_new(members, "ok", json_true()) < 0)) {
		json_decref(members);
		members = NULL;
	}
	put_line(b, members);
}

int manager_reply_parse(const char *line, size_t n, struct manager_reply *ret, struct err *err)
{
	json_auto_t *j = NULL;
	int r = json_parse(line, n, "the manager's answer", &j, err);

	if (r < 0)
		return r;
	*ret = (struct manager_reply){
		.id = json_get_int(j, "id", 0),
		.notice = json_get_str(j, "notice", NULL),
	};
	if (!ret->notice && !json_is_boolean(json_object_get(j, "ok")))
		return err_set(err, E_PROTO, "the manager's answer is neither notice nor result");
	ret->body = TAKE(j);
	return 0;
}

void manager_reply_release(struct manager_reply *reply)
{
	json_decref(reply->body);
	*reply = (struct manager_reply){0};
}

/* The code of a name in a message; an unknown one is the server's affair. */
static int code_by_name(const char *name)
{
	static const int codes[] = {
#define E_VALUE(code_name, value, text) value,
		E_LIST(E_VALUE)
#undef E_VALUE
	};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i] && str_eq(err_code_name(codes[i]), name))
			return codes[i];
	return E_SERVER;
}

int manager_reply_result(const struct manager_reply *reply, struct err *err)
{
	const json_t *e = json_object_get(reply->body, "error");
	const char *text = json_get_str(e, "text", "");
	const char *hint = json_get_str(e, "hint", "");

	if (json_get_bool(reply->body, "ok", /* fallback= */ false))
		return 0;
	err_set(err, code_by_name(json_get_str(e, "code", "")), "%s",
		*text ? text : "the manager gave no reason");
	err_set_name(err, json_get_str(e, "name", ""));
	if (*hint)
		err_set_hint(err, "%s", hint);
	return err ? err->code : E_SERVER;
}
