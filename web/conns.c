/* The list of connections and the thread that looks at its clock. */
#include "web/conns.h"

#include "base/clock.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <time.h>

enum { TICK_MS = 200 };

struct conn {
	struct conn *next, **at;
	int fd;
	int64_t deadline; /* monotonic ms */
};

struct conns {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool started, stopping;
	int limits[CONN_SEND + 1];
	struct conn *first;
};

static void end_late(struct conns *c, int64_t now)
{
	for (struct conn *conn = c->first; conn; conn = conn->next)
		if (conn->deadline <= now)
			(void)shutdown(conn->fd, SHUT_RDWR);
}

static struct timespec tick(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += TICK_MS * 1000000L;
	t.tv_sec += t.tv_nsec / 1000000000L;
	t.tv_nsec %= 1000000000L;
	return t;
}

static void *watch(void *arg)
{
	struct conns *c = arg;

	pthread_mutex_lock(&c->lock);
	while (!c->stopping) {
		struct timespec until = tick();

		(void)pthread_cond_timedwait(&c->wake, &c->lock, &until);
		end_late(c, clock_ms());
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void init_locks(struct conns *c)
{
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->wake, &attr);
	(void)pthread_condattr_destroy(&attr);
}

int conns_new(const struct conns_limits *limits, struct conns **ret, struct err *err)
{
	struct conns *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return err_nomem(err);
	c->limits[CONN_HEADERS] = limits->header_ms;
	c->limits[CONN_BODY] = limits->body_ms;
	c->limits[CONN_WORK] = INT_MAX;
	c->limits[CONN_SEND] = limits->send_ms;
	init_locks(c);
	r = pthread_create(&c->thread, NULL, watch, c);
	c->started = r == 0;
	if (r) {
		conns_free(c);
		return err_set_errno(err, E_IO, r, "a thread");
	}
	*ret = c;
	return 0;
}

void conns_free(struct conns *c)
{
	if (!c)
		return;
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	if (c->started)
		(void)pthread_join(c->thread, NULL);
	(void)pthread_cond_destroy(&c->wake);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}

struct conn *conns_add(struct conns *c, int fd)
{
	struct conn *conn = calloc(1, sizeof(*conn));

	if (!conn)
		return NULL;
	conn->fd = fd;
	conn->deadline = clock_ms() + c->limits[CONN_HEADERS];
	pthread_mutex_lock(&c->lock);
	conn->next = c->first;
	conn->at = &c->first;
	if (conn->next)
		conn->next->at = &conn->next;
	c->first = conn;
	pthread_mutex_unlock(&c->lock);
	return conn;
}

void conns_remove(struct conns *c, struct conn *conn)
{
	if (!conn)
		return;
	pthread_mutex_lock(&c->lock);
	*conn->at = conn->next;
	if (conn->next)
		conn->next->at = conn->at;
	pthread_mutex_unlock(&c->lock);
	free(conn);
}

void conns_phase(struct conns *c, struct conn *conn, enum conn_phase phase)
{
	if (!conn)
		return;
	pthread_mutex_lock(&c->lock);
	conn->deadline = clock_ms() + c->limits[phase];
	pthread_mutex_unlock(&c->lock);
}

void conns_end_all(struct conns *c)
{
	pthread_mutex_lock(&c->lock);
	end_late(c, INT64_MAX);
	pthread_mutex_unlock(&c->lock);
}
