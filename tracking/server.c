/*
 * Where the server is, connections to it, and the patience of callers who
 * wait for an answer.  (The sender has its own, in sender.c.)
 */
#include "tracking/tracking-int.h"

#include "base/str.h"

#include <errno.h>
#include <string.h>

enum {
	TRIES_MAX = 4,
	PAUSE_MS = 250,         /* before the second try; doubles */
	RETRY_AFTER_MAX = 5000, /* longest wait a caller is put through */
	LOCK_SLICE_MS = 50,
};

bool server_error_passes(int r)
{
	return r == E_SERVER || r == E_CLOSED || r == E_TIMEOUT || r == E_IO || r == E_PROTO;
}

char *server_uri(struct tracking *t)
{
	char *copy;

	pthread_mutex_lock(&t->lock);
	copy = t->uri ? str_dup(t->uri) : NULL;
	pthread_mutex_unlock(&t->lock);
	return copy;
}

void server_forget(struct tracking *t, const char *uri)
{
	struct mlflow *idle = NULL;

	pthread_mutex_lock(&t->lock);
	if (!t->env_uri && t->uri && str_eq(t->uri, uri)) {
		free(TAKE(t->uri));
		idle = TAKE(t->idle);
	}
	pthread_mutex_unlock(&t->lock);
	mlflow_free(idle);
}

static int lock_hearing(pthread_mutex_t *lock, struct cancel *cancel, struct err *err)
{
	for (;;) {
		struct timespec until;
		int r;

		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += LOCK_SLICE_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		if (pthread_mutex_timedlock(lock, &until) == 0)
			return 0;
		r = cancel_check(cancel, err);
		if (r < 0)
			return r;
	}
}

int op_lock_change(struct op *o, struct err *err)
{
	return lock_hearing(&o->t->change_lock, o->cancel, err);
}

void op_unlock_change(struct op *o)
{
	pthread_mutex_unlock(&o->t->change_lock);
}

static int no_server(struct err *err)
{
	int r = err_set(err, E_USAGE, "there is no tracking server");

	err_set_hint(err, "set MLFLOW_TRACKING_URI to the address of an MLflow server");
	return r;
}

/* With server_lock held: the known address, or the callback's. */
static int ask_address(struct tracking *t, struct cancel *cancel, char **ret, struct err *err)
{
	_cleanup_free_ char *uri = server_uri(t);
	struct mlflow *idle;
	int r;

	if (uri) {
		*ret = TAKE(uri);
		return 0;
	}
	if (!t->options.server)
		return no_server(err);
	r = t->options.server(t->options.userdata, cancel, &uri, err);
	if (r < 0)
		return r;
	*ret = str_dup(uri);
	if (!*ret)
		return err_nomem(err);
	pthread_mutex_lock(&t->lock);
	free(t->uri);
	t->uri = TAKE(uri);
	idle = TAKE(t->idle);
	pthread_mutex_unlock(&t->lock);
	mlflow_free(idle);
	atomic_fetch_add(&t->version, 1);
	return 0;
}

int server_connect(struct tracking *t, struct cancel *cancel, struct mlflow **ret, struct err *err)
{
	_cleanup_free_ char *uri = NULL;
	int r = lock_hearing(&t->server_lock, cancel, err);

	if (r < 0)
		return r;
	r = ask_address(t, cancel, &uri, err);
	pthread_mutex_unlock(&t->server_lock);
	return r < 0 ? r : mlflow_new(uri, ret, err);
}

int op_client(struct op *o, struct err *err)
{
	struct tracking *t = o->t;

	if (o->m)
		return 0;
	pthread_mutex_lock(&t->lock);
	o->m = TAKE(t->idle);
	pthread_mutex_unlock(&t->lock);
	return o->m ? 0 : server_connect(t, o->cancel, &o->m, err);
}

void op_client_release(struct op *o)
{
	struct tracking *t = o->t;

	pthread_mutex_lock(&t->lock);
	if (o->m && !t->idle && t->uri)
		t->idle = TAKE(o->m);
	pthread_mutex_unlock(&t->lock);
	mlflow_free(TAKE(o->m));
}

static int pause_ms(const struct op *o)
{
	int wait = mlflow_retry_after_ms(o->m);
	int own = PAUSE_MS << (o->tries - 1);

	wait = wait > RETRY_AFTER_MAX ? RETRY_AFTER_MAX : wait;
	return wait > own ? wait : own;
}

/* Nothing was sent: perhaps the local server moved to another port.  One more try. */
static bool reconnect(struct op *o)
{
	struct mlflow *old = TAKE(o->m);

	server_forget(o->t, mlflow_uri(old));
	if (server_connect(o->t, o->cancel, &o->m, /* err= */ NULL) < 0) {
		o->m = old; /* the error to show is that of the request */
		return false;
	}
	mlflow_free(old);
	return true;
}

/* After *r: true when the same call is to be made again. */
static bool worth_a_try(struct op *o, int *r, struct err *err)
{
	int waited;

	if (*r >= 0 || !server_error_passes(*r) || *r == E_PROTO || ++o->tries >= TRIES_MAX)
		return false;
	/* Waiting for a server that is down is not worth a cell's time. */
	if (*r == E_IO)
		return o->tries == 1 && !o->t->env_uri && reconnect(o);
	if (cancel_fired(o->cancel))
		return false;
	waited = cancel_wait_fd(o->cancel, -1, 0, pause_ms(o), /* err= */ NULL);
	if (waited != E_TIMEOUT)
		*r = cancel_check(o->cancel, err);
	return waited == E_TIMEOUT;
}

bool op_again(struct op *o, int *r, struct err *err)
{
	bool again = worth_a_try(o, r, err);

	if (!again)
		o->tries = 0;
	return again;
}
