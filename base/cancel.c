/* The cancel token: an atomic flag for quick looks and an eventfd for poll. */
#include "base/cancel.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int cancel_init(struct cancel *c, struct err *err)
{
	atomic_init(&c->fired, false);
	c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->fd < 0)
		return err_set_errno(err, E_IO, errno, "eventfd");
	return 0;
}

void cancel_release(struct cancel *c)
{
	if (c->fd >= 0)
		(void)close(c->fd);
	c->fd = -1;
}

void cancel_fire(struct cancel *c)
{
	uint64_t one = 1;

	atomic_store(&c->fired, true);
	/* The counter can only be full after 2^64 fires; nothing to do about it. */
	if (write(c->fd, &one, sizeof(one)) < 0)
		return;
}

void cancel_reset(struct cancel *c)
{
	uint64_t count;

	atomic_store(&c->fired, false);
	if (read(c->fd, &count, sizeof(count)) < 0)
		return; /* it had not fired */
}

bool cancel_fired(const struct cancel *c)
{
	return c && atomic_load(&c->fired);
}

static int interrupted(struct err *err)
{
	int r = err_set(err, E_CANCEL, "interrupted");

	err_set_name(err, "KeyboardInterrupt");
	return r;
}

int cancel_check(const struct cancel *c, struct err *err)
{
	return cancel_fired(c) ? interrupted(err) : 0;
}

int cancel_wait_fd(const struct cancel *c, int fd, short events, int timeout_ms, struct err *err)
{
	int64_t deadline = clock_ms() + timeout_ms;
	struct pollfd p[2] = {
		{.fd = fd, .events = events},
		{.fd = c ? c->fd : -1, .events = POLLIN},
	};

	for (;;) {
		int64_t left = timeout_ms < 0 ? -1 : deadline - clock_ms();
		int n = poll(p, 2, left < 0 && timeout_ms >= 0 ? 0 : (int)left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, E_IO, errno, "poll");
		if (p[1].revents && cancel_fired(c))
			return interrupted(err);
		if (p[0].revents)
			return 0;
		if (n == 0)
			return err_set(err, E_TIMEOUT, "timed out after %d ms", timeout_ms);
	}
}
