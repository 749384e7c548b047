/* Time. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t now_us(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_us(void)
{
	return now_us(CLOCK_MONOTONIC);
}

int64_t clock_ms(void)
{
	return clock_us() / 1000;
}

int64_t clock_wall_ms(void)
{
	return now_us(CLOCK_REALTIME) / 1000;
}

void clock_iso_now(char dst[CLOCK_ISO_SIZE])
{
	int64_t us = now_us(CLOCK_REALTIME);
	time_t sec = (time_t)(us / 1000000);
	struct tm tm;
	size_t n;

	gmtime_r(&sec, &tm);
	n = strftime(dst, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(dst + n, CLOCK_ISO_SIZE - n, ".%06dZ", (int)(us % 1000000));
}

void clock_duration(char *dst, size_t size, int64_t ms)
{
	if (ms < 10000)
		snprintf(dst, size, "%.2f s", (double)ms / 1000);
	else if (ms < 60000)
		snprintf(dst, size, "%.1f s", (double)ms / 1000);
	else
		snprintf(dst, size, "%d min %02d s", (int)(ms / 60000), (int)(ms / 1000 % 60));
}
