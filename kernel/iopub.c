/*
 * The iopub socket.  libzmq cannot tell how far behind one subscriber is, so
 * the connections are watched from outside: a monitor tells their file
 * descriptors, the system how much each has acknowledged (TCP_INFO) or still
 * holds (SIOCOUTQ).  Shutting a descriptor down makes libzmq drop the client
 * and its queue.
 */
#include "kernel/iopub.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"

#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { MAX_CLIENTS = 256 };

struct client {
	int fd;
	uint64_t taken;        /* the system's count when it last changed */
	uint64_t published_at; /* our total at that time */
	int64_t since;         /* clock_ms at that time */
};

struct iopub {
	void *socket, *monitor;
	struct jupyter_signer *signer; /* borrowed */
	const struct log *log;
	uint64_t published; /* bytes so far */
	struct client clients[MAX_CLIENTS];
	size_t n_clients;
};

static int set_up_monitor(struct iopub *p, void *ctx, struct err *err)
{
	char address[64];

	snprintf(address, sizeof(address), "inproc://iopub-monitor-%p", (void *)p);
	if (zmq_socket_monitor(p->socket, address, ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) < 0)
		return err_set_errno(err, E_IO, errno, "iopub monitor");
	p->monitor = zmq_socket(ctx, ZMQ_PAIR);
	if (!p->monitor || zmq_connect(p->monitor, address) < 0)
		return err_set_errno(err, E_IO, errno, "iopub monitor");
	return 0;
}

int iopub_new(void *ctx, const char *endpoint, struct jupyter_signer *signer, const struct log *log,
	      struct iopub **ret, struct err *err)
{
	_cleanup_(iopub_freep) struct iopub *p = calloc(1, sizeof(*p));
	int one = 1, zero = 0, linger = 1000, r;

	if (!p)
		return err_nomem(err);
	p->signer = signer;
	p->log = log;
	p->socket = zmq_socket(ctx, ZMQ_XPUB);
	if (!p->socket)
		return err_set_errno(err, E_IO, errno, "iopub socket");
	/* Each subscription comes to us, and holds from when we say so: the welcome is the first.
	 */
	zmq_setsockopt(p->socket, ZMQ_XPUB_MANUAL, &one, sizeof(one));
	zmq_setsockopt(p->socket, ZMQ_SNDHWM, &zero, sizeof(zero));
	zmq_setsockopt(p->socket, ZMQ_LINGER, &linger, sizeof(linger));
	r = set_up_monitor(p, ctx, err);
	if (r < 0)
		return r;
	if (zmq_bind(p->socket, endpoint) < 0)
		return err_set_errno(err, E_IO, errno, "iopub: cannot bind %s", endpoint);
	*ret = TAKE(p);
	return 0;
}

void iopub_free(struct iopub *p)
{
	if (!p)
		return;
	if (p->socket) {
		zmq_socket_monitor(p->socket, NULL, 0);
		zmq_close(p->socket);
	}
	if (p->monitor)
		zmq_close(p->monitor);
	free(p);
}

void *iopub_socket(const struct iopub *p)
{
	return p->socket;
}

void *iopub_monitor(const struct iopub *p)
{
	return p->monitor;
}

static void welcome(struct iopub *p, const char *topic, size_t n)
{
	json_auto_t *content = json_pack("{ss%}", "subscription", topic, n);
	_cleanup_free_ char *text = content ? json_text(content) : NULL;
	struct jupyter_out out = {
		.msg_type = "iopub_welcome",
		.content = text ? slice_of(text) : SLICE("{}"),
	};
	struct err err = ERR_INIT;

	/* The topic frame is the subscription, an empty frame for "". */
	if (zmq_send(p->socket, topic, n, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0 ||
	    jupyter_send(p->socket, p->signer, &out, &err) < 0)
		log_line(p->log, LOG_WARNING, "iopub", "cannot send the welcome: %s", err.text);
}

static void read_subscriptions(struct iopub *p)
{
	zmq_msg_t *frames;
	struct err err = ERR_INIT;
	size_t n;

	while (jupyter_recv_frames(p->socket, &frames, &n, &err) > 0) {
		const char *s = zmq_msg_data(&frames[0]);
		size_t len = zmq_msg_size(&frames[0]);
		bool adds = len && s[0] == 1, drops = len && s[0] == 0;

		/* Of the peer whose message was read last; one that is gone already is refused. */
		if (adds || drops)
			zmq_setsockopt(p->socket, adds ? ZMQ_SUBSCRIBE : ZMQ_UNSUBSCRIBE, s + 1,
				       len - 1);
		if (adds && utf8_valid(s + 1, len - 1))
			welcome(p, s + 1, len - 1);
		jupyter_free_frames(frames, n);
	}
}

/* How much the peer has taken; false when the descriptor is gone. */
static bool taken_by(int fd, uint64_t *ret, bool *ret_waiting)
{
	struct tcp_info info = {0};
	socklen_t n = sizeof(info);
	int queued = 0;

	if (ioctl(fd, SIOCOUTQ, &queued) < 0)
		return false;
	*ret_waiting = queued > 0;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0)
		*ret = info.tcpi_bytes_acked;
	else
		*ret = (uint64_t)queued; /* a Unix socket: its queue changes while it is read */
	return true;
}

static void add_client(struct iopub *p, int fd)
{
	struct client c = {.fd = fd, .published_at = p->published, .since = clock_ms()};

	if (p->n_clients < MAX_CLIENTS)
		p->clients[p->n_clients++] = c;
	else
		log_line(p->log, LOG_WARNING, "iopub",
			 "more than %d clients: whether this one reads is not watched",
			 MAX_CLIENTS);
}

static void remove_client(struct iopub *p, int fd)
{
	for (size_t i = 0; i < p->n_clients; i++)
		if (p->clients[i].fd == fd)
			p->clients[i--] = p->clients[--p->n_clients];
}

/* zmq_socket_monitor(3): frame 1 is a 16 bit event and a 32 bit value, frame 2 the address. */
static void read_monitor(struct iopub *p)
{
	zmq_msg_t *frames;
	struct err err = ERR_INIT;
	size_t n;

	while (jupyter_recv_frames(p->monitor, &frames, &n, &err) > 0) {
		const char *s = zmq_msg_data(&frames[0]);
		uint16_t event;
		int32_t value;

		if (zmq_msg_size(&frames[0]) == sizeof(event) + sizeof(value)) {
			memcpy(&event, s, sizeof(event));
			memcpy(&value, s + sizeof(event), sizeof(value));
			remove_client(p, value);
			if (event == ZMQ_EVENT_ACCEPTED)
				add_client(p, value);
		}
		jupyter_free_frames(frames, n);
	}
}

void iopub_read(struct iopub *p)
{
	read_monitor(p);
	read_subscriptions(p);
}

static bool is_stalled(struct iopub *p, struct client *c, int64_t now)
{
	uint64_t taken = 0;
	bool waiting = false;

	if (!taken_by(c->fd, &taken, &waiting))
		return false;
	if (!waiting || taken != c->taken) {
		c->taken = taken;
		c->published_at = p->published;
		c->since = now;
	}
	return now - c->since >= IOPUB_STALL_MS &&
	       p->published - c->published_at >= IOPUB_STALL_BYTES;
}

void iopub_check_stalled(struct iopub *p)
{
	int64_t now = clock_ms();

	read_monitor(p);
	for (size_t i = 0; i < p->n_clients; i++) {
		if (!is_stalled(p, &p->clients[i], now))
			continue;
		log_line(p->log, LOG_WARNING, "iopub",
			 "a client read nothing for %d s while %llu MB were published: dropped",
			 IOPUB_STALL_MS / 1000, (unsigned long long)(IOPUB_STALL_BYTES >> 20));
		(void)shutdown(p->clients[i].fd, SHUT_RDWR);
		p->clients[i--] = p->clients[--p->n_clients];
	}
}

void iopub_publish_full(struct iopub *p, const struct jupyter_out *out)
{
	struct err err = ERR_INIT;

	p->published += out->content.n + out->metadata.n + out->parent.n;
	for (size_t i = 0; i < out->n_buffers; i++)
		p->published += zmq_msg_size((zmq_msg_t *)(uintptr_t)&out->buffers[i]);
	if (jupyter_send(p->socket, p->signer, out, &err) < 0)
		log_line(p->log, LOG_ERROR, "iopub", "%s was not published: %s", out->msg_type,
			 err.text);
}

void iopub_publish(struct iopub *p, const char *msg_type, struct slice parent, struct slice content)
{
	char topic[128];
	struct jupyter_out out = {.topic = {topic, 0},
				  .msg_type = msg_type,
				  .parent = parent,
				  .content = content};

	out.topic.n = (size_t)snprintf(topic, sizeof(topic), "kernel.%s.%s",
				       jupyter_signer_session(p->signer), msg_type);
	iopub_publish_full(p, &out);
}

void iopub_publish_json(struct iopub *p, const char *msg_type, struct slice parent, json_t *content)
{
	_cleanup_free_ char *text = content ? json_text(content) : NULL;

	json_decref(content);
	if (text)
		iopub_publish(p, msg_type, parent, slice_of(text));
	else
		log_line(p->log, LOG_ERROR, "iopub", "out of memory: %s was not published",
			 msg_type);
}
