/* Requests on shell and control, by type. */
#include "kernel/handlers.h"

#include "base/str.h"
#include "kernel/child.h"
#include "kernel/complete.h"
#include "kernel/execute.h"
#include "kernel/history.h"

#include <string.h>

/* Handlers that answer at once return true; the others call kernel_finish later. */
typedef bool handler_fn(struct kernel *k, struct request *q, const json_t *content);

static bool on_kernel_info(struct kernel *k, struct request *q, const json_t *content)
{
	static const char banner[] = "splice-kernel " SPLICE_VERSION
				     ": SQL with %splicemachine, PySpark with %spark.pyspark, "
				     "tracking with %mlmanager. Help: %splicemachine --help";
	json_t *language = json_pack("{ss ss ss ss ss s{ss si} ss}", "name", "python", "version",
				     "3", "mimetype", "text/x-python", "file_extension", ".py",
				     "pygments_lexer", "ipython3", "codemirror_mode", "name",
				     "ipython", "version", 3, "nbconvert_exporter", "python");

	(void)content;
	kernel_reply(k, q, "kernel_info_reply",
		     json_pack("{ss ss ss ss so ss s[{ss ss}] s[s] sb}", "status", "ok",
			       "protocol_version", JUPYTER_PROTOCOL_VERSION, "implementation",
			       "splice-kernel", "implementation_version", SPLICE_VERSION,
			       "language_info", language, "banner", banner, "help_links", "text",
			       "MLflow tracking", "url", "https://mlflow.org/docs/latest/",
			       "supported_features", "kernel subshells", "debugger", 0));
	return true;
}

static bool on_execute(struct kernel *k, struct request *q, const json_t *content)
{
	struct err err = ERR_INIT;

	(void)content;
	if (request_decode_execute(q, &err) == 0) {
		execute_request(k, q);
		return false;
	}
	log_line(k->log, LOG_WARNING, "shell", "%s", err.text);
	kernel_status(k, q, "busy");
	kernel_reply_error(k, q, &err);
	return true;
}

static bool on_history(struct kernel *k, struct request *q, const json_t *content)
{
	kernel_reply(k, q, "history_reply", history_reply(k->history, content));
	return true;
}

static bool on_complete(struct kernel *k, struct request *q, const json_t *content)
{
	return complete_request(k, q, content);
}

static bool on_inspect(struct kernel *k, struct request *q, const json_t *content)
{
	return inspect_request(k, q, content);
}

static bool on_is_complete(struct kernel *k, struct request *q, const json_t *content)
{
	return is_complete_request(k, q, content);
}

static bool on_comm_info(struct kernel *k, struct request *q, const json_t *content)
{
	if (child_ask(k, q, content, 0))
		return false;
	kernel_reply(k, q, "comm_info_reply", json_pack("{ss s{}}", "status", "ok", "comms"));
	return true;
}

static bool on_comm_open(struct kernel *k, struct request *q, const json_t *content)
{
	if (child_comm(k, q))
		return false;
	iopub_publish_json(k->iopub, "comm_close", q->msg.header,
			   json_pack("{ss s{}}", "comm_id", json_get_str(content, "comm_id", ""),
				     "data"));
	return true;
}

static bool on_comm(struct kernel *k, struct request *q, const json_t *content)
{
	(void)content;
	return !child_comm(k, q);
}

static bool on_connect(struct kernel *k, struct request *q, const json_t *content)
{
	const int *ports = k->connection.ports;

	(void)content;
	kernel_reply(k, q, "connect_reply",
		     json_pack("{ss si si si si si}", "status", "ok", "shell_port",
			       ports[JUPYTER_SHELL], "iopub_port", ports[JUPYTER_IOPUB],
			       "stdin_port", ports[JUPYTER_STDIN], "hb_port", ports[JUPYTER_HB],
			       "control_port", ports[JUPYTER_CONTROL]));
	return true;
}

/* An answer without more, or what went wrong; err as the step set it. */
static void reply_outcome(struct kernel *k, struct request *q, const char *type,
			  const struct err *err, json_t *content)
{
	if (err->code) {
		json_decref(content);
		kernel_reply_error(k, q, err);
		return;
	}
	kernel_reply(k, q, type, content);
}

static bool on_create_subshell(struct kernel *k, struct request *q, const json_t *content)
{
	struct err err = ERR_INIT;
	struct subshell *s = NULL;
	json_t *reply = NULL;

	(void)content;
	if (subshell_open(k, &s, &err) == 0)
		reply = json_pack("{ss ss}", "status", "ok", "subshell_id", s->id);
	reply_outcome(k, q, "create_subshell_reply", &err, reply);
	return true;
}

static bool on_delete_subshell(struct kernel *k, struct request *q, const json_t *content)
{
	struct err err = ERR_INIT;

	if (subshell_delete(k, json_get_str(content, "subshell_id", NULL), &err) < 0)
		log_line(k->log, LOG_INFO, "control", "%s", err.text);
	reply_outcome(k, q, "delete_subshell_reply", &err, json_pack("{ss}", "status", "ok"));
	return true;
}

static bool on_list_subshell(struct kernel *k, struct request *q, const json_t *content)
{
	(void)content;
	kernel_reply(k, q, "list_subshell_reply",
		     json_pack("{ss so}", "status", "ok", "subshell_id", subshell_list(k)));
	return true;
}

static bool on_interrupt(struct kernel *k, struct request *q, const json_t *content)
{
	(void)content;
	kernel_interrupt(k);
	kernel_reply(k, q, "interrupt_reply", json_pack("{ss}", "status", "ok"));
	return true;
}

static bool on_shutdown(struct kernel *k, struct request *q, const json_t *content)
{
	json_t *reply = json_pack("{ss sb}", "status", "ok", "restart",
				  json_get_bool(content, "restart", false));

	/* Answered before anything slow is taken down; iopub gets a copy. */
	kernel_interrupt(k);
	kernel_reply(k, q, "shutdown_reply", json_incref(reply));
	iopub_publish_json(k->iopub, "shutdown_reply", q->msg.header, reply);
	k->stopping = true;
	return true;
}

static const struct handler {
	const char *type;
	handler_fn *fn;
	bool own_busy; /* publishes busy itself, when its turn comes */
} handlers[] = {
	{"kernel_info_request", on_kernel_info, false},
	{"execute_request", on_execute, true},
	{"complete_request", on_complete, false},
	{"inspect_request", on_inspect, false},
	{"is_complete_request", on_is_complete, false},
	{"history_request", on_history, false},
	{"comm_info_request", on_comm_info, false},
	{"comm_open", on_comm_open, false},
	{"comm_msg", on_comm, false},
	{"comm_close", on_comm, false},
	{"connect_request", on_connect, false},
	{"create_subshell_request", on_create_subshell, false},
	{"delete_subshell_request", on_delete_subshell, false},
	{"list_subshell_request", on_list_subshell, false},
	{"interrupt_request", on_interrupt, false},
	{"shutdown_request", on_shutdown, false},
};

static const struct handler *find_handler(const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(handlers); i++)
		if (str_eq(handlers[i].type, type))
			return &handlers[i];
	return NULL;
}

/* JSON that is fine elsewhere is not for us (a lone surrogate, a NUL): who asks gets an answer. */
static void refuse(struct kernel *k, struct request *q, bool known, const struct err *err)
{
	log_line(k->log, LOG_WARNING, jupyter_channel_name(q->channel), "%s: %s", q->msg.msg_type,
		 err->text);
	kernel_status(k, q, "busy");
	if (known)
		kernel_reply_error(k, q, err);
	kernel_finish(k, q);
}

void handle_request(struct kernel *k, struct request *q)
{
	const struct handler *h = find_handler(q->msg.msg_type);
	json_auto_t *content = NULL;
	struct err err = ERR_INIT;

	if (!h) {
		(void)err_set(&err, E_UNSUPPORTED, "unknown message type");
		refuse(k, q, /*known=*/false, &err);
		return;
	}
	if (request_content(q, &content, &err) < 0) {
		refuse(k, q, /*known=*/true, &err);
		return;
	}
	if (!h->own_busy)
		kernel_status(k, q, "busy");
	if (h->fn(k, q, content))
		kernel_finish(k, q);
}
