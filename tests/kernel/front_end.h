/*
 * A kernel in this process and its front end, the wire of protocol/jupyter as its client.  No child
 * is started.
 */
#ifndef TESTS_KERNEL_FRONT_END_H
#define TESTS_KERNEL_FRONT_END_H

#include "kernel/kernel.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "kernel/bridge.h"
#include "kernel/child.h"
#include "notebook/files.h"
#include "notebook/services.h"
#include "tests/harness.h"
#include "tracking/tracking.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_MS = 10000 };

struct server {
	const char *dir;
	int gate; /* listens for the database's clients */
	struct config *config;
	struct log log;
	struct notebook nb;
	struct kernel kernel;
	pthread_t thread;
	int result;
};

struct client {
	void *zmq, *shell, *control, *iopub;
	struct jupyter_signer *signer;
};

static void *serve(void *userdata)
{
	struct server *s = userdata;
	struct err err = ERR_INIT;

	s->result = kernel_run(&s->kernel, &err);
	return NULL;
}

/*
 * A server that accepts connections and says nothing.  SQL cells wait for it as their database,
 * the start of Python as the place of AWS credentials.
 */
static int make_gate(struct server *s, struct err *err)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);
	char url[64], metadata[64];

	s->gate = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->gate < 0 || bind(s->gate, (struct sockaddr *)&at, n) < 0 || listen(s->gate, 8) < 0 ||
	    getsockname(s->gate, (struct sockaddr *)&at, &n) < 0)
		return err_set_errno(err, E_IO, errno, "gate");
	snprintf(url, sizeof(url), "derby://app:app@127.0.0.1:%d/db", ntohs(at.sin_port));
	snprintf(metadata, sizeof(metadata), "http://127.0.0.1:%d", ntohs(at.sin_port));
	if (setenv("SPLICE_URL", url, 1) < 0 ||
	    setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata, 1) < 0 ||
	    unsetenv("AWS_EC2_METADATA_DISABLED") < 0)
		return err_nomem(err);
	return 0;
}

/* Resets the connections: the cell that waits fails. */
static inline void open_gate(struct server *s)
{
	(void)close(s->gate);
	s->gate = -1;
}

static int open_notebook(struct server *s, struct err *err)
{
	struct tracking_options tracking = {.log = &s->log};
	int r = config_load(&s->config, err);

	s->nb.config = s->config;
	s->nb.log = &s->log;
	if (r == 0)
		r = services_new(s->config, &s->log, &s->nb.services, err);
	if (r == 0)
		r = files_new(s->config, &s->nb.files, err);
	return r == 0 ? tracking_new(&tracking, &s->nb.tracking, err) : r;
}

static int server_start(struct server *s, struct err *err)
{
	static const char *const places[] = {"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
					     "XDG_RUNTIME_DIR"};
	struct jupyter_connection *c = &s->kernel.connection;
	int r;

	s->dir = test_dir();
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		(void)setenv(places[i], s->dir, 1);
	s->log.fd = -1;
	s->kernel.log = &s->log;
	s->kernel.nb = &s->nb;
	c->transport = str_dup("ipc");
	c->ip = str_fmt("%s/f", s->dir);
	c->key = str_dup("a key"); /* and ports of 0: the kernel chooses */
	r = make_gate(s, err);
	if (r == 0)
		r = kernel_catch_signals(&s->kernel, err);
	if (r == 0)
		r = open_notebook(s, err);
	if (r == 0)
		r = kernel_open(&s->kernel, err);
	if (r == 0)
		r = child_new(&s->kernel, &s->kernel.child, err);
	if (r == 0)
		r = bridge_new(&s->kernel, s->dir, &s->kernel.bridge, err);
	if (r == 0 && pthread_create(&s->thread, NULL, serve, s) != 0)
		r = err_set(err, E_IO, "pthread_create");
	return r;
}

/* After a shutdown_request. */
static void server_end(struct server *s)
{
	(void)pthread_join(s->thread, NULL);
	CHECK_INT(s->result, 0);
	kernel_close(&s->kernel);
	tracking_free(s->nb.tracking);
	files_free(s->nb.files);
	services_free(s->nb.services);
	config_free(s->config);
	if (s->gate >= 0)
		(void)close(s->gate);
	jupyter_connection_release(&s->kernel.connection);
}

static void *connect_to(struct client *c, const struct server *s, int type,
			enum jupyter_channel channel)
{
	_cleanup_free_ char *endpoint = jupyter_connection_endpoint(&s->kernel.connection, channel);
	void *socket = zmq_socket(c->zmq, type);
	int zero = 0;

	zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof(zero));
	zmq_setsockopt(socket, ZMQ_RCVHWM, &zero, sizeof(zero));
	zmq_setsockopt(socket, ZMQ_SNDHWM, &zero, sizeof(zero));
	if (type == ZMQ_SUB)
		zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0);
	CHECK_INT(zmq_connect(socket, endpoint), 0);
	return socket;
}

static bool receive(struct client *c, void *socket, struct jupyter_msg *ret)
{
	zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
	struct err err = ERR_INIT;

	if (zmq_poll(&item, 1, WAIT_MS) <= 0 || jupyter_recv(socket, c->signer, ret, &err) <= 0) {
		test_fail(__FILE__, __LINE__, "no message came: %s", err.text);
		return false;
	}
	return true;
}

static void client_connect(struct client *c, const struct server *s)
{
	struct err err = ERR_INIT;
	struct jupyter_msg m = {0};

	c->zmq = zmq_ctx_new();
	CHECK_OK(jupyter_signer_new(s->kernel.connection.key, "tester", &c->signer, &err), &err);
	c->shell = connect_to(c, s, ZMQ_DEALER, JUPYTER_SHELL);
	c->control = connect_to(c, s, ZMQ_DEALER, JUPYTER_CONTROL);
	c->iopub = connect_to(c, s, ZMQ_SUB, JUPYTER_IOPUB);
	if (receive(c, c->iopub, &m)) {
		CHECK_STR(m.msg_type, "iopub_welcome");
		jupyter_msg_release(&m);
	}
}

static void client_close(struct client *c)
{
	zmq_close(c->shell);
	zmq_close(c->control);
	zmq_close(c->iopub);
	jupyter_signer_free(c->signer);
	zmq_ctx_term(c->zmq);
}

static void request(struct client *c, void *socket, const char *id, const char *type,
		    const char *content)
{
	struct jupyter_out out = {.msg_id = id, .msg_type = type, .content = slice_of(content)};
	struct err err = ERR_INIT;

	CHECK_OK(jupyter_send(socket, c->signer, &out, &err), &err);
}

/* The next reply: its type, whose it is, and a member of its content; the caller frees the text. */
static char *reply(struct client *c, void *socket, const char *member)
{
	struct jupyter_msg m = {0};
	json_auto_t *content = NULL;
	struct err err = ERR_INIT;
	char *text;

	if (!receive(c, socket, &m))
		return NULL;
	CHECK_OK(json_parse(m.content.p, m.content.n, "content", &content, &err), &err);
	text = str_fmt("%s %s %s", m.parent_id, m.msg_type, json_get_str(content, member, "-"));
	jupyter_msg_release(&m);
	return text;
}

#define CHECK_REPLY(c, socket, member, want)                                                       \
	do {                                                                                       \
		char *got_ = reply((c), (socket), (member));                                       \
		CHECK_STR(got_, want);                                                             \
		free(got_);                                                                        \
	} while (0)

/* What iopub says of one request, up to idle: "busy execute_input stream idle". */
static char *published(struct client *c, const char *id)
{
	_cleanup_buf_ struct buf b;
	bool idle = false;

	buf_init(&b, KIB(64));
	while (!idle) {
		struct jupyter_msg m = {0};
		json_auto_t *content = NULL;
		struct err err = ERR_INIT;

		if (!receive(c, c->iopub, &m))
			return NULL;
		if (m.parent_id && str_eq(m.parent_id, id)) {
			CHECK_OK(json_parse(m.content.p, m.content.n, "content", &content, &err),
				 &err);
			buf_printf(&b, "%s%s", b.len ? " " : "",
				   json_get_str(content, "execution_state", m.msg_type));
			idle = str_eq(json_get_str(content, "execution_state", ""), "idle");
		}
		jupyter_msg_release(&m);
	}
	return buf_take_str(&b);
}

#define CHECK_PUBLISHED(c, id, want)                                                               \
	do {                                                                                       \
		char *got_ = published((c), (id));                                                 \
		CHECK_STR(got_, want);                                                             \
		free(got_);                                                                        \
	} while (0)

static void start(struct server *s, struct client *c)
{
	struct err err = ERR_INIT;

	REQUIRE_OK(server_start(s, &err), &err);
	client_connect(c, s);
}

static void shut_down(struct server *s, struct client *c)
{
	request(c, c->control, "end", "shutdown_request", "{\"restart\":false}");
	CHECK_REPLY(c, c->control, "status", "end shutdown_reply ok");
	CHECK_PUBLISHED(c, "end", "busy shutdown_reply idle");
	server_end(s);
	client_close(c);
}

static const char help[] __attribute__((unused)) = "{\"code\":\"%splicemachine --help\"}";
static const char wrong[] __attribute__((unused)) =
	"{\"code\":\"%splicemachine --no-such-option 1\"}";
static const char empty[] __attribute__((unused)) = "{\"code\":\"\"}";
static const char gated_going_on[] __attribute__((unused)) =
	"{\"code\":\"%splicemachine values 1\",\"stop_on_error\":false}";
static const char gated[] __attribute__((unused)) = "{\"code\":\"%splicemachine values 1\"}";

static inline void check_replies(struct client *c, int n, const char *member, const char *want)
{
	for (int i = 0; i < n; i++) {
		_cleanup_free_ char *got = reply(c, c->shell, member);

		if (!got || !str_eq(got, want)) {
			test_fail(__FILE__, __LINE__, "reply %d is \"%s\", not \"%s\"", i,
				  got ? got : "(none)", want);
			return;
		}
	}
}

/* Cells behind one that waits; all of them have arrived when this returns. */
static inline void queue_behind(struct client *c, const char *first, int n, const char *code)
{
	request(c, c->shell, "first", "execute_request", first);
	for (int i = 0; i < n; i++)
		request(c, c->shell, "queued", "execute_request", code);
	/* Not a cell: answered while one runs. */
	request(c, c->shell, "info", "kernel_info_request", "{}");
	CHECK_REPLY(c, c->shell, "status", "info kernel_info_reply ok");
}

#endif
