/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A set-associative table: a call may live in one of four places, and a new
 * one takes the place of the one that was used the longest time ago. No lists,
 * no rehash, a bounded time for everything. Calls are keyed hashes already, so
 * their low bits choose the set, and nobody outside can aim at one.
 */
#include <errno.h>
#include <stdlib.h>
#include "route/flow.h"

#define WAYS 4
#define SETS_MIN 16

struct slot {
	uint64_t call;
	struct cx_flow flow;
	uint64_t used; /* the table's tick at the last use; 0: free */
};

struct cx_flow_memory {
	size_t sets; /* a power of two */
	uint64_t tick;
	struct slot slots[];
};

struct cx_flow_memory *cx_flow_memory_new(size_t max)
{
	struct cx_flow_memory *m;
	size_t sets = SETS_MIN;

	while (sets * 2 * WAYS <= max)
		sets *= 2;
	m = calloc(1, sizeof(*m) + sets * WAYS * sizeof(m->slots[0]));
	if (m)
		m->sets = sets;
	return m;
}

void cx_flow_memory_free(struct cx_flow_memory *m)
{
	free(m);
}

static struct slot *set_of(struct cx_flow_memory *m, uint64_t call)
{
	return &m->slots[(call & (m->sets - 1)) * WAYS];
}

int cx_flow_memory_get(struct cx_flow_memory *m, uint64_t call, struct cx_flow *flow)
{
	struct slot *set = set_of(m, call);
	int i;

	for (i = 0; i < WAYS; i++) {
		if (!set[i].used || set[i].call != call)
			continue;
		set[i].used = ++m->tick;
		*flow = set[i].flow;
		return 0;
	}
	return -ENOENT;
}

void cx_flow_memory_put(struct cx_flow_memory *m, uint64_t call, const struct cx_flow *flow)
{
	struct slot *set = set_of(m, call), *place = set;
	int i;

	for (i = 0; i < WAYS; i++) {
		if (set[i].used && set[i].call == call) {
			place = &set[i];
			break;
		}
		if (set[i].used < place->used)
			place = &set[i];
	}
	*place = (struct slot){.call = call, .flow = *flow, .used = ++m->tick};
}
