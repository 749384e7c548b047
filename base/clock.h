/*
 * Time: a monotonic clock for durations, the wall clock for what is shown or
 * sent.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_ms(void);      /* monotonic milliseconds */
int64_t clock_us(void);      /* monotonic microseconds */
int64_t clock_wall_ms(void); /* milliseconds since 1970 UTC */

enum { CLOCK_ISO_SIZE = 32 };
/* "2026-01-31T12:00:00.123456Z", the form of Jupyter's `date`. */
void clock_iso_now(char dst[CLOCK_ISO_SIZE]);
/* A duration as people write it: "0.24 s", "12.3 s", "2 min 05 s". */
void clock_duration(char *dst, size_t size, int64_t ms);

#endif
