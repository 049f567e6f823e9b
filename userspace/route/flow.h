/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recent calls as the daemon sees them: the memory of the map cx_flow, which it
 * shares with the XDP program, or memory of its own where there is no fast path.
 * Fixed size, never allocates after creation. Pure.
 */
#ifndef CX_ROUTE_FLOW_H
#define CX_ROUTE_FLOW_H

#include <stddef.h>
#include <stdint.h>
#include "cxsip/abi.h"

struct cx_flow_memory;

#define CX_FLOW_SETS_MIN 16

/* How many sets hold about max_flows calls: a power of two, rounded down. The
 * map has as many. */
uint32_t cx_flow_sets(uint32_t max_flows);
/* NULL: no memory. */
struct cx_flow_memory *cx_flow_memory_new(uint32_t max_flows);
/* Over somebody else's sets, a power of two of them, which outlive it. NULL: no memory. */
struct cx_flow_memory *cx_flow_memory_over(struct cx_flow_set *set, uint32_t sets);
void cx_flow_memory_free(struct cx_flow_memory *m);
int cx_flow_memory_get(struct cx_flow_memory *m, uint64_t call, struct cx_flow *flow); /* 0 or -ENOENT */
void cx_flow_memory_put(struct cx_flow_memory *m, uint64_t call, const struct cx_flow *flow);

#endif
