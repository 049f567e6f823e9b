// SPDX-License-Identifier: GPL-2.0-only
/*
 * The sets of cxsip/flow.h, in memory of our own or in the map that the program
 * reads, too. Threads share them without a lock as CPUs share the map: a call is
 * one word, read and written whole; two that write one set at once may lose an
 * entry, never mix two up.
 */
#include <errno.h>
#include <stdlib.h>
#include "cxsip/flow.h"
#include "route/flow.h"

struct cx_flow_memory {
	uint32_t sets;
	struct cx_flow_set *set;
	struct cx_flow_set own[];
};

uint32_t cx_flow_sets(uint32_t max_flows)
{
	uint32_t sets = CX_FLOW_SETS_MIN;

	while (sets * 2 <= max_flows / CX_FLOW_WAYS)
		sets *= 2;
	return sets;
}

struct cx_flow_memory *cx_flow_memory_new(uint32_t max_flows)
{
	uint32_t sets = cx_flow_sets(max_flows);
	struct cx_flow_memory *m = calloc(1, sizeof(*m) + sets * sizeof(m->own[0]));

	if (m)
		*m = (struct cx_flow_memory){.sets = sets, .set = m->own};
	return m;
}

struct cx_flow_memory *cx_flow_memory_over(struct cx_flow_set *set, uint32_t sets)
{
	struct cx_flow_memory *m = calloc(1, sizeof(*m));

	if (m)
		*m = (struct cx_flow_memory){.sets = sets, .set = set};
	return m;
}

void cx_flow_memory_free(struct cx_flow_memory *m)
{
	free(m);
}

static struct cx_flow_set *read_set(struct cx_flow_memory *m, uint64_t call, struct cx_flow_set *copy)
{
	struct cx_flow_set *set = &m->set[call & (m->sets - 1)];

	for (int i = 0; i < CX_FLOW_WAYS; i++)
		copy->call[i] = __atomic_load_n(&set->call[i], __ATOMIC_RELAXED);
	return set;
}

int cx_flow_memory_get(struct cx_flow_memory *m, uint64_t call, struct cx_flow *flow)
{
	struct cx_flow_set copy;

	read_set(m, call, &copy);
	return cx_flow_find(&copy, call, flow) ? -ENOENT : 0;
}

void cx_flow_memory_put(struct cx_flow_memory *m, uint64_t call, const struct cx_flow *flow)
{
	struct cx_flow_set was, is, *set = read_set(m, call, &was);

	is = was;
	cx_flow_store(&is, call, flow);
	for (int i = 0; i < CX_FLOW_WAYS; i++) {
		if (is.call[i] != was.call[i])
			__atomic_store_n(&set->call[i], is.call[i], __ATOMIC_RELAXED);
	}
}
