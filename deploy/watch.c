/* The thread that hears of cancels. */
#include "deploy/watch.h"

#include "deploy/store.h"

#include <pthread.h>

enum { LOOK_MS = 250 };

struct watch {
	struct store *store; /* the thread's, once it runs */
	int64_t job;
	struct cancel *cancel; /* borrowed */
	struct cancel stop;
	pthread_t thread;
	bool running;
};

static void *watch_main(void *userdata)
{
	struct watch *w = userdata;
	bool wanted = false;

	while (!wanted && cancel_wait_fd(&w->stop, -1, 0, LOOK_MS, /* err= */ NULL) == E_TIMEOUT)
		if (store_job_cancel_wanted(w->store, w->job, &wanted, /* err= */ NULL) < 0)
			wanted = false; /* the worker meets the same trouble, and says it */
	if (wanted)
		cancel_fire(w->cancel);
	return NULL;
}

int watch_start(const char *path, int64_t job, struct cancel *cancel, struct watch **ret,
		struct err *err)
{
	_cleanup_(watch_stopp) struct watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return err_nomem(err);
	w->job = job;
	w->cancel = cancel;
	w->stop.fd = -1;
	r = cancel_init(&w->stop, err);
	if (r == 0)
		r = store_open(path, &w->store, err);
	if (r < 0)
		return r;
	if (pthread_create(&w->thread, NULL, watch_main, w) != 0)
		return err_set(err, E_IO, "no thread is to be had");
	w->running = true;
	*ret = TAKE(w);
	return 0;
}

void watch_stop(struct watch *w)
{
	if (!w)
		return;
	if (w->running) {
		cancel_fire(&w->stop);
		(void)pthread_join(w->thread, NULL);
	}
	store_close(w->store);
	if (w->stop.fd >= 0)
		cancel_release(&w->stop);
	free(w);
}
