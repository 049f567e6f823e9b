/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recent calls in memory, for a daemon without a fast path: what the LRU map
 * is to the XDP program. Fixed size, never allocates after creation. Private
 * to route/. Pure.
 */
#ifndef CX_ROUTE_FLOW_H
#define CX_ROUTE_FLOW_H

#include <stddef.h>
#include <stdint.h>
#include "cxsip/abi.h"

struct cx_flow_memory;

/* Room for about max calls (rounded down to a power of two, at least 64). NULL: no memory. */
struct cx_flow_memory *cx_flow_memory_new(size_t max);
void cx_flow_memory_free(struct cx_flow_memory *m);
int cx_flow_memory_get(struct cx_flow_memory *m, uint64_t call, struct cx_flow *flow); /* 0 or -ENOENT */
void cx_flow_memory_put(struct cx_flow_memory *m, uint64_t call, const struct cx_flow *flow);

#endif
