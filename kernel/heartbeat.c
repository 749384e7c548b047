/* The heartbeat thread. */
#include "kernel/heartbeat.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <zmq.h>

static bool echo_part(void *socket)
{
	zmq_msg_t part;
	int more = 0, r;

	zmq_msg_init(&part);
	do
		r = zmq_msg_recv(&part, socket, 0);
	while (r < 0 && errno == EINTR);
	if (r >= 0) {
		more = zmq_msg_more(&part);
		do
			r = zmq_msg_send(&part, socket, more ? ZMQ_SNDMORE : 0);
		while (r < 0 && errno == EINTR);
	}
	zmq_msg_close(&part);
	return r >= 0 || errno != ETERM;
}

static void *thread_main(void *socket)
{
	pthread_setname_np(pthread_self(), "heartbeat");
	while (echo_part(socket))
		continue;
	zmq_close(socket);
	return NULL;
}

int heartbeat_start(void *socket, struct err *err)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_main, socket) != 0) {
		zmq_close(socket);
		return err_set(err, E_IO, "cannot start the heartbeat thread");
	}
	(void)pthread_detach(thread);
	return 0;
}
