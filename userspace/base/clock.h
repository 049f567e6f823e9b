/* SPDX-License-Identifier: GPL-2.0-only */
/* The two clocks in milliseconds: one for people, one for how long something takes. */
#ifndef CX_BASE_CLOCK_H
#define CX_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t cx_clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static inline uint64_t cx_wall_ms(void)
{
	return cx_clock_ms(CLOCK_REALTIME);
}

static inline uint64_t cx_monotonic_ms(void)
{
	return cx_clock_ms(CLOCK_MONOTONIC);
}

#endif
