/*
 * The floor below every Jupyter kernel that speaks through libzmq: a ROUTER
 * socket that sends back what it is sent, and nothing else.  bench/kernels.py
 * measures start, memory and round trips of kernels beside it.
 *
 *	echo tcp://127.0.0.1:PORT
 */
#include <stdio.h>
#include <zmq.h>

/* One frame; the message goes on behind it in the same way. */
static int send_back(void *socket)
{
	zmq_msg_t frame;
	int more;

	(void)zmq_msg_init(&frame);
	if (zmq_msg_recv(&frame, socket, 0) < 0)
		return -1;
	more = zmq_msg_more(&frame);
	return zmq_msg_send(&frame, socket, more ? ZMQ_SNDMORE : 0);
}

int main(int argc, char **argv)
{
	void *context = zmq_ctx_new();
	void *socket = context ? zmq_socket(context, ZMQ_ROUTER) : NULL;

	if (argc != 2) {
		(void)fprintf(stderr, "usage: echo ADDRESS\n");
		return 2;
	}
	if (!socket || zmq_bind(socket, argv[1]) < 0) {
		(void)fprintf(stderr, "echo: %s: %s\n", argv[1], zmq_strerror(zmq_errno()));
		return 1;
	}
	while (send_back(socket) >= 0)
		continue;
	return 1;
}
