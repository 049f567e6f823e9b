/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An element that asked to be left alone (503 with Retry-After, RFC 3261 21.5.4):
 * a fact about the element, the same for every worker.
 *
 * - Times are CLOCK_MONOTONIC in ms, which all threads read alike.
 * - Of two words about one element the later counts, by said_ms, whoever brings
 *   it: a worker that was told, or the operator, whose word has no end.
 * - A pause ends by the clock. Nobody has to say so for a reader to know it.
 */
#ifndef CX_ROUTE_PAUSE_H
#define CX_ROUTE_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

struct cx_pause {
	uint64_t said_ms;
	uint64_t until_ms; /* it is asked nothing until then; 0: it may be asked */
	uint64_t full_ms;  /* then its share of calls grows, until here */
	uint32_t asked_s;  /* its own word, which may be more than it is given */
	uint32_t status;   /* of the response that said it */
};

#define CX_PAUSE_WHOLE 65536

static inline bool cx_pause_is_on(const struct cx_pause *p, uint64_t now_ms)
{
	return now_ms < p->until_ms;
}

/* Of CX_PAUSE_WHOLE, how many of its calls it takes: none in the pause, all of them
 * when the slow start is over. */
static inline uint32_t cx_pause_share(const struct cx_pause *p, uint64_t now_ms)
{
	if (now_ms >= p->full_ms)
		return CX_PAUSE_WHOLE;
	if (now_ms < p->until_ms)
		return 0;
	return (uint32_t)((now_ms - p->until_ms) * CX_PAUSE_WHOLE / (p->full_ms - p->until_ms));
}

#endif
