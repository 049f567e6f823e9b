// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls a second of each element, from the fast path's counters and our own:
 * an exponential average over about five seconds.
 *
 * Reading a per-CPU map value is a system call, so at most a slice of the
 * elements is looked at each second; with more elements than that each is
 * looked at less often, over a longer time.
 */
#include <errno.h>
#include <stdlib.h>
#include "cxsipd/parts.h"

#define CX_RATE_SLICE 1024
#define CX_RATE_AVERAGE_MS 5000

int cx_rates_start(struct cx_parts *parts)
{
	size_t n = parts->d.world->max_elements;

	parts->d.element_rate_mcps = calloc(n, sizeof(*parts->d.element_rate_mcps));
	parts->calls_before = calloc(n, sizeof(*parts->calls_before));
	parts->looked_ms = calloc(n, sizeof(*parts->looked_ms));
	if (!parts->d.element_rate_mcps || !parts->calls_before ||
	    !parts->looked_ms)
		return -ENOMEM;
	return 0;
}

static void update_one(struct cx_parts *parts, uint32_t id, uint64_t now)
{
	struct cx_daemon *d = &parts->d;
	uint64_t calls = 0, elapsed = now - parts->looked_ms[id];
	uint64_t *rate = &d->element_rate_mcps[id], sample;
	struct cx_element_stats fast;

	for (unsigned i = 0; i < d->n_workers; i++)
		calls += __atomic_load_n(&d->counters[i]->elements[id].calls, __ATOMIC_RELAXED);
	if (d->fastpath && !cx_fastpath_element_stats(d->fastpath, id, &fast))
		calls += fast.calls;
	/* the first look, or counters that started anew with the maps */
	if (!parts->looked_ms[id] || calls < parts->calls_before[id]) {
		*rate = 0;
	} else if (elapsed) {
		sample = (calls - parts->calls_before[id]) * 1000000 / elapsed;
		if (elapsed >= CX_RATE_AVERAGE_MS)
			*rate = sample;
		else
			*rate =
			    (*rate * (CX_RATE_AVERAGE_MS - elapsed) + sample * elapsed) / CX_RATE_AVERAGE_MS;
	}
	parts->calls_before[id] = calls;
	parts->looked_ms[id] = now;
}

void cx_rates_update(struct cx_parts *parts)
{
	uint32_t n = (uint32_t)parts->d.tables->n_elements, slice = n < CX_RATE_SLICE ? n : CX_RATE_SLICE;
	uint64_t now = cx_monotonic_ms();

	for (uint32_t i = 0; i < slice; i++) {
		if (parts->rate_next >= n)
			parts->rate_next = 0;
		if (parts->d.tables->element_config[parts->rate_next])
			update_one(parts, parts->rate_next, now);
		parts->rate_next++;
	}
}
