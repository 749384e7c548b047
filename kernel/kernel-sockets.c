/* The front end's five sockets: bound where the connection file says, ports chosen where it does
 * not. */
#include "kernel/kernel-int.h"

#include "base/str.h"
#include "kernel/heartbeat.h"

#include <errno.h>
#include <string.h>

/* A port that was left to the system, from "tcp://127.0.0.1:40001". */
static int read_port(void *socket, int *port, struct err *err)
{
	char bound[256];
	size_t n = sizeof(bound);
	const char *colon;
	int64_t number;
	int r;

	if (*port)
		return 0;
	if (zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bound, &n) < 0)
		return err_set_errno(err, E_IO, errno, "ZMQ_LAST_ENDPOINT");
	colon = strrchr(bound, ':');
	r = colon ? str_parse_i64(colon + 1, &number, err)
		  : err_set(err, E_IO, "no port in %s", bound);
	if (r == 0)
		*port = (int)number;
	return r;
}

static int bind_channel(struct kernel *k, void *socket, enum jupyter_channel channel,
			struct err *err)
{
	_cleanup_free_ char *endpoint = jupyter_connection_endpoint(&k->connection, channel);

	if (!endpoint)
		return err_nomem(err);
	if (zmq_bind(socket, endpoint) < 0)
		return err_set_errno(err, E_IO, errno, "%s: cannot bind %s",
				     jupyter_channel_name(channel), endpoint);
	return read_port(socket, &k->connection.ports[channel], err);
}

static int open_router(struct kernel *k, void **ret, enum jupyter_channel channel, struct err *err)
{
	int linger = 1000, zero = 0, one = 1;

	*ret = zmq_socket(k->zmq, ZMQ_ROUTER);
	if (!*ret)
		return err_set_errno(err, E_IO, errno, "socket");
	zmq_setsockopt(*ret, ZMQ_LINGER, &linger, sizeof(linger));
	zmq_setsockopt(*ret, ZMQ_SNDHWM, &zero, sizeof(zero));
	zmq_setsockopt(*ret, ZMQ_RCVHWM, &zero, sizeof(zero));
	/* A client that reconnects under its old identity gets its answers. */
	zmq_setsockopt(*ret, ZMQ_ROUTER_HANDOVER, &one, sizeof(one));
	return bind_channel(k, *ret, channel, err);
}

static int open_iopub(struct kernel *k, struct err *err)
{
	_cleanup_free_ char *endpoint = jupyter_connection_endpoint(&k->connection, JUPYTER_IOPUB);
	int r = endpoint ? iopub_new(k->zmq, endpoint, k->signer, k->log, &k->iopub, err)
			 : err_nomem(err);

	if (r < 0)
		return r;
	return read_port(iopub_socket(k->iopub), &k->connection.ports[JUPYTER_IOPUB], err);
}

static int open_heartbeat(struct kernel *k, struct err *err)
{
	void *socket = zmq_socket(k->zmq, ZMQ_ROUTER);
	int zero = 0, r;

	if (!socket)
		return err_set_errno(err, E_IO, errno, "socket");
	zmq_setsockopt(socket, ZMQ_LINGER, &zero, sizeof(zero));
	r = bind_channel(k, socket, JUPYTER_HB, err);
	if (r < 0) {
		zmq_close(socket);
		return r;
	}
	return heartbeat_start(socket, err);
}

static bool has_port(const struct jupyter_connection *c, int port)
{
	for (int i = 0; i < JUPYTER_CHANNELS; i++)
		if (c->ports[i] == port)
			return true;
	return false;
}

/* For ipc the system chooses nothing: a "port" is the end of a path. */
static void number_paths(struct jupyter_connection *c)
{
	int free_one = 1;

	for (int i = 0; i < JUPYTER_CHANNELS; i++) {
		while (has_port(c, free_one))
			free_one++;
		if (c->ports[i] == 0)
			c->ports[i] = free_one;
	}
}

int kernel_open_sockets(struct kernel *k, struct err *err)
{
	int r;

	if (str_eq(k->connection.transport, "ipc"))
		number_paths(&k->connection);
	r = open_router(k, &k->shell, JUPYTER_SHELL, err);
	if (r == 0)
		r = open_router(k, &k->control, JUPYTER_CONTROL, err);
	if (r == 0)
		r = open_router(k, &k->stdin_, JUPYTER_STDIN, err);
	if (r == 0)
		r = open_iopub(k, err);
	return r == 0 ? open_heartbeat(k, err) : r;
}

void kernel_close_sockets(struct kernel *k)
{
	void *const routers[] = {k->shell, k->control, k->stdin_};

	for (size_t i = 0; i < ARRAY_LEN(routers); i++)
		if (routers[i])
			zmq_close(routers[i]);
	iopub_free(k->iopub); /* last: it says goodbye */
}
