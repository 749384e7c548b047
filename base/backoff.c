/* Waiting before a request is sent again. */
#include "base/backoff.h"

#include <sys/random.h>

int backoff_sleep(int ms, struct cancel *cancel, struct err *err)
{
	struct err unused = ERR_INIT;
	int r = cancel_wait_fd(cancel, -1, 0, ms, &unused);

	return r == E_TIMEOUT ? 0 : cancel_check(cancel, err);
}

int backoff_wait(int first_ms, int max_ms, int tries, struct cancel *cancel, struct err *err)
{
	unsigned char random = 0;
	int ms = first_ms;

	for (int i = 1; i < tries && ms < max_ms; i++)
		ms *= 2;
	if (ms > max_ms)
		ms = max_ms;
	(void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
	return backoff_sleep(ms / 2 + ms / 2 * random / 256, cancel, err);
}
